use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Attribute, ContainerInstance, VersionInfo};
use aws_smithy_types::DateTime;
use proptest::prelude::*;

use super::*;

fn instance() -> ContainerInstance {
    let attribute = |name: &str, value: Option<&str>| {
        Attribute::builder()
            .name(name)
            .set_value(value.map(str::to_owned))
            .build()
            .unwrap()
    };
    ContainerInstance::builder()
        .agent_connected(true)
        .ec2_instance_id("i-0aa")
        .version_info(VersionInfo::builder().agent_version("1.91.2").build())
        .registered_at(DateTime::from_secs(1_769_904_000)) // 2026-02-01T00:00:00Z
        .running_tasks_count(3)
        .attributes(attribute("ecs.instance-type", Some("m6.large")))
        .attributes(attribute("ecs.availability-zone", Some("eu-central-1a")))
        .attributes(attribute("tier", Some("gold")))
        .attributes(attribute("generation", Some("9")))
        .attributes(attribute("marked", None))
        .build()
}

fn holds(query: &str) -> bool {
    let instance = instance();
    let host = Host {
        instance: &instance,
        groups: BTreeMap::from([("service:web", 2), ("family:batch", 1)]),
    };
    host.satisfies(&Expression::parse(query).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn queries_hold_or_not() {
    let cases = [
        ("attribute:ecs.instance-type == m6.large", true),
        ("attribute:ecs.instance-type equals c7g.large", false),
        (
            "attribute:ecs.availability-zone in [eu-central-1a, eu-central-1c]",
            true,
        ),
        (
            "attribute:ecs.availability-zone !in [eu-central-1a,eu-central-1c]",
            false,
        ),
        ("attribute:ecs.availability-zone not_in [ 'eu-central-1c' ]", true),
        (
            "attribute:ecs.instance-type =~ m6.* && attribute:ecs.availability-zone not_equals eu-central-1b",
            true,
        ),
        ("attribute:ecs.instance-type matches m6", false),
        ("attribute:ecs.instance-type !~ m6.*", false),
        ("attribute:ecs.instance-type not_matches c7.*", true),
        ("task:group equals service:web", true),
        ("task:group == service:api", false),
        ("task:group != service:web", false),
        ("task:group != service:api", true),
        ("task:group in [service:api, family:batch]", true),
        ("task:group not_in [service:api]", true),
        ("task:group =~ service:.*", true),
        ("not(task:group == family:batch)", false),
        ("not(task:group == database)", true),
        ("not (task:group == database)", true),
        ("!(task:group == database)", true),
        ("runningTasksCount <= 3", true),
        ("runningTasksCount less_than_equal 3", true),
        ("runningTasksCount < 3", false),
        ("runningTasksCount less_than 4", true),
        ("runningTasksCount>=3", true),
        ("runningTasksCount greater_than_equal 4", false),
        ("runningTasksCount greater_than 2", true),
        ("runningTasksCount == 3", true),
        ("agentVersion >= 1.90.0", true),
        ("agentVersion > 1.100", false),
        ("agentVersion equals 1.91.2", true),
        ("agentVersion not_equals 1.91.2.0", false),
        ("registeredAt > 2026-01-31", true),
        ("registeredAt < 2026-02-01T00:00:01Z", true),
        ("registeredAt == 2026-02-01T01:00:00+01:00", true),
        ("registeredAt >= 2026-02-01T00:00:01", false),
        ("ec2InstanceId !in ['i-0aa', \"i-0bb\"]", false),
        ("ec2InstanceId == i-0aa", true),
        ("ec2InstanceId matches i-0.*", true),
        ("agentConnected == true", true),
        ("agentConnected != true", false),
        ("attribute:rack exists", false),
        ("attribute:rack !exists", true),
        ("attribute:marked exists", true),
        ("attribute:tier not_exists", false),
        ("attribute:rack != r1", false),
        ("attribute:rack not_in [r1]", false),
        ("attribute:rack not_matches r1", false),
        ("attribute:tier != silver", true),
        ("attribute:generation > 10", false),
        ("attribute:generation <= 10", true),
        (
            "attribute:rack not_exists or (agentConnected == true and !(attribute:tier matches gold|silver))",
            true,
        ),
        (
            "attribute:rack exists or (agentConnected == true and !(attribute:tier matches gold|silver))",
            false,
        ),
        ("attribute:tier matches (gold|silver)", true),
        ("(attribute:tier matches (gold|silver))", true),
        (
            "attribute:tier == gold || attribute:tier == silver && agentConnected == false",
            true,
        ),
        (
            "(attribute:tier == gold || attribute:tier == silver) && agentConnected == false",
            false,
        ),
        ("not attribute:tier == gold and agentConnected == false", false),
        ("not not attribute:tier == gold", true),
        ("attribute:tier == 'gold'", true),
        ("attribute:tier == \"gold\"", true),
    ];
    for (query, expected) in cases {
        assert_eq!(holds(query), expected, "{query}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    let cases = [
        ("", "a subject such as attribute:NAME or runningTasksCount", 1),
        (
            "attribute:x",
            "an operator that this subject has, with its value",
            12,
        ),
        ("attribute:x == ", "a value", 16),
        ("attribute:x == a b", "an operator or the end", 18),
        ("(attribute:x == a", "a closing parenthesis", 18),
        (
            "runningTasksCount exists",
            "an operator that this subject has",
            25,
        ),
        (
            "runningTasksCount == many",
            "an operator that this subject has",
            26,
        ),
        ("ec2InstanceId > i-0", "an operator that this subject has", 20),
        (
            "registeredAt == yesterday",
            "an operator that this subject has",
            26,
        ),
    ];
    for (query, expected, at) in cases {
        let error = Expression::parse(query).unwrap_err();
        assert_eq!(
            (error.what.as_str(), error.at),
            (format!("expected {expected}").as_str(), at),
            "{query}"
        );
    }
    let long = format!("attribute:x == {}", "a".repeat(2000));
    assert!(
        Expression::parse(&long)
            .unwrap_err()
            .to_string()
            .starts_with("2015 characters, at most 2000 are allowed, at")
    );
    assert!(Expression::parse(&"(".repeat(1000)).is_err());
}

#[test]
fn a_bad_regular_expression_is_refused() {
    assert!(Expression::parse("attribute:x matches '['").is_err());
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_be_read_or_refused(text in "[a-z:!=~<>&|()\\[\\],'\" ]{0,60}|\\PC{0,60}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn a_negation_holds_where_the_query_does_not(zone in "[a-c]", count in 0..5) {
        let query = format!("attribute:ecs.availability-zone == eu-central-1{zone} and runningTasksCount > {count}");
        prop_assert_ne!(holds(&query), holds(&format!("not({query})")));
        prop_assert_ne!(holds(&query), holds(&format!("!({query})")));
    }
}
