//! Volumes that are configured at launch (ecs-semantics.md §2.10): one rule for services and for tasks that are run or
//! started.

use std::ops::RangeInclusive;

use aws_sdk_ecs::types::{TaskDefinition, TaskManagedEbsVolumeConfiguration, TaskVolumeConfiguration};

use crate::fault::Fault;

/// What a volume type of EBS allows.
struct Kind {
    name: &'static str,
    size: RangeInclusive<i32>,
    iops: Option<RangeInclusive<i32>>,
    /// Whether the IOPS have to be given.
    demands_iops: bool,
}

const fn kind(
    name: &'static str,
    size: RangeInclusive<i32>,
    iops: Option<RangeInclusive<i32>>,
    demands_iops: bool,
) -> Kind {
    Kind {
        name,
        size,
        iops,
        demands_iops,
    }
}

/// The type of a volume that names none.
const DEFAULT_KIND: &str = "gp3";

/// The volume types, with sizes in GiB.
const KINDS: [Kind; 7] = [
    kind("gp3", 1..=16_384, Some(3_000..=16_000), false),
    kind("gp2", 1..=16_384, None, false),
    kind("io1", 4..=16_384, Some(100..=64_000), true),
    kind("io2", 4..=16_384, Some(100..=256_000), true),
    kind("st1", 125..=16_384, None, false),
    kind("sc1", 125..=16_384, None, false),
    kind("standard", 1..=1_024, None, false),
];

/// The greatest throughput in MiB/s; only gp3 has one.
const THROUGHPUT: i32 = 1_000;

/// The volumes are ones that the definition leaves to the launch, and EBS has such volumes.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check(
    definition: &TaskDefinition,
    given: &[TaskVolumeConfiguration],
    fargate: bool,
) -> Result<(), Fault> {
    for volume in given {
        let name = volume.name();
        let left_open = definition
            .volumes()
            .iter()
            .any(|known| known.name() == Some(name) && known.configured_at_launch() == Some(true));
        if !left_open {
            return Err(Fault::invalid(format!(
                "The volume name '{name}' in your request does not have a matching volume in your Task Definition"
            )));
        }
        let wrong = match volume.managed_ebs_volume() {
            None => Some("managedEBSVolume is missing".to_owned()),
            Some(ebs) => fault_of(ebs, fargate),
        };
        if let Some(wrong) = wrong {
            return Err(Fault::invalid(format!(
                "ECS managed EBS volume configuration was invalid: {wrong}"
            )));
        }
    }
    if given.len() > 1 {
        return Err(Fault::invalid("A task can have at most 1 volume configuration"));
    }
    Ok(())
}

/// What is wrong with a volume, if something is.
fn fault_of(ebs: &TaskManagedEbsVolumeConfiguration, fargate: bool) -> Option<String> {
    let wanted = ebs.volume_type().unwrap_or(DEFAULT_KIND);
    let Some(kind) = KINDS.iter().find(|kind| kind.name == wanted) else {
        return Some(format!("there is no volume type {wanted}"));
    };
    if fargate && wanted == "standard" {
        return Some("the volume type standard is not supported on Fargate".to_owned());
    }
    if ebs.role_arn().is_empty() {
        return Some("roleArn is missing".to_owned());
    }
    if ebs.size_in_gib.is_none() && ebs.snapshot_id().is_none() {
        return Some("either sizeInGiB or snapshotId must be specified".to_owned());
    }
    if ebs.size_in_gib.is_some_and(|size| !kind.size.contains(&size)) {
        let (least, greatest) = (kind.size.start(), kind.size.end());
        return Some(format!(
            "sizeInGiB must be between {least} and {greatest} for {wanted}"
        ));
    }
    match (&kind.iops, ebs.iops) {
        (Some(_), None) if kind.demands_iops => return Some(format!("iops is required for {wanted}")),
        (None, Some(_)) => return Some(format!("iops is not supported for {wanted}")),
        (Some(range), Some(iops)) if !range.contains(&iops) => {
            let (least, greatest) = (range.start(), range.end());
            return Some(format!(
                "iops must be between {least} and {greatest} for {wanted}"
            ));
        }
        _ => {}
    }
    match ebs.throughput {
        Some(_) if wanted != "gp3" => Some(format!("throughput is not supported for {wanted}")),
        Some(throughput) if !(1..=THROUGHPUT).contains(&throughput) => {
            Some(format!("throughput must be at most {THROUGHPUT}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ecs_model::shape;
    use serde_json::{Value, json};

    use super::*;

    fn verdict(volumes: &Value, fargate: bool) -> String {
        let definition =
            json!({"volumes": [{"name": "data", "configuredAtLaunch": true}, {"name": "other"}]});
        let definition: TaskDefinition = shape::from_wire(&definition).unwrap();
        let read = |volume: &Value| shape::from_wire(volume).unwrap();
        let volumes: Vec<TaskVolumeConfiguration> = volumes.as_array().unwrap().iter().map(read).collect();
        match check(&definition, &volumes, fargate) {
            Ok(()) => String::new(),
            Err(fault) => fault.message,
        }
    }

    #[test]
    fn names_match_a_volume_that_is_left_to_the_launch() {
        let ebs = json!({"roleArn": "r", "sizeInGiB": 10});
        let named = |name: &str| json!({"name": name, "managedEBSVolume": ebs});
        let unknown = |name: &str| {
            format!(
                "The volume name '{name}' in your request does not have a matching volume in your Task Definition"
            )
        };
        let cases = [
            (json!([]), String::new()),
            (json!([named("data")]), String::new()),
            (json!([named("none")]), unknown("none")),
            (json!([named("other")]), unknown("other")),
            (
                json!([named("data"), named("data")]),
                "A task can have at most 1 volume configuration".to_owned(),
            ),
            (
                json!([{"name": "data"}]),
                "ECS managed EBS volume configuration was invalid: managedEBSVolume is missing".to_owned(),
            ),
        ];
        for (volumes, expected) in cases {
            assert_eq!(verdict(&volumes, false), expected, "{volumes}");
        }
    }

    #[test]
    fn a_volume_is_one_that_ebs_has() {
        let cases = [
            (json!({"sizeInGiB": 1}), ""),
            (json!({"snapshotId": "snap-1"}), ""),
            (json!({}), "either sizeInGiB or snapshotId must be specified"),
            (
                json!({"sizeInGiB": 16_385}),
                "sizeInGiB must be between 1 and 16384 for gp3",
            ),
            (
                json!({"sizeInGiB": 100, "volumeType": "st1"}),
                "sizeInGiB must be between 125 and 16384 for st1",
            ),
            (
                json!({"sizeInGiB": 10, "volumeType": "gp9"}),
                "there is no volume type gp9",
            ),
            (
                json!({"sizeInGiB": 10, "volumeType": "io2"}),
                "iops is required for io2",
            ),
            (json!({"sizeInGiB": 10, "volumeType": "io2", "iops": 256_000}), ""),
            (
                json!({"sizeInGiB": 10, "volumeType": "io1", "iops": 99}),
                "iops must be between 100 and 64000 for io1",
            ),
            (
                json!({"sizeInGiB": 10, "volumeType": "gp2", "iops": 3_000}),
                "iops is not supported for gp2",
            ),
            (
                json!({"sizeInGiB": 10, "volumeType": "gp2", "throughput": 125}),
                "throughput is not supported for gp2",
            ),
            (
                json!({"sizeInGiB": 10, "throughput": 1_001}),
                "throughput must be at most 1000",
            ),
            (
                json!({"sizeInGiB": 10, "volumeType": "standard"}),
                "the volume type standard is not supported on Fargate",
            ),
        ];
        for (mut ebs, expected) in cases {
            ebs["roleArn"] = json!("r");
            let said = verdict(&json!([{"name": "data", "managedEBSVolume": ebs}]), true);
            let said = said.trim_start_matches("ECS managed EBS volume configuration was invalid: ");
            assert_eq!(said, expected, "{ebs}");
        }
    }
}
