//! The harness's own test: a toy kind and a toy cloud, a controller that is right, and one with a planted bug.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{CustomResource, ResourceExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::apiserver::Delivery;
use super::aws::Backend;
use super::fault::{EVERY_FAULT, Fault, FaultPlan, Side};
use super::link::{Link, Outcome};
use super::process::{Env, Program};
use super::world::World;

const QUIET: Duration = Duration::from_mins(15);
const BOUND: Duration = Duration::from_hours(4);

#[derive(CustomResource, Clone, Debug, Serialize, Deserialize)]
#[kube(
    group = "sim.test",
    version = "v1",
    kind = "Toy",
    namespaced,
    status = "ToyStatus",
    schema = "disabled"
)]
struct ToySpec {
    size: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToyStatus {
    observed_generation: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

fn crd() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "toys.sim.test"},
    "spec": {"group": "sim.test", "scope": "Namespaced", "names": {"plural": "toys", "kind": "Toy"},
        "versions": [{"name": "v1", "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
            "status": {"type": "object", "default": {}, "properties": {
                "observedGeneration": {"type": "integer", "default": -1}, "id": {"type": "integer"}}},
        }}}}]}})
}

/// A cloud of sized things, each with its owner's UID.
#[derive(Clone, Default)]
struct ToyCloud(Arc<Mutex<BTreeMap<u64, (String, i64)>>>);

#[derive(Debug, thiserror::Error)]
enum ToyError {
    #[error("kubernetes: {0}")]
    Kube(#[from] kube::Error),
    #[error("the cloud did not answer")]
    Cloud,
}

impl ToyCloud {
    fn things(&self) -> Vec<(String, i64)> {
        self.0.lock().expect("not poisoned").values().cloned().collect()
    }

    fn owned_by(&self, uid: &str) -> Option<(u64, i64)> {
        let things = self.0.lock().expect("not poisoned");
        things
            .iter()
            .find(|(_, (owner, _))| owner == uid)
            .map(|(id, (_, size))| (*id, *size))
    }

    async fn change<T: Send + 'static>(
        &self,
        link: &Arc<Link>,
        label: &str,
        f: impl FnOnce(&mut BTreeMap<u64, (String, i64)>) -> T + Send + 'static,
    ) -> Result<T, ToyError> {
        let cloud = self.clone();
        let outcome = link.effect(Side::Aws, label, move || {
            f(&mut cloud.0.lock().expect("not poisoned"))
        });
        match outcome.await {
            Outcome::Answered(answer) => Ok(answer),
            Outcome::Lost | Outcome::Refused(_) => Err(ToyError::Cloud),
        }
    }

    async fn create(&self, link: &Arc<Link>, uid: String, size: i64) -> Result<u64, ToyError> {
        let create = move |things: &mut BTreeMap<u64, (String, i64)>| {
            let id = things.keys().last().map_or(1, |last| last + 1);
            things.insert(id, (uid, size));
            id
        };
        self.change(link, "Create", create).await
    }
}

struct ToyCtx {
    env: Env,
    cloud: ToyCloud,
    remembers_in_status: bool,
}

const FINALIZER: &str = "sim.test/toy";

async fn reconcile(toy: Arc<Toy>, ctx: Arc<ToyCtx>) -> Result<Action, ToyError> {
    let api: Api<Toy> = Api::namespaced(ctx.env.kube.clone(), &toy.namespace().unwrap_or_default());
    let (uid, link) = (toy.uid().unwrap_or_default(), &ctx.env.link);
    if toy.metadata.deletion_timestamp.is_some() {
        if toy.finalizers().is_empty() {
            return Ok(Action::await_change());
        }
        if let Some((id, _)) = ctx.cloud.owned_by(&uid) {
            ctx.cloud
                .change(link, "Delete", move |things| things.remove(&id))
                .await?;
        }
        let off = json_patch::patch(
            &toy,
            &json!([
            {"op": "test", "path": "/metadata/finalizers/0", "value": FINALIZER},
            {"op": "remove", "path": "/metadata/finalizers/0"}]),
        );
        api.patch(&toy.name_any(), &PatchParams::default(), &off).await?;
        return Ok(Action::await_change());
    }
    if toy.finalizers().is_empty() {
        let on = json_patch::patch(
            &toy,
            &json!([{"op": "test", "path": "/metadata/finalizers", "value": null},
            {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}]),
        );
        api.patch(&toy.name_any(), &PatchParams::default(), &on).await?;
    }
    let known = if ctx.remembers_in_status {
        toy.status
            .as_ref()
            .and_then(|s| s.id)
            .map(|id| (id, ctx.cloud.owned_by(&uid).map_or(0, |t| t.1)))
    } else {
        ctx.cloud.owned_by(&uid)
    };
    let size = toy.spec.size;
    let id = match known {
        Some((id, now)) if now == size => id,
        Some((id, _)) => {
            ctx.cloud
                .change(link, "Resize", move |things| {
                    things.entry(id).and_modify(|t| t.1 = size).key().to_owned()
                })
                .await?
        }
        None => ctx.cloud.create(link, uid, size).await?,
    };
    let status = ToyStatus {
        observed_generation: toy.metadata.generation.unwrap_or_default(),
        id: Some(id),
    };
    if toy.status.as_ref() != Some(&status) {
        let body = json!({"apiVersion": "sim.test/v1", "kind": "Toy", "status": status});
        api.patch_status(
            &toy.name_any(),
            &PatchParams::apply("toy").force(),
            &Patch::Apply(body),
        )
        .await?;
    }
    Ok(Action::requeue(Duration::from_hours(1)))
}

mod json_patch {
    use super::{Patch, Toy, Value};

    /// A JSON patch of a toy, from its JSON.
    pub(super) fn patch(_: &Toy, operations: &Value) -> Patch<()> {
        Patch::Json(serde_json::from_value(operations.clone()).expect("a patch"))
    }
}

fn program(cloud: &ToyCloud, remembers_in_status: bool) -> Program {
    let cloud = cloud.clone();
    Arc::new(move |env: Env| {
        let cloud = cloud.clone();
        Box::pin(async move {
            let toys: Api<Toy> = Api::all(env.kube.clone());
            let ctx = Arc::new(ToyCtx {
                env,
                cloud,
                remembers_in_status,
            });
            let on_error =
                |_: Arc<Toy>, _: &ToyError, _: Arc<ToyCtx>| Action::requeue(Duration::from_secs(5));
            let results = Controller::new(toys, watcher::Config::default()).run(reconcile, on_error, ctx);
            results.for_each(|_| std::future::ready(())).await;
        })
    })
}

/// The toy's cloud is behind the link itself.
fn no_aws() -> Backend {
    Arc::new(|_| http::Response::new(bytes::Bytes::new()))
}

fn toy(size: i64) -> Value {
    json!({"apiVersion": "sim.test/v1", "kind": "Toy", "metadata": {"name": "a", "namespace": "default"}, "spec": {"size": size}})
}

/// Create, resize, delete, with these faults; returns how many effects that took, or what is wrong in the end.
async fn life(plan: FaultPlan, buggy: bool, disturb: impl Fn(&World)) -> Result<u64, String> {
    let cloud = ToyCloud::default();
    let mut world = World::new(&[crd()], plan, |_| no_aws(), program(&cloud, buggy));
    world.start_replica();
    disturb(&world);
    let expect = |step: &str, sizes: &[i64]| {
        let found: Vec<i64> = cloud.things().into_iter().map(|(_, size)| size).collect();
        let trace = world.effects.trace(30);
        (found == sizes)
            .then_some(())
            .ok_or(format!("after {step}: {found:?} instead of {sizes:?}\n{trace}"))
    };
    for size in [3, 5] {
        world.api.apply(&toy(size), "kubectl").expect("accepted");
        world.settle(QUIET, BOUND).await?;
        expect("apply", &[size])?;
    }
    let applied = world.api.get("Toy", "default", "a").expect("it is there");
    let status = (
        &applied["status"]["observedGeneration"],
        &applied["metadata"]["generation"],
    );
    if status.0 != status.1 {
        return Err(format!("status is behind: {applied}"));
    }
    world.api.delete("Toy", "default", "a").expect("accepted");
    world.settle(QUIET, BOUND).await?;
    expect("delete", &[])?;
    match world.api.get("Toy", "default", "a") {
        None => Ok(world.effects.count()),
        Some(left) => Err(format!("not gone: {left}")),
    }
}

async fn sweep(buggy: bool) -> Vec<String> {
    let clean = life(FaultPlan::default(), buggy, |_| {})
        .await
        .expect("the clean run ends well");
    assert_eq!(
        clean, 7,
        "finalizer, create, status, resize, status, delete, finalizer"
    );
    let mut failures = Vec::new();
    for number in 1..=clean {
        for fault in EVERY_FAULT {
            if let Err(what) = life(FaultPlan::at(number, fault), buggy, |_| {}).await {
                failures.push(format!("{fault:?} at {number}: {what}"));
            }
        }
    }
    failures
}

#[tokio::test(start_paused = true)]
async fn a_right_controller_survives_every_fault_at_every_effect() {
    assert_eq!(sweep(false).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_remembers_in_status_is_caught() {
    let failures = sweep(true).await;
    assert!(!failures.is_empty());
    let lost_status = life(FaultPlan::at(3, Fault::CrashBefore), true, |_| {}).await;
    assert!(
        lost_status.is_err(),
        "a status that was never written makes a second thing"
    );
}

#[tokio::test(start_paused = true)]
async fn delayed_and_coalesced_and_broken_watches_still_end_well() {
    for coalesce in [false, true] {
        for forget in [false, true] {
            let ended = life(FaultPlan::default(), false, |world| {
                world.api.set_delivery(Delivery {
                    delay: Duration::from_secs(7),
                    coalesce,
                    ..Delivery::default()
                });
                let api = world.api.clone();
                tokio::spawn(async move {
                    for _ in 0..100 {
                        tokio::time::sleep(Duration::from_secs(61)).await;
                        api.break_watches(forget);
                    }
                });
            });
            assert_eq!(ended.await, Ok(7), "coalesce {coalesce}, forget {forget}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_view_delays_and_does_not_mislead() {
    let cloud = ToyCloud::default();
    let mut world = World::new(
        &[crd()],
        FaultPlan::default(),
        |_| no_aws(),
        program(&cloud, false),
    );
    world.start_replica();
    world.api.apply(&toy(3), "kubectl").expect("accepted");
    world.settle(QUIET, BOUND).await.expect("settles");
    world.api.pin_view(0);
    world.api.apply(&toy(9), "kubectl").expect("accepted");
    world.replica(0).crash();
    world.settle(QUIET, BOUND).await.expect("settles");
    assert_eq!(cloud.things()[0].1, 3, "it cannot know yet");
    world.api.release_view();
    world.settle(QUIET, BOUND).await.expect("settles");
    assert_eq!(cloud.things()[0].1, 9);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_day_has_no_writes() {
    let cloud = ToyCloud::default();
    let mut world = World::new(
        &[crd()],
        FaultPlan::default(),
        |_| no_aws(),
        program(&cloud, false),
    );
    world.start_replica();
    world.api.apply(&toy(3), "kubectl").expect("accepted");
    world.settle(QUIET, BOUND).await.expect("settles");
    let (revision, day) = (world.api.revision(), Duration::from_hours(24));
    assert_eq!(world.effects_within(day).await.len(), 0);
    assert_eq!(world.api.revision(), revision);
}
