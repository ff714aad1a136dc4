//! Clusters: ecs-semantics.md §13.1 item 1, and the rules around it.

use serde_json::json;

use crate::backend::Backend;

#[test]
fn a_cluster_from_its_creation_to_its_second_life() {
    let ecs = Backend::new();
    let created = ecs.done(
        "CreateCluster",
        &json!({"clusterName": "web", "tags": [{"key": "team", "value": "a"}]}),
    );
    let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/web";
    assert_eq!(created["cluster"]["clusterArn"], arn);
    assert_eq!(created["cluster"]["status"], "ACTIVE");

    let described = ecs.done("DescribeClusters", &json!({"clusters": ["web"]}));
    let cluster = &described["clusters"][0];
    assert_eq!(
        (&cluster["status"], &cluster["tags"], &cluster["settings"]),
        (&json!("ACTIVE"), &json!([]), &json!([]))
    );
    let described = ecs.done(
        "DescribeClusters",
        &json!({"clusters": [arn], "include": ["TAGS", "SETTINGS", "STATISTICS"]}),
    );
    let cluster = &described["clusters"][0];
    assert_eq!(cluster["tags"], json!([{"key": "team", "value": "a"}]));
    assert_eq!(
        cluster["settings"],
        json!([{"name": "containerInsights", "value": "disabled"}])
    );
    assert_eq!(
        cluster["statistics"][0],
        json!({"name": "runningEC2TasksCount", "value": "0"})
    );

    let again = ecs.done(
        "CreateCluster",
        &json!({"clusterName": "web", "settings": [{"name": "containerInsights", "value": "enabled"}]}),
    );
    assert_eq!(again["cluster"]["clusterArn"], arn);
    assert_eq!(again["cluster"]["settings"][0]["value"], "disabled");

    ecs.done("RegisterContainerInstance", &json!({"cluster": "web"}));
    ecs.refused(
        "DeleteCluster",
        &json!({"cluster": "web"}),
        "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active.",
    );
    let instances = ecs.done("ListContainerInstances", &json!({"cluster": "web"}));
    ecs.done(
        "DeregisterContainerInstance",
        &json!({"cluster": "web", "containerInstance": instances["containerInstanceArns"][0]}),
    );

    assert_eq!(
        ecs.done("DeleteCluster", &json!({"cluster": arn}))["cluster"]["status"],
        "INACTIVE"
    );
    assert_eq!(ecs.done("ListClusters", &json!({})), json!({"clusterArns": []}));
    assert_eq!(
        ecs.done("DescribeClusters", &json!({"clusters": ["web"]}))["clusters"][0]["status"],
        "INACTIVE"
    );
    ecs.refused(
        "DeleteCluster",
        &json!({"cluster": "web"}),
        "ClusterNotFoundException",
        "Cluster not found.",
    );
    ecs.refused(
        "ListContainerInstances",
        &json!({"cluster": "web"}),
        "ClusterNotFoundException",
        "The referenced cluster was inactive.",
    );

    assert_eq!(
        ecs.done("CreateCluster", &json!({"clusterName": "web"}))["cluster"]["status"],
        "ACTIVE"
    );
    ecs.pass(2 * 3_600_000);
    assert_eq!(
        ecs.done("DescribeClusters", &json!({"clusters": ["web"]}))["clusters"][0]["status"],
        "ACTIVE"
    );
}

#[test]
fn an_inactive_cluster_is_forgotten_after_a_while() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({}));
    ecs.done("DeleteCluster", &json!({"cluster": "default"}));
    ecs.pass(3_599_999);
    assert_eq!(
        ecs.done("DescribeClusters", &json!({}))["clusters"][0]["status"],
        "INACTIVE"
    );
    ecs.pass(1);
    let missing = json!([{"arn": "arn:aws:ecs:eu-west-1:123456789012:cluster/default", "reason": "MISSING"}]);
    assert_eq!(
        ecs.done("DescribeClusters", &json!({})),
        json!({"clusters": [], "failures": missing})
    );
}

#[test]
fn a_cluster_with_services_or_tasks_is_not_deleted() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    ecs.done(
        "RegisterTaskDefinition",
        &json!({"family": "f", "containerDefinitions": [{"name": "a", "image": "b", "memory": 64}]}),
    );
    ecs.done("CreateService", &json!({"cluster": "web", "serviceName": "s", "taskDefinition": "f", "desiredCount": 0, "launchType": "EC2"}));
    ecs.refused(
        "DeleteCluster",
        &json!({"cluster": "web"}),
        "ClusterContainsServicesException",
        "The Cluster cannot be deleted while Services are active.",
    );
    ecs.done("DeleteService", &json!({"cluster": "web", "service": "s"}));
    ecs.pass(60_000);
    ecs.done("DeleteCluster", &json!({"cluster": "web"}));
}

#[test]
fn names_settings_and_exec_configuration_are_checked() {
    let ecs = Backend::new();
    let invalid = "InvalidParameterException";
    ecs.refused(
        "CreateCluster",
        &json!({"clusterName": "a b"}),
        invalid,
        "Invalid identifier: Identifier contains invalid characters",
    );
    ecs.refused(
        "CreateCluster",
        &json!({"settings": [{"name": "containerInsights", "value": "on"}]}),
        invalid,
        "Invalid value 'on' for the cluster setting containerInsights: it is enhanced, enabled or disabled.",
    );
    let exec = |exec: serde_json::Value| json!({"configuration": {"executeCommandConfiguration": exec}});
    ecs.refused("CreateCluster", &exec(json!({"logging": "OVERRIDE"})), invalid,
        "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration");
    ecs.refused(
        "CreateCluster",
        &exec(json!({"logging": "DEFAULT", "logConfiguration": {"s3BucketName": "b"}})),
        invalid,
        "You must set logging to 'OVERRIDE' when you supply a log configuration",
    );
    ecs.refused(
        "CreateCluster",
        &json!({"tags": [{"key": "AWS:x", "value": ""}]}),
        invalid,
        "Tag key 'AWS:x' is reserved: keys must not begin with 'aws:'.",
    );
    assert_eq!(ecs.done("ListClusters", &json!({})), json!({"clusterArns": []}));
}

#[test]
fn updates_change_what_they_name() {
    let ecs = Backend::new();
    ecs.done(
        "CreateCluster",
        &json!({"clusterName": "web", "serviceConnectDefaults": {"namespace": "local"}}),
    );
    let show = || {
        ecs.done(
            "DescribeClusters",
            &json!({"clusters": ["web"], "include": ["SETTINGS", "CONFIGURATIONS"]}),
        )["clusters"][0]
            .clone()
    };
    let namespace = show()["serviceConnectDefaults"]["namespace"].clone();
    assert!(
        namespace
            .as_str()
            .unwrap()
            .starts_with("arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-"),
        "{namespace}"
    );
    ecs.done(
        "UpdateClusterSettings",
        &json!({"cluster": "web", "settings": [{"name": "containerInsights", "value": "enhanced"}]}),
    );
    assert_eq!(show()["settings"][0]["value"], "enhanced");
    ecs.done(
        "UpdateCluster",
        &json!({"cluster": "web", "configuration": {"executeCommandConfiguration": {"logging": "NONE"}}}),
    );
    assert_eq!(
        show()["configuration"]["executeCommandConfiguration"]["logging"],
        "NONE"
    );
    assert_eq!(show()["serviceConnectDefaults"]["namespace"], namespace);
    ecs.done(
        "UpdateCluster",
        &json!({"cluster": "web", "serviceConnectDefaults": {"namespace": ""}}),
    );
    assert_eq!(show().get("serviceConnectDefaults"), None);
    ecs.refused(
        "UpdateClusterSettings",
        &json!({"cluster": "nobody", "settings": []}),
        "ClusterNotFoundException",
        "Cluster not found.",
    );
}

#[test]
fn clusters_are_listed_in_pages() {
    let ecs = Backend::new();
    for name in ["a", "b", "c"] {
        ecs.done("CreateCluster", &json!({"clusterName": name}));
    }
    let first = ecs.done("ListClusters", &json!({"maxResults": 2}));
    assert_eq!(first["clusterArns"].as_array().unwrap().len(), 2);
    let second = ecs.done(
        "ListClusters",
        &json!({"maxResults": 2, "nextToken": first["nextToken"]}),
    );
    assert_eq!(
        second,
        json!({"clusterArns": ["arn:aws:ecs:eu-west-1:123456789012:cluster/c"]})
    );
    ecs.refused(
        "ListClusters",
        &json!({"nextToken": "x"}),
        "InvalidParameterException",
        "Invalid token provided in pagination",
    );
}

#[test]
fn a_cluster_waits_for_a_namespace_that_is_new() {
    let ecs = Backend::new();
    let create = |name: &str, namespace: &str| {
        ecs.done(
            "CreateCluster",
            &json!({"clusterName": name, "serviceConnectDefaults": {"namespace": namespace}}),
        )["cluster"]
            .clone()
    };
    let status = |name: &str| {
        ecs.done("DescribeClusters", &json!({"clusters": [name]}))["clusters"][0]["status"].clone()
    };
    let created = create("one", "local");
    assert_eq!(
        (&created["status"], created.get("attachmentsStatus")),
        (&json!("PROVISIONING"), None)
    );
    ecs.pass(60_000);
    assert_eq!(status("one"), "ACTIVE");
    let arn = created["serviceConnectDefaults"]["namespace"].as_str().unwrap();
    assert_eq!(create("two", "local")["status"], "ACTIVE", "it is there already");
    assert_eq!(
        create("three", arn)["status"],
        "ACTIVE",
        "what has an ARN is there"
    );
    assert_eq!(create("four", "")["status"], "ACTIVE");
}
