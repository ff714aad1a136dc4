use super::*;

fn cluster(spec: &Value) -> EcsCluster {
    serde_json::from_value(
        json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "EcsCluster",
        "metadata": {"name": "main", "namespace": "shop", "uid": "u1", "generation": 1}, "spec": spec}),
    )
    .unwrap()
}

fn provider(name: &str, spec: &Value, status: &Value) -> (String, Arc<CapacityProvider>) {
    let object = serde_json::from_value(
        json!({"apiVersion": "ecs-operator.dev/v1alpha1", "kind": "CapacityProvider",
        "metadata": {"name": name, "namespace": "shop", "generation": 1}, "spec": spec, "status": status}),
    )
    .unwrap();
    (name.to_owned(), Arc::new(object))
}

fn group() -> Value {
    json!({"autoScalingGroupProvider": {"autoScalingGroupArn": "g"}})
}

fn around(providers: Vec<(String, Arc<CapacityProvider>)>) -> Surroundings {
    Surroundings {
        providers: providers.into_iter().collect(),
        ..Surroundings::default()
    }
}

fn wanted(spec: &Value, around: &Surroundings) -> Desired {
    resolve(&cluster(spec), "prod", around).unwrap()
}

fn names(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

#[test]
fn references_and_names_become_names() {
    let spec = json!({"capacityProviders": ["FARGATE", "asg"], "capacityProviderRefs": [{"name": "other"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "other"}, "weight": 2}],
        "tags": [{"key": "team", "value": "x"}]});
    let mut other = group();
    other["name"] = json!("Other_Name");
    let active = json!({"status": "ACTIVE"});
    let desired = wanted(
        &spec,
        &around(vec![
            provider("asg", &group(), &active),
            provider("other", &other, &active),
        ]),
    );
    assert_eq!(names(&desired.providers.ready), ["FARGATE", "Other_Name", "asg"]);
    assert_eq!(
        desired.providers.strategy,
        Some(vec![
            json!({"capacityProvider": "Other_Name", "base": 0, "weight": 2})
        ])
    );
    assert_eq!(desired.providers.held, []);
    assert_eq!(desired.input, json!({"clusterName": "main"}));
    assert_eq!(desired.tags.len(), 1);
    let kinds: Vec<_> = references(&cluster(&spec))
        .into_iter()
        .map(|key| key.to_string())
        .collect();
    assert_eq!(
        kinds,
        [
            "AwsAccount default",
            "CapacityProvider shop/asg",
            "CapacityProvider shop/other"
        ]
    );
}

#[test]
fn what_is_not_ready_is_left_out_and_leaves_the_strategy_alone() {
    let spec = json!({"capacityProviders": ["FARGATE"], "capacityProviderRefs": [{"name": "asg"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}, "weight": 1}]});
    let stalled = json!({"status": "PROVISIONING", "conditions": [
        {"type": "Stalled", "status": "True", "reason": "Refused", "message": "no", "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "Ready", "status": "False", "reason": "Refused", "message": "no", "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    let mut elsewhere = group();
    elsewhere["management"] = json!({"region": "us-east-1"});
    let cases = [
        (vec![], "there is no CapacityProvider asg", false, 0),
        (
            vec![provider("asg", &group(), &json!({}))],
            "CapacityProvider asg is not ACTIVE in ECS yet",
            false,
            1,
        ),
        (
            vec![provider("asg", &group(), &stalled)],
            "CapacityProvider asg is not ACTIVE in ECS yet: no",
            true,
            1,
        ),
        (
            vec![provider("asg", &elsewhere, &json!({"status": "ACTIVE"}))],
            "CapacityProvider asg is in account default, region us-east-1, and this one in account default, its own region; both have to be in one place",
            true,
            1,
        ),
    ];
    for (providers, message, stalled, pending) in cases {
        let providers = wanted(&spec, &around(providers)).providers;
        assert_eq!(names(&providers.ready), ["FARGATE"]);
        assert_eq!(providers.strategy, None);
        assert_eq!(
            providers.held,
            [Held {
                message: message.into(),
                stalled
            }]
        );
        assert_eq!(providers.pending.len(), pending, "{message}");
    }
}

#[test]
fn managed_instances_providers_are_not_ours_to_associate() {
    let managed = json!({"clusterRef": {"name": "main"}, "managedInstancesProvider": {"infrastructureRoleArn": "r",
        "instanceLaunchTemplate": {"ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["s"]}}}});
    let spec = json!({"capacityProviderRefs": [{"name": "mi"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "mi"}, "weight": 1}]});
    let ready = wanted(
        &spec,
        &around(vec![provider("mi", &managed, &json!({"status": "ACTIVE"}))]),
    )
    .providers;
    assert_eq!((names(&ready.own), names(&ready.ready)), (vec!["mi"], vec![]));
    assert!(ready.strategy.is_some() && ready.held.is_empty());
    let before = wanted(&spec, &around(vec![provider("mi", &managed, &json!({}))])).providers;
    assert_eq!((before.strategy, before.held.len()), (None, 1));
}

#[test]
fn a_namespace_is_marked_where_only_its_name_is_known() {
    let with = |namespace| {
        wanted(
            &json!({"serviceConnectDefaults": {"namespace": namespace}}),
            &Surroundings::default(),
        )
    };
    assert!(with("internal").namespace.is_some());
    assert_ne!(with("internal").namespace, with("other").namespace);
    assert_eq!(
        with("arn:aws:servicediscovery:r:1:namespace/ns-1").namespace,
        None
    );
    assert_eq!(wanted(&json!({}), &Surroundings::default()).namespace, None);
}

#[test]
fn all_that_is_named_or_referred_to_is_used() {
    let spec = json!({"capacityProviders": ["FARGATE", "named"], "capacityProviderRefs": [{"name": "asg"}, {"name": "missing"}],
        "defaultCapacityProviderStrategy": [{"capacityProviderRef": {"name": "asg"}}, {"capacityProvider": "spread"}]});
    let mut group = group();
    group["name"] = json!("Group");
    let objects = BTreeMap::from([provider("asg", &group, &json!({}))]);
    let names: Vec<_> = uses(&cluster(&spec), &objects)
        .named()
        .into_iter()
        .map(|(_, name)| name.to_owned())
        .collect();
    assert_eq!(names, ["Group", "named", "spread"]);
}
