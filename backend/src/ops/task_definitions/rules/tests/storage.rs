//! Volumes, environment, secrets, logs.

use serde_json::{Value, json};

use super::{all_say, bridge, fargate};

#[test]
fn environment_secrets_logs() {
    let log = |driver: &str, options: Value| json!({"app": {"logConfiguration": {"logDriver": driver, "options": options}}});
    let file = |arn: &str| json!({"app": {"environmentFiles": [{"type": "s3", "value": arn}]}});
    let secret = json!([{"name": "A", "valueFrom": "x"}]);
    all_say(
        bridge,
        &[
            (
                json!({"app": {"environmentFiles": vec![json!({"type": "s3", "value": "arn:aws:s3:::b/a.env"}); 11]}}),
                "The maximum number of environment files was exceeded. Specify ten or less and try again",
            ),
            (file("arn:aws:s3:::b/a.env"), ""),
            (file("s3://b/a.env"), "Invalid arn syntax"),
            (file("arn:aws:s3:::b/a.txt"), "Invalid arn syntax"),
            (
                json!({"app": {"secrets": secret}}),
                "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'",
            ),
            (json!({"executionRoleArn": "r", "app": {"secrets": secret}}), ""),
            (
                json!({"executionRoleArn": "r", "app": {"secrets": secret, "environment": [{"name": "A", "value": "1"}]}}),
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
            ),
            (
                log("awslogs", json!({})),
                "Log driver awslogs requires options: awslogs-region, awslogs-group",
            ),
            (
                log("awslogs", json!({"awslogs-region": "r"})),
                "Log driver awslogs requires options: awslogs-group",
            ),
            (
                log("awslogs", json!({"awslogs-region": "r", "awslogs-group": "g"})),
                "",
            ),
            (
                log("awsfirelens", json!({})),
                "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified",
            ),
            (
                json!({"app": {"logConfiguration": {"logDriver": "awsfirelens"}}, "side": {"firelensConfiguration": {"type": "fluentbit"}}}),
                "",
            ),
            (
                json!({"app": {"ulimits": [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]}}),
                "Soft limit exceeds hard limit for ulimit nofile",
            ),
        ],
    );
}

#[test]
fn volumes_and_mounts() {
    let mount = |volume: &str| json!([{"sourceVolume": volume, "containerPath": "/x"}]);
    let efs = |configuration: Value| json!({"taskRoleArn": "r", "volumes": [{"name": "v", "efsVolumeConfiguration": configuration}]});
    all_say(
        bridge,
        &[
            (
                json!({"volumes": [{"name": "a b"}]}),
                "Invalid volume name 'a b': it has 1 to 255 letters, digits, '_' and '-'.",
            ),
            (
                json!({"volumes": [{"name": "v"}, {"name": "v"}]}),
                "The volume name 'v' is used more than once.",
            ),
            (
                json!({"volumes": [{"name": "v", "host": {"sourcePath": "/x"}, "configuredAtLaunch": true}]}),
                "The volume 'v' has more than one configuration: only one kind of volume can be specified.",
            ),
            (
                json!({"volumes": [{"name": "v", "configuredAtLaunch": true}]}),
                "Volumes [v] are not referenced by any of the containers",
            ),
            (
                json!({"volumes": [{"name": "v", "configuredAtLaunch": true}], "app": {"mountPoints": mount("v")}}),
                "",
            ),
            (json!({"app": {"mountPoints": mount("v")}}), "Unknown volume 'v'"),
            (
                json!({"app": {"volumesFrom": [{"sourceContainer": "nobody"}]}}),
                "Invalid 'volumesFrom' setting. Unknown container: 'nobody'",
            ),
            (json!({"app": {"volumesFrom": [{"sourceContainer": "side"}]}}), ""),
            (
                efs(json!({"fileSystemId": "fs", "authorizationConfig": {"iam": "ENABLED"}})),
                "EFS IAM authorization requires TransitEncryption to be enabled",
            ),
            (
                efs(json!({"fileSystemId": "fs", "transitEncryptionPort": 1})),
                "TransitEncryptionPort requires that TransitEncryption is enabled",
            ),
            (
                efs(
                    json!({"fileSystemId": "fs", "transitEncryption": "ENABLED", "rootDirectory": "/x", "authorizationConfig": {"accessPointId": "p"}}),
                ),
                "When using an EFS access point, the root directory must either be set to \"/\" or be omitted",
            ),
            (
                efs(
                    json!({"fileSystemId": "fs", "transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "p", "iam": "ENABLED"}}),
                ),
                "",
            ),
            (
                json!({"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task", "autoprovision": true}}]}),
                "The volume 'v': autoprovision is only for volumes with the scope 'shared'.",
            ),
        ],
    );
    all_say(
        fargate,
        &[
            (
                json!({"volumes": [{"name": "v"}, {"name": "w"}]}),
                "Volumes [v, w] are not referenced by any of the containers",
            ),
            (
                json!({"volumes": [{"name": "v"}], "app": {"mountPoints": mount("v")}}),
                "",
            ),
        ],
    );
}
