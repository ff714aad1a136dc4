mod denials;

use ecs_model::shape::from_wire;
use serde_json::{Value, json};

use super::*;
use crate::aws::fake::{Answer, Call, FakeAws, key, refusal};
use crate::aws::fence::Fence;
use crate::k8s::object::Kind;

/// An ECS with services that have one task each; the names in `poison` spoil every batch.
fn ecs(call: &Call, known: &[&str], poison: &str) -> Answer {
    let input = &call.input;
    match call.operation.as_str() {
        "DescribeServices" => {
            let asked: Vec<&str> = input["services"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert!(asked.len() <= 10, "{} services in one call", asked.len());
            if asked.contains(&poison) {
                return refusal(400, "InvalidParameterException", "Invalid identifier");
            }
            let (found, missing): (Vec<&str>, Vec<&str>) =
                asked.iter().partition(|name| known.contains(*name));
            let services: Vec<Value> = found.into_iter().map(service).collect();
            let failures: Vec<Value> = missing
                .into_iter()
                .map(|name| json!({"arn": format!("arn:aws:ecs:eu-west-1:123456789012:service/main/{name}"), "reason": "MISSING"}))
                .collect();
            (200, json!({"services": services, "failures": failures}))
        }
        "ListTasks" if input["desiredStatus"] == "RUNNING" && input["nextToken"].is_null() => {
            // An empty page with a successor.
            (200, json!({"taskArns": [], "nextToken": "more"}))
        }
        "ListTasks" if input["desiredStatus"] == "RUNNING" => {
            let arns: Vec<String> = match input["serviceName"].as_str() {
                Some(name) => vec![task_arn(name)],
                None => known.iter().map(|name| task_arn(name)).collect(),
            };
            (200, json!({"taskArns": arns}))
        }
        "ListTasks" => (200, json!({"taskArns": []})),
        "DescribeTasks" => {
            let tasks: Vec<Value> = input["tasks"].as_array().unwrap().iter().map(task).collect();
            (200, json!({"tasks": tasks}))
        }
        "ListServiceDeployments" => (200, json!({"serviceDeployments": []})),
        other => panic!("unexpected {other}"),
    }
}

fn service(name: &str) -> Value {
    json!({
        "serviceName": name, "status": "ACTIVE", "desiredCount": 1, "runningCount": 1, "createdAt": 1_700_000_000,
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": 1_700_000_000}],
    })
}

fn task_arn(service: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task/main/{service}")
}

fn task(arn: &Value) -> Value {
    let service = arn.as_str().unwrap().rsplit('/').next().unwrap();
    json!({"taskArn": arn, "group": format!("service:{service}"), "lastStatus": "RUNNING"})
}

fn named(service: &str) -> ServiceKey {
    ServiceKey {
        cluster: "main".to_owned(),
        service: service.to_owned(),
    }
}

fn object(name: &str) -> ObjectKey {
    ObjectKey::namespaced(Kind::EcsService, "shop", name)
}

fn observer(aws: &FakeAws) -> Arc<Observer> {
    let surroundings = Surroundings {
        wakes: Arc::new(Wakes::default()),
        clock: SharedClock::along_tokio("2026-01-01T00:00:00Z".parse().unwrap()),
        metrics: Arc::new(Metrics::new()),
        freshness: Freshness::default(),
    };
    let target = aws.accounts(Fence::open()).target(&key());
    Arc::new(Observer::start(target, surroundings))
}

async fn seconds(number: u64) {
    tokio::time::sleep(Duration::from_secs(number)).await;
}

#[tokio::test(start_paused = true)]
async fn reads_in_batches_and_seldom_when_steady() {
    const NAMES: [&str; 25] = [
        "s00", "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13",
        "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24",
    ];
    let aws = FakeAws::new(|call| ecs(call, &NAMES, ""));
    let observer = observer(&aws);
    for name in NAMES {
        observer.watch(&named(name), &object(name));
    }
    seconds(31).await;
    let view = observer.service(&named("s07")).unwrap();
    assert_eq!(view.tasks.len(), 1);
    assert_eq!(view.tasks[0].task_arn(), Some(task_arn("s07").as_str()));
    let first = aws.counts();
    assert_eq!(first["DescribeServices"], 3);
    assert_eq!(
        (first["ListTasks"], first["DescribeTasks"]),
        (3, 1),
        "the cluster's tasks, as a whole"
    );
    seconds(600).await;
    let later = aws.counts();
    assert!(
        (9..=11).contains(&(later["DescribeServices"] / 3 - 1)),
        "{later:?}"
    );
}

/// A cluster that others use too: their tasks are listed with ours, and described once.
#[tokio::test(start_paused = true)]
async fn tasks_of_others_are_not_described_again() {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "theirs", "later ours"];
    let aws = FakeAws::new(|call| ecs(call, &NAMES, ""));
    let observer = observer(&aws);
    for name in &NAMES[..6] {
        observer.watch(&named(name), &object(name));
    }
    let described = |skip: usize| -> std::collections::BTreeSet<String> {
        let calls = aws.inputs("DescribeTasks");
        let tasks = calls
            .iter()
            .skip(skip)
            .flat_map(|input| input["tasks"].as_array().unwrap());
        tasks
            .map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    seconds(31).await;
    assert_eq!(described(0), NAMES.map(str::to_owned).into());
    let skip = aws.inputs("DescribeTasks").len();
    seconds(600).await;
    let ours = NAMES[..6].iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(described(skip), ours);

    observer.watch(&named("later ours"), &object("later ours"));
    seconds(100).await;
    assert_eq!(observer.service(&named("later ours")).unwrap().tasks.len(), 1);
}

/// The history of a service that was rolled back, in a batch with one of a service that ECS does not know any more.
#[tokio::test(start_paused = true)]
async fn one_service_that_is_gone_does_not_hide_the_deployments_of_the_others() {
    let arn =
        |service: &str| format!("arn:aws:ecs:eu-west-1:123456789012:service-deployment/main/{service}/1");
    for outage_ends in [true, false] {
        let refused = std::sync::atomic::AtomicBool::new(false);
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            "DescribeServices" => {
                let mut answer = ecs(call, &["gone", "web"], "");
                for service in answer.1["services"].as_array_mut().unwrap() {
                    service["deployments"][0]["rolloutState"] = json!("FAILED");
                }
                answer
            }
            "ListServiceDeployments" => {
                let arn = arn(call.input["service"].as_str().unwrap());
                (
                    200,
                    json!({"serviceDeployments": [{"serviceDeploymentArn": arn, "status": "ROLLBACK_SUCCESSFUL"}]}),
                )
            }
            "DescribeServiceDeployments" => {
                let asked = call.input["serviceDeploymentArns"].as_array().unwrap();
                let whole_is_refused =
                    outage_ends && !refused.swap(true, std::sync::atomic::Ordering::Relaxed);
                if whole_is_refused || !outage_ends && asked.contains(&json!(arn("gone"))) {
                    return refusal(400, "ServiceNotFoundException", "Service not found.");
                }
                let all = asked.iter().map(|arn| {
                    json!({"serviceDeploymentArn": arn, "status": "ROLLBACK_SUCCESSFUL", "targetServiceRevision": {"arn": "revision/2"}})
                });
                (200, json!({"serviceDeployments": all.collect::<Vec<_>>()}))
            }
            "DescribeServiceRevisions" => (200, json!({"serviceRevisions": []})),
            _ => ecs(call, &["gone", "web"], ""),
        });
        let observer = observer(&aws);
        let names: &[&str] = if outage_ends { &["web"] } else { &["gone", "web"] };
        for name in names {
            observer.watch(&named(name), &object(name));
        }
        seconds(120).await;
        let view = observer.service(&named("web")).unwrap();
        let aimed = view.deployments[0].target_service_revision.as_ref();
        assert_eq!(aimed.and_then(|revision| revision.arn()), Some("revision/2"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_poisoned_name_does_not_hide_the_others() {
    let aws = FakeAws::new(|call| ecs(call, &["a", "b", "c", "d"], "bad name"));
    let observer = observer(&aws);
    for name in ["a", "b", "bad name", "c", "d", "missing"] {
        observer.watch(&named(name), &object(name));
    }
    seconds(31).await;
    for name in ["a", "b", "c", "d"] {
        assert!(
            observer.service(&named(name)).unwrap().service.is_some(),
            "{name}"
        );
    }
    assert!(observer.service(&named("missing")).unwrap().service.is_none());
    assert!(observer.service(&named("bad name")).is_none());
    assert!(
        observer
            .failure(&named("bad name"))
            .unwrap()
            .is("InvalidParameterException")
    );
}

#[tokio::test(start_paused = true)]
async fn those_who_ask_together_share_a_call() {
    let aws = FakeAws::new(|call| ecs(call, &["a", "b", "c"], ""));
    let observer = observer(&aws);
    let (a, b, again) = (named("a"), named("nothing"), named("a"));
    let (a, b, again) = tokio::join!(
        observer.read_fresh(&a),
        observer.read_fresh(&b),
        observer.read_fresh(&again)
    );
    assert!(a.unwrap().service.is_some() && again.unwrap().service.is_some());
    assert!(b.unwrap().service.is_none());
    // A read that somebody decides on also looks for rollouts that were taken back.
    let expected = [
        ("DescribeServices".to_owned(), 1),
        ("ListServiceDeployments".to_owned(), 1),
    ];
    assert_eq!(aws.counts(), expected.into());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_questions_is_gathered_into_batches() {
    let aws = FakeAws::new(|call| ecs(call, &[], ""));
    let observer = observer(&aws);
    let mut asked = JoinSet::new();
    let started = tokio::time::Instant::now();
    for number in 0..100 {
        let one = observer.clone();
        asked.spawn(async move { one.read_fresh(&named(&format!("s{number}"))).await.map(|_| ()) });
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    while let Some(answer) = asked.join_next().await {
        answer.unwrap().unwrap();
    }
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "nobody waits for much more than a second"
    );
    let calls = aws.counts()["DescribeServices"];
    assert!(
        calls <= 18,
        "{calls} calls for a hundred services that come ten a second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sweep_begun_before_a_write_does_not_show_its_past() {
    let aws = FakeAws::new(|call| ecs(call, &["a"], "")).slow(Duration::from_secs(3));
    let observer = observer(&aws);
    observer.watch(&named("a"), &object("a"));
    seconds(1).await;
    observer.wrote(&named("a"));
    // The sweep has four calls to make, three seconds each; it ends at 15 s.
    for _ in 0..15 {
        seconds(1).await;
        assert!(observer.service(&named("a")).is_none());
    }
    seconds(20).await;
    assert!(observer.service(&named("a")).is_some(), "the next one counts");
}

#[tokio::test(start_paused = true)]
async fn the_first_revision_of_what_was_just_made_is_read_only_if_another_runs() {
    for (deployment, reads) in [("ecs-svc/1", 0), ("ecs-svc/2", 1)] {
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            "DescribeServices" => {
                let mut service = service("a");
                service["currentServiceRevisions"] = json!([{"arn": "revision/1"}]);
                service["deployments"][0]["id"] = json!(deployment);
                (200, json!({"services": [service]}))
            }
            "DescribeServiceRevisions" => (200, json!({"serviceRevisions": []})),
            _ => ecs(call, &["a"], ""),
        });
        let observer = observer(&aws);
        observer.watch(&named("a"), &object("a"));
        observer.wrote(&named("a"));
        let asked_for = from_wire(&json!({"taskDefinition": "web:1"})).unwrap();
        let made = ServiceView::created(from_wire(&service("a")).unwrap(), Some(asked_for), observer.now());
        observer.showed(&named("a"), made);
        seconds(3).await;
        let revisions = observer.service(&named("a")).unwrap().revisions.clone();
        let known: Vec<_> = revisions
            .iter()
            .map(|revision| (revision.service_revision_arn(), revision.task_definition()))
            .collect();
        let expected = [(Some("revision/1"), Some("web:1"))];
        assert_eq!(known, expected[reads..], "{deployment}");
        let counted = aws.counts().get("DescribeServiceRevisions").copied();
        assert_eq!(counted.unwrap_or(0), reads, "{deployment}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_that_vanish_at_once_look_like_an_outage() {
    let aws = FakeAws::new(|call| ecs(call, &["there"], ""));
    let observer = observer(&aws);
    for name in ["there", "m1", "m2", "m3", "m4"] {
        observer.watch(&named(name), &object(name));
        observer.expect(&named(name), true);
    }
    seconds(31).await;
    assert!(
        !observer.looks_emptied(),
        "four may have been deleted by somebody"
    );
    observer.watch(&named("m5"), &object("m5"));
    observer.expect(&named("m5"), true);
    seconds(31).await;
    assert!(observer.looks_emptied());
    observer.expect(&named("m5"), false);
    assert!(
        !observer.looks_emptied(),
        "what we deleted ourselves does not count"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_is_looked_for_again_once_its_cluster_appears() {
    let there = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let exists = there.clone();
    let aws = FakeAws::new(move |call| match call.operation.as_str() {
        "DescribeClusters" if exists.load(std::sync::atomic::Ordering::Relaxed) => (
            200,
            json!({"clusters": [{"clusterName": "main", "status": "ACTIVE"}]}),
        ),
        "DescribeClusters" => (200, json!({"clusters": []})),
        _ if exists.load(std::sync::atomic::Ordering::Relaxed) => ecs(call, &[], ""),
        _ => refusal(400, "ClusterNotFoundException", "Cluster not found."),
    });
    let observer = observer(&aws);
    let cluster = ClusterKey {
        cluster: "main".to_owned(),
    };
    observer.watch(&named("a"), &object("a"));
    observer.watch(&cluster, &ObjectKey::namespaced(Kind::EcsCluster, "shop", "main"));
    seconds(3600).await;
    assert!(observer.service(&named("a")).unwrap().cluster_missing);
    there.store(true, std::sync::atomic::Ordering::Relaxed);
    observer.wrote(&cluster);
    assert!(
        observer.service(&named("a")).is_none(),
        "what was known holds no longer"
    );
    seconds(1).await;
    assert!(!observer.service(&named("a")).unwrap().cluster_missing);
}

#[tokio::test(start_paused = true)]
async fn ends_with_its_owner() {
    let aws = FakeAws::new(|call| ecs(call, &["a"], ""));
    let one = observer(&aws);
    one.watch(&named("a"), &object("a"));
    seconds(1).await;
    drop(one);
    let before = aws.counts();
    seconds(600).await;
    assert_eq!(aws.counts(), before);
}
