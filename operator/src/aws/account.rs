//! Targets: where calls go. One [`Target`] per account, region, role, external id and endpoint, made once and kept.
//!
//! Before a target's first mutating call, STS is asked whose credentials these are; if they belong to another account
//! than the target names, nothing is ever changed there (design.md §2.2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::{
    AppName, BehaviorVersion, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use tokio::time::Instant;

use crate::aws::budget::Budget;
use crate::aws::call::Operation;
use crate::aws::connector::Gate;
use crate::aws::ecs_clock::EcsClock;
use crate::aws::error::{AwsError, Class};
use crate::aws::fence::Fence;
use crate::aws::operation::mutates;
use crate::aws::role::AssumedRole;
use crate::clock::SharedClock;
use crate::telemetry::metrics::Metrics;

/// How long a verified identity is trusted: credentials behind the default chain can be exchanged.
const IDENTITY_TRUSTED: Duration = Duration::from_hours(1);
/// How much longer while STS cannot be asked again: its outage is no sign of other credentials.
const IDENTITY_OUTLIVES: Duration = Duration::from_hours(1);
/// How long a failed or wrong identity stands before STS is asked again.
const REFUSAL_STANDS: Duration = Duration::from_secs(5);

/// The operation that tells whose credentials are used.
const IDENTITY: &str = "GetCallerIdentity";

/// What distinguishes one target from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetKey {
    /// The 12-digit account in which everything happens.
    pub account: String,
    /// The region, as `eu-west-1`.
    pub region: String,
    /// The role to assume; none means the operator's own credentials.
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Another endpoint than AWS's own, as `http://127.0.0.1:4510`; it also answers for STS.
    pub endpoint: Option<String>,
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// What every target is built from.
#[derive(Debug, Clone)]
pub struct AwsBase {
    /// Carries the requests; the simulation injects an in-process one.
    pub http: SharedHttpClient,
    /// The operator's own credentials.
    pub credentials: SharedCredentialsProvider,
    /// The endpoint of targets that name none; `None` means AWS's own.
    pub endpoint: Option<String>,
    /// Share of ECS's documented request rates that this process allows itself (0.01 to 100).
    pub budget_share: f64,
}

/// All targets of the process.
#[derive(Debug)]
pub struct Accounts {
    base: AwsBase,
    fence: Fence,
    clock: SharedClock,
    metrics: Arc<Metrics>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    targets: BTreeMap<TargetKey, Arc<Target>>,
    /// Shared by all roles in one account and region, since ECS counts so.
    budgets: BTreeMap<(String, String, Option<String>), Arc<Budget>>,
}

impl Accounts {
    /// No targets yet; they are made when first asked for.
    pub fn new(base: AwsBase, fence: Fence, clock: SharedClock, metrics: Arc<Metrics>) -> Self {
        Self {
            base,
            fence,
            clock,
            metrics,
            known: Mutex::default(),
        }
    }

    /// The target of this key. Makes no call.
    pub fn target(&self, key: &TargetKey) -> Arc<Target> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.targets.get(key) {
            return target.clone();
        }
        let pays = (key.account.clone(), key.region.clone(), key.endpoint.clone());
        let share = self.base.budget_share;
        let budget = known
            .budgets
            .entry(pays)
            .or_insert_with(|| Arc::new(Budget::of_share(share)))
            .clone();
        let target = Arc::new(self.build(key, budget));
        known.targets.insert(key.clone(), target.clone());
        target
    }

    /// Allows this share (percent, 1 to 100) of ECS's documented request rates in a target's account and region; where none is
    /// said, that of the process.
    pub fn set_budget(&self, key: &TargetKey, percent: Option<u8>) {
        let share = percent.map_or(self.base.budget_share, |percent| f64::from(percent) / 100.0);
        self.target(key).budget.set_share(share);
    }

    fn build(&self, key: &TargetKey, budget: Arc<Budget>) -> Target {
        let ecs_clock = Arc::new(EcsClock::default());
        let gate = SharedHttpClient::new(Gate::new(
            self.base.http.clone(),
            budget.clone(),
            self.fence.clone(),
            ecs_clock.clone(),
        ));
        let endpoint = key.endpoint.clone().or_else(|| self.base.endpoint.clone());
        let own = self.base.credentials.clone();
        let credentials = match &key.role {
            None => own,
            Some(role) => SharedCredentialsProvider::new(AssumedRole {
                sts: sts_client(key, &gate, own, endpoint.as_deref(), &self.clock),
                role: role.clone(),
                external_id: key.external_id.clone(),
            }),
        };
        Target {
            key: key.clone(),
            sts: sts_client(key, &gate, credentials.clone(), endpoint.as_deref(), &self.clock),
            ecs: ecs_client(key, gate, credentials, endpoint.as_deref(), &self.clock),
            budget,
            ecs_clock,
            identity: tokio::sync::Mutex::new(None),
            metrics: self.metrics.clone(),
        }
    }
}

/// One account, region and role, ready to be called.
#[derive(Debug)]
pub struct Target {
    /// What it is known by.
    pub key: TargetKey,
    ecs: aws_sdk_ecs::Client,
    sts: aws_sdk_sts::Client,
    budget: Arc<Budget>,
    ecs_clock: Arc<EcsClock>,
    identity: tokio::sync::Mutex<Option<Identity>>,
    metrics: Arc<Metrics>,
}

/// Whose credentials a target has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account that they belong to.
    pub account: String,
    /// The user's or role session's ARN.
    pub arn: String,
}

/// What STS said, and until when that is believed.
#[derive(Debug)]
struct Identity {
    finding: Result<Caller, AwsError>,
    /// When STS is asked again.
    until: Instant,
    /// When it is not believed any more, though STS cannot be asked.
    at_most: Instant,
}

impl Target {
    /// Sends one ready-made input. The account is verified before the first call that changes anything.
    ///
    /// # Errors
    /// The sorted error of AWS; `Credentials` when there are none, `WrongAccount` ([`Class::Denied`]) when the account is not the one
    /// named.
    pub async fn call<T: Operation>(&self, input: T) -> Result<T::Output, AwsError> {
        if mutates(T::NAME) {
            self.verify().await?;
        }
        let started = Instant::now();
        let answer = input.send(&self.ecs).await;
        self.record(T::NAME, answer.as_ref().err(), started);
        answer
    }

    /// The present moment by ECS's own clock; `None` before its first answer.
    pub fn now_at_ecs(&self) -> Option<jiff::Timestamp> {
        self.ecs_clock.now()
    }

    /// Whose credentials these are; STS is asked at most once an hour, and every 5 s after a failure or a wrong account.
    /// Where it was the right account, a failure that heals by itself changes nothing for another hour.
    ///
    /// # Errors
    /// What STS answered, or that the role could not be assumed.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let mut identity = self.identity.lock().await;
        if let Some(known) = &*identity
            && Instant::now() < known.until
        {
            return known.finding.clone();
        }
        let finding = self.ask_identity().await;
        let now = Instant::now();
        let heals = |error: &AwsError| matches!(error.class, Class::Transient | Class::Throttled);
        if finding.as_ref().is_err_and(heals)
            && let Some(known) = &mut *identity
            && now < known.at_most
        {
            known.until = now + REFUSAL_STANDS;
            return known.finding.clone();
        }
        let right = finding
            .as_ref()
            .is_ok_and(|caller| caller.account == self.key.account);
        let (stands, outlives) = if right {
            (IDENTITY_TRUSTED, IDENTITY_OUTLIVES)
        } else {
            (REFUSAL_STANDS, Duration::ZERO)
        };
        *identity = Some(Identity {
            finding: finding.clone(),
            until: now + stands,
            at_most: now + stands + outlives,
        });
        finding
    }

    /// Makes sure that the credentials belong to the account that the key names.
    ///
    /// # Errors
    /// `WrongAccount` when they do not; else as [`Target::caller`].
    pub async fn verify(&self) -> Result<(), AwsError> {
        let found = self.caller().await?.account;
        if found == self.key.account {
            return Ok(());
        }
        let words = format!(
            "the credentials belong to account {found}, not to {}; nothing is changed there",
            self.key.account
        );
        Err(AwsError::local(IDENTITY, Class::Denied, "WrongAccount", words))
    }

    async fn ask_identity(&self) -> Result<Caller, AwsError> {
        let started = Instant::now();
        let answer = Box::pin(self.sts.get_caller_identity().send())
            .await
            .map_err(|error| AwsError::from_sdk(IDENTITY, &error));
        self.record(IDENTITY, answer.as_ref().err(), started);
        let answer = answer?;
        Ok(Caller {
            account: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
        })
    }

    fn record(&self, operation: &'static str, error: Option<&AwsError>, started: Instant) {
        let class = error.map_or("ok", |error| error.class.as_str());
        self.metrics.aws_call(operation, class, started.elapsed());
        if let Some(error) = error {
            tracing::debug!(
                target = %self.key, operation, class, code = %error.code, request = error.request_id,
                "AWS call failed: {}", error.message
            );
        }
    }
}

/// The stock classifier takes `LimitExceededException` for throttling; for ECS it is a full quota, and repeating the
/// request only drains the retry budget.
#[derive(Debug)]
struct QuotaIsNoThrottling;

impl ClassifyRetry for QuotaIsNoThrottling {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|response| response.body().bytes());
        let quota = body.is_some_and(|body| String::from_utf8_lossy(body).contains("LimitExceededException"));
        if quota {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "QuotaIsNoThrottling"
    }
}

macro_rules! client {
    ($sdk:ident, $key:expr, $http:expr, $credentials:expr, $endpoint:expr, $clock:expr) => {{
        let mut config = $sdk::config::Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new($key.region.clone()))
            .http_client($http)
            .credentials_provider($credentials)
            .time_source($clock.clone())
            .sleep_impl(TokioSleep::new())
            .timeout_config(timeouts())
            .retry_config(attempts())
            .retry_partition(partition($key))
            .retry_classifier(QuotaIsNoThrottling)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url($endpoint.map(str::to_owned));
        config.set_app_name(AppName::new("ecs-operator").ok());
        $sdk::Client::from_conf(config.build())
    }};
}

fn ecs_client(
    key: &TargetKey,
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    endpoint: Option<&str>,
    clock: &SharedClock,
) -> aws_sdk_ecs::Client {
    client!(aws_sdk_ecs, key, http, credentials, endpoint, clock)
}

fn sts_client(
    key: &TargetKey,
    http: &SharedHttpClient,
    credentials: SharedCredentialsProvider,
    endpoint: Option<&str>,
    clock: &SharedClock,
) -> aws_sdk_sts::Client {
    client!(aws_sdk_sts, key, http.clone(), credentials, endpoint, clock)
}

/// Connecting only: the wire's limit is the gate's, which does not count the time spent queueing for the budget.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .build()
}

/// A second attempt at once, at most; after that our own backoff speaks. No jitter, so that a simulation repeats exactly.
fn attempts() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(2)
        .with_initial_backoff(Duration::from_millis(200))
        .with_use_static_exponential_base(true)
}

/// The SDK's default partition is shared by all accounts of a region; one throttled account must not starve another.
fn partition(key: &TargetKey) -> RetryPartition {
    RetryPartition::custom(key.to_string())
        .token_bucket(TokenBucket::default())
        .build()
}

#[cfg(test)]
mod tests;
