//! Prometheus metrics. Labels are bounded: kinds, operations, classes, reasons and outcomes, never names from outside.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// What holds of an object, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct State {
    /// Its kind.
    pub kind: &'static str,
    /// The status of its condition Ready: `True`, `False` or `Unknown`.
    pub ready: &'static str,
    /// That condition's reason: a word of the closed list, or nothing.
    pub reason: String,
    /// Whether it waits for a person.
    pub stalled: bool,
}

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<OperationLabel, Histogram>,
    reconciles: Family<OutcomeLabels, Counter>,
    reconcile_seconds: Family<KindLabel, Histogram>,
    status_writes: Family<OutcomeLabels, Counter>,
    objects: Family<State, Gauge>,
    unready_since: Family<State, Gauge>,
    watched: Family<KindLabel, Gauge>,
    observations: Family<OutcomeLabels, Counter>,
    leading: Gauge,
    leads_taken: Counter<u64, AtomicU64>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 14))
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("ecs_operator"),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(seconds),
            reconciles: Family::default(),
            reconcile_seconds: Family::new_with_constructor(seconds),
            status_writes: Family::default(),
            objects: Family::default(),
            unready_since: Family::default(),
            watched: Family::default(),
            observations: Family::default(),
            leading: Gauge::default(),
            leads_taken: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "aws_calls",
            "AWS calls by operation and class of outcome",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "aws_call_duration",
            "Time of an AWS call, queueing for the budget included",
            Unit::Seconds,
            self.call_seconds.clone(),
        );
        registry.register(
            "reconciles",
            "Passes over objects by kind and outcome",
            self.reconciles.clone(),
        );
        registry.register_with_unit(
            "reconcile_duration",
            "Time of a pass over one object",
            Unit::Seconds,
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "status_writes",
            "Status writes by kind and outcome (written, same, deferred, failed)",
            self.status_writes.clone(),
        );
        registry.register(
            "objects",
            "Objects by kind, the status and reason of their condition Ready, and whether they wait for a person",
            self.objects.clone(),
        );
        registry.register_with_unit(
            "unready_since_timestamp",
            "Since when, as Unix time, the object of this state that has longest not been Ready is not Ready",
            Unit::Seconds,
            self.unready_since.clone(),
        );
        registry.register(
            "watched_resources",
            "ECS resources that the observer keeps",
            self.watched.clone(),
        );
        registry.register(
            "observations",
            "Views read by the observer, by kind and outcome (changed, same, stale, failed, unwatched)",
            self.observations.clone(),
        );
        registry.register("leading", "1 while this replica leads", self.leading.clone());
        registry.register(
            "leads_taken",
            "How often this replica became the leader",
            self.leads_taken.clone(),
        );
    }

    /// Counts a call to AWS; `class` is `ok` or that of the error.
    pub fn aws_call(&self, operation: &'static str, class: &'static str, took: Duration) {
        self.calls.get_or_create(&CallLabels { operation, class }).inc();
        self.call_seconds
            .get_or_create(&OperationLabel { operation })
            .observe(took.as_secs_f64());
    }

    /// Counts a pass over an object; `outcome` is `ok` or the error's discriminant.
    pub fn reconcile(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.reconciles
            .get_or_create(&OutcomeLabels { kind, outcome })
            .inc();
        self.reconcile_seconds
            .get_or_create(&KindLabel { kind })
            .observe(took.as_secs_f64());
    }

    /// Counts a status that was written, the same, deferred or failed.
    pub fn status_write(&self, kind: &'static str, outcome: &'static str) {
        self.status_writes
            .get_or_create(&OutcomeLabels { kind, outcome })
            .inc();
    }

    /// Counts a view that the observer read.
    pub fn observation(&self, kind: &'static str, outcome: &'static str) {
        self.observations
            .get_or_create(&OutcomeLabels { kind, outcome })
            .inc();
    }

    /// Counts so many objects more in this state.
    pub fn object(&self, state: &State, more: i64) {
        self.objects.get_or_create(state).inc_by(more);
    }

    /// Since when the object of this state that has longest not been Ready is not Ready, as Unix time; none where there is no such object.
    pub fn unready_since(&self, state: &State, since: Option<i64>) {
        match since {
            Some(since) => {
                self.unready_since.get_or_create(state).set(since);
            }
            None => {
                self.unready_since.remove(state);
            }
        }
    }

    /// How many resources of a kind are kept.
    pub fn watched(&self, kind: &'static str, number: usize) {
        self.watched
            .get_or_create(&KindLabel { kind })
            .set(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// Whether this replica leads.
    pub fn leading(&self, leading: bool) {
        if self.leading.set(i64::from(leading)) == 0 && leading {
            self.leads_taken.inc();
        }
    }

    /// The exposition text for Prometheus.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_what_happened() {
        let metrics = Metrics::new();
        metrics.aws_call("CreateService", "ok", Duration::from_millis(20));
        metrics.aws_call("CreateService", "throttled", Duration::from_millis(20));
        metrics.reconcile("EcsService", "ok", Duration::from_millis(5));
        metrics.leading(true);
        metrics.leading(true);
        let text = metrics.text();
        for line in [
            r#"ecs_operator_aws_calls_total{operation="CreateService",class="ok"} 1"#,
            r#"ecs_operator_aws_calls_total{operation="CreateService",class="throttled"} 1"#,
            r#"ecs_operator_reconciles_total{kind="EcsService",outcome="ok"} 1"#,
            "ecs_operator_leading 1",
            "ecs_operator_leads_taken_total 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
