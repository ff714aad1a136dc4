//! The protocol: what a request must have, and how a refusal looks.

use std::collections::BTreeMap;

use ecs_backend::{Options, Request};
use serde_json::{Value, json};

use crate::backend::{Backend, request, signature};

fn body(response: &ecs_backend::Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

#[test]
fn a_refusal_has_type_message_and_request_id() {
    let ecs = Backend::new();
    let response = ecs.send("DeleteCluster", &json!({"cluster": "nobody"}));
    assert_eq!(response.status, 400);
    assert_eq!(response.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(response.headers["x-amzn-requestid"].len(), 36);
    assert_eq!(
        body(&response),
        json!({"__type": "ClusterNotFoundException", "message": "Cluster not found."})
    );
}

#[test]
fn what_is_no_call_is_refused() {
    let ecs = Backend::new();
    let ask = |request: Request| {
        let response = ecs.server.handle(&request);
        (
            response.status,
            body(&response)["__type"].as_str().unwrap().to_owned(),
        )
    };
    let good = || request("eu-west-1", "ListClusters", b"{}".to_vec());
    let header = |name: &str, value: Option<&str>| {
        let mut request = good();
        match value {
            Some(value) => request.headers.insert(name.to_owned(), value.to_owned()),
            None => request.headers.remove(name),
        };
        request
    };
    let cases = [
        (
            header(
                "x-amz-target",
                Some("AmazonEC2ContainerServiceV20141113.CreateGateway"),
            ),
            "UnknownOperationException",
        ),
        (
            header("x-amz-target", Some("AmazonEC2ContainerServiceV20141113.Nothing")),
            "UnknownOperationException",
        ),
        (
            header("x-amz-target", Some("Logs_20140328.DescribeLogGroups")),
            "UnknownOperationException",
        ),
        (
            header("authorization", None),
            "MissingAuthenticationTokenException",
        ),
        (
            header("authorization", Some("AWS4-HMAC-SHA256 nonsense")),
            "IncompleteSignatureException",
        ),
        (
            request("eu-west-1", "ListClusters", b"[]".to_vec()),
            "SerializationException",
        ),
        (
            request("eu-west-1", "ListClusters", b"{\"maxResults\":".to_vec()),
            "SerializationException",
        ),
        (
            request(
                "eu-west-1",
                "ListClusters",
                b"{\"maxResults\": \"many\"}".to_vec(),
            ),
            "InvalidParameterException",
        ),
    ];
    for (request, code) in cases {
        assert_eq!(ask(request.clone()), (400, code.to_owned()), "{request:?}");
    }
    assert_eq!(
        ask(Request {
            method: "GET".to_owned(),
            ..good()
        }),
        (404, "UnknownOperationException".to_owned())
    );
    assert_eq!(ecs.server.handle(&good()).status, 200);
}

#[test]
fn regions_and_accounts_are_worlds_of_their_own() {
    let ecs = Backend::new();
    ecs.done("CreateCluster", &json!({"clusterName": "web"}));
    let clusters = |mut request: Request, changes: BTreeMap<String, String>| {
        request.headers.extend(changes);
        body(&ecs.server.handle(&request))["clusterArns"]
            .as_array()
            .unwrap()
            .len()
    };
    let list = |region: &str| request(region, "ListClusters", vec![]);
    assert_eq!(clusters(list("eu-west-1"), BTreeMap::new()), 1);
    assert_eq!(clusters(list("eu-west-2"), BTreeMap::new()), 0);
    let header = |key: &str| {
        BTreeMap::from([(
            "authorization".to_owned(),
            signature("eu-west-1").replace("=test/", &format!("={key}/")),
        )])
    };
    assert_eq!(clusters(list("eu-west-1"), header("AKIAIOSFODNN7EXAMPLE")), 1);
    assert_eq!(clusters(list("eu-west-1"), header("ASIA2109876543210A1B")), 0);
}

#[test]
fn sts_answers_on_the_same_port() {
    let ecs = Backend::new();
    let ask = |body: &str, authorized: bool| {
        let mut headers = BTreeMap::from([(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )]);
        if authorized {
            headers.insert(
                "authorization".to_owned(),
                signature("eu-west-1").replace("/ecs/", "/sts/"),
            );
        }
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        };
        let response = ecs.server.handle(&request);
        (response.status, String::from_utf8(response.body).unwrap())
    };
    let (status, answer) = ask("Action=GetCallerIdentity&Version=2011-06-15", true);
    assert_eq!(status, 200);
    assert!(answer.contains("<Account>123456789012</Account>"), "{answer}");
    let (status, answer) = ask(
        "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fops&RoleSessionName=me",
        true,
    );
    assert_eq!(status, 200);
    assert!(answer.contains("<AccessKeyId>ASIA210987654321"), "{answer}");
    assert!(
        ask("Action=GetCallerIdentity", false)
            .1
            .contains("<Code>MissingAuthenticationToken</Code>")
    );
    assert!(
        ask("Action=Nothing", true)
            .1
            .contains("<Code>InvalidAction</Code>")
    );
    assert!(ask("", true).1.contains("<Code>InvalidAction</Code>"));
}

#[test]
fn throttling_is_ecs_own_and_off_unless_asked_for() {
    let ecs = Backend::new();
    for _ in 0..60 {
        ecs.done("ListClusters", &json!({}));
    }
    let ecs = Backend::with(Options {
        throttle: true,
        ..Options::default()
    });
    for _ in 0..50 {
        ecs.done("ListClusters", &json!({}));
    }
    ecs.refused("ListClusters", &json!({}), "ThrottlingException", "Rate exceeded");
    ecs.pass(1_000);
    ecs.done("ListClusters", &json!({}));
}
