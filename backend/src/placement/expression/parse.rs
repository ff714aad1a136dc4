//! Reading a query.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, eof, fail, opt, peek, preceded, separated, terminated};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::token::{literal, one_of, take, take_till, take_while};
use winnow::{ModalResult, Parser};

use super::{Comparison, Expression, ExpressionError, MAX_LENGTH, Subject, Test};

/// The greatest depth of parentheses and negations.
const MAX_DEPTH: usize = 50;

pub(super) fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let error = |what: String, at| ExpressionError {
        what,
        at,
        text: text.to_owned(),
    };
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(error(
            format!("{length} characters, at most {MAX_LENGTH} are allowed,"),
            MAX_LENGTH + 1,
        ));
    }
    let nesting =
        text.chars().filter(|letter| matches!(letter, '(' | '!')).count() + text.matches("not").count();
    if nesting > MAX_DEPTH {
        return Err(error(
            format!("more than {MAX_DEPTH} parentheses and negations"),
            1,
        ));
    }
    let end = (
        multispace0,
        cut_err(eof).context(expected("an operator or the end")),
    );
    let mut whole = delimited(multispace0, any, end);
    whole.parse(text).map_err(|failure| {
        let at = text
            .get(..failure.offset())
            .map_or(0, |read| read.chars().count())
            + 1;
        let wanted = failure.inner().context().find_map(|context| match context {
            StrContext::Expected(value) => Some(value.to_string()),
            _ => None,
        });
        error(
            format!("expected {}", wanted.as_deref().unwrap_or("a cluster query")),
            at,
        )
    })
}

fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

fn any(input: &mut &str) -> ModalResult<Expression> {
    let or = delimited(multispace0, alt((literal("||"), word("or"))), multispace0);
    let parts: Vec<Expression> = separated(1.., all, or).parse_next(input)?;
    Ok(one_or(parts, Expression::Any))
}

fn all(input: &mut &str) -> ModalResult<Expression> {
    let and = delimited(multispace0, alt((literal("&&"), word("and"))), multispace0);
    let parts: Vec<Expression> = separated(1.., unary, and).parse_next(input)?;
    Ok(one_or(parts, Expression::All))
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => many(parts.into_iter().chain(last).collect()),
    }
}

fn unary(input: &mut &str) -> ModalResult<Expression> {
    let not = alt((literal("!"), word("not")));
    if opt(terminated(not, multispace0)).parse_next(input)?.is_some() {
        return Ok(Expression::Not(Box::new(cut_err(unary).parse_next(input)?)));
    }
    alt((
        delimited(
            ('(', multispace0),
            cut_err(any),
            (
                multispace0,
                cut_err(')').context(expected("a closing parenthesis")),
            ),
        ),
        simple,
    ))
    .parse_next(input)
}

/// A word of the language: not the beginning of a longer one.
fn word<'a>(text: &'static str) -> impl Parser<&'a str, &'a str, ErrMode<ContextError>> {
    let end = alt((
        peek(one_of([' ', '\t', '\n', '\r', '(', '[', '\'', '"'])).void(),
        eof.void(),
    ));
    terminated(literal(text), end)
}

fn simple(input: &mut &str) -> ModalResult<Expression> {
    let subject = subject
        .context(expected("a subject such as attribute:NAME or runningTasksCount"))
        .parse_next(input)?;
    let test = cut_err(preceded(multispace0, test))
        .context(expected("an operator that this subject has, with its value"))
        .parse_next(input)?;
    if !fits(&subject, &test) {
        return cut_err(fail.context(expected("an operator that this subject has"))).parse_next(input);
    }
    Ok(Expression::Test { subject, test })
}

fn subject(input: &mut &str) -> ModalResult<Subject> {
    let name = take_while(1..=128, |letter: char| {
        letter.is_ascii_alphanumeric() || "_./\\-".contains(letter)
    });
    alt((
        literal("agentConnected").value(Subject::AgentConnected),
        literal("agentVersion").value(Subject::AgentVersion),
        literal("ec2InstanceId").value(Subject::Ec2InstanceId),
        literal("registeredAt").value(Subject::RegisteredAt),
        literal("runningTasksCount").value(Subject::RunningTasksCount),
        literal("task:group").value(Subject::TaskGroup),
        preceded(literal("attribute:"), cut_err(name)).map(|name: &str| Subject::Attribute(name.to_owned())),
    ))
    .parse_next(input)
}

fn test(input: &mut &str) -> ModalResult<Test> {
    alt((
        alt((literal("!exists"), word("not_exists"))).value(Test::Absent),
        word("exists").value(Test::Exists),
        preceded((alt((literal("!in"), word("not_in"))), multispace0), list()).map(Test::NotIn),
        preceded((word("in"), multispace0), list()).map(Test::In),
        preceded((alt((literal("=~"), word("matches"))), multispace0), pattern()).map(Test::Matches),
        preceded(
            (alt((literal("!~"), word("not_matches"))), multispace0),
            pattern(),
        )
        .map(Test::NotMatches),
        (
            terminated(comparison, multispace0),
            cut_err(value).context(expected("a value")),
        )
            .map(|(comparison, value)| Test::Compare(comparison, value)),
    ))
    .parse_next(input)
}

fn comparison(input: &mut &str) -> ModalResult<Comparison> {
    alt((
        alt((literal("=="), word("equals"))).value(Comparison::Equal),
        alt((literal("!="), word("not_equals"))).value(Comparison::NotEqual),
        alt((literal(">="), word("greater_than_equal"))).value(Comparison::GreaterOrEqual),
        alt((literal(">"), word("greater_than"))).value(Comparison::Greater),
        alt((literal("<="), word("less_than_equal"))).value(Comparison::LessOrEqual),
        alt((literal("<"), word("less_than"))).value(Comparison::Less),
    ))
    .parse_next(input)
}

fn list<'a>() -> impl Parser<&'a str, Vec<String>, ErrMode<ContextError>> {
    let comma = (multispace0, ',', multispace0);
    cut_err(delimited(
        ('[', multispace0),
        separated(1.., value, comma),
        (multispace0, ']'),
    ))
    .context(expected("a list such as [a, b]"))
}

fn pattern<'a>() -> impl Parser<&'a str, String, ErrMode<ContextError>> {
    cut_err(regex).context(expected("a regular expression"))
}

fn value(input: &mut &str) -> ModalResult<String> {
    let bare = take_while(1.., |letter: char| {
        !letter.is_whitespace() && !",])([\"'".contains(letter)
    });
    alt((quoted, bare.map(str::to_owned))).parse_next(input)
}

fn quoted(input: &mut &str) -> ModalResult<String> {
    let single = delimited('\'', take_till(0.., '\''), '\'');
    let double = delimited('"', take_till(0.., '"'), '"');
    alt((single, double)).map(str::to_owned).parse_next(input)
}

/// A regular expression: quoted, or up to white space, with parentheses that close within it.
fn regex(input: &mut &str) -> ModalResult<String> {
    alt((quoted, bare_regex))
        .verify(|text: &String| regex_lite::Regex::new(text).is_ok())
        .parse_next(input)
}

fn bare_regex(input: &mut &str) -> ModalResult<String> {
    let length = bare_regex_length(input);
    let text: &str = take(length)
        .verify(|text: &str| !text.is_empty())
        .parse_next(input)?;
    Ok(text.to_owned())
}

/// How many characters there are before white space, or a parenthesis that was opened before.
fn bare_regex_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let belongs = |letter: &char| {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            _ => {}
        }
        !letter.is_whitespace()
    };
    text.chars().take_while(belongs).count()
}

/// Whether a subject has the operator, and the value is of its kind.
fn fits(subject: &Subject, test: &Test) -> bool {
    let orders = |comparison: &Comparison| !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    match (subject, test) {
        (Subject::Attribute(_), _) => true,
        (Subject::RunningTasksCount, Test::Compare(_, value)) => value.parse::<i64>().is_ok(),
        (Subject::AgentVersion, Test::Compare(_, value)) => super::eval::version(value).is_some(),
        (Subject::RegisteredAt, Test::Compare(_, value)) => super::eval::moment(value).is_some(),
        (_, Test::Exists | Test::Absent)
        | (Subject::RunningTasksCount | Subject::AgentVersion | Subject::RegisteredAt, _) => false,
        (_, Test::Compare(comparison, _)) => !orders(comparison),
        (Subject::AgentConnected | Subject::Ec2InstanceId | Subject::TaskGroup, _) => true,
    }
}
