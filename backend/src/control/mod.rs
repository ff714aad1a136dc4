//! The control API: what no AWS client can do, under `/_backend/`. `GET /_backend/openapi.json` describes it.

mod calls;
mod faults;
mod instances;
mod tasks;
mod time;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use calls::Calls;
pub use faults::{Fate, Faults};

use crate::fault::Fault;
use crate::form;
use crate::server::{self, Options, Request, Response, State};
use crate::world::Realm;
use crate::world::names::{DEFAULT_ACCOUNT, RealmId};

/// What the paths of the control API begin with.
pub const PREFIX: &str = "/_backend/";

/// The description of the control API.
const OPENAPI: &str = include_str!("openapi.json");

/// A refusal: the HTTP status and why.
pub(crate) type Refused = (u16, String);

/// A request to the control API, taken apart.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) options: &'a Options,
    query: std::collections::BTreeMap<String, String>,
    body: &'a [u8],
}

impl Call<'_> {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The body, as JSON of a certain form; an empty body is an empty object.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let body = if self.body.iter().all(u8::is_ascii_whitespace) {
            b"{}"
        } else {
            self.body
        };
        serde_json::from_slice(body)
            .map_err(|error| (400, format!("the body is not what is expected here: {error}")))
    }

    /// The realm that the query names by `account` and `region`.
    pub(crate) fn realm(&mut self) -> &mut Realm {
        let id = RealmId {
            account: self.parameter("account").unwrap_or(DEFAULT_ACCOUNT).to_owned(),
            region: self.parameter("region").unwrap_or("us-east-1").to_owned(),
        };
        self.state.world.realm(&id)
    }
}

/// Answers a request to the control API.
pub(crate) fn answer(state: &mut State, options: &Options, request: &Request) -> Response {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.strip_prefix(PREFIX).unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let mut call = Call {
        state,
        options,
        query: form::fields(query),
        body: &request.body,
    };
    match routed(&mut call, &request.method, &segments) {
        Ok(body) => server::json(200, &body),
        Err((status, message)) => server::json(status, &json!({ "message": message })),
    }
}

fn routed(call: &mut Call<'_>, method: &str, path: &[&str]) -> Result<Value, Refused> {
    match (method, path) {
        ("GET", ["health"]) => {
            Ok(json!({"status": "ok", "now": call.state.world.now, "version": env!("CARGO_PKG_VERSION")}))
        }
        ("GET", ["openapi.json"]) => serde_json::from_str(OPENAPI).map_err(|error| (500, error.to_string())),
        ("POST", ["reset"]) => time::reset(call),
        ("GET", ["clock"]) => Ok(time::shown(call.state)),
        ("POST", ["clock", "advance"]) => time::advance(call),
        ("GET", ["calls"]) => Ok(call.state.calls.shown()),
        ("POST", ["calls", "reset"]) => {
            call.state.calls = Calls::default();
            Ok(call.state.calls.shown())
        }
        ("GET", ["faults"]) => Ok(call.state.faults.shown()),
        ("POST", ["faults"]) => faults::add(call),
        ("DELETE", ["faults"]) => {
            call.state.faults = Faults::default();
            Ok(call.state.faults.shown())
        }
        ("GET", ["events"]) => Ok(tasks::events(call)),
        ("POST", ["alarms"]) => tasks::alarm(call),
        ("POST", ["target-health"]) => tasks::target_health(call),
        ("POST", ["tasks", task, "stop"]) => tasks::interrupt(call, task),
        ("POST", ["instances"]) => instances::register(call),
        ("POST", ["instances", id, "connect"]) => instances::connect(call, id, true),
        ("POST", ["instances", id, "disconnect"]) => instances::connect(call, id, false),
        ("POST", ["instances", id, "terminate"]) => instances::terminate(call, id),
        _ => Err((
            404,
            format!(
                "there is no {method} {PREFIX}{}; see {PREFIX}openapi.json",
                path.join("/")
            ),
        )),
    }
}

/// An ECS fault as the control API answers it.
fn refused(fault: Fault) -> Refused {
    (fault.status, fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every path of the description is routed: only what is not is answered with 404.
    #[test]
    fn the_description_is_of_what_is_there() {
        let described: Value = serde_json::from_str(OPENAPI).unwrap();
        let server =
            crate::Server::new(Options::default(), std::sync::Arc::new(jiff::Timestamp::default)).unwrap();
        let mut count = 0;
        for (path, operations) in described["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let path = path.replace("{id}", "x").replace("{task}", "x");
                let request = Request {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    ..Request::default()
                };
                assert_ne!(server.handle(&request).status, 404, "{method} {path}");
                count += 1;
            }
        }
        assert_eq!(count, 18, "a route without a description, or the other way round");
    }
}
