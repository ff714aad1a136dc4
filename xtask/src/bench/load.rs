//! Writing to the API server as fast as it takes it, through `kubectl proxy`, which adds the credentials and little else.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ecs_e2e::Error;
use ecs_e2e::free_ports::free_ports;
use ecs_e2e::process::Process;
use ecs_e2e::stack::Stack;
use ecs_e2e::{backend, poll};
use serde_json::{Value, json};

/// How many writers write at once.
const WRITERS: usize = 16;
/// What every service of the benchmark runs.
pub const DEFINITION: &str = "
apiVersion: ecs-operator.dev/v1alpha1
kind: EcsTaskDefinition
metadata: {name: bench}
spec:
  requiresCompatibilities: [FARGATE]
  networkMode: awsvpc
  cpu: 256
  memory: 512
  containerDefinitions: [{name: app, image: app}]
";

/// A running `kubectl proxy`.
pub struct Load {
    _proxy: Process,
    url: String,
}

impl Load {
    /// Starts the proxy.
    pub fn start(stack: &Stack) -> Result<Self, Error> {
        let [port] = free_ports()?;
        let command = stack
            .plane()
            .kubectl()
            .command(&["proxy", "--port", &port.to_string()]);
        let proxy = Process::start("kubectl-proxy", command, stack.run(), Duration::from_secs(1))?;
        let url = format!("http://127.0.0.1:{port}");
        poll::until(
            "kubectl proxy does not answer",
            Duration::from_secs(10),
            Duration::from_millis(50),
            || {
                backend::get(&format!("{url}/readyz"))
                    .map(drop)
                    .map_err(|why| why.to_string())
            },
        )?;
        Ok(Self { _proxy: proxy, url })
    }

    /// The API server's address, without credentials.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates the services.
    pub fn create(&self, namespace: &str, services: u32) -> Result<(), Error> {
        side_by_side(services, |number| self.create_one(namespace, number))
    }

    /// Creates as many services where no operator looks, and writes their status and Events about them as often as the operator
    /// did for the others.
    pub fn bare(&self, services: u32, writes: &Writes, status: &Value) -> Result<Duration, Error> {
        self.post(
            "/api/v1/namespaces",
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}}),
        )?;
        let patches = shares(writes.services, services);
        let events = shares(writes.events, services);
        let begun = Instant::now();
        side_by_side(services, |number| {
            self.create_one("bare", number)?;
            (1..patches(number)).try_for_each(|turn| self.patch_status("bare", number, turn, status))?;
            (0..events(number)).try_for_each(|turn| self.post_event("bare", number, turn))
        })?;
        Ok(begun.elapsed())
    }

    fn create_one(&self, namespace: &str, number: u32) -> Result<(), Error> {
        let service = json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsService", "metadata": {"name": name(number)},
            "spec": {
                "clusterRef": {"name": "demo"}, "taskDefinitionRef": {"name": "bench"}, "desiredCount": 1, "launchType": "FARGATE",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-abc123"]}},
            },
        });
        self.post(
            &format!("/apis/ecs-operator.dev/v1alpha1/namespaces/{namespace}/ecsservices"),
            &service,
        )
    }

    fn patch_status(&self, namespace: &str, number: u32, turn: u64, status: &Value) -> Result<(), Error> {
        let mut status = status.clone();
        if let Some(members) = status.as_object_mut() {
            // Each write must differ from the one before, or the API server stores nothing.
            members.insert("observedGeneration".to_owned(), json!(turn));
        }
        let name = name(number);
        let body = json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsService", "metadata": {"name": name}, "status": status});
        let path = format!(
            "/apis/ecs-operator.dev/v1alpha1/namespaces/{namespace}/ecsservices/{name}/status?fieldManager=bench&force=true"
        );
        backend::send(
            "PATCH",
            &format!("{}{path}", self.url),
            "application/apply-patch+yaml",
            &body,
        )
        .map(drop)
    }

    fn post_event(&self, namespace: &str, number: u32, turn: u64) -> Result<(), Error> {
        let about = name(number);
        let event = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": format!("{about}.{turn}")},
            "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "reason": "EcsServiceEvent", "action": format!("{turn}"),
            "note": format!("(service {about}) has started 1 tasks: (task 0123456789abcdef0123456789abcdef)."),
            "reportingController": "bench", "reportingInstance": "bench",
            "regarding": {"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsService", "namespace": namespace, "name": about},
        });
        self.post(
            &format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events"),
            &event,
        )
    }

    fn post(&self, path: &str, body: &Value) -> Result<(), Error> {
        backend::send("POST", &format!("{}{path}", self.url), "application/json", body).map(drop)
    }
}

/// Of `count` writes, those that fall to the service of a number: as even as it can be.
fn shares(count: u64, services: u32) -> impl Fn(u32) -> u64 {
    let services = u64::from(services.max(1));
    move |number| (u64::from(number) + 1) * count / services - u64::from(number) * count / services
}

/// What was written to Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writes {
    /// Stored versions of the services, their creation among them.
    pub services: u64,
    /// Events about them.
    pub events: u64,
}

/// The name of the service of this number.
pub fn name(number: u32) -> String {
    format!("bench-{number:05}")
}

fn side_by_side(count: u32, work: impl Fn(u32) -> Result<(), Error> + Sync) -> Result<(), Error> {
    let next = AtomicU32::new(0);
    let write = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            work(number)?;
        }
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        writers.into_iter().try_for_each(|writer| {
            writer
                .join()
                .unwrap_or_else(|_| Err(Error::Missing("a writer panicked".to_owned())))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_leave_nothing() {
        let of = shares(10, 4);
        let parts: Vec<u64> = (0..4).map(of).collect();
        assert_eq!(parts, [2, 3, 2, 3]);
    }
}
