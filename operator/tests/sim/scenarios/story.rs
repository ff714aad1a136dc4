//! What the stories are told with: a world at rest, and short words for what one looks at.

use std::time::Duration;

use serde_json::{Value, json};

use super::objects::{account, cluster, definition, service};
use super::run::{Step, in_virtual_time};
use crate::fault::FaultPlan;
use crate::glue::{self, Setting};
use crate::oracles::{EcsView, condition, conditions};
use crate::world::World;

/// How a story ends: well, or with what is wrong.
pub(crate) type Told = Result<(), String>;

/// Account, cluster `main`, definition `app` (`nginx:1`), and a service `web` of `count` tasks, at rest.
pub(crate) fn running(count: i64) -> Vec<Step> {
    let mut steps = ground();
    steps.extend([Step::Apply(service("web", "main", "app", count)), Step::Settle]);
    steps
}

/// Account, cluster `main` and definition `app`, at rest.
pub(crate) fn ground() -> Vec<Step> {
    vec![
        Step::Apply(account()),
        Step::Apply(cluster("main")),
        Step::Apply(definition("app", "nginx:1")),
        Step::Settle,
    ]
}

/// Tells a story in a fresh world after `given`.
///
/// # Panics
/// When it does not end well.
pub(crate) fn story(given: Vec<Step>, tale: impl AsyncFnOnce(&mut World) -> Told) {
    story_in(Setting::default(), given, tale);
}

/// The same in a setting of its own.
///
/// # Panics
/// When it does not end well.
#[expect(clippy::needless_pass_by_value, reason = "stories are written as literals")]
pub(crate) fn story_in(setting: Setting, given: Vec<Step>, tale: impl AsyncFnOnce(&mut World) -> Told) {
    let told = in_virtual_time(async {
        let mut world = glue::world_in(setting, FaultPlan::default());
        for step in &given {
            world.step(step).await?;
        }
        let told = tale(&mut world).await;
        told.or_else(|what| world.blame(&[what]))?;
        world.check_alive()
    });
    if let Err(what) = told {
        panic!("{what}");
    }
}

/// An error of these words unless `holds`.
///
/// # Errors
/// The words.
pub(crate) fn ensure(holds: bool, otherwise: impl Into<String>) -> Told {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

impl World {
    /// Carries out a step and waits until everything rests.
    ///
    /// # Errors
    /// What went wrong.
    pub(crate) async fn then(&self, step: Step) -> Told {
        self.step(&step).await?;
        self.step(&Step::Settle).await
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// That it is not.
    pub(crate) fn object(&self, kind: &str, name: &str) -> Result<Value, String> {
        self.api
            .get(kind, "default", name)
            .ok_or_else(|| format!("{kind} {name} is gone"))
    }

    /// Nothing is written to ECS for a while; `what` says whose rest is looked at.
    ///
    /// # Errors
    /// The calls.
    pub(crate) async fn is_quiet(&self, what: &str) -> Told {
        let before = self.aws.mutations();
        self.pass(Duration::from_mins(20)).await;
        let calls = self.calls_since(before);
        ensure(calls.is_empty(), format!("{what}: {calls:?}"))
    }

    /// Holds a condition of an object against a status.
    ///
    /// # Errors
    /// Its conditions.
    pub(crate) fn expect(&self, kind: &str, name: &str, wanted: &str, status: &str) -> Told {
        let object = self.object(kind, name)?;
        let found = condition(&object, wanted);
        ensure(
            found == status,
            format!("{wanted}={found} instead of {status}; {}", conditions(&object)),
        )
    }

    /// The reason of a condition.
    pub(crate) fn reason(&self, kind: &str, name: &str, wanted: &str) -> String {
        let object = self.api.get(kind, "default", name).unwrap_or_default();
        let all = object["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found = all
            .into_iter()
            .find(|condition| condition["type"] == wanted)
            .unwrap_or_default();
        found["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether there is a Kubernetes Event of this reason that has these words, an ARN in JSON's quotation marks or without.
    pub(crate) fn told(&self, reason: &str, words: &str) -> bool {
        let words = words.trim_matches('"');
        let events = self.api.list("Event").into_iter();
        events.filter(|event| event["reason"] == reason).any(|event| {
            event["note"]
                .as_str()
                .is_some_and(|note| !words.is_empty() && note.contains(words))
        })
    }

    /// Deletes an object whose resource stays in ECS; an Event of this reason says which.
    ///
    /// # Errors
    /// That the object stays, or that nothing is said.
    pub(crate) async fn delete_told(&self, kind: &'static str, name: &'static str, reason: &str) -> Told {
        let arn = self.object(kind, name)?["status"]["arn"].to_string();
        self.then(Step::Delete(kind, name)).await?;
        ensure(
            self.api.get(kind, "default", name).is_none(),
            format!("{kind} {name} is still there"),
        )?;
        ensure(
            self.told(reason, &arn),
            format!("no Event says that {arn} is left"),
        )
    }

    /// Whether a condition ever had this status.
    pub(crate) fn ever(&self, kind: &str, name: &str, wanted: &str, status: &str) -> bool {
        self.api
            .history(kind, name)
            .iter()
            .any(|object| condition(object, wanted) == status)
    }

    /// What ECS has.
    pub(crate) fn ecs(&self) -> EcsView {
        EcsView::read(&self.aws)
    }

    /// The service `name` in ECS.
    ///
    /// # Errors
    /// That there is none.
    pub(crate) fn ecs_service(&self, name: &str) -> Result<Value, String> {
        self.ecs()
            .service(name)
            .cloned()
            .ok_or_else(|| format!("ECS has no service {name}"))
    }

    /// How many service deployments a service has had.
    pub(crate) fn deployments(&self, name: &str) -> usize {
        let input = json!({"cluster": "main", "service": name, "maxResults": 100});
        let listed = self.aws.ask("ListServiceDeployments", &input).unwrap_or_default();
        listed["serviceDeployments"].as_array().map_or(0, Vec::len)
    }

    /// The operator's mutating calls after the first `skip`, by name.
    pub(crate) fn calls_since(&self, skip: usize) -> Vec<String> {
        self.aws
            .mutations_since(skip)
            .into_iter()
            .map(|(operation, _)| operation)
            .collect()
    }

    /// Waits until `holds`, looking four times a second.
    ///
    /// # Errors
    /// That it did not come within `bound`.
    pub(crate) async fn until(
        &self,
        what: &str,
        bound: Duration,
        mut holds: impl FnMut(&World) -> bool,
    ) -> Result<Duration, String> {
        let begin = self.clock.elapsed();
        while !holds(self) {
            if self.clock.elapsed() > begin + bound {
                return Err(format!("not within {bound:?}: {what}"));
            }
            self.pass(Duration::from_millis(250)).await;
        }
        Ok(self.clock.elapsed().checked_sub(begin).unwrap())
    }
}
