//! Operator processes: started, killed, frozen, and restarted after a crash with an empty memory.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::task::JoinHandle;

use super::apiserver::{ApiServer, Connection};
use super::aws::Aws;
use super::clock::VirtualClock;
use super::fault::Effects;
use super::link::Link;

/// What a process is started with.
#[derive(Clone)]
pub(crate) struct Env {
    /// Its wire to everything outside.
    pub(crate) link: Arc<Link>,
    /// Its Kubernetes client, over that wire.
    pub(crate) kube: kube::Client,
    /// Its HTTP client for AWS, over that wire too.
    pub(crate) http: SharedHttpClient,
    /// Its machine's clock.
    pub(crate) clock: VirtualClock,
    /// Its name, e.g. the pod's.
    pub(crate) identity: String,
}

/// What all processes of a world share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) api: ApiServer,
    pub(crate) aws: Aws,
    pub(crate) effects: Arc<Effects>,
}

/// A program: the operator, or a toy.
pub(crate) type Program = Arc<dyn Fn(Env) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long a crashed process needs until it runs again.
const RESTART: Duration = Duration::from_secs(1);

/// A pod: it restarts its process when that crashes.
pub(crate) struct Replica {
    link: Arc<Mutex<Arc<Link>>>,
    clock: VirtualClock,
    deaths: Arc<Mutex<Vec<String>>>,
    supervisor: JoinHandle<()>,
}

impl Replica {
    /// Starts a pod.
    pub(crate) fn start(
        name: &str,
        program: Program,
        surroundings: Surroundings,
        clock: VirtualClock,
    ) -> Self {
        let link = Arc::new(Mutex::new(Link::open(
            surroundings.effects.clone(),
            clock.clone(),
        )));
        let deaths = Arc::new(Mutex::new(Vec::new()));
        let supervisor = tokio::spawn(supervise(Pod {
            name: name.to_owned(),
            program,
            surroundings,
            clock: clock.clone(),
            link: link.clone(),
            deaths: deaths.clone(),
        }));
        Self {
            link,
            clock,
            deaths,
            supervisor,
        }
    }

    fn current(&self) -> Arc<Link> {
        self.link.lock().expect("not poisoned").clone()
    }

    /// The pod's machine's clock.
    pub(crate) fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Crashes the process; it restarts.
    pub(crate) fn crash(&self) {
        self.current().sever();
    }

    /// Takes the pod away for good.
    pub(crate) fn kill(&self) {
        self.current().sever();
        self.supervisor.abort();
    }

    /// Stops the process's requests until [`Replica::thaw`].
    pub(crate) fn freeze(&self) {
        self.current().freeze();
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.current().thaw();
    }

    /// Ends that were no injected crash: a panic, or a program that returned by itself.
    pub(crate) fn unexpected_ends(&self) -> Vec<String> {
        self.deaths.lock().expect("not poisoned").clone()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Pod {
    name: String,
    program: Program,
    surroundings: Surroundings,
    clock: VirtualClock,
    link: Arc<Mutex<Arc<Link>>>,
    deaths: Arc<Mutex<Vec<String>>>,
}

async fn supervise(pod: Pod) {
    for incarnation in 0_u32.. {
        let link = pod.link.lock().expect("not poisoned").clone();
        let env = Env {
            link: link.clone(),
            kube: Connection::client(pod.surroundings.api.clone(), link.clone()),
            http: pod.surroundings.aws.client(link.clone()),
            clock: pod.clock.clone(),
            identity: format!("{}-{incarnation}", pod.name),
        };
        // A task of its own in a set: dropped with the supervisor, and a panic in it is seen here.
        let mut process = tokio::task::JoinSet::new();
        process.spawn((pod.program)(env));
        tokio::select! {
            biased;
            () = link.severed() => {}
            ended = process.join_next() => {
                link.sever();
                let how = match ended {
                    Some(Err(error)) => format!("{}: {error}", pod.name),
                    _ => format!("{}: returned by itself", pod.name),
                };
                pod.deaths.lock().expect("not poisoned").push(how);
            }
        }
        process.shutdown().await;
        tokio::time::sleep(RESTART).await;
        *pod.link.lock().expect("not poisoned") =
            Link::open(pod.surroundings.effects.clone(), pod.clock.clone());
    }
}
