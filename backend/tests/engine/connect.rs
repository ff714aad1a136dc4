//! Service Connect (ecs-semantics.md §10.4).

use serde_json::{Value, json};

use crate::kit::{Kit, fargate_service, merge, text};

/// A definition with a port that is named `http`.
fn named_port(kit: &Kit) -> String {
    kit.fargate(json!({"portMappings": [{"name": "http", "containerPort": 80}]}))
}

fn connect(namespace: Option<&str>, services: Value) -> Value {
    json!({"serviceConnectConfiguration": {"enabled": true, "namespace": namespace, "services": services}})
}

#[test]
fn what_does_not_fit_the_definition_is_refused() {
    let kit = Kit::new();
    let definition = named_port(&kit);
    let alias = |name: &str| json!({"port": 80, "dnsName": name});
    let http = |aliases: Value| json!([{"portName": "http", "clientAliases": aliases}]);
    let cases = [
        (connect(None, json!([])), "Namespace is missing"),
        (
            connect(Some("local"), json!([{"portName": "grpc"}])),
            "portName(grpc) does not refer to any named PortMapping in the container definitions",
        ),
        (
            connect(Some("local"), http(json!([alias("a"), alias("b")]))),
            "2 clientAliases exceeds the max limit of 1",
        ),
        (
            connect(Some("local"), http(json!([alias("a b")]))),
            "The DNS name that you provided is invalid",
        ),
    ];
    for (change, words) in cases {
        let mut body = fargate_service(&definition, 1);
        merge(&mut body, change.clone());
        let refused = kit.refused("CreateService", body);
        assert_eq!(
            refused,
            ("InvalidParameterException".to_owned(), words.to_owned()),
            "{change}"
        );
    }
    kit.create(
        &definition,
        0,
        connect(Some("local"), http(json!([alias("web.local")]))),
    );
    let other = kit.fargate(json!({"portMappings": [{"name": "grpc", "containerPort": 80}]}));
    let refused = kit.refused(
        "UpdateService",
        json!({"service": "web", "taskDefinition": other}),
    );
    assert_eq!(
        refused.1,
        "portName(http) does not refer to any named PortMapping in the container definitions"
    );
}

#[test]
fn a_deployment_shows_its_discovery_services() {
    let kit = Kit::new();
    let service = kit.create(
        &named_port(&kit),
        1,
        connect(
            Some("local"),
            json!([{"portName": "http", "discoveryName": "site"}]),
        ),
    );
    let resources = &service["deployments"][0]["serviceConnectResources"];
    assert_eq!(resources[0]["discoveryName"], "site");
    let arn = text(&resources[0]["discoveryArn"]);
    assert!(
        arn.starts_with("arn:aws:servicediscovery:eu-central-1:123456789012:service/srv-"),
        "{arn}"
    );
}

#[test]
fn the_namespace_is_the_clusters_and_is_found_by_name_and_by_arn() {
    let kit = Kit::new();
    let defaults = json!({"cluster": "default", "serviceConnectDefaults": {"namespace": "local"}});
    let cluster = kit.ok("UpdateCluster", defaults)["cluster"].clone();
    let arn = cluster["serviceConnectDefaults"]["namespace"].clone();
    kit.pass(5_000);
    let definition = named_port(&kit);
    let services = json!([{"portName": "http"}]);
    let created = kit.create(&definition, 1, connect(None, services.clone()));
    let shown =
        |service: &Value| service["deployments"][0]["serviceConnectConfiguration"]["namespace"].clone();
    assert_eq!(shown(&created), arn);
    let mut named = fargate_service(&definition, 1);
    named["serviceName"] = json!("other");
    merge(&mut named, connect(Some("local"), services.clone()));
    let named = kit.ok("CreateService", named)["service"].clone();
    assert_eq!(shown(&named), "local");
    for namespace in [json!("local"), arn] {
        let listed = kit.ok("ListServicesByNamespace", json!({"namespace": namespace}));
        assert_eq!(
            listed["serviceArns"],
            json!([named["serviceArn"], created["serviceArn"]]),
            "{namespace}"
        );
    }
    kit.until_stable();
    let before = kit.service()["deployments"][0]["id"].clone();
    let after = kit.update(connect(None, services))["deployments"][0]["id"].clone();
    assert_eq!(
        before, after,
        "the same configuration, given again, starts nothing"
    );
}

#[test]
fn a_namespace_that_nobody_made_is_not_found() {
    let kit = Kit::new();
    let list = |namespace: &Value| kit.try_call("ListServicesByNamespace", json!({"namespace": namespace}));
    let (code, words) = list(&json!("local")).unwrap_err();
    assert_eq!(
        (code.as_str(), words.as_str()),
        (
            "NamespaceNotFoundException",
            "The specified namespace wasn't found."
        )
    );
    let defaults = json!({"cluster": "default", "serviceConnectDefaults": {"namespace": "local"}});
    let cluster = kit.ok("UpdateCluster", defaults)["cluster"].clone();
    for namespace in [&json!("local"), &cluster["serviceConnectDefaults"]["namespace"]] {
        assert_eq!(list(namespace).unwrap()["serviceArns"], json!([]));
    }
    let services = json!([{"portName": "http"}]);
    kit.create(&named_port(&kit), 0, connect(Some("other"), services));
    assert_eq!(
        list(&json!("other")).unwrap()["serviceArns"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    kit.ok("DeleteService", json!({"service": "web"}));
    kit.pass(5_000);
    assert_eq!(
        list(&json!("other")).unwrap()["serviceArns"],
        json!([]),
        "it outlives its services"
    );
}
