//! The observer: keeps what somebody watches in ECS, so that reconcilers do not each describe for themselves.
//!
//! One per target. It reads in batches, often while something moves and seldom when steady, and wakes the objects whose
//! facts changed. Its laws (design.md §4):
//!
//! - a view begun before the last write to its resource is discarded (read your writes), and a view never replaces one
//!   that was begun later;
//! - one poisoned name does not hide the others of its batch;
//! - a failed read changes nothing that is known.
//!
//! A kind says [`Observer::watch`] for what it needs, looks with [`Observer::view`], asks [`Observer::read_fresh`] before it
//! creates, adopts or deletes, and says [`Observer::wrote`] after each write.

pub mod book;
mod clusters;
mod definitions;
mod deployments;
mod keeper;
mod providers;
mod services;
pub mod subject;
mod tasks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::aws::account::{Target, TargetKey};
use crate::aws::error::AwsError;
use crate::clock::SharedClock;
use crate::k8s::object::ObjectKey;
use crate::k8s::wakes::Wakes;
use crate::observer::keeper::Keeper;
pub use crate::observer::subject::{
    ClusterKey, ClusterView, DefinitionKey, DefinitionView, ProviderKey, ProviderView, ServiceKey,
    ServiceView, Subject,
};
use crate::telemetry::metrics::Metrics;

/// How fresh views are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Between two reads of a resource that moves, while few do. With many it grows up to five times (10 s by default).
    pub moving: Duration,
    /// Between two reads of a resource that is steady.
    pub steady: Duration,
    /// From a write to the read that shows its effect.
    pub after_write: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            moving: Duration::from_secs(2),
            steady: Duration::from_mins(1),
            after_write: Duration::from_secs(1),
        }
    }
}

/// What all observers share.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Whom to tell of changes.
    pub wakes: Arc<Wakes>,
    /// The time of day, for `observed_at`.
    pub clock: SharedClock,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// How often to look.
    pub freshness: Freshness,
}

/// One observer per target, started when first asked for. Dropping it ends them all.
#[derive(Debug)]
pub struct Observers {
    surroundings: Surroundings,
    known: Mutex<BTreeMap<TargetKey, Arc<Observer>>>,
}

impl Observers {
    /// None yet.
    pub fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            known: Mutex::default(),
        }
    }

    /// The observer of a target. Must be called inside a tokio runtime.
    pub fn of(&self, target: &Arc<Target>) -> Arc<Observer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(target.key.clone())
            .or_insert_with(|| Arc::new(Observer::start(target.clone(), self.surroundings.clone())))
            .clone()
    }

    /// Ends all that an object watches, in every target: it is gone.
    pub fn forget(&self, object: &ObjectKey) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for observer in known.values() {
            observer.forget(object);
        }
    }
}

/// Watches one target.
#[derive(Debug)]
pub struct Observer {
    shared: Arc<Shared>,
    /// Ends the sweeps when the observer is dropped.
    _sweeps: JoinSet<()>,
}

/// What the observer and its sweeps have in common.
#[derive(Debug)]
pub struct Shared {
    pub(crate) target: Arc<Target>,
    pub(crate) surroundings: Surroundings,
    pub(crate) services: Keeper<ServiceKey>,
    pub(crate) clusters: Keeper<ClusterKey>,
    pub(crate) providers: Keeper<ProviderKey>,
    pub(crate) definitions: Keeper<DefinitionKey>,
}

impl Observer {
    fn start(target: Arc<Target>, surroundings: Surroundings) -> Self {
        let shared = Arc::new(Shared {
            target,
            surroundings,
            services: Keeper::default(),
            clusters: Keeper::default(),
            providers: Keeper::default(),
            definitions: Keeper::default(),
        });
        let mut sweeps = JoinSet::new();
        keeper::start::<ServiceKey>(&shared, &mut sweeps);
        keeper::start::<ClusterKey>(&shared, &mut sweeps);
        keeper::start::<ProviderKey>(&shared, &mut sweeps);
        keeper::start::<DefinitionKey>(&shared, &mut sweeps);
        Self {
            shared,
            _sweeps: sweeps,
        }
    }

    /// Keeps `key` fresh from now on, and wakes `object` whenever its facts change. Saying it again changes nothing.
    pub fn watch<S: Subject>(&self, key: &S, object: &ObjectKey) {
        S::keeper(&self.shared).watch(key, object);
    }

    /// Ends what [`Observer::watch`] began.
    pub fn unwatch<S: Subject>(&self, key: &S, object: &ObjectKey) {
        S::keeper(&self.shared).unwatch(key, object);
    }

    /// Ends everything that `object` watches here.
    pub fn forget(&self, object: &ObjectKey) {
        self.shared.services.forget(object);
        self.shared.clusters.forget(object);
        self.shared.providers.forget(object);
        self.shared.definitions.forget(object);
    }

    /// The newest view; `None` when there is none yet, or none begun after the last write.
    pub fn view<S: Subject>(&self, key: &S) -> Option<Arc<S::View>> {
        S::keeper(&self.shared).view(key)
    }

    /// The newest view of a service; see [`Observer::view`].
    pub fn service(&self, key: &ServiceKey) -> Option<Arc<ServiceView>> {
        self.view(key)
    }

    /// Why the last read of a watched resource failed; `None` when it succeeded or none was made. What was known before
    /// stays known.
    pub fn failure<S: Subject>(&self, key: &S) -> Option<AwsError> {
        S::keeper(&self.shared).failure(key)
    }

    /// Reads `key` now. Reads that are asked for within 20 ms go out as one batch. A service's tasks are not read again:
    /// they are those of the last full read.
    ///
    /// # Errors
    /// What AWS answered. That the resource does not exist is no error but a view without it.
    pub async fn read_fresh<S: Subject>(&self, key: &S) -> Result<Arc<S::View>, AwsError> {
        S::keeper(&self.shared).read_fresh(key).await
    }

    /// The present moment, as views are stamped with it.
    pub fn now(&self) -> jiff::Timestamp {
        self.shared.now()
    }

    /// Notes a write that was just carried out: views begun earlier no longer count, and the next read comes soon.
    pub fn wrote<S: Subject>(&self, key: &S) {
        S::keeper(&self.shared).wrote(key, self.shared.surroundings.freshness.after_write);
        S::touched(&self.shared, key);
    }

    /// Takes in what the answer to a write showed, right after [`Observer::wrote`]; it counts as a view until the next write.
    pub fn showed<S: Subject>(&self, key: &S, view: S::View) {
        for object in S::keeper(&self.shared).showed(key, view) {
            self.shared.surroundings.wakes.wake(&object);
        }
    }

    /// Says whether a watched resource ought to exist: the operator made it once and has not deleted it.
    pub fn expect<S: Subject>(&self, key: &S, exists: bool) {
        S::keeper(&self.shared).expect(key, exists);
    }

    /// Whether so many services that ought to exist are missing that this is more likely an outage or a wrong endpoint
    /// than deletions (design.md §9, situation 11): at least five, and more than half of those read. Then nothing is
    /// created again until they are back or a person says so.
    pub fn looks_emptied(&self) -> bool {
        let (expected, missing) = self.shared.services.missing();
        missing >= 5 && missing * 2 > expected
    }
}

impl Shared {
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.surroundings.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::fake::{Answer, Call, FakeAws, key, refusal};
    use crate::aws::fence::Fence;
    use crate::k8s::object::Kind;

    /// An ECS with services that have one task each; the names in `poison` spoil every batch.
    fn ecs(call: &Call, known: &[&str], poison: &str) -> Answer {
        let input = &call.input;
        match call.operation.as_str() {
            "DescribeServices" => {
                let asked: Vec<&str> = input["services"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                assert!(asked.len() <= 10, "{} services in one call", asked.len());
                if asked.contains(&poison) {
                    return refusal(400, "InvalidParameterException", "Invalid identifier");
                }
                let (found, missing): (Vec<&str>, Vec<&str>) =
                    asked.iter().partition(|name| known.contains(*name));
                let services: Vec<Value> = found.into_iter().map(service).collect();
                let failures: Vec<Value> = missing
                    .into_iter()
                    .map(|name| json!({"arn": format!("arn:aws:ecs:eu-west-1:123456789012:service/main/{name}"), "reason": "MISSING"}))
                    .collect();
                (200, json!({"services": services, "failures": failures}))
            }
            "ListTasks" if input["desiredStatus"] == "RUNNING" && input["nextToken"].is_null() => {
                // An empty page with a successor.
                (200, json!({"taskArns": [], "nextToken": "more"}))
            }
            "ListTasks" if input["desiredStatus"] == "RUNNING" => {
                let arns: Vec<String> = match input["serviceName"].as_str() {
                    Some(name) => vec![task_arn(name)],
                    None => known.iter().map(|name| task_arn(name)).collect(),
                };
                (200, json!({"taskArns": arns}))
            }
            "ListTasks" => (200, json!({"taskArns": []})),
            "DescribeTasks" => {
                let tasks: Vec<Value> = input["tasks"].as_array().unwrap().iter().map(task).collect();
                (200, json!({"tasks": tasks}))
            }
            "ListServiceDeployments" => (200, json!({"serviceDeployments": []})),
            other => panic!("unexpected {other}"),
        }
    }

    fn service(name: &str) -> Value {
        json!({
            "serviceName": name, "status": "ACTIVE", "desiredCount": 1, "runningCount": 1, "createdAt": 1_700_000_000,
            "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": 1_700_000_000}],
        })
    }

    fn task_arn(service: &str) -> String {
        format!("arn:aws:ecs:eu-west-1:123456789012:task/main/{service}")
    }

    fn task(arn: &Value) -> Value {
        let service = arn.as_str().unwrap().rsplit('/').next().unwrap();
        json!({"taskArn": arn, "group": format!("service:{service}"), "lastStatus": "RUNNING"})
    }

    fn named(service: &str) -> ServiceKey {
        ServiceKey {
            cluster: "main".to_owned(),
            service: service.to_owned(),
        }
    }

    fn object(name: &str) -> ObjectKey {
        ObjectKey::namespaced(Kind::EcsService, "shop", name)
    }

    fn observer(aws: &FakeAws) -> Arc<Observer> {
        let surroundings = Surroundings {
            wakes: Arc::new(Wakes::default()),
            clock: SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap()),
            metrics: Arc::new(Metrics::new()),
            freshness: Freshness::default(),
        };
        let target = aws.accounts(Fence::open()).target(&key());
        Observers::new(surroundings).of(&target)
    }

    async fn seconds(number: u64) {
        tokio::time::sleep(Duration::from_secs(number)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn reads_in_batches_and_seldom_when_steady() {
        const NAMES: [&str; 25] = [
            "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13",
            "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24",
        ];
        let aws = FakeAws::new(|call| ecs(call, &NAMES, ""));
        let observer = observer(&aws);
        for name in NAMES {
            observer.watch(&named(name), &object(name));
        }
        seconds(6).await;
        let view = observer.service(&named("s07")).unwrap();
        assert_eq!(view.tasks.len(), 1);
        assert_eq!(view.tasks[0].task_arn(), Some(task_arn("s07").as_str()));
        let first = aws.counts();
        assert_eq!(first["DescribeServices"], 3);
        assert_eq!(
            (first["ListTasks"], first["DescribeTasks"]),
            (3, 1),
            "the cluster's tasks, as a whole"
        );
        seconds(600).await;
        let later = aws.counts();
        assert!(
            (9..=11).contains(&(later["DescribeServices"] / 3 - 1)),
            "{later:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_poisoned_name_does_not_hide_the_others() {
        let aws = FakeAws::new(|call| ecs(call, &["a", "b", "c", "d"], "bad name"));
        let observer = observer(&aws);
        for name in ["a", "b", "bad name", "c", "d", "missing"] {
            observer.watch(&named(name), &object(name));
        }
        seconds(6).await;
        for name in ["a", "b", "c", "d"] {
            assert!(
                observer.service(&named(name)).unwrap().service.is_some(),
                "{name}"
            );
        }
        assert!(observer.service(&named("missing")).unwrap().service.is_none());
        assert!(observer.service(&named("bad name")).is_none());
        assert!(
            observer
                .failure(&named("bad name"))
                .unwrap()
                .is("InvalidParameterException")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_together_share_a_call() {
        let aws = FakeAws::new(|call| ecs(call, &["a", "b", "c"], ""));
        let observer = observer(&aws);
        let (a, b, again) = (named("a"), named("nothing"), named("a"));
        let (a, b, again) = tokio::join!(
            observer.read_fresh(&a),
            observer.read_fresh(&b),
            observer.read_fresh(&again)
        );
        assert!(a.unwrap().service.is_some() && again.unwrap().service.is_some());
        assert!(b.unwrap().service.is_none());
        // A read that somebody decides on also looks for rollouts that were taken back.
        let expected = [
            ("DescribeServices".to_owned(), 1),
            ("ListServiceDeployments".to_owned(), 1),
        ];
        assert_eq!(aws.counts(), expected.into());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_questions_is_gathered_into_batches() {
        let aws = FakeAws::new(|call| ecs(call, &[], ""));
        let observer = observer(&aws);
        let mut asked = JoinSet::new();
        let started = tokio::time::Instant::now();
        for number in 0..100 {
            let one = observer.clone();
            asked.spawn(async move { one.read_fresh(&named(&format!("s{number}"))).await.map(|_| ()) });
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        while let Some(answer) = asked.join_next().await {
            answer.unwrap().unwrap();
        }
        assert!(
            started.elapsed() < Duration::from_secs(12),
            "nobody waits for much more than a second"
        );
        let calls = aws.counts()["DescribeServices"];
        assert!(
            calls <= 18,
            "{calls} calls for a hundred services that come ten a second"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_sweep_begun_before_a_write_does_not_show_its_past() {
        let aws = FakeAws::new(|call| ecs(call, &["a"], "")).slow(Duration::from_secs(3));
        let observer = observer(&aws);
        observer.watch(&named("a"), &object("a"));
        seconds(1).await;
        observer.wrote(&named("a"));
        // The sweep has four calls to make, three seconds each; it ends at 15 s.
        for _ in 0..15 {
            seconds(1).await;
            assert!(observer.service(&named("a")).is_none());
        }
        seconds(20).await;
        assert!(observer.service(&named("a")).is_some(), "the next one counts");
    }

    #[tokio::test(start_paused = true)]
    async fn many_that_vanish_at_once_look_like_an_outage() {
        let aws = FakeAws::new(|call| ecs(call, &["there"], ""));
        let observer = observer(&aws);
        for name in ["there", "m1", "m2", "m3", "m4"] {
            observer.watch(&named(name), &object(name));
            observer.expect(&named(name), true);
        }
        seconds(6).await;
        assert!(
            !observer.looks_emptied(),
            "four may have been deleted by somebody"
        );
        observer.watch(&named("m5"), &object("m5"));
        observer.expect(&named("m5"), true);
        seconds(6).await;
        assert!(observer.looks_emptied());
        observer.expect(&named("m5"), false);
        assert!(
            !observer.looks_emptied(),
            "what we deleted ourselves does not count"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_is_looked_for_again_once_its_cluster_appears() {
        let there = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let exists = there.clone();
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            "DescribeClusters" if exists.load(std::sync::atomic::Ordering::Relaxed) => (
                200,
                json!({"clusters": [{"clusterName": "main", "status": "ACTIVE"}]}),
            ),
            "DescribeClusters" => (200, json!({"clusters": []})),
            _ if exists.load(std::sync::atomic::Ordering::Relaxed) => ecs(call, &[], ""),
            _ => refusal(400, "ClusterNotFoundException", "Cluster not found."),
        });
        let observer = observer(&aws);
        let cluster = ClusterKey {
            cluster: "main".to_owned(),
        };
        observer.watch(&named("a"), &object("a"));
        observer.watch(&cluster, &ObjectKey::namespaced(Kind::EcsCluster, "shop", "main"));
        seconds(3600).await;
        assert!(observer.service(&named("a")).unwrap().cluster_missing);
        there.store(true, std::sync::atomic::Ordering::Relaxed);
        observer.wrote(&cluster);
        assert!(
            observer.service(&named("a")).is_none(),
            "what was known holds no longer"
        );
        seconds(1).await;
        assert!(!observer.service(&named("a")).unwrap().cluster_missing);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_its_owner() {
        let aws = FakeAws::new(|call| ecs(call, &["a"], ""));
        let one = observer(&aws);
        one.watch(&named("a"), &object("a"));
        seconds(1).await;
        drop(one);
        let before = aws.counts();
        seconds(600).await;
        assert_eq!(aws.counts(), before);
    }
}
