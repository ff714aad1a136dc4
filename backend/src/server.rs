//! The server without its sockets: one function from request to answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::fault::Fault;
use crate::identity::{self, Caller};
use crate::throttle::Buckets;
use crate::timing::{Timing, TimingMode};
use crate::world::World;
use crate::world::clock::Clock;
use crate::world::ids::Ids;
use crate::world::snapshot::{self, SnapshotError};
use crate::{control, form, sts, wire};

/// How a server is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What identifiers are drawn from: the same seed, clock and calls give the same answers.
    pub seed: u64,
    /// How long things take.
    pub timing: TimingMode,
    /// Whether calls are throttled at ECS's rates (ecs-semantics.md §7.1).
    pub throttle: bool,
    /// Where the state is kept; it lives in memory only if absent.
    pub data_dir: Option<PathBuf>,
}

/// A request, as it came over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path and, after `?`, the query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; the name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer, as it goes over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status. 0 means that no answer must be sent: a fault of mode `drop` was asked for, and the connection is to be
    /// cut.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// An ECS-compatible server.
pub struct Server {
    clock: Clock,
    options: Options,
    state: Mutex<State>,
}

/// What the server keeps: the world, and what is no part of it.
pub(crate) struct State {
    pub(crate) world: World,
    /// What the control API added to the clock.
    pub(crate) offset: SignedDuration,
    /// How often each operation was called, and how often it was answered with each error.
    pub(crate) calls: control::Calls,
    /// The faults that the control API asked for.
    pub(crate) faults: control::Faults,
    /// How many calls each realm may make at once; used if the server throttles.
    pub(crate) buckets: Buckets,
    /// The ids of requests: not the realms', so that reading changes nothing there.
    request_ids: Ids,
    /// Whether something may have changed since the last snapshot.
    changed: bool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server over the state that the data directory holds, or over an empty world.
    ///
    /// # Errors
    /// The data directory holds something that cannot be read.
    pub fn new(options: Options, clock: Clock) -> Result<Self, SnapshotError> {
        let timing = Timing::of(options.timing);
        let kept = options
            .data_dir
            .as_deref()
            .map(|directory| snapshot::load(directory, timing))
            .transpose()?
            .flatten();
        let now = clock();
        let world = kept.unwrap_or_else(|| World::new(options.seed, timing, now));
        // The world's time goes on where it was, even if it had been moved ahead of the clock.
        let offset = world.now.duration_since(now).max(SignedDuration::ZERO);
        let state = State {
            world,
            offset,
            calls: control::Calls::default(),
            faults: control::Faults::default(),
            buckets: Buckets::default(),
            request_ids: Ids::new(options.seed, "requests"),
            changed: false,
        };
        Ok(Self {
            clock,
            options,
            state: Mutex::new(state),
        })
    }

    /// Answers a request, whatever it is.
    pub fn handle(&self, request: &Request) -> Response {
        let mut state = self.lock();
        let id = state.request_ids.uuid();
        self.advance(&mut state);
        let mut response = if request.path.starts_with(control::PREFIX) {
            state.changed |= request.method != "GET";
            control::answer(&mut state, &self.options, request)
        } else {
            self.aws(&mut state, request, &id)
        };
        response.headers.insert("x-amzn-requestid".to_owned(), id);
        // The world's time, which is not the machine's where it was moved: clients hold moments against it.
        response
            .headers
            .insert("date".to_owned(), http_date(state.world.now));
        response
    }

    /// Lets everything happen that is due by now, as any request does first.
    pub fn tick(&self) {
        self.advance(&mut self.lock());
    }

    /// Writes the state to the data directory if there is one and something may have changed.
    ///
    /// # Errors
    /// The directory cannot be written, or the state cannot be put into JSON.
    pub fn save(&self) -> Result<(), SnapshotError> {
        let Some(directory) = &self.options.data_dir else {
            return Ok(());
        };
        let mut state = self.lock();
        if !state.changed {
            return Ok(());
        }
        let document = snapshot::write(&state.world).map_err(|error| SnapshotError::Content {
            path: directory.display().to_string(),
            what: error.to_string(),
        })?;
        state.changed = false;
        drop(state);
        let saved = snapshot::save(directory, &document);
        if saved.is_err() {
            self.lock().changed = true;
        }
        saved
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in an operation would poison the lock; the world is still the best answer that we have.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance(&self, state: &mut State) {
        let now = (self.clock)().checked_add(state.offset).unwrap_or(Timestamp::MAX);
        state.changed |= state.world.next_at().is_some_and(|at| at <= now);
        state.world.advance(now);
    }

    /// An AWS client's request, of either protocol.
    fn aws(&self, state: &mut State, request: &Request, id: &str) -> Response {
        if request.method != "POST" {
            let text = format!(
                "{} {} is no request of an AWS client.",
                request.method, request.path
            );
            return json(404, &Fault::common("UnknownOperationException", text).body());
        }
        match request.header("x-amz-target") {
            Some(target) => match self.ecs(state, target, request) {
                Ok(Some(body)) => json(200, &body),
                Ok(None) => cut(),
                Err(refused) => json(refused.status, &refused.body()),
            },
            None => self.sts(state, request, id),
        }
    }

    /// AWS JSON 1.1: an operation of ECS. `None` means that the answer is lost.
    fn ecs(&self, state: &mut State, target: &str, request: &Request) -> Result<Option<Value>, Fault> {
        let caller = caller(request)?;
        let operation = wire::operation(target)?;
        let result = self.called(state, &caller, operation, |state| {
            let body = wire::body(&request.body)?;
            let realm = state.world.realm(&caller.realm);
            realm.caller = caller.arn();
            wire::carry_out(operation, &body, realm)
        });
        state.calls.count(operation, result.as_ref().err());
        result
    }

    /// AWS Query: an operation of STS.
    fn sts(&self, state: &mut State, request: &Request, id: &str) -> Response {
        let fields = form::fields(&String::from_utf8_lossy(&request.body));
        let action = fields.get("Action").map(String::as_str).unwrap_or_default();
        let known = sts::OPERATIONS.into_iter().find(|known| *known == action);
        let result = caller(request).and_then(|caller| {
            let now = state.world.now;
            self.called(state, &caller, action, |state| {
                sts::carry_out(&fields, &caller, now, &mut state.request_ids)
            })
        });
        if let Some(operation) = known {
            state.calls.count(operation, result.as_ref().err());
        }
        match result {
            Ok(Some(inner)) => xml(200, sts::document(action, &inner, id)),
            Ok(None) => cut(),
            Err(refused) => xml(refused.status, sts::refusal(&sts::in_query_words(refused), id)),
        }
    }

    /// Carries a call out, unless it is throttled or struck by a fault that was asked for. `None` means that the answer is
    /// lost.
    fn called<T>(
        &self,
        state: &mut State,
        caller: &Caller,
        operation: &str,
        carry_out: impl FnOnce(&mut State) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let is_sts = sts::OPERATIONS.contains(&operation);
        if self.options.throttle && !is_sts {
            let now = state.world.now;
            state.buckets.take(&caller.realm, operation, now)?;
        }
        let fate = state.faults.strike(operation, &caller.realm.account);
        if fate.as_ref().is_some_and(|fate| !fate.carried_out) {
            return fate.and_then(|fate| fate.answer).map_or(Ok(None), Err);
        }
        let readonly = ecs_model::facts::model()
            .operation(operation)
            .is_some_and(|facts| facts.readonly);
        state.changed |= !readonly && !is_sts;
        let result = carry_out(state);
        match fate {
            None => result.map(Some),
            Some(fate) => fate.answer.map_or(Ok(None), Err),
        }
    }
}

/// A moment as HTTP writes it, as `Thu, 01 Jan 2026 00:00:00 GMT`.
fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}

fn caller(request: &Request) -> Result<Caller, Fault> {
    identity::caller(
        request.header("authorization"),
        request.header("x-amz-security-token"),
    )
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    let headers = BTreeMap::from([("content-type".to_owned(), wire::CONTENT_TYPE.to_owned())]);
    Response {
        status,
        headers,
        body: body.to_string().into_bytes(),
    }
}

fn xml(status: u16, body: String) -> Response {
    let headers = BTreeMap::from([("content-type".to_owned(), "text/xml".to_owned())]);
    Response {
        status,
        headers,
        body: body.into_bytes(),
    }
}

/// No answer at all.
fn cut() -> Response {
    Response {
        status: 0,
        headers: BTreeMap::new(),
        body: Vec::new(),
    }
}
