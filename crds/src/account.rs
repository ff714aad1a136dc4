//! `AwsAccount`: which account, region, role and endpoint, and who may use it for what (design.md §2.2).

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::schema;
use crate::status::{UNOBSERVED, User};

/// An AWS account that objects may use: where it is, whose role to take, and who may do what. Nothing is allowed unless said.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ecs-operator.dev",
    version = "v1alpha1",
    kind = "AwsAccount",
    plural = "awsaccounts",
    shortname = "awsacct",
    category = "ecs",
    schema = "manual",
    status = "AwsAccountStatus",
    derive = "PartialEq",
    doc = "An AWS account that objects may use: where it is, whose role to take, and who may do what.",
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.accountId"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.region"),
    printcolumn(
        name = "Objects",
        type_ = "integer",
        json_path = ".status.objects",
        description = "How many objects use it"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.roleArn", priority = 1),
    printcolumn(
        name = "Endpoint",
        type_ = "string",
        json_path = ".spec.endpoint",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccountSpec {
    /// The account's 12 digits, immutable. Nothing is changed unless the credentials turn out to belong to it.
    #[schemars(regex(pattern = r"^[0-9]{12}$"), length(max = 12))]
    pub account_id: String,
    /// The region of objects that name none, as eu-west-1.
    #[schemars(regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$"), length(max = 32))]
    pub region: String,
    /// Further regions that objects may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 50),
        inner(regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$"), length(max = 32))
    )]
    pub allowed_regions: Vec<String>,
    /// The role to assume; left out, the operator's own credentials are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$"), length(max = 2048))]
    pub role_arn: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 1224))]
    pub external_id: Option<String>,
    /// Another endpoint than AWS's own, as that of ecs-backend; it answers for ECS and STS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^https?://[^\s]+$"), length(max = 2048))]
    pub endpoint: Option<String>,
    /// How much of ECS's request rates the operator may use in this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_budget: Option<RequestBudget>,
    /// Whose objects may use the account; left out, nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespaceGrant>,
    /// What those objects may name; left out, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Allow>,
}

/// A share of ECS's documented request rates (ecs-semantics.md §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestBudget {
    /// Percent of the documented rates; the operator's default is 50.
    #[schemars(range(min = 1, max = 100))]
    pub percent: i32,
}

/// A set of namespaces: those that are named, and those that the selector selects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceGrant {
    /// Namespaces by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), inner(length(max = 63)))]
    pub names: Vec<String>,
    /// Namespaces by label; an empty selector selects all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// What objects of the granted namespaces may name. Patterns match the whole text; `*` stands for any characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Allow {
    /// Patterns of names in ECS that resources may have (clusters, services, families, capacity providers), and that task
    /// definitions and capacity providers must have to be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 255)))]
    pub resource_names: Vec<String>,
    /// Patterns of ARNs of roles that the containers of tasks may take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048)))]
    pub task_roles: Vec<String>,
    /// Patterns of ARNs of roles that the ECS agent may take to pull images, write logs and read secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048)))]
    pub execution_roles: Vec<String>,
    /// Patterns of ARNs of roles that ECS itself may take: for load balancers, volumes, hooks, Service Connect, VPC Lattice,
    /// managed instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 2048)))]
    pub infrastructure_roles: Vec<String>,
    /// Patterns of names of clusters that may be used although no object of the same namespace stands for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 255)))]
    pub clusters: Vec<String>,
    /// Whether resources that exist in ECS already may be adopted.
    #[serde(default)]
    pub adoption: bool,
}

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccountStatus {
    /// The metadata.generation that this status is about; -1 until the operator has looked.
    #[serde(default = "unobserved")]
    pub observed_generation: i64,
    /// What holds of the object, by type; reasons are a documented, closed list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The identity that the credentials turned out to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_arn: Option<String>,
    /// The account that the credentials turned out to belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_account: Option<String>,
    /// How many objects use the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i32>,
    /// While the account is being deleted: the objects that still hold it, 20 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<User>,
}

fn unobserved() -> i64 {
    UNOBSERVED
}

impl Default for AwsAccountStatus {
    fn default() -> Self {
        Self {
            observed_generation: UNOBSERVED,
            conditions: Vec::new(),
            caller_arn: None,
            caller_account: None,
            objects: None,
            held_by: Vec::new(),
        }
    }
}

impl AwsAccountSpec {
    /// Whether objects may be in this region.
    pub fn allows_region(&self, region: &str) -> bool {
        self.region == region || self.allowed_regions.iter().any(|allowed| allowed == region)
    }
}

impl Allow {
    /// Whether one of the patterns matches the whole text; `*` stands for any characters, none included.
    pub fn matches(patterns: &[String], text: &str) -> bool {
        patterns.iter().any(|pattern| matches(pattern, text))
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    true
}

impl JsonSchema for AwsAccount {
    fn schema_name() -> Cow<'static, str> {
        "AwsAccount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::account()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_text() {
        let cases = [
            ("web", "web", true),
            ("web", "web-1", false),
            ("web", "my-web", false),
            ("*", "", true),
            ("*", "anything", true),
            ("team-a-*", "team-a-web", true),
            ("team-a-*", "team-b-web", false),
            ("*-web", "a-web", true),
            ("*-web", "a-web-b", false),
            (
                "arn:aws:iam::*:role/ecs/*-task",
                "arn:aws:iam::123456789012:role/ecs/a-task",
                true,
            ),
            (
                "arn:aws:iam::*:role/ecs/*-task",
                "arn:aws:iam::123456789012:role/other/a-task",
                false,
            ),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Allow::matches(&[pattern.to_owned()], text),
                expected,
                "{pattern} on {text}"
            );
        }
        assert!(!Allow::matches(&[], "a"));
    }
}
