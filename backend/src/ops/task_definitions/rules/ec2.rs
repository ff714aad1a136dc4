//! What the launch types other than Fargate demand, when the definition names them (ecs-semantics.md §2.2, §2.11).

use aws_sdk_ecs::types::Compatibility;

use super::{Input, Verdict, demand};
use crate::ops::task_definitions::compatibility;

pub(super) fn check(input: &Input) -> Verdict {
    let required = input.requires_compatibilities();
    demand(
        !required.contains(&Compatibility::Ec2) || input.ephemeral_storage().is_none(),
        || "Tasks using the EC2 launch type do not support EphemeralStorage".to_owned(),
    )?;
    for (launch_type, obstacle) in [
        (Compatibility::External, compatibility::external(input)),
        (
            Compatibility::ManagedInstances,
            compatibility::managed_instances(input),
        ),
    ] {
        if let Some(obstacle) = obstacle.filter(|_| required.contains(&launch_type)) {
            return super::refuse(format!(
                "Tasks using the {launch_type} launch type do not support {obstacle}."
            ));
        }
    }
    Ok(())
}
