//! The cluster query language of `memberOf` constraints and of the filter of `ListContainerInstances` (ecs-semantics.md §5.2).
//!
//! ```text
//! query      := and ( ("||" | "or") and )*
//! and        := unary ( ("&&" | "and") unary )*
//! unary      := ("!" | "not") unary | "(" query ")" | expression
//! expression := subject ("exists" | "!exists" | "not_exists")
//!             | subject comparison value | subject ("in" | "!in" | "not_in") "[" value ("," value)* "]"
//! subject    := agentConnected | agentVersion | ec2InstanceId | registeredAt | runningTasksCount | task:group | attribute:NAME
//! ```

mod eval;
mod parse;

pub use eval::Host;

/// The greatest length of a query, in characters.
pub const MAX_LENGTH: usize = 2000;

/// A query that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Any of them holds.
    Any(Vec<Self>),
    /// All of them hold.
    All(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// What is asked of a subject.
    Test {
        /// Of what.
        subject: Subject,
        /// What is asked.
        test: Test,
    },
}

/// What a simple expression asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Whether the instance's agent is connected.
    AgentConnected,
    /// The version of the instance's agent.
    AgentVersion,
    /// The EC2 instance's id.
    Ec2InstanceId,
    /// When the instance was registered.
    RegisteredAt,
    /// How many tasks run on the instance.
    RunningTasksCount,
    /// The groups of the tasks on the instance.
    TaskGroup,
    /// An attribute of the instance, by name.
    Attribute(String),
}

/// What is asked of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// There is one.
    Exists,
    /// There is none.
    Absent,
    /// It compares so with a value.
    Compare(Comparison, String),
    /// It is one of these.
    In(Vec<String>),
    /// It is there and none of these.
    NotIn(Vec<String>),
    /// All of it matches a regular expression.
    Matches(String),
    /// It is there and does not match.
    NotMatches(String),
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`, `equals`
    Equal,
    /// `!=`, `not_equals`
    NotEqual,
    /// `>`, `greater_than`
    Greater,
    /// `>=`, `greater_than_equal`
    GreaterOrEqual,
    /// `<`, `less_than`
    Less,
    /// `<=`, `less_than_equal`
    LessOrEqual,
}

/// A query that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at} of the expression {text:?}")]
pub struct ExpressionError {
    /// What was expected, or what is wrong.
    pub what: String,
    /// Where, counted from 1.
    pub at: usize,
    /// The query.
    pub text: String,
}

impl Expression {
    /// Reads a query.
    ///
    /// # Errors
    /// A query that is too long, is not of the grammar, or uses an operator that its subject does not have.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parse::parse(text)
    }
}

#[cfg(test)]
mod tests;
