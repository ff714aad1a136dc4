//! How many network interfaces an instance has for tasks in `awsvpc` (ecs-semantics.md §5.1, step 2): EC2's limits, by the
//! size of the instance type.

use aws_sdk_ecs::types::ContainerInstance;

/// The attribute of an instance whose tasks share a trunk interface.
pub const TRUNK: &str = "ecs.awsvpc-trunk-id";

/// The interfaces that an instance has for tasks when it has none yet.
pub fn of(instance: &ContainerInstance) -> i32 {
    let find = |name: &str| {
        let mut attributes = instance.attributes().iter();
        attributes.find(|attribute| attribute.name == name)
    };
    let instance_type = find("ecs.instance-type").and_then(|attribute| attribute.value());
    of_type(instance_type.unwrap_or_default(), find(TRUNK).is_some())
}

/// The interfaces for tasks of an instance type: all but the primary one, or what a trunk carries. A type whose limit is not
/// known has no limit here.
pub fn of_type(instance_type: &str, trunk: bool) -> i32 {
    let (family, size) = instance_type.split_once('.').unwrap_or_default();
    let carried = match size {
        "large" => 10,
        "xlarge" => 20,
        "2xlarge" => 40,
        _ => 60,
    };
    let interfaces = match (family, size) {
        (_, "nano" | "micro") => 2,
        (family, "medium") if !family.starts_with('t') => 2,
        ("t2", "xlarge" | "2xlarge") | (_, "small" | "medium" | "large") => 3,
        (_, "xlarge" | "2xlarge") => 4,
        (_, "4xlarge" | "8xlarge" | "9xlarge" | "12xlarge") => 8,
        (_, size) if size.ends_with("xlarge") || size.starts_with("metal") => 15,
        _ => return i32::MAX,
    };
    if trunk && has_trunk(instance_type) {
        carried
    } else {
        interfaces - 1
    }
}

/// Whether instances of a type can have a trunk: none that bursts, and none smaller than `large`.
pub fn has_trunk(instance_type: &str) -> bool {
    let (family, size) = instance_type.split_once('.').unwrap_or_default();
    !family.starts_with('t') && (size.ends_with("large") || size.starts_with("metal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_instances_have_more_interfaces_and_trunks_many() {
        let cases = [
            ("t3.micro", 1, 1),
            ("t3.medium", 2, 2),
            ("t2.xlarge", 2, 2),
            ("m6g.medium", 1, 1),
            ("m5.large", 2, 10),
            ("m5.xlarge", 3, 20),
            ("c7i-flex.2xlarge", 3, 40),
            ("r5.12xlarge", 7, 60),
            ("r5.24xlarge", 14, 60),
            ("m5.metal", 14, 60),
            ("external", i32::MAX, i32::MAX),
            ("", i32::MAX, i32::MAX),
        ];
        for (instance_type, plain, trunk) in cases {
            let found = (of_type(instance_type, false), of_type(instance_type, true));
            assert_eq!(found, (plain, trunk), "{instance_type}");
        }
    }
}
