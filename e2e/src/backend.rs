//! The `ecs-backend` binary as a child process, and plain HTTP to it: the control API and signed-looking ECS calls.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Error;
use crate::poll;
use crate::process::Process;
use crate::run_dir::RunDir;

/// How long it may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(25);
const GRACE: Duration = Duration::from_secs(3);
/// No answer of the backend takes long; a call that hangs is a bug that should be seen.
const CALL_WITHIN: Duration = Duration::from_secs(20);
/// The backend takes any signature, and reads the region from its scope.
const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0";

/// A running backend. Dropping it stops it.
#[derive(Debug)]
pub struct Backend {
    process: Process,
    client: Client,
}

/// What may be chosen about a backend.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary.
    pub binary: PathBuf,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// `fast` or `aws`: how long the phases of a task's life take.
    pub timing: String,
    /// Where its state is kept; in memory only where absent.
    pub data: Option<PathBuf>,
}

/// Talks to a backend, our own child or one that was started elsewhere.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
}

impl Backend {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// [`Error::Ended`] or [`Error::Timeout`] where it does not become ready.
    pub fn start(options: &Options, run: &RunDir) -> Result<Self, Error> {
        let mut command = Command::new(&options.binary);
        command
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", options.port))
            .arg("--timing")
            .arg(&options.timing);
        if let Some(data) = &options.data {
            command.arg("--data-dir").arg(data);
        }
        let mut process = Process::start("ecs-backend", command, run, GRACE)?;
        let client = Client::new(format!("http://127.0.0.1:{}", options.port));
        poll::until(
            "ecs-backend is not ready",
            READY_WITHIN,
            ASK_EVERY,
            || match process.check_running() {
                Err(_) => Ok(()),
                Ok(()) => client
                    .control_get("health")
                    .map(drop)
                    .map_err(|why| why.to_string()),
            },
        )?;
        process.check_running()?;
        Ok(Self { process, client })
    }

    /// Speaks to it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Fails where it has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check_running(&mut self) -> Result<(), Error> {
        self.process.check_running()
    }
}

impl Client {
    /// A client of the backend at `url` (`http://host:port`).
    pub fn new(url: String) -> Self {
        Self { url }
    }

    /// The endpoint URL, as an SDK takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls an ECS operation as any SDK does (AWS JSON 1.1, ecs-semantics.md §0.1) and gives its output.
    ///
    /// # Errors
    /// [`Error::Http`] with the error's type and message where ECS refuses.
    pub fn ecs(&self, operation: &str, input: &Value) -> Result<Value, Error> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let response = agent()
            .post(&self.url)
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", &target)
            .header("Authorization", AUTHORIZATION)
            .send(input.to_string());
        body(operation, response)
    }

    /// `GET /_backend/<what>`.
    ///
    /// # Errors
    /// [`Error::Http`] where the answer is no 2xx.
    pub fn control_get(&self, what: &str) -> Result<Value, Error> {
        get(&format!("{}/_backend/{what}", self.url))
    }

    /// `POST /_backend/<what>` without a body.
    ///
    /// # Errors
    /// [`Error::Http`] where the answer is no 2xx.
    pub fn control_post(&self, what: &str) -> Result<Value, Error> {
        let url = format!("{}/_backend/{what}", self.url);
        body(&format!("POST {url}"), agent().post(&url).send_empty())
    }

    /// How often each ECS operation was called since the start or the last reset.
    ///
    /// # Errors
    /// [`Error::Http`], and [`Error::Json`] where the answer holds no numbers.
    pub fn calls(&self) -> Result<BTreeMap<String, u64>, Error> {
        let answer = self.control_get("calls")?;
        let counts = answer.get("calls").unwrap_or(&answer);
        serde_json::from_value(counts.clone()).map_err(|why| Error::Json {
            what: "GET /_backend/calls".to_owned(),
            problem: format!("{why}: {answer}"),
        })
    }

    /// The calls that change something. ECS's reading operations are those named Describe…, List… and Discover….
    ///
    /// # Errors
    /// As [`Self::calls`].
    pub fn mutations(&self) -> Result<BTreeMap<String, u64>, Error> {
        let reads = ["Describe", "List", "Discover", "Get"];
        Ok(self
            .calls()?
            .into_iter()
            .filter(|(operation, _)| !reads.iter().any(|read| operation.starts_with(read)))
            .collect())
    }

    /// Registers an EC2 container instance with 4 vCPU and 16 GB of memory, as an agent does that comes up in `zone`.
    ///
    /// # Errors
    /// [`Error::Http`] where ECS refuses.
    pub fn register_instance(&self, cluster: &str, number: u32, zone: &str) -> Result<Value, Error> {
        let id = format!("i-{number:017x}");
        let document = json!({
            "accountId": "123456789012", "architecture": "x86_64", "availabilityZone": zone, "imageId": "ami-0123456789abcdef0",
            "instanceId": id, "instanceType": "m6i.xlarge", "region": "us-east-1", "version": "2017-09-30",
        });
        let integer =
            |name: &str, value: i64| json!({"name": name, "type": "INTEGER", "integerValue": value});
        let set = |name: &str, values: &[&str]| json!({"name": name, "type": "STRINGSET", "stringSetValue": values});
        let attribute = |name: &str, value: &str| json!({"name": name, "value": value});
        let capabilities = [
            "com.amazonaws.ecs.capability.docker-remote-api.1.21",
            "com.amazonaws.ecs.capability.task-iam-role",
            "ecs.capability.task-eni",
        ];
        let attributes: Vec<Value> = capabilities
            .iter()
            .map(|name| json!({"name": name}))
            .chain([
                attribute("ecs.availability-zone", zone),
                attribute("ecs.instance-type", "m6i.xlarge"),
                attribute("ecs.os-type", "linux"),
                attribute("ecs.cpu-architecture", "x86_64"),
            ])
            .collect();
        self.ecs(
            "RegisterContainerInstance",
            &json!({
                "cluster": cluster,
                "instanceIdentityDocument": document.to_string(),
                "totalResources": [
                    integer("CPU", 4096), integer("MEMORY", 15_884), set("PORTS", &["22", "2375", "2376", "51678", "51679"]), set("PORTS_UDP", &[]),
                ],
                "versionInfo": {"agentVersion": "1.89.0", "agentHash": "0000000", "dockerVersion": "DockerVersion: 25.0.8"},
                "attributes": attributes,
            }),
        )
    }
}

/// `GET url`; the body as JSON, or as a string where it is none.
///
/// # Errors
/// [`Error::Http`] where the answer is no 2xx.
pub fn get(url: &str) -> Result<Value, Error> {
    body(&format!("GET {url}"), agent().get(url).call())
}

/// `GET url` whose answer comes line by line and does not end soon, as a watch's.
///
/// # Errors
/// [`Error::Http`] where the answer is no 2xx.
pub fn stream(url: &str) -> Result<impl BufRead + Send + use<>, Error> {
    let failed = |problem: String| Error::Http {
        request: format!("GET {url}"),
        problem,
    };
    let request = ureq::get(url).config().proxy(None).build();
    let response = request.call().map_err(|why| failed(why.to_string()))?;
    Ok(BufReader::new(response.into_body().into_reader()))
}

/// Sends a JSON body with any method; for what is no call to ECS.
///
/// # Errors
/// [`Error::Http`] where the answer is no 2xx.
pub fn send(method: &str, url: &str, content_type: &str, value: &Value) -> Result<Value, Error> {
    let request = format!("{method} {url}");
    let built = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Content-Type", content_type)
        .body(value.to_string());
    let built = built.map_err(|why| Error::Http {
        request: request.clone(),
        problem: why.to_string(),
    })?;
    body(&request, agent().run(built))
}

/// Without the proxy that the environment may name: all that is asked runs on this machine.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .timeout_global(Some(CALL_WITHIN))
        .build()
        .into()
}

fn body(
    request: &str,
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value, Error> {
    let failed = |problem: String| Error::Http {
        request: request.to_owned(),
        problem,
    };
    let mut response = response.map_err(|why| failed(why.to_string()))?;
    let text = response
        .body_mut()
        .read_to_string()
        .map_err(|why| failed(why.to_string()))?;
    if !response.status().is_success() {
        return Err(failed(format!("{} {text}", response.status())));
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
