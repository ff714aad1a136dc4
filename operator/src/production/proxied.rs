//! The HTTP client for AWS, which goes through a proxy where the environment names one, as AWS's other tools do.
//!
//! `HTTPS_PROXY` is for AWS itself (a `CONNECT` tunnel: the proxy sees host names only), `HTTP_PROXY` for endpoints with `http://`, `ALL_PROXY` for
//! both, and `NO_PROXY` lists what is reached directly; each in small letters too. Kubernetes' API is not reached by this client.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The client. The SDK's own builder of HTTPS clients looks at no proxy, so the connector is built here, with all that the SDK sets.
pub fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector
            .set_connector_settings(settings.cloned())
            .set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build()
    })
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Stdio;
    use std::time::Duration;

    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_smithy_types::retry::RetryConfig;
    use aws_smithy_types::timeout::TimeoutConfig;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::process::Command;
    use tokio::time::timeout;

    use super::http_client;

    /// Set to an endpoint, it makes the test that is started again the one that calls it.
    const CALLER: &str = "ECS_OPERATOR_TEST_CALLS";
    const SOON: Duration = Duration::from_secs(30);

    /// An endpoint, the environment, and how what arrives at the listener begins.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    /// The environment belongs to the whole process, so each case is a process of its own: this test, started again. The proxy never
    /// answers, so a caller that ends shows that the SDK's timeouts hold on the way through it.
    #[tokio::test]
    async fn the_environment_names_the_proxy() {
        if let Ok(endpoint) = env::var(CALLER) {
            return call(&endpoint).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let proxy = format!("http://{here}");
        let direct = [format!("http://{here}"), format!("https://{here}")];
        let cases: [Case<'_>; 6] = [
            (
                "https://ecs.eu-west-1.amazonaws.com",
                &[("HTTPS_PROXY", &proxy)],
                "CONNECT ecs.eu-west-1.amazonaws.com:443 HTTP/1.1",
            ),
            (
                "https://ecs.eu-west-1.amazonaws.com",
                &[("https_proxy", &proxy), ("NO_PROXY", ".internal,10.0.0.0/8")],
                "CONNECT ecs.eu-west-1.amazonaws.com:443 HTTP/1.1",
            ),
            (
                "http://backend.internal:4510",
                &[("HTTP_PROXY", &proxy)],
                "POST http://backend.internal:4510/ HTTP/1.1",
            ),
            (&direct[0], &[("HTTPS_PROXY", &proxy)], "POST / HTTP/1.1"),
            (
                &direct[0],
                &[("HTTP_PROXY", &proxy), ("NO_PROXY", "127.0.0.1")],
                "POST / HTTP/1.1",
            ),
            // TLS begins at once.
            (
                &direct[1],
                &[("HTTPS_PROXY", &proxy), ("NO_PROXY", "127.0.0.0/8")],
                "\u{16}\u{3}",
            ),
        ];
        for (endpoint, variables, begins) in cases {
            let mut caller = Command::new(env::current_exe().unwrap());
            for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
                caller.env_remove(name).env_remove(name.to_lowercase());
            }
            caller
                .args([
                    "--exact",
                    "production::proxied::tests::the_environment_names_the_proxy",
                ])
                .env(CALLER, endpoint)
                .envs(variables.iter().copied())
                .stdout(Stdio::null())
                .kill_on_drop(true);
            let mut caller = caller.spawn().unwrap();
            let (mut connection, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
            let mut seen = vec![0; begins.len()];
            timeout(SOON, connection.read_exact(&mut seen))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                String::from_utf8_lossy(&seen),
                begins,
                "{endpoint} with {variables:?}"
            );
            let ended = timeout(SOON, caller.wait()).await.unwrap().unwrap();
            assert!(ended.success(), "{endpoint} with {variables:?}: {ended}");
        }
    }

    /// One attempt, which nobody answers.
    async fn call(endpoint: &str) {
        let short = Duration::from_millis(200);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(short)
            .read_timeout(short);
        let config = aws_sdk_ecs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(endpoint)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::disabled())
            .http_client(http_client())
            .build();
        let answer = aws_sdk_ecs::Client::from_conf(config)
            .list_clusters()
            .send()
            .await;
        assert!(answer.is_err(), "nobody answers");
    }
}
