//! What the tenant of team `shop` tries, and the operator refuses.

use serde_json::{Value, json};

/// The roles of the one AWS account that both teams are in.
pub const ROLE: &str = "arn:aws:iam::123456789012:role";
const ECS: &str = "arn:aws:ecs:us-east-1:123456789012";

/// An object that reaches too far.
pub struct Attempt {
    /// What it is after.
    pub what: &'static str,
    pub object: Value,
    /// The reason of its condition.
    pub reason: &'static str,
    /// What the message names: the rule, or what was reached for.
    pub names: &'static str,
}

fn not_authorized(what: &'static str, object: Value, names: &'static str) -> Attempt {
    Attempt {
        what,
        object,
        reason: "NotAuthorized",
        names,
    }
}

/// Tried while the teams have nothing in ECS by the operator.
pub fn with_nothing_granted() -> Vec<Attempt> {
    let shop = || account("shop");
    let adopting = || with(shop(), "adoptionPolicy", json!("Adopt"));
    let cluster = |name: &str, spec: Value| object("EcsCluster", "shop", name, spec);
    let in_legacy = |name: &str, management: Value, more: (&str, Value)| {
        let spec = with(on_fargate(management), "cluster", json!("billing-legacy"));
        object("EcsService", "shop", name, with(spec, more.0, more.1))
    };
    let launch = || ("taskDefinition", json!("shop-app:1"));
    vec![
        not_authorized(
            "another team's account",
            cluster("shop-a", json!({"management": account("billing")})),
            "billing",
        ),
        Attempt {
            what: "an account that does not exist",
            object: cluster("shop-b", json!({"management": account("nobody")})),
            reason: "AccountNotFound",
            names: "nobody",
        },
        not_authorized(
            "another team's name",
            cluster(
                "shop-c",
                json!({"clusterName": "billing-legacy", "management": shop()}),
            ),
            "resourceNames",
        ),
        not_authorized(
            "a region that is not allowed",
            cluster(
                "shop-d",
                json!({"management": with(shop(), "region", json!("eu-west-1"))}),
            ),
            "eu-west-1",
        ),
        not_authorized(
            "adoption",
            cluster("shop-e", json!({"management": adopting()})),
            "adoption",
        ),
        not_authorized(
            "adoption of another team's cluster",
            cluster(
                "shop-e2",
                json!({"clusterName": "billing-legacy", "management": adopting()}),
            ),
            "billing-legacy",
        ),
        not_authorized(
            "adoption of another team's service",
            in_legacy("shop-e3", adopting(), ("serviceName", json!("billing-web"))),
            "billing-web",
        ),
        not_authorized(
            "another team's task role",
            definition("shop-f", &[("taskRoleArn", json!(format!("{ROLE}/billing-app")))]),
            "taskRoles",
        ),
        not_authorized(
            "another team's execution role",
            definition(
                "shop-g",
                &[("executionRoleArn", json!(format!("{ROLE}/billing-exec")))],
            ),
            "executionRoles",
        ),
        not_authorized(
            "another team's cluster by its name",
            in_legacy("shop-h", shop(), launch()),
            "clusters",
        ),
        not_authorized(
            "another team's capacity provider for a cluster",
            cluster(
                "shop-m",
                json!({"capacityProviders": ["FARGATE", "billing-group"], "management": shop()}),
            ),
            "billing-group",
        ),
        not_authorized(
            "another team's capacity provider in a default strategy",
            cluster(
                "shop-n",
                json!({"defaultCapacityProviderStrategy": [{"capacityProvider": "billing-group", "weight": 1}], "management": shop()}),
            ),
            "billing-group",
        ),
    ]
}

/// Tried by services, most of them in the team's own cluster.
pub fn within_an_own_cluster() -> Vec<Attempt> {
    let service = |name: &str, more: (&str, Value)| {
        let spec = with(
            on_fargate(account("shop")),
            "clusterRef",
            json!({"name": "shop-main"}),
        );
        object("EcsService", "shop", name, with(spec, more.0, more.1))
    };
    let by_provider = {
        let mut object = service(
            "shop-l",
            (
                "capacityProviderStrategy",
                json!([{"capacityProvider": "billing-group", "weight": 1}]),
            ),
        );
        // One of the two may be given.
        object["spec"].as_object_mut().unwrap().remove("launchType");
        object
    };
    let balancer = json!([{"containerName": "app", "containerPort": 80,
        "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/0123456789abcdef",
        "advancedConfiguration": {
            "alternateTargetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/fedcba9876543210",
            "productionListenerRule": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/shop/0/0/0",
            "roleArn": format!("{ROLE}/billing-lb")}}]);
    let volume = json!([{"name": "data", "managedEBSVolume": {"sizeInGiB": 1, "roleArn": format!("{ROLE}/billing-ebs")}}]);
    vec![
        Attempt {
            what: "another namespace's cluster by reference",
            object: service("shop-i", ("clusterRef", json!({"name": "billing-main"}))),
            reason: "DependencyNotReady",
            names: "billing-main",
        },
        not_authorized(
            "another team's task definition by its name",
            service("shop-j", ("taskDefinition", json!("billing-app:1"))),
            "billing-app",
        ),
        not_authorized(
            "another team's task definition by its ARN",
            service(
                "shop-k",
                (
                    "taskDefinition",
                    json!(format!("{ECS}:task-definition/billing-app:1")),
                ),
            ),
            "billing-app",
        ),
        not_authorized(
            "another team's capacity provider for a service",
            by_provider,
            "billing-group",
        ),
        not_authorized(
            "another team's name for a service",
            service("shop-o", ("serviceName", json!("billing-web"))),
            "billing-web",
        ),
        not_authorized(
            "another team's role for load balancers",
            service("shop-p", ("loadBalancers", balancer)),
            "infrastructureRoles",
        ),
        not_authorized(
            "another team's role for volumes",
            service("shop-q", ("volumeConfigurations", volume)),
            "infrastructureRoles",
        ),
    ]
}

/// A service that lacks only its cluster.
fn on_fargate(management: Value) -> Value {
    let spec = json!({"taskDefinition": "shop-app:1", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}});
    with(spec, "management", management)
}

/// A task definition of the team's with further members.
pub fn definition(name: &str, more: &[(&str, Value)]) -> Value {
    let mut spec = json!({"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "nginx", "essential": true}], "management": account("shop")});
    for (member, value) in more {
        spec[*member] = value.clone();
    }
    object("EcsTaskDefinition", "shop", name, spec)
}

/// The `management` that picks an account.
pub fn account(name: &str) -> Value {
    json!({"accountRef": {"name": name}})
}

#[expect(clippy::needless_pass_by_value, reason = "specs are written as literals")]
pub fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

pub fn with(mut value: Value, member: &str, of: Value) -> Value {
    value[member] = of;
    value
}
