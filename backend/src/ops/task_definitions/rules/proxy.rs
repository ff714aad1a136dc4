//! The App Mesh proxy (ecs-semantics.md §2.11).

use aws_sdk_ecs::types::{NetworkMode, ProxyConfiguration};

use super::{Input, Verdict, demand, find};

pub(super) fn check(input: &Input) -> Verdict {
    let Some(proxy) = input.proxy_configuration() else {
        return Ok(());
    };
    demand(input.network_mode() == Some(&NetworkMode::Awsvpc), || {
        "APPMESH proxy configuration is only supported in networkMode=awsvpc".to_owned()
    })?;
    let container = proxy.container_name();
    demand(find(input, container).is_some(), || {
        format!("Proxy container [{container}] does not exist")
    })?;
    demand(is_port(property(proxy, "ProxyIngressPort")), || {
        "Ingress port not found".to_owned()
    })?;
    demand(is_port(property(proxy, "ProxyEgressPort")), || {
        "Egress port not found".to_owned()
    })?;
    let ignored = property(proxy, "IgnoredUID").or_else(|| property(proxy, "IgnoredGID"));
    demand(ignored.is_some(), || {
        "The proxy configuration needs the property IgnoredUID or IgnoredGID.".to_owned()
    })?;
    demand(property(proxy, "AppPorts").is_some(), || {
        "The proxy configuration needs the property AppPorts.".to_owned()
    })
}

fn property<'a>(proxy: &'a ProxyConfiguration, name: &str) -> Option<&'a str> {
    let found = proxy
        .properties()
        .iter()
        .find(|property| property.name() == Some(name))?;
    found.value().filter(|value| !value.is_empty())
}

fn is_port(value: Option<&str>) -> bool {
    value
        .and_then(|value| value.parse::<u16>().ok())
        .is_some_and(|port| port > 0)
}
