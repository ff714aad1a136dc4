//! A metrics adapter as small as can be: one external metric, whose value the test sets.
//!
//! It joins the API server as any adapter does: an `APIService` names it, and it talks only to who shows the aggregation layer's
//! certificate, since it believes the headers in which the API server says on whose behalf it asks.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecs_e2e::certificates::{Authority, Certified};
use ecs_e2e::questions::Questions;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::site::Site;

/// What is measured.
pub const METRIC: &str = "queue_length";

/// The name of its `Service`, for which its certificate is made out.
const NAME: &str = "queue-metrics";
const NAMESPACE: &str = "default";
const GROUP: &str = "external.metrics.k8s.io";
const VERSION: &str = "v1beta1";

/// The adapter, which has joined. It listens until the test ends.
pub struct MetricsApi {
    measured: Arc<Measured>,
    objects: String,
}

/// What the connections share.
struct Measured {
    value: AtomicI64,
    asked_by: Mutex<BTreeSet<String>>,
}

impl MetricsApi {
    /// Listens on this machine, joins the API server, and waits until that has found it.
    pub fn joined(site: &Site, value: i64) -> Self {
        let listener = TcpListener::bind((site.node.host_address(), 0)).unwrap();
        let authority = Authority::new("ecs-e2e metrics").unwrap();
        let own = authority.server(&[format!("{NAME}.{NAMESPACE}.svc")]).unwrap();
        let tls = tls(&own, &front_proxies(site));
        let api = Self {
            measured: Arc::new(Measured {
                value: AtomicI64::new(value),
                asked_by: Mutex::default(),
            }),
            objects: objects(listener.local_addr().unwrap(), &authority.pem()),
        };
        let measured = Arc::clone(&api.measured);
        thread::spawn(move || serve(&listener, &tls, &measured));
        site.kubectl().apply(&api.objects).unwrap();
        let service = format!("apiservice/{VERSION}.{GROUP}");
        site.ask(&["wait", "--for=condition=Available", &service, "--timeout=60s"]);
        api
    }

    /// From now on, so much is measured.
    pub fn set(&self, value: i64) {
        self.measured.value.store(value, Ordering::Relaxed);
    }

    /// The users on whose behalf the API server asked for the metric.
    pub fn asked_by(&self) -> BTreeSet<String> {
        self.measured.asked_by.lock().unwrap().clone()
    }

    /// Leaves the API server: what is registered and does not answer keeps namespaces from ending.
    pub fn leave(self, site: &Site) {
        site.kubectl()
            .feed(&["delete", "-f", "-"], &self.objects)
            .unwrap();
    }
}

/// The authority of the certificate that the API server shows, from where adapters read it.
fn front_proxies(site: &Site) -> String {
    let map = [
        "get",
        "configmap",
        "extension-apiserver-authentication",
        "--namespace=kube-system",
    ];
    let read = site.kubectl().json(&map).unwrap();
    let authority = read["data"]["requestheader-client-ca-file"].as_str();
    authority.unwrap().to_owned()
}

/// Who has no certificate of the front proxies' authority gets no connection.
fn tls(own: &Certified, front_proxies: &str) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut trusted = RootCertStore::empty();
    trusted
        .add(CertificateDer::from_pem_slice(front_proxies.as_bytes()).unwrap())
        .unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider));
    let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

/// What makes it a part of the API: the API server reaches it through the endpoint of a `Service` that selects no pods.
fn objects(at: SocketAddr, authority: &str) -> String {
    let port = at.port();
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"ports": [{"port": 443, "targetPort": port}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": NAME}},
            "ports": [{"name": "", "port": port}], "endpoints": [{"addresses": [at.ip()]}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": format!("{VERSION}.{GROUP}")},
            "spec": {
                "group": GROUP, "version": VERSION, "groupPriorityMinimum": 100, "versionPriority": 100,
                "caBundle": STANDARD.encode(authority), "service": {"name": NAME, "namespace": NAMESPACE, "port": 443},
            },
        },
    ]})
    .to_string()
}

fn serve(listener: &TcpListener, tls: &Arc<ServerConfig>, measured: &Arc<Measured>) {
    for connection in listener.incoming().filter_map(Result::ok) {
        let (tls, measured) = (Arc::clone(tls), Arc::clone(measured));
        thread::spawn(move || {
            // Whoever asks may be gone before the answer: the API server looks for it five times at once, and takes the first.
            let _ = answer(connection, tls, &measured);
        });
    }
}

/// Answers one request; the next one comes by another connection.
fn answer(connection: TcpStream, tls: Arc<ServerConfig>, measured: &Measured) -> io::Result<()> {
    let session = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(session, connection));
    let head = BufRead::lines(&mut stream).take_while(|line| !matches!(line.as_deref(), Ok("")));
    let head: Vec<String> = head.collect::<Result<_, _>>()?;
    let (status, body) = match measured.answer_to(&head) {
        Some(body) => ("200 OK", body),
        None => (
            "404 Not Found",
            json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}),
        ),
    };
    let (stream, body) = (stream.get_mut(), body.to_string());
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

impl Measured {
    /// The answer to a request with this head; none where there is nothing at its path.
    fn answer_to(&self, head: &[String]) -> Option<Value> {
        let target = head.first()?.split(' ').nth(1)?;
        let path = target.split('?').next()?;
        let (api, version) = (format!("/apis/{GROUP}/{VERSION}"), format!("{GROUP}/{VERSION}"));
        if path == api {
            return Some(
                json!({"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": version, "resources": [
                {"name": METRIC, "singularName": "", "namespaced": true, "kind": "ExternalMetricValueList", "verbs": ["get"]}]}),
            );
        }
        if path != format!("{api}/namespaces/{NAMESPACE}/{METRIC}") {
            return None;
        }
        self.asked_by.lock().unwrap().extend(user(head));
        // The autoscaler has no use for the time of measurement.
        let value = self.value.load(Ordering::Relaxed).to_string();
        Some(
            json!({"apiVersion": version, "kind": "ExternalMetricValueList", "metadata": {}, "items": [
            {"metricName": METRIC, "metricLabels": {}, "timestamp": null, "value": value}]}),
        )
    }
}

/// On whose behalf the API server asks.
fn user(head: &[String]) -> Option<String> {
    let mut headers = head.iter().filter_map(|line| line.split_once(": "));
    headers
        .find(|(name, _)| name.eq_ignore_ascii_case("x-remote-user"))
        .map(|(_, user)| user.to_owned())
}
