//! Runs a scenario: clean, and with every fault at every effect of the steps under test.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::fault::{EVERY_FAULT, Effect, Fault, FaultPlan};
use super::super::oracles::{
    EcsView, KINDS, conditions, differences, ending, illegal, orphans_and_duplicates,
};
use super::super::world::World;
use crate::glue;

/// Nothing written for this long: settled. Longer than two of the observer's slow sweeps, than a late request of the
/// fault plan, and than ECS's waits.
const QUIET: Duration = Duration::from_secs(150);
/// Nothing written for this long: a clean world is set up. Longer than one slow sweep.
const AT_REST: Duration = Duration::from_secs(65);
/// The longest that anything may take.
const BOUND: Duration = Duration::from_mins(30);

/// One thing that someone does.
pub(crate) enum Step {
    /// `kubectl apply`.
    Apply(Value),
    /// `kubectl delete` of a kind's object in `default`.
    Delete(&'static str, &'static str),
    /// `kubectl scale`.
    Scale(&'static str, i64),
    /// `kubectl annotate` of a service: roll back the deployment that its status shows as the primary one.
    RollBack(&'static str),
    /// Someone's call to ECS past the operator.
    Console(&'static str, Value),
    /// Time passes.
    Pass(Duration),
    /// Everything comes to rest.
    Settle,
}

/// A story: how the world is set up, what then happens, and what must be true after it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// At rest when it is done, unless the last of it is a time that passes: then the world may go on moving.
    pub(crate) given: Vec<Step>,
    pub(crate) when: Vec<Step>,
    pub(crate) then: fn(&World, &EcsView) -> Result<(), String>,
}

/// What a run was like.
pub(crate) struct Run {
    /// The first effect of the steps under test.
    pub(crate) first: u64,
    /// The last.
    pub(crate) last: u64,
    /// All of these.
    effects: Vec<Effect>,
    /// What was logged as an error.
    errors: Vec<String>,
    ending: Value,
    revisions: usize,
    rollouts: BTreeMap<String, usize>,
}

/// What can go wrong with an effect. Kubernetes Events are told once and forgotten, so two faults say all about them.
fn faults_for(label: &str) -> Vec<Fault> {
    if label.contains(" events/") {
        vec![Fault::RequestLost, Fault::CrashAfter]
    } else {
        EVERY_FAULT.to_vec()
    }
}

impl World {
    /// Carries out a step.
    ///
    /// # Errors
    /// What went wrong, with a trace.
    pub(crate) async fn step(&self, step: &Step) -> Result<(), String> {
        let refused =
            |refusal: super::super::apiserver::Refusal| format!("the apiserver refused: {refusal:?}");
        match step {
            Step::Apply(object) => self.api.apply(object, "kubectl").map(drop).map_err(refused),
            Step::Delete(kind, name) => self.api.delete(kind, "default", name).map(drop).map_err(refused),
            Step::Scale(name, count) => self
                .api
                .scale("EcsService", "default", name, *count)
                .map(drop)
                .map_err(refused),
            Step::RollBack(name) => self.ask_to_roll_back(name),
            Step::Console(operation, input) => self.aws.ask(operation, input).map(drop),
            Step::Pass(time) => {
                self.pass(*time).await;
                Ok(())
            }
            Step::Settle => self.settle(QUIET, BOUND).await,
        }
    }

    fn ask_to_roll_back(&self, name: &str) -> Result<(), String> {
        let service = self.api.get("EcsService", "default", name).unwrap_or_default();
        let deployment = service["status"]["deployments"][0]["id"]
            .as_str()
            .ok_or_else(|| format!("{name} shows no deployment"))?;
        self.ask("EcsService", name, &format!("roll-back {deployment}"))
    }

    /// `kubectl annotate` with what is to be done once.
    ///
    /// # Errors
    /// That there is no such object.
    pub(crate) fn ask(&self, kind: &str, name: &str, request: &str) -> Result<(), String> {
        let annotated = json!({"metadata": {"annotations": {"ecs-operator.dev/action": request}}});
        let merged = self.api.merge(kind, "default", name, &annotated);
        merged.map(drop).map_err(|refusal| refusal.message)
    }

    /// Settles, and holds everything against the oracles.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) async fn judge(&self) -> Result<EcsView, String> {
        self.settle(QUIET, BOUND).await?;
        let view = EcsView::read(&self.aws);
        let mut wrong = orphans_and_duplicates(&self.api, &view);
        wrong.extend(
            KINDS
                .iter()
                .flat_map(|kind| self.api.list(kind))
                .flat_map(|object| illegal(&object)),
        );
        self.blame(&wrong)?;
        Ok(view)
    }

    /// An error of these words and what one needs to understand it; none without words.
    ///
    /// # Errors
    /// The words.
    pub(crate) fn blame(&self, wrong: &[String]) -> Result<(), String> {
        if wrong.is_empty() {
            return Ok(());
        }
        let objects: Vec<String> = KINDS
            .iter()
            .flat_map(|kind| self.api.list(kind))
            .map(|o| conditions(&o))
            .collect();
        Err(format!(
            "{}\nobjects:\n  {}\neffects:\n{}",
            wrong.join("\n"),
            objects.join("\n  "),
            self.effects.trace(40)
        ))
    }
}

/// Runs in a runtime of its own: what a run leaves behind goes with it.
pub(crate) fn in_virtual_time<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(run)
}

impl Scenario {
    /// One run.
    ///
    /// # Errors
    /// What is wrong in the end.
    pub(crate) fn run(&self, plan: FaultPlan) -> Result<Run, String> {
        in_virtual_time(async {
            let world = glue::world(plan);
            for step in &self.given {
                world.step(step).await?;
            }
            if !matches!(self.given.last(), Some(Step::Pass(_))) {
                world.settle(AT_REST, BOUND).await?;
            }
            let first = world.effects.count() + 1;
            for step in &self.when {
                world.step(step).await?;
            }
            let view = world.judge().await?;
            (self.then)(&world, &view).or_else(|what| world.blame(&[what]))?;
            Ok(Run {
                first,
                last: world.effects.count(),
                effects: world.effects.since(first - 1),
                errors: world.logged_errors(),
                ending: ending(&world.api, &view),
                revisions: view.families.values().map(Vec::len).sum(),
                rollouts: view.rollouts,
            })
        })
    }

    /// The clean run, and one run for each effect of it and each fault: all must end as the clean run does.
    ///
    /// # Panics
    /// With every run that did not.
    pub(crate) fn sweep(&self) {
        let clean = self
            .run(FaultPlan::default())
            .unwrap_or_else(|what| panic!("{}, clean: {what}", self.name));
        assert!(
            clean.errors.is_empty(),
            "{}, clean, logged errors: {:?}",
            self.name,
            clean.errors
        );
        let mut failures = Vec::new();
        let mut runs = 0;
        for Effect { number, label, .. } in &clean.effects {
            for fault in faults_for(label) {
                runs += 1;
                if let Err(what) = self.compare(&clean, *number, fault) {
                    failures.push(format!("{}: {fault:?} at effect {number}: {what}", self.name));
                }
            }
        }
        let first = failures.first().cloned().unwrap_or_default();
        let names: Vec<&str> = failures.iter().filter_map(|what| what.lines().next()).collect();
        assert!(
            failures.is_empty(),
            "{} of {runs} runs failed:\n{}\n\nThe first:\n{first}",
            names.len(),
            names.join("\n")
        );
    }

    fn compare(&self, clean: &Run, number: u64, fault: Fault) -> Result<(), String> {
        let run = self.run(FaultPlan::at(number, fault))?;
        let mut wrong = differences(&clean.ending, &run.ending);
        // Otherwise a run that never came to the effect would count as one that bore the fault.
        let met = |effect: &Effect| effect.number == number && effect.fault == Some(fault);
        if !run.effects.iter().any(met) {
            wrong.push(format!("the fault was not met in {} effects", run.last));
        }
        if run.revisions > clean.revisions + 1 {
            wrong.push(format!(
                "{} revisions instead of {}",
                run.revisions, clean.revisions
            ));
        }
        // One more would be a surplus revision that was rolled out, or a rollout done twice. But an update has no token: one
        // that arrives when it was given up and repeated is carried out again.
        let repeated = usize::from(matches!(fault, Fault::Late(_)));
        for (service, rollouts) in &run.rollouts {
            let expected = clean.rollouts.get(service).copied().unwrap_or_default();
            if !(expected..=expected + repeated).contains(rollouts) {
                wrong.push(format!("{service}: {rollouts} rollouts instead of {expected}"));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }
}
