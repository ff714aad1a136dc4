//! How long things take: the one table of durations of the simulation.
//!
//! `fast` gives every phase of a task's life a fraction of a second and ECS's waits a second or two, so that a person can
//! watch a rollout; `aws` gives the durations that ECS itself shows (where it documents none, a usual value). What ECS
//! promises to its clients, how long things stay visible and the length of a health check's interval, is the same in both.

use clap::ValueEnum;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Which of the two columns of the table is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimingMode {
    /// Fractions of a second.
    #[default]
    Fast,
    /// ECS's own durations.
    Aws,
}

macro_rules! timing {
    ($($(#[doc = $doc:literal])+ $name:ident: $fast:literal, $aws:literal;)*) => {
        /// The durations of one mode, in virtual time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Timing {
            $($(#[doc = $doc])+
            #[doc = concat!(" fast: ", stringify!($fast), " ms; aws: ", stringify!($aws), " ms.")]
            pub $name: SignedDuration,)*
        }

        impl Timing {
            /// The durations of a mode.
            pub const fn of(mode: TimingMode) -> Self {
                match mode {
                    TimingMode::Fast => Self { $($name: SignedDuration::from_millis($fast),)* },
                    TimingMode::Aws => Self { $($name: SignedDuration::from_millis($aws),)* },
                }
            }

            /// The table, one row a duration: name, milliseconds in `fast`, milliseconds in `aws`.
            pub const TABLE: &[(&str, i64, i64)] = &[$((stringify!($name), $fast, $aws),)*];
        }
    };
}

timing! {
    /// PROVISIONING of a Fargate task: its machine and network interface.
    fargate_provisioning: 300, 15_000;
    /// PROVISIONING of an awsvpc task on an instance: its network interface.
    interface_attachment: 200, 5_000;
    /// PENDING: until the agent has taken the task.
    agent_acceptance: 100, 1_000;
    /// Pulling the image of a container.
    image_pull: 200, 8_000;
    /// Until a pull that cannot succeed is given up.
    image_pull_failure: 400, 20_000;
    /// Creating and starting the containers, once their images are there.
    container_start: 100, 1_000;
    /// ACTIVATING: registering in target groups and Cloud Map.
    target_registration: 100, 3_000;
    /// From the registration in a target group until the target is healthy.
    target_healthy: 300, 30_000;
    /// From RUNNING until a task without load balancer and health check counts as healthy (ecs-semantics.md §3.5).
    healthy_after: 400, 40_000;
    /// DEACTIVATING: the target group's deregistration delay.
    deregistration_delay: 300, 300_000;
    /// STOPPING: until a container that heeds SIGTERM has ended.
    container_exit: 100, 1_000;
    /// STOPPING: until a container that ignores SIGTERM is killed, when its definition gives no `stopTimeout`.
    stop_timeout: 1_000, 30_000;
    /// How long a container must have run before its restart policy starts it again, when the policy does not say.
    restart_attempt_period: 1_000, 300_000;
    /// DEPROVISIONING: until the network interface is gone.
    deprovisioning: 200, 10_000;
    /// How long a STOPPED task stays visible (ecs-semantics.md §4.1).
    stopped_visible: 3_600_000, 3_600_000;
    /// How long an INACTIVE service or cluster stays visible (ecs-semantics.md §3.15).
    inactive_visible: 3_600_000, 3_600_000;
    /// From a change of a service, or of one of its tasks, to the scheduler's next look at it.
    scheduler_reaction: 100, 3_000;
    /// How long a deployment's tasks must have been all right before it is COMPLETED and the service steady.
    steady_state: 500, 15_000;
    /// How long alarms watch over a deployment after all of it runs, where the service gives no bake time (ecs-semantics.md §3.9).
    alarm_bake: 2_000, 300_000;
    /// How long a service must have been as it should be before its zones are rebalanced (ecs-semantics.md §3.11).
    zone_rebalancing: 5_000, 300_000;
    /// The least wait between two starts of a service whose tasks keep failing; it doubles (ecs-semantics.md §3.13).
    failing_task_wait: 500, 15_000;
    /// The greatest wait between two starts of such a service.
    failing_task_wait_limit: 10_000, 900_000;
    /// The least wait between two identical "unable to place" or "steady state" events of a service.
    event_repeat: 60_000, 21_600_000;
    /// `UPDATE_IN_PROGRESS` of a cluster's attachments after its capacity providers were put.
    cluster_attachments: 800, 15_000;
    /// Creation, update and deletion of a capacity provider.
    capacity_provider: 500, 5_000;
    /// From the request to delete a definition to its disappearance, and between two looks while it is in use.
    definition_deletion: 1_000, 60_000;
    /// Between two looks of managed scaling at a capacity provider.
    managed_scaling_interval: 1_000, 60_000;
    /// How long a capacity provider must have been too large before managed scaling makes it smaller.
    managed_scaling_quiet: 15_000, 900_000;
    /// From the launch of an instance by an auto scaling group to its registration in the cluster.
    instance_launch: 1_000, 60_000;
    /// Between the warning and the end of a Spot task.
    spot_warning: 1_000, 120_000;
}

impl Timing {
    /// How long a container that ignores SIGTERM has: its `stopTimeout` in seconds, but in `fast` never more than the
    /// table says.
    pub fn kill_after(&self, stop_timeout: Option<i32>) -> SignedDuration {
        self.given_or(stop_timeout, self.stop_timeout)
    }

    /// How long a container must have run to be started again: its `restartAttemptPeriod` in seconds, but in `fast` never
    /// more than the table says.
    pub fn restart_after(&self, restart_attempt_period: Option<i32>) -> SignedDuration {
        self.given_or(restart_attempt_period, self.restart_attempt_period)
    }

    fn given_or(&self, seconds: Option<i32>, usual: SignedDuration) -> SignedDuration {
        match seconds.map(|seconds| SignedDuration::from_secs(seconds.into())) {
            None => usual,
            Some(given) if *self == Self::of(TimingMode::Aws) => given,
            Some(given) => given.min(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_is_never_slower_and_its_phases_are_short() {
        for (name, fast, aws) in Timing::TABLE {
            assert!(fast <= aws, "{name}");
            assert!(*fast > 0, "{name}");
        }
    }

    #[test]
    fn a_stop_timeout_is_cut_in_fast_only() {
        let seconds = SignedDuration::from_secs;
        assert_eq!(Timing::of(TimingMode::Aws).kill_after(Some(120)), seconds(120));
        assert_eq!(Timing::of(TimingMode::Aws).kill_after(None), seconds(30));
        assert_eq!(Timing::of(TimingMode::Fast).kill_after(Some(120)), seconds(1));
    }
}
