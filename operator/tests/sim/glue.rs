//! Where the simulation meets the real parts: the backend, the CRDs, and the operator's own `app`.

use std::sync::{Arc, LazyLock};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_backend::{Options, Server};
use ecs_operator::app::{self, Deps, Settings};
use ecs_operator::aws::account::AwsBase;
use ecs_operator::clock::{Clock, SharedClock};
use ecs_operator::leadership;
use tokio_util::sync::CancellationToken;

use crate::aws::{Backend, Request, Response};
use crate::clock::VirtualClock;
use crate::fault::FaultPlan;
use crate::process::{Env, Program};
use crate::world::World;

/// The CRDs as they are installed; the same for every world.
static CRDS: LazyLock<Vec<serde_json::Value>> = LazyLock::new(|| {
    ecs_crds::all_crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).expect("a CRD is JSON"))
        .collect()
});

/// How a world is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    replicas: usize,
    timing: ecs_backend::TimingMode,
    /// Of ECS's documented request rates.
    budget_share: f64,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            replicas: 1,
            timing: ecs_backend::TimingMode::Fast,
            budget_share: 0.5,
        }
    }
}

impl Setting {
    /// ECS's own durations.
    pub(crate) fn with_aws_timing() -> Self {
        Self {
            timing: ecs_backend::TimingMode::Aws,
            ..Self::default()
        }
    }

    /// With requests as many as one likes: as in `cargo xtask bench`, which measures the operator and not ECS's limits.
    pub(crate) fn without_request_limits() -> Self {
        Self {
            budget_share: 20.0,
            ..Self::default()
        }
    }

    /// Several replicas, one of which leads.
    pub(crate) fn with_replicas(replicas: usize) -> Self {
        Self {
            replicas,
            ..Self::default()
        }
    }
}

/// A world with one running operator.
pub(crate) fn world(plan: FaultPlan) -> World {
    world_in(Setting::default(), plan)
}

/// A world in a setting of its own.
pub(crate) fn world_in(setting: Setting, plan: FaultPlan) -> World {
    let mut world = World::new(&CRDS, plan, |clock| backend(setting, clock), operator(setting));
    for _ in 0..setting.replicas {
        world.start_replica();
    }
    world
}

fn backend(setting: Setting, clock: &VirtualClock) -> Backend {
    let clock = clock.clone();
    let options = Options {
        timing: setting.timing,
        ..Options::default()
    };
    let server =
        Server::new(options, Arc::new(move || clock.now())).expect("a server without a data directory");
    Arc::new(move |request| answer(&server, request))
}

fn answer(server: &Server, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let answered = server.handle(&ecs_backend::Request {
        method: parts.method.to_string(),
        path: parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str)
            .to_owned(),
        headers,
        body: body.to_vec(),
    });
    let mut response = http::Response::builder().status(answered.status);
    for (name, value) in answered.headers {
        response = response.header(name, value);
    }
    response.body(answered.body.into()).expect("a response")
}

impl Clock for VirtualClock {
    fn now(&self) -> jiff::Timestamp {
        VirtualClock::now(self)
    }
}

/// The operator as it is, with everything from outside replaced.
fn operator(setting: Setting) -> Program {
    Arc::new(move |env: Env| {
        Box::pin(async move {
            let credentials = Credentials::new("test", "test", None, None, "simulation");
            let election = (setting.replicas > 1).then(|| leadership::Settings::in_namespace("kube-system"));
            let deps = Deps {
                kube: env.kube,
                aws: AwsBase {
                    http: env.http,
                    credentials: SharedCredentialsProvider::new(credentials),
                    endpoint: None,
                    budget_share: setting.budget_share,
                },
                clock: SharedClock::new(env.clock),
                seed: 1,
                identity: env.identity,
                admin: None,
                settings: Settings {
                    election,
                    ..Settings::default()
                },
            };
            let ended = app::run(deps, CancellationToken::new()).await;
            panic!("the operator ended by itself: {ended:?}");
        })
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::config::{BehaviorVersion, Region};

    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::fault::Fault;
    use crate::link::Link;
    use crate::oracles::EcsView;

    fn sdk(world: &World) -> aws_sdk_ecs::Client {
        let link = Link::open(world.effects.clone(), world.clock.clone());
        let config = aws_sdk_ecs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "sim"))
            .retry_config(aws_sdk_ecs::config::retry::RetryConfig::disabled())
            .http_client(world.aws.client(link))
            .build();
        aws_sdk_ecs::Client::from_conf(config)
    }

    #[tokio::test(start_paused = true)]
    async fn the_sdk_reaches_the_backend_and_meets_the_faults() {
        let plan = FaultPlan::at(1, Fault::RequestLost)
            .and(2, Fault::AnswerLost)
            .and(3, Fault::TooManyRequests);
        let world = World::new(
            &[],
            plan,
            |clock| backend(Setting::default(), clock),
            operator(Setting::default()),
        );
        let client = sdk(&world);
        let clusters = || {
            world
                .aws
                .ask("ListClusters", &serde_json::json!({}))
                .expect("an answer")["clusterArns"]
                .clone()
        };
        assert!(
            client.create_cluster().cluster_name("a").send().await.is_err(),
            "the request is lost"
        );
        assert_eq!(clusters().as_array().map(Vec::len), Some(0));
        assert!(
            client.create_cluster().cluster_name("a").send().await.is_err(),
            "the answer is lost"
        );
        assert_eq!(clusters().as_array().map(Vec::len), Some(1));
        let throttled = client
            .create_cluster()
            .cluster_name("b")
            .send()
            .await
            .expect_err("throttled");
        assert!(
            format!("{throttled:?}").contains("ThrottlingException"),
            "{throttled:?}"
        );
        assert!(client.create_cluster().cluster_name("b").send().await.is_ok());
        assert_eq!(world.effects.count(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_auditor_sees_what_the_console_made() {
        let world = World::new(
            &[],
            FaultPlan::default(),
            |clock| backend(Setting::default(), clock),
            operator(Setting::default()),
        );
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let containers = json!([{"name": "app", "image": "nginx:1", "essential": true}]);
        for (operation, input) in [
            ("CreateCluster", json!({"clusterName": "main"})),
            (
                "RegisterTaskDefinition",
                json!({"family": "app", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"], "containerDefinitions": containers}),
            ),
            (
                "CreateService",
                json!({"cluster": "main", "serviceName": "web", "taskDefinition": "app", "desiredCount": 2,
                "launchType": "FARGATE", "networkConfiguration": network}),
            ),
        ] {
            world
                .aws
                .ask(operation, &input)
                .unwrap_or_else(|what| panic!("{operation}: {what}"));
        }
        world.pass(Duration::from_mins(1)).await;
        let view = EcsView::read(&world.aws);
        let running = view.service("web").map(|service| service["runningCount"].clone());
        assert_eq!(running, Some(json!(2)), "{view:?}");
        assert_eq!((view.clusters.len(), view.families.len()), (1, 1));
    }
}
