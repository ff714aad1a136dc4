//! Service Connect: what Cloud Map would have of it (ecs-semantics.md §10.4). Cloud Map is not there, so ids follow from names.

use aws_sdk_ecs::types::{ServiceConnectConfiguration, ServiceConnectServiceResource};

use crate::world::ids::Ids;
use crate::world::{Realm, RealmId};

/// A namespace's ARN, whether it is given by ARN or by name. One that is only named is made, and gets an id that depends on
/// nothing but its name.
pub fn namespace_arn(id: &RealmId, given: &str) -> String {
    if given.starts_with("arn:") {
        return given.to_owned();
    }
    discovery_arn(id, &format!("namespace/ns-{}", Ids::new(0, given).hex(16)))
}

/// Whether the namespace of this ARN is the default of a cluster.
pub fn is_default(realm: &Realm, namespace: &str) -> bool {
    let mut defaults = realm
        .clusters
        .values()
        .filter_map(|record| record.cluster.service_connect_defaults());
    defaults.any(|known| known.namespace() == Some(namespace))
}

/// The discovery services of a deployment, as it shows them.
pub fn resources(id: &RealmId, connect: &ServiceConnectConfiguration) -> Vec<ServiceConnectServiceResource> {
    let namespace = namespace_arn(id, connect.namespace().unwrap_or_default());
    let services = connect.services().iter().filter(|_| connect.enabled);
    services
        .map(|service| {
            let name = service.discovery_name().unwrap_or(service.port_name());
            let number = Ids::new(0, &format!("{namespace}/{name}")).hex(16);
            ServiceConnectServiceResource::builder()
                .discovery_name(name)
                .discovery_arn(discovery_arn(id, &format!("service/srv-{number}")))
                .build()
        })
        .collect()
}

fn discovery_arn(id: &RealmId, tail: &str) -> String {
    let (partition, RealmId { account, region }) = (id.partition(), id);
    format!("arn:{partition}:servicediscovery:{region}:{account}:{tail}")
}

#[cfg(test)]
mod tests {
    use ecs_model::shape;
    use serde_json::json;

    use super::*;

    #[test]
    fn discovery_services_have_the_name_that_is_given_or_the_ports() {
        let id = RealmId {
            account: "1".to_owned(),
            region: "r".to_owned(),
        };
        let names = |enabled: bool| -> Vec<String> {
            let connect = json!({
                "enabled": enabled, "namespace": "local",
                "services": [{"portName": "http"}, {"portName": "admin", "discoveryName": "ops"}],
            });
            let connect = shape::from_wire(&connect).unwrap();
            let resources = resources(&id, &connect);
            resources
                .iter()
                .map(|found| found.discovery_name().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(true), ["http", "ops"]);
        assert!(names(false).is_empty());
        let arn = namespace_arn(&id, "local");
        assert!(
            arn.starts_with("arn:aws:servicediscovery:r:1:namespace/ns-"),
            "{arn}"
        );
        assert_eq!(namespace_arn(&id, &arn), arn);
    }
}
