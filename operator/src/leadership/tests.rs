use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;
use crate::k8s::fake::{self, Answer, Request};

/// A lease in an API server: optimistic locking, and faults on demand.
#[derive(Default)]
struct Server {
    lease: Option<Value>,
    version: u64,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    RequestLost,
    AnswerLost,
    Error,
    Slow,
}

impl Server {
    fn serve(&mut self, request: &Request) -> Answer {
        match self.fault {
            Some(Fault::RequestLost) => return Answer::lost(),
            Some(Fault::Error) => return Answer::refusal(503, "ServiceUnavailable"),
            _ => {}
        }
        let answer = match request.method.as_str() {
            "GET" => match &self.lease {
                Some(lease) => Answer::ok(lease.clone()),
                None => Answer::refusal(404, "NotFound"),
            },
            "POST" if self.lease.is_some() => Answer::refusal(409, "AlreadyExists"),
            "POST" => self.store(request),
            "PUT" => {
                let read = &request.body["metadata"]["resourceVersion"];
                let current = &self.lease.as_ref().unwrap()["metadata"]["resourceVersion"];
                if read == current {
                    self.store(request)
                } else {
                    Answer::refusal(409, "Conflict")
                }
            }
            other => panic!("unexpected {other}"),
        };
        match self.fault {
            Some(Fault::AnswerLost) => Answer::lost(),
            Some(Fault::Slow) => Answer {
                after: Duration::from_secs(4),
                ..answer
            },
            _ => answer,
        }
    }

    fn store(&mut self, request: &Request) -> Answer {
        self.version += 1;
        let mut lease = request.body.clone();
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.lease = Some(lease.clone());
        Answer::ok(lease)
    }
}

struct Replica {
    lead: watch::Receiver<Lead>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// The faults between this replica and the server.
    fault: Arc<Mutex<Option<Fault>>>,
}

fn replica(server: &Arc<Mutex<Server>>, identity: &str) -> Replica {
    let fault: Arc<Mutex<Option<Fault>>> = Arc::default();
    let (server, faults) = (server.clone(), fault.clone());
    let (client, _) = fake::client(move |request| {
        let mut server = server.lock().unwrap();
        server.fault = *faults.lock().unwrap();
        server.serve(request)
    });
    let clock = SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap());
    let (candidate, lead) = Candidate::new(client, Settings::in_namespace("ops"), identity.to_owned(), clock);
    let stop = CancellationToken::new();
    let task = tokio::spawn(candidate.run(stop.clone()));
    Replica {
        lead,
        stop,
        task,
        fault,
    }
}

impl Replica {
    fn leads(&self) -> bool {
        self.lead.borrow().is_some_and(|until| until > Instant::now())
    }
}

/// Lets `seconds` pass and checks at every tenth of one that no two lead. Says who leads at the end.
async fn pass(replicas: &[Replica], seconds: u64) -> Option<usize> {
    for _ in 0..seconds * 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let leaders = replicas.iter().filter(|replica| replica.leads()).count();
        assert!(leaders <= 1, "{leaders} replicas lead at once");
    }
    replicas.iter().position(Replica::leads)
}

fn three(server: &Arc<Mutex<Server>>) -> Vec<Replica> {
    ["a", "b", "c"].map(|identity| replica(server, identity)).into()
}

#[tokio::test(start_paused = true)]
async fn one_of_three_leads_and_stays() {
    let server = Arc::default();
    let replicas = three(&server);
    let first = pass(&replicas, 1).await.expect("a leader at once");
    assert_eq!(pass(&replicas, 120).await, Some(first));
    assert_eq!(
        server.lock().unwrap().lease.as_ref().unwrap()["spec"]["leaseTransitions"],
        json!(1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_is_followed_within_twenty_seconds() {
    let server = Arc::default();
    let mut replicas = three(&server);
    let first = pass(&replicas, 10).await.unwrap();
    replicas.remove(first).task.abort();
    assert!(pass(&replicas, 20).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_stops_in_order_is_followed_at_once() {
    let server = Arc::default();
    let mut replicas = three(&server);
    let first = pass(&replicas, 10).await.unwrap();
    let leader = replicas.remove(first);
    leader.stop.cancel();
    leader.task.await.unwrap();
    assert!(pass(&replicas, 3).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn whatever_befalls_the_leaders_connection_two_never_lead() {
    for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::Error, Fault::Slow] {
        let server = Arc::default();
        let replicas = three(&server);
        let first = pass(&replicas, 7).await.unwrap();
        *replicas[first].fault.lock().unwrap() = Some(fault);
        let during = pass(&replicas, 60).await;
        // A connection that is merely slow keeps the lead; so does one that loses answers, for its renewals arrive,
        // but it cannot know and stands down.
        match fault {
            Fault::Slow => assert_eq!(during, Some(first), "{fault:?}"),
            Fault::AnswerLost => assert_ne!(during, Some(first), "{fault:?}"),
            _ => assert!(
                during.is_some_and(|leader| leader != first),
                "{fault:?}: {during:?}"
            ),
        }
        *replicas[first].fault.lock().unwrap() = None;
        assert!(
            pass(&replicas, 30).await.is_some(),
            "{fault:?}: somebody leads once it is over"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_clock_is_wrong_is_judged_by_what_we_see() {
    let server: Arc<Mutex<Server>> = Arc::default();
    let lease = json!({
        "metadata": {"name": "ecs-operator", "namespace": "ops", "resourceVersion": "1"},
        "spec": {"holderIdentity": "other", "leaseDurationSeconds": 15, "renewTime": "2020-01-01T00:00:00.000000Z"},
    });
    server.lock().unwrap().lease = Some(lease);
    let replicas = [replica(&server, "a")];
    assert_eq!(
        pass(&replicas, 14).await,
        None,
        "an old renewTime alone proves nothing"
    );
    assert_eq!(pass(&replicas, 6).await, Some(0));
}
