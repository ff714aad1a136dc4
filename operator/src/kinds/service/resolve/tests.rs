use super::*;

fn service(spec: &Value) -> EcsService {
    serde_json::from_value(json!({
        "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsService",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-1", "generation": 1}, "spec": spec,
    }))
    .unwrap()
}

fn cluster_object(spec: &Value, status: &str) -> Arc<EcsCluster> {
    Arc::new(
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster", "metadata": {"name": "main", "namespace": "shop"},
            "spec": spec, "status": {"status": status},
        }))
        .unwrap(),
    )
}

fn definition_object(generation: i64, status: &Value) -> Arc<EcsTaskDefinition> {
    Arc::new(
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsTaskDefinition",
            "metadata": {"name": "web", "namespace": "shop", "generation": generation, "uid": "d"},
            "spec": {"containerDefinitions": [{"name": "app", "image": "httpd"}]}, "status": status,
        }))
        .unwrap(),
    )
}

fn registered(generation: i64, arn: &str) -> Arc<EcsTaskDefinition> {
    definition_object(generation, &json!({"observedGeneration": generation, "arn": arn}))
}

fn condition(type_: &str, status: &str, message: &str) -> Value {
    json!({"type": type_, "status": status, "reason": "Refused", "message": message, "observedGeneration": 2,
        "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

#[test]
fn references_become_names_and_arns() {
    let service = service(
        &json!({"clusterRef": {"name": "main"}, "taskDefinitionRef": {"name": "web"}, "desiredCount": 3,
        "launchType": "FARGATE", "tags": [{"key": "team", "value": "x"}]}),
    );
    let arn = "arn:aws:ecs:eu-west-1:1:task-definition/web:7";
    let referred = Referred {
        cluster: Some(cluster_object(&json!({"clusterName": "Main_Cluster"}), "ACTIVE")),
        definition: Some(registered(2, arn)),
        ..Referred::default()
    };
    let resolved = resolve(&service, &referred, "prod").unwrap();
    assert_eq!(
        resolved.desired.input,
        json!({"serviceName": "web", "cluster": "Main_Cluster", "taskDefinition": arn, "launchType": "FARGATE"})
    );
    assert_eq!(
        (resolved.desired.creation_held, resolved.desired.rollout_held),
        (None, None)
    );
    assert_eq!(resolved.desired.count, Count::Enforced(3));
    assert_eq!(
        resolved.desired.tags,
        BTreeMap::from([("team".to_owned(), "x".to_owned())])
    );
    assert_eq!(resolved.desired.owner.tag_value(), "prod/shop/web");
    assert!(resolved.cluster.own);
}

#[test]
fn names_of_what_objects_stand_for_are_references_too() {
    let service = service(&json!({"cluster": "main", "taskDefinition": "web"}));
    let referred = Referred {
        cluster: Some(cluster_object(&json!({}), "ACTIVE")),
        definition: Some(registered(1, "arn:aws:ecs:eu-west-1:1:task-definition/web:7")),
        ..Referred::default()
    };
    let resolved = resolve(&service, &referred, "prod").unwrap();
    assert_eq!(
        resolved.desired.text("taskDefinition"),
        Some("arn:aws:ecs:eu-west-1:1:task-definition/web:7")
    );
    let alone = resolve(&service, &Referred::default(), "prod").unwrap();
    assert_eq!(alone.desired.text("taskDefinition"), Some("web"));
    assert_eq!(
        (
            alone.desired.creation_held,
            alone.desired.rollout_held,
            alone.cluster.own
        ),
        (None, None, false)
    );
    let other = Referred {
        cluster: Some(cluster_object(&json!({"clusterName": "other"}), "ACTIVE")),
        ..Referred::default()
    };
    assert_eq!(
        resolve(&service, &other, "prod").unwrap().cluster,
        ClusterUse {
            name: "main".into(),
            own: false
        }
    );
}

#[test]
fn what_is_not_ready_holds_and_says_why() {
    let by_ref = json!({"clusterRef": {"name": "main"}, "taskDefinitionRef": {"name": "web"}});
    let arn = "arn:aws:ecs:eu-west-1:1:task-definition/web:7";
    let ready_cluster = Some(cluster_object(&json!({}), "ACTIVE"));
    let ready_definition = Some(registered(2, arn));
    let stalled = definition_object(
        2,
        &json!({"observedGeneration": 2, "conditions": [
        condition("Ready", "False", "ECS refuses it"), condition("Stalled", "True", "ECS refuses it"), condition("Synced", "False", "x")]}),
    );
    let behind = definition_object(2, &json!({"observedGeneration": 1, "arn": arn}));
    let unaware = definition_object(
        2,
        &json!({"observedGeneration": 1, "arn": arn, "conditions": [
        condition("Ready", "False", "a service has yet to take it up"), condition("Synced", "True", "x")]}),
    );
    let refused_update = definition_object(
        2,
        &json!({"observedGeneration": 2, "arn": arn, "conditions": [
        condition("Ready", "False", "ECS refuses it"), condition("Stalled", "True", "ECS refuses it"), condition("Synced", "False", "x")]}),
    );
    let cases = [
        (
            None,
            ready_definition.clone(),
            Some("there is no EcsCluster main"),
            None,
        ),
        (
            Some(cluster_object(&json!({}), "PROVISIONING")),
            ready_definition.clone(),
            Some("EcsCluster main is not ACTIVE in ECS yet"),
            None,
        ),
        (
            ready_cluster.clone(),
            None,
            None,
            Some("there is no EcsTaskDefinition web"),
        ),
        (
            ready_cluster.clone(),
            Some(behind),
            None,
            Some("EcsTaskDefinition web is not registered yet"),
        ),
        (
            ready_cluster.clone(),
            Some(stalled),
            None,
            Some("EcsTaskDefinition web is not registered yet: ECS refuses it"),
        ),
        (
            ready_cluster.clone(),
            Some(refused_update),
            None,
            Some("EcsTaskDefinition web is not registered yet: ECS refuses it"),
        ),
        (ready_cluster.clone(), Some(unaware), None, None),
        (ready_cluster, ready_definition, None, None),
    ];
    for (cluster, definition, creation, rollout) in cases {
        let referred = Referred {
            cluster,
            definition,
            ..Referred::default()
        };
        let desired = resolve(&service(&by_ref), &referred, "prod").unwrap().desired;
        assert_eq!(
            desired.creation_held.as_ref().map(|held| held.message.as_str()),
            creation
        );
        assert_eq!(
            desired.rollout_held.as_ref().map(|held| held.message.as_str()),
            rollout
        );
    }
}

#[test]
fn a_pinned_revision_waits_for_nothing() {
    let service = service(&json!({"taskDefinitionRef": {"name": "web", "revision": 3}}));
    let referred = Referred {
        definition: Some(definition_object(2, &json!({}))),
        ..Referred::default()
    };
    let desired = resolve(&service, &referred, "prod").unwrap().desired;
    assert_eq!(
        (desired.text("taskDefinition"), desired.rollout_held.clone()),
        (Some("web:3"), None)
    );
}

#[test]
fn another_place_is_no_place() {
    let service =
        service(&json!({"clusterRef": {"name": "main"}, "management": {"accountRef": {"name": "prod"}}}));
    let referred = Referred {
        cluster: Some(cluster_object(&json!({}), "ACTIVE")),
        ..Referred::default()
    };
    let held = resolve(&service, &referred, "x")
        .unwrap()
        .desired
        .creation_held
        .unwrap();
    assert!(
        held.stalled && held.message.contains("account default") && held.message.contains("account prod"),
        "{held:?}"
    );
}

#[test]
fn the_print_changes_with_what_people_write_only() {
    let of = |spec: &Value, definition| {
        let referred = Referred {
            definition: Some(definition),
            ..Referred::default()
        };
        resolve(&service(spec), &referred, "x").unwrap().print
    };
    let base = json!({"taskDefinitionRef": {"name": "web"}});
    let print = of(&base, registered(2, "arn:a/web:1"));
    assert_eq!(print, of(&base, registered(2, "arn:a/web:2")));
    assert_eq!(
        print,
        of(
            &json!({"taskDefinitionRef": {"name": "web"}, "desiredCount": 9}),
            registered(2, "arn:a/web:1")
        )
    );
    assert_ne!(print, of(&base, registered(3, "arn:a/web:1")));
    let balanced = json!({"taskDefinitionRef": {"name": "web"}, "loadBalancers": [{"targetGroupArn": "tg"}]});
    assert_ne!(print, of(&balanced, registered(2, "arn:a/web:1")));
}

#[test]
fn mistakes_are_told_with_their_path() {
    let cases = [
        (
            json!({"taskDefinition": "web", "tags": [{"key": "aws:x", "value": "y"}]}),
            "spec.tags: aws:x is reserved",
        ),
        (
            json!({"taskDefinition": "web", "launchType": "FARGAT"}),
            "spec.launchType",
        ),
    ];
    for (spec, expected) in cases {
        let refused = resolve(&service(&spec), &Referred::default(), "x").unwrap_err();
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[test]
fn every_reference_is_listed() {
    let service = service(&json!({"cluster": "main", "taskDefinitionRef": {"name": "web"},
        "capacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}}, {"capacityProvider": "FARGATE"}]}));
    let shown: Vec<_> = references(&service).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "AwsAccount default",
            "CapacityProvider shop/asg",
            "EcsCluster shop/main",
            "EcsTaskDefinition shop/web"
        ]
    );
}

#[test]
fn what_is_used_is_known_before_it_is_ready() {
    let provider = Arc::new(
        serde_json::from_value(json!({
            "apiVersion": "ecs-operator.dev/v1alpha1", "kind": "CapacityProvider", "metadata": {"name": "asg", "namespace": "shop"},
            "spec": {"name": "Group", "autoScalingGroupProvider": {"autoScalingGroupArn": "g"}},
        }))
        .unwrap(),
    );
    let referred = Referred {
        definition: Some(definition_object(2, &json!({}))),
        providers: BTreeMap::from([("asg".to_owned(), provider)]),
        ..Referred::default()
    };
    let strategy = json!([{"capacityProviderRef": {"name": "asg"}}, {"capacityProviderRef": {"name": "missing"}}, {"capacityProvider": "spot"}]);
    let web = ("task definition", "web");
    let cases = [
        (json!({"taskDefinitionRef": {"name": "web"}}), vec![web]),
        (
            json!({"taskDefinitionRef": {"name": "web", "revision": 3}}),
            vec![web],
        ),
        (json!({"taskDefinition": "web"}), vec![web]),
        (
            json!({"taskDefinition": "other:3"}),
            vec![("task definition", "other")],
        ),
        (
            json!({"taskDefinitionRef": {"name": "web"}, "capacityProviderStrategy": strategy}),
            vec![web, ("capacity provider", "Group"), ("capacity provider", "spot")],
        ),
    ];
    for (spec, expected) in cases {
        let resolved = resolve(&service(&spec), &referred, "prod").unwrap();
        assert_eq!(resolved.uses.named(), expected, "{spec}");
    }
}
