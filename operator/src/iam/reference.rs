//! What AWS's Service Authorization Reference for ECS says of the actions that the operator needs, and how IAM reads a policy.
//!
//! From `list_ecs.html` of the reference ("Actions", "API operations" and "Resource types"), as of November 2026. It is copied by hand: AWS gives
//! it out as JSON at `servicereference.us-east-1.amazonaws.com/v1/ecs/ecs.json`.

use ecs_crds::Allow;
use serde_json::Value;

/// An action, and the types of resources that the reference marks as required (`*`): a call needs a permission for each of them.
/// None: only `Resource: "*"` allows it.
pub const REQUIRED: &[(&str, &[&str])] = &[
    ("CreateCapacityProvider", &["capacity-provider"]),
    ("CreateCluster", &["cluster"]),
    ("CreateService", &["service"]),
    ("DeleteCapacityProvider", &["capacity-provider"]),
    ("DeleteCluster", &["cluster"]),
    ("DeleteService", &["service"]),
    ("DeleteTaskDefinitions", &["task-definition"]),
    ("DeregisterTaskDefinition", &[]),
    ("DescribeCapacityProviders", &["capacity-provider"]),
    ("DescribeClusters", &["cluster"]),
    ("DescribeContainerInstances", &["container-instance"]),
    ("DescribeServiceDeployments", &["service", "service-deployment"]),
    ("DescribeServiceRevisions", &["service", "service-revision"]),
    ("DescribeServices", &["service"]),
    ("DescribeTaskDefinition", &[]),
    ("DescribeTasks", &["task"]),
    ("ListContainerInstances", &["cluster"]),
    ("ListServiceDeployments", &["service"]),
    ("ListTaskDefinitions", &[]),
    ("ListTasks", &["container-instance"]),
    ("PutClusterCapacityProviders", &["cluster"]),
    ("RegisterTaskDefinition", &["task-definition"]),
    // Of the two, the page could not be read here: what the other call about deployments requires.
    ("StopServiceDeployment", &["service", "service-deployment"]),
    // None is marked: the one that is tagged. The operator tags these.
    ("TagResource", TAGGED),
    ("UntagResource", TAGGED),
    ("UpdateCapacityProvider", &["capacity-provider"]),
    ("UpdateCluster", &["cluster"]),
    ("UpdateClusterSettings", &["cluster"]),
    ("UpdateService", &["service"]),
];

const TAGGED: &[&str] = &["cluster", "service", "capacity-provider", "task-definition"];

/// The actions whose resources may be in another's cluster, and which leave that cluster itself as it is.
pub const IN_USED_CLUSTERS: &[&str] = &[
    "DescribeClusters",
    "ListContainerInstances",
    "DescribeContainerInstances",
    "ListTasks",
    "DescribeTasks",
];

/// An operation, and what it needs beside the action of its own name, where it is given tags, or capacity of its own.
pub const NEEDED_TOO: &[(&str, &str)] = &[
    ("CreateCapacityProvider", "PutClusterCapacityProviders"),
    ("CreateCapacityProvider", "TagResource"),
    ("CreateCluster", "TagResource"),
    ("CreateService", "TagResource"),
    ("DeleteCapacityProvider", "PutClusterCapacityProviders"),
    ("RegisterTaskDefinition", "TagResource"),
    ("UpdateCapacityProvider", "PutClusterCapacityProviders"),
];

/// The services to which the operations of the reference pass roles (`iam:PassedToService`).
pub const PASSED_TO: &[&str] = &["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"];

/// The ARN of a resource of a type, in a cluster, where its own name is `name`.
pub fn arn(kind: &str, region: &str, account: &str, cluster: &str, name: &str) -> String {
    let tail = match kind {
        "cluster" => cluster.to_owned(),
        "capacity-provider" => name.to_owned(),
        "task-definition" => format!("{name}:7"),
        "service" => format!("{cluster}/{name}"),
        "service-deployment" | "service-revision" => format!("{cluster}/{name}/4980306466373577095"),
        "task" | "container-instance" => format!("{cluster}/8f2c0a6cf9c64a3c8bcb4d2e6f0c1a11"),
        other => panic!("the reference has no {other}"),
    };
    format!("arn:aws:ecs:{region}:{account}:{kind}/{tail}")
}

/// Whether a policy allows an action on a resource, where the call's context has these keys.
pub fn allows(policy: &Value, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(one) => vec![one.clone()],
            Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
            other => panic!("{other} is neither a text nor a list"),
        }
    };
    let holds = |operator: &str, key: &str, wanted: &Value| {
        let given = context.iter().find(|(name, _)| *name == key);
        let fits = |value: &str| match operator {
            "StringEquals" => texts(wanted).iter().any(|one| one == value),
            "ArnLike" => Allow::matches(&texts(wanted), value),
            other => panic!("{other} is not understood here"),
        };
        given.is_some_and(|(_, value)| fits(value))
    };
    policy["Statement"].as_array().unwrap().iter().any(|statement| {
        let conditions = statement["Condition"].as_object().into_iter().flatten();
        statement["Effect"] == "Allow"
            && texts(&statement["Action"]).iter().any(|one| one == action)
            && Allow::matches(&texts(&statement["Resource"]), resource)
            && conditions
                .flat_map(|(operator, keys)| keys.as_object().unwrap().iter().map(move |key| (operator, key)))
                .all(|(operator, (key, wanted))| holds(operator, key, wanted))
    })
}
