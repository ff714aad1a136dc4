//! The facts, the check and the codec agree: on made-up valid input of every operation, on input with one mistake, and on the
//! samples that people copy from tutorials.

use ecs_model::facts::{check, model, sample, unknown};
use ecs_model::shape;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Choices that follow from a seed alone (splitmix64), so that a failing seed is all that one needs.
fn choices(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |ways| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let ways = u64::try_from(ways).unwrap_or(1).max(1);
        usize::try_from((mixed ^ (mixed >> 31)) % ways).unwrap_or(0)
    }
}

fn messages(shape: &str, value: &Value) -> Vec<String> {
    check(shape, value).iter().map(ToString::to_string).collect()
}

/// Reads a value as the SDK's structure, writes it again, and returns what was written.
fn through<T: shape::Shape>(value: &Value) -> Result<Value, shape::ShapeError> {
    shape::to_value(&shape::from_value::<T>(value)?)
}

/// Whether everything in `part` is in `whole`; the SDK may add defaults, and leaves out members that it does not know.
fn is_within(part: &Value, whole: &Value, unknown_to_sdk: &[&str]) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(name, value)| {
            unknown_to_sdk.contains(&name.as_str())
                || whole
                    .get(name)
                    .is_some_and(|other| is_within(value, other, unknown_to_sdk))
        }),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part
                    .iter()
                    .zip(whole)
                    .all(|(a, b)| is_within(a, b, unknown_to_sdk))
        }
        (Value::Number(part), Value::Number(whole)) => part.as_f64() == whole.as_f64(),
        _ => part == whole,
    }
}

proptest! {
    // Each case is a made-up input of many operations, with thousands of mistakes: a few dozen go a long way.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn valid_input_of_every_operation_has_no_violation(seed: u64) {
        let mut choose = choices(seed);
        for (name, operation) in &model().operations {
            let value = sample::sample(&operation.input, &mut choose);
            prop_assert_eq!(messages(&operation.input, &value), Vec::<String>::new(), "{} {}", name, value);
            prop_assert_eq!(unknown(&operation.input, &value), Vec::<String>::new(), "{} {}", name, value);
        }
    }

    #[test]
    fn every_single_mistake_is_found_where_it_is(seed: u64) {
        let mut choose = choices(seed);
        for name in ["CreateCluster", "RegisterTaskDefinition", "CreateService", "CreateCapacityProvider", "CreateDaemon"] {
            let input = &model().operation(name).unwrap().input;
            let valid = sample::sample(input, &mut choose);
            let mistakes = sample::mistakes(input, &valid);
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let found = check(input, &mistake.value);
                let hit = found.iter().any(|it| it.path == mistake.path && it.rule == mistake.rule);
                prop_assert!(hit, "{name}: {:?} at {} not in {found:?}", mistake.rule, mistake.path);
            }
        }
    }

    #[test]
    fn the_sdk_reads_what_the_model_allows_and_keeps_all_of_it(seed: u64) {
        use aws_sdk_ecs::operation as of;
        type Through = fn(&Value) -> Result<Value, shape::ShapeError>;
        let inputs: [(&str, Through); 6] = [
            ("CreateCluster", through::<of::create_cluster::CreateClusterInput>),
            ("RegisterTaskDefinition", through::<of::register_task_definition::RegisterTaskDefinitionInput>),
            ("CreateService", through::<of::create_service::CreateServiceInput>),
            ("CreateCapacityProvider", through::<of::create_capacity_provider::CreateCapacityProviderInput>),
            ("RunTask", through::<of::run_task::RunTaskInput>),
            ("SubmitTaskStateChange", through::<of::submit_task_state_change::SubmitTaskStateChangeInput>),
        ];
        // In the model and not yet in the SDK; tests/drift.rs watches the list.
        let newer = ["trustedExecutionConfiguration", "deregistrationDelay", "nitroEnclavesEnabled"];
        let mut choose = choices(seed);
        for (name, through) in inputs {
            let input = &model().operation(name).unwrap().input;
            let value = sample::sample(input, &mut choose);
            let written = through(&value).map_err(|error| TestCaseError::fail(format!("{name}: {error} in {value}")))?;
            prop_assert!(is_within(&value, &written, &newer), "{name}: {value} became {written}");
            prop_assert_eq!(messages(input, &written), Vec::<String>::new(), "{}", written);
        }
    }
}

#[test]
fn the_samples_of_tutorials_are_valid() {
    let cases = [
        (
            "RegisterTaskDefinitionRequest",
            json!({
                "containerDefinitions": [{
                    "command": ["/bin/sh -c \"httpd-foreground\""],
                    "entryPoint": ["sh", "-c"],
                    "essential": true,
                    "image": "public.ecr.aws/docker/library/httpd:latest",
                    "name": "sample-fargate-app",
                    "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
                }],
                "cpu": "256",
                "family": "sample-fargate",
                "memory": "512",
                "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"],
                "runtimePlatform": {"operatingSystemFamily": "LINUX"},
            }),
        ),
        (
            "RegisterTaskDefinitionRequest",
            json!({"family": "my-app-task", "containerDefinitions": [{"name": "my-app-container", "image": "my-app-image:latest",
                "memory": 512, "cpu": 256, "essential": true, "portMappings": [{"containerPort": 80, "hostPort": 80}]}]}),
        ),
        (
            "CreateServiceRequest",
            json!({"serviceName": "my-app-service", "taskDefinition": "my-app-task", "desiredCount": 3, "launchType": "FARGATE",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-abc123", "subnet-def456"],
                    "securityGroups": ["sg-123abc"], "assignPublicIp": "ENABLED"}}}),
        ),
    ];
    for (shape, value) in cases {
        assert_eq!(
            (messages(shape, &value), unknown(shape, &value)),
            (Vec::new(), Vec::new()),
            "{shape} {value}"
        );
    }
}
