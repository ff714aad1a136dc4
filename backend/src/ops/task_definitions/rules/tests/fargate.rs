//! What Fargate forbids or demands.

use serde_json::{Value, json};

use super::{all_say, fargate};

#[test]
fn what_fargate_forbids() {
    let linux = |parameters: Value| json!({"app": {"linuxParameters": parameters}});
    let unsupported = |what: &str| format!("Fargate compatible task definitions do not support {what}");
    all_say(
        fargate,
        &[
            (
                json!({"networkMode": "bridge"}),
                "Fargate only supports network mode ‘awsvpc’.",
            ),
            (
                json!({"networkMode": null}),
                "Fargate only supports network mode ‘awsvpc’.",
            ),
            (
                json!({"app": {"privileged": true}}),
                "Fargate requires that the 'privileged' setting be 'false'",
            ),
            (
                json!({"pidMode": "host"}),
                "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
            ),
            (json!({"pidMode": "task"}), ""),
            (json!({"ipcMode": "task"}), &unsupported("ipcMode")),
            (
                json!({"placementConstraints": [{"type": "memberOf", "expression": "a == b"}]}),
                &unsupported("constraints"),
            ),
            (
                json!({"volumes": [{"name": "v", "dockerVolumeConfiguration": {}}]}),
                &unsupported("dockerVolumeConfiguration"),
            ),
            (
                json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]}),
                &unsupported("sourcePath"),
            ),
            (
                linux(json!({"devices": [{"hostPath": "/dev/x"}]})),
                &unsupported("devices"),
            ),
            (linux(json!({"maxSwap": 1})), &unsupported("maxSwap")),
            (linux(json!({"swappiness": 1})), &unsupported("swappiness")),
            (
                linux(json!({"sharedMemorySize": 1})),
                &unsupported("sharedMemorySize"),
            ),
            (
                linux(json!({"tmpfs": [{"containerPath": "/x", "size": 1}]})),
                &unsupported("tmpfs"),
            ),
            (linux(json!({"initProcessEnabled": true})), ""),
            (linux(json!({"capabilities": {"add": ["SYS_PTRACE"]}})), ""),
            (
                linux(json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
                "SYS_ADMIN is not allowed on Fargate.",
            ),
            (
                json!({"app": {"dockerSecurityOptions": ["label:x"]}}),
                &unsupported("dockerSecurityOptions"),
            ),
            (
                json!({"app": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}}),
                "Tasks using the Fargate launch type do not support GPU resource requirements",
            ),
            (
                json!({"app": {"logConfiguration": {"logDriver": "syslog"}}}),
                "syslog is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]",
            ),
            (
                json!({"app": {"logConfiguration": {"logDriver": "awslogs"}}}),
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            ),
            (
                json!({"executionRoleArn": "r", "app": {"logConfiguration": {"logDriver": "awslogs"}}}),
                "Fargate requires log configuration options to include awslogs-stream-prefix",
            ),
            (
                json!({"app": {"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"}}),
                "Fargate requires task definition to have execution role ARN to support ECR images.",
            ),
            (json!({"app": {"image": "public.ecr.aws/app"}}), ""),
            (
                json!({"app": {"stopTimeout": 121}}),
                "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
            ),
            (json!({"app": {"stopTimeout": 120}}), ""),
            (
                json!({"ephemeralStorage": {"sizeInGiB": 20}}),
                "EphemeralStorage size should be at least 21",
            ),
            (json!({"ephemeralStorage": {"sizeInGiB": 21}}), ""),
            (
                json!({"ephemeralStorage": {"sizeInGiB": 201}}),
                "EphemeralStorage size should be at most 200",
            ),
        ],
    );
}
