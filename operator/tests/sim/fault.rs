//! Effects and faults: every mutating request to Kubernetes or AWS has a number, and a plan says which go wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives; the sender sees a broken connection.
    RequestLost,
    /// It is carried out; the sender sees a broken connection.
    AnswerLost,
    /// The operator dies before it is sent.
    CrashBefore,
    /// It is carried out and the operator dies before it sees the answer.
    CrashAfter,
    /// Refused: someone else was faster.
    Conflict,
    /// Refused: too many requests.
    TooManyRequests,
    /// Refused: an error of the server.
    ServerError,
    /// Carried out late, whether or not the sender still waits.
    Late(Duration),
    /// The operator stops just before it is sent; it is sent when the operator is let go on.
    Freeze,
}

/// Each fault that one request can meet by itself.
pub(crate) const EVERY_FAULT: [Fault; 8] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Conflict,
    Fault::TooManyRequests,
    Fault::ServerError,
    Fault::Late(Duration::from_mins(1)),
];

/// Which effect meets which fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultPlan(BTreeMap<u64, Fault>);

impl FaultPlan {
    /// One fault at effect `number`, the first being 1.
    pub(crate) fn at(number: u64, fault: Fault) -> Self {
        Self(BTreeMap::from([(number, fault)]))
    }

    /// One more fault.
    pub(crate) fn and(mut self, number: u64, fault: Fault) -> Self {
        self.0.insert(number, fault);
        self
    }
}

/// Which server a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The apiserver.
    Kubernetes,
    /// ECS and its neighbours.
    Aws,
}

/// One line of the trace.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) number: u64,
    pub(crate) at: Duration,
    pub(crate) side: Side,
    /// `PATCH ecsservices/default/web/status` or `CreateService`.
    pub(crate) label: String,
    pub(crate) fault: Option<Fault>,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, seconds, label) = (self.number, self.at.as_secs_f64(), &self.label);
        write!(f, "{number:>4} {seconds:>10.3}s {:?} {label}", self.side)?;
        self.fault.map_or(Ok(()), |fault| write!(f, "  <-- {fault:?}"))
    }
}

/// All effects of a world so far. The numbering survives crashes.
#[derive(Debug, Default)]
pub(crate) struct Effects(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    plan: FaultPlan,
    /// The next effect whose label begins with this meets this.
    next_named: Option<(String, Fault)>,
    trace: Vec<Effect>,
}

impl Effects {
    /// Effects that meet the faults of `plan`.
    pub(crate) fn with(plan: FaultPlan) -> Self {
        Self(Mutex::new(State {
            plan,
            ..State::default()
        }))
    }

    /// Numbers one more effect and says what goes wrong with it.
    pub(crate) fn next(&self, at: Duration, side: Side, label: &str) -> Option<Fault> {
        let mut state = self.0.lock().expect("not poisoned");
        let number = state.trace.len() as u64 + 1;
        let named = state
            .next_named
            .take_if(|(begin, _)| label.starts_with(begin.as_str()));
        let fault = state.plan.0.remove(&number).or(named.map(|(_, fault)| fault));
        state.trace.push(Effect {
            number,
            at,
            side,
            label: label.to_owned(),
            fault,
        });
        fault
    }

    /// How many effects there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().expect("not poisoned").trace.len() as u64
    }

    /// The effects after the first `skip`.
    pub(crate) fn since(&self, skip: u64) -> Vec<Effect> {
        let state = self.0.lock().expect("not poisoned");
        let skipped = usize::try_from(skip).unwrap_or(usize::MAX);
        state.trace.iter().skip(skipped).cloned().collect()
    }

    /// One fault for an effect that is still to come, `ahead` effects from now (1 is the next).
    pub(crate) fn plan_ahead(&self, ahead: u64, fault: Fault) {
        let mut state = self.0.lock().expect("not poisoned");
        let number = state.trace.len() as u64 + ahead;
        state.plan.0.insert(number, fault);
    }

    /// A fault for the next effect whose label begins with `label`.
    pub(crate) fn plan_for(&self, label: &str, fault: Fault) {
        self.0.lock().expect("not poisoned").next_named = Some((label.to_owned(), fault));
    }

    /// The trace as text, the last `lines` of it.
    pub(crate) fn trace(&self, lines: usize) -> String {
        let state = self.0.lock().expect("not poisoned");
        let skip = state.trace.len().saturating_sub(lines);
        let shown = state.trace.iter().skip(skip).map(Effect::to_string);
        shown.collect::<Vec<_>>().join("\n")
    }
}
