//! Seeing every write: a watch delivers each stored version of each object.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use ecs_e2e::{Error, backend};
use serde_json::Value;

/// A watch on the services of the namespace `default`, in a thread that lives as long as the API server answers.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    versions: u64,
    ready: BTreeSet<String>,
    newest: String,
}

impl Watch {
    /// Starts to watch, through the proxy at `url`, from what is there now.
    pub fn start(url: &str) -> Result<Self, Error> {
        let url = format!("{url}/apis/ecs-operator.dev/v1alpha1/namespaces/default/ecsservices");
        let listed = backend::get(&url)?;
        let newest = text(&listed, "/metadata/resourceVersion").to_owned();
        let seen = Arc::new(Mutex::new(Seen {
            newest,
            ..Seen::default()
        }));
        let watch = Self { seen: seen.clone() };
        thread::spawn(move || {
            // The API server ends the watch of a reader that is too slow; it goes on where it ended.
            while let Ok(events) = backend::stream(&resumed(&url, &seen)) {
                for line in events.lines().map_while(Result::ok) {
                    let event: Value = serde_json::from_str(&line).unwrap_or_default();
                    lock(&seen).take_in(&event);
                }
            }
        });
        Ok(watch)
    }

    /// How many services are Ready in their newest version.
    pub fn ready(&self) -> usize {
        lock(&self.seen).ready.len()
    }

    /// How many versions were stored.
    pub fn writes(&self) -> u64 {
        lock(&self.seen).versions
    }
}

impl Seen {
    fn take_in(&mut self, event: &Value) {
        let name = text(event, "/object/metadata/name");
        if name.is_empty() {
            return;
        }
        text(event, "/object/metadata/resourceVersion").clone_into(&mut self.newest);
        self.versions += 1;
        if is_ready(event) {
            self.ready.insert(name.to_owned());
        } else {
            self.ready.remove(name);
        }
    }
}

fn resumed(url: &str, seen: &Mutex<Seen>) -> String {
    format!("{url}?watch=true&resourceVersion={}", lock(seen).newest)
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_ready(event: &Value) -> bool {
    let conditions = event
        .pointer("/object/status/conditions")
        .and_then(Value::as_array);
    let mut ready = conditions
        .into_iter()
        .flatten()
        .filter(|condition| text(condition, "/type") == "Ready");
    ready.any(|condition| text(condition, "/status") == "True")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, version: u32, ready: &str) -> Value {
        json!({"type": "MODIFIED", "object": {
            "metadata": {"name": name, "resourceVersion": version.to_string()},
            "status": {"conditions": [{"type": "Synced", "status": "True"}, {"type": "Ready", "status": ready}]},
        }})
    }

    #[test]
    fn each_version_counts_and_the_newest_says_whether_it_is_ready() {
        let mut seen = Seen::default();
        seen.take_in(&event("a", 1, "False"));
        seen.take_in(&event("a", 2, "True"));
        seen.take_in(&event("b", 3, "True"));
        seen.take_in(&event("b", 4, "False"));
        seen.take_in(&json!({"type": "ERROR", "object": {"code": 410}}));
        assert_eq!(
            (seen.versions, seen.ready.len(), seen.newest.as_str()),
            (4, 1, "4")
        );
    }
}
