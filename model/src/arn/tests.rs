//! Tests of names and ARNs, by table and by property.

use proptest::prelude::*;

use super::*;

const TASK: &str = "0123456789abcdef0123456789abcdef";

fn arn(tail: &str) -> String {
    format!("arn:aws:ecs:eu-central-1:123456789012:{tail}")
}

#[test]
fn every_form_is_read_and_printed() {
    let tails = [
        "cluster/prod".to_owned(),
        "service/prod/web".to_owned(),
        "service/web".to_owned(),
        format!("task/prod/{TASK}"),
        "task/1dc5c17a-422b-4dc4-b493-371970c6c4d6".to_owned(),
        format!("container-instance/prod/{TASK}"),
        "container-instance/1dc5c17a-422b-4dc4-b493-371970c6c4d6".to_owned(),
        format!("container/prod/{TASK}/1dc5c17a-422b-4dc4-b493-371970c6c4d6"),
        "task-definition/web:7".to_owned(),
        "task-definition/web".to_owned(),
        "task-set/prod/web/ecs-svc/9223370564341623665".to_owned(),
        "capacity-provider/FARGATE".to_owned(),
        "service-deployment/prod/web/NnPCjfUpdJLOWHpvZLKpk".to_owned(),
        "service-revision/prod/web/4980306466373577095".to_owned(),
    ];
    for tail in tails {
        let parsed: Arn = arn(&tail).parse().unwrap();
        assert_eq!(parsed.to_string(), arn(&tail));
        assert_eq!(parsed.resource.kind(), tail.split('/').next().unwrap());
    }
}

#[test]
fn the_parts_are_where_they_belong() {
    let parsed: Arn = "arn:aws-cn:ecs:cn-north-1:123456789012:service/prod/web"
        .parse()
        .unwrap();
    let service = Resource::Service {
        cluster: Some("prod".to_owned()),
        name: "web".to_owned(),
    };
    assert_eq!(parsed, Arn::new("cn-north-1", "123456789012", service));
    assert_eq!(parsed.resource.cluster(), Some("prod"));
    let set: Arn = arn("task-set/prod/web/ecs-svc/1").parse().unwrap();
    let (cluster, service) = ("prod".to_owned(), "web".to_owned());
    assert_eq!(
        set.resource,
        Resource::TaskSet {
            cluster,
            service,
            id: "ecs-svc/1".to_owned()
        }
    );
}

#[test]
fn what_is_no_arn_is_refused_with_what_would_be_right() {
    let cases = [
        (
            "web",
            "an ARN (arn:<partition>:ecs:<region>:<account>:<resource>)",
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:",
            "an ARN (arn:<partition>:ecs:<region>:<account>:<resource>)",
        ),
        (
            "arn:aws:iam::123456789012:role/web",
            "an ARN of ECS (arn:<partition>:ecs:…)",
        ),
        (
            "arn:gcp:ecs:eu-central-1:123456789012:cluster/a",
            "an ARN with a partition such as aws",
        ),
        (
            "arn:aws:ecs::123456789012:cluster/a",
            "an ARN with a region such as eu-central-1",
        ),
        (
            "arn:aws:ecs:eu-central-1:12345:cluster/a",
            "an ARN with an account of twelve digits",
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:cluster/a/b",
            "an ARN of a known kind of ECS resource, such as cluster/<name> or service/<cluster>/<name>",
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task/a/b/c",
            "of the form <kind>/<cluster>/<name or id>",
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:0",
            "a task definition (family, family:revision or its ARN)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            text.parse::<Arn>(),
            Err(ArnError {
                text: text.to_owned(),
                expected
            })
        );
    }
}

#[test]
fn task_definitions_are_read_from_every_form() {
    let id = |family: &str, revision| {
        Some(TaskDefinitionId {
            family: family.to_owned(),
            revision,
        })
    };
    let cases = [
        ("web", id("web", None)),
        ("web:12", id("web", Some(12))),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:12",
            id("web", Some(12)),
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/web",
            id("web", None),
        ),
        ("arn:aws:ecs:eu-central-1:123456789012:cluster/web", None),
        ("", None),
        (":1", None),
        ("web:", None),
        ("web:0", None),
        ("web:01", None),
        ("web:+1", None),
        ("web:latest", None),
        ("web:99999999999", None),
        ("w b", None),
        ("a:1:2", None),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<TaskDefinitionId>().ok(), expected, "{text:?}");
    }
}

#[test]
fn names_of() {
    let cases = [
        ("web", "web"),
        ("web:3", "web:3"),
        ("ecs-svc/1", "ecs-svc/1"),
        ("arn:aws:ecs:eu-central-1:123456789012:service/prod/web", "web"),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
            "web:3",
        ),
        (
            "arn:aws:ecs:eu-central-1:123456789012:task-set/prod/web/ecs-svc/1",
            "ecs-svc/1",
        ),
        ("arn:aws:iam::123456789012:role/path/deployer", "deployer"),
        (
            "arn:aws:sns:eu-central-1:123456789012:topic",
            "arn:aws:sns:eu-central-1:123456789012:topic",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(name_of(text), expected);
    }
}

#[test]
fn names_and_partitions() {
    for (name, good, of_provider) in [
        ("web_1-A", true, true),
        ("", false, false),
        ("a.b", false, false),
        ("größe", false, false),
        ("FargateLike", true, false),
        ("aws", true, false),
        ("ECS-mine", true, false),
        ("my-ecs", true, true),
    ] {
        assert_eq!(
            (is_name(name), is_capacity_provider_name(name)),
            (good, of_provider),
            "{name:?}"
        );
    }
    assert!(is_name(&"a".repeat(255)));
    assert!(!is_name(&"a".repeat(256)));
    for (region, partition) in [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
        ("*", "aws"),
    ] {
        assert_eq!(partition_of(region), partition, "{region}");
    }
}

prop_compose! {
    fn any_arn()(
        region in "(eu|us|cn)-[a-z]{4,9}-[1-9]",
        account in "[0-9]{12}",
        kind in 0..10_usize,
        a in "[A-Za-z0-9_-]{1,40}",
        b in "[A-Za-z0-9_-]{1,40}",
        c in "[A-Za-z0-9]{1,40}",
        revision in 1..u32::MAX,
        long in any::<bool>(),
    ) -> Arn {
        let cluster = long.then(|| a.clone());
        let resource = match kind {
            0 => Resource::Cluster { name: a },
            1 => Resource::Service { cluster, name: b },
            2 => Resource::Task { cluster, id: c },
            3 => Resource::ContainerInstance { cluster, id: c },
            4 => Resource::Container { cluster: a, task: b, id: c },
            5 => Resource::TaskDefinition(TaskDefinitionId { family: a, revision: long.then_some(revision) }),
            6 => Resource::TaskSet { cluster: a, service: b, id: format!("ecs-svc/{c}") },
            7 => Resource::CapacityProvider { name: a },
            8 => Resource::ServiceDeployment { cluster: a, service: b, id: c },
            _ => Resource::ServiceRevision { cluster: a, service: b, id: c },
        };
        Arn::new(&region, &account, resource)
    }
}

proptest! {
    #[test]
    fn printing_and_reading_is_the_same_arn(arn in any_arn()) {
        let text = arn.to_string();
        prop_assert_eq!(text.parse::<Arn>(), Ok(arn));
    }

    #[test]
    fn any_text_is_judged_without_panic(text in "(arn:)?[a-z:/€]{0,40}") {
        let _ = (text.parse::<Arn>().is_ok(), text.parse::<TaskDefinitionId>().is_ok(), name_of(&text));
    }
}
