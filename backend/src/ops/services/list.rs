//! `ListServices` and `ListServicesByNamespace`.

use aws_sdk_ecs::operation::list_services::{ListServicesInput, ListServicesOutput};
use aws_sdk_ecs::operation::list_services_by_namespace::{
    ListServicesByNamespaceInput, ListServicesByNamespaceOutput,
};
use aws_sdk_ecs::types::error::NamespaceNotFoundException;
use aws_sdk_ecs::types::{LaunchType, ServiceConnectConfiguration, ServiceRevision};

use crate::engine::connect;
use crate::engine::hooks::services_of;
use crate::engine::records::ServiceRecord;
use crate::engine::starting::launch_type_of;
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page;
use crate::world::{Realm, RealmId};

/// How many services a page has unless the call says otherwise.
const PAGE: usize = 10;

impl Operation for ListServicesInput {
    type Output = ListServicesOutput;

    /// DRAINING and INACTIVE services are left out (ecs-semantics.md §3.15).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let cluster = realm.require_cluster(self.cluster())?;
        let wanted = |record: &ServiceRecord| {
            record.is_active()
                && self
                    .launch_type()
                    .is_none_or(|launch_type| runs_on(record, launch_type))
                && self
                    .scheduling_strategy()
                    .is_none_or(|given| record.service.scheduling_strategy() == Some(given))
                && self
                    .resource_management_type()
                    .is_none_or(|given| record.service.resource_management_type() == Some(given))
        };
        let arns: Vec<String> = services_of(realm, &cluster)
            .filter(|(_, record)| wanted(record))
            .filter_map(|(_, record)| record.service.service_arn.clone())
            .collect();
        let (arns, next) = page(arns, self.next_token(), self.max_results, PAGE)?;
        Ok(ListServicesOutput::builder()
            .set_service_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}

fn runs_on(record: &ServiceRecord, launch_type: &LaunchType) -> bool {
    let by_provider = record.service.capacity_provider_strategy().first();
    by_provider
        .map(|item| launch_type_of(&item.capacity_provider))
        .as_ref()
        .or(record.service.launch_type())
        == Some(launch_type)
}

impl Operation for ListServicesByNamespaceInput {
    type Output = ListServicesByNamespaceOutput;

    /// There is no Cloud Map to ask: a namespace is there if a cluster or a service that is remembered has named it.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let namespace = connect::namespace_arn(&realm.id, self.namespace().unwrap_or_default());
        let of_service = |record: &ServiceRecord| is_named(&realm.id, record, &namespace);
        if !connect::is_default(realm, &namespace) && !realm.services.values().any(of_service) {
            let message = "The specified namespace wasn't found.";
            return Err(Fault::of(
                &NamespaceNotFoundException::builder().message(message).build(),
            ));
        }
        let arns: Vec<String> = realm
            .services
            .values()
            .filter(|record| record.is_active() && is_in(&realm.id, record, &namespace))
            .filter_map(|record| record.service.service_arn.clone())
            .collect();
        let (arns, next) = page(arns, self.next_token(), self.max_results, PAGE)?;
        Ok(ListServicesByNamespaceOutput::builder()
            .set_service_arns(Some(arns))
            .set_next_token(next)
            .build())
    }
}

/// Whether Service Connect is on in a service, within the namespace of this ARN.
fn is_in(id: &RealmId, record: &ServiceRecord, namespace: &str) -> bool {
    let revision = record
        .primary()
        .and_then(|primary| record.revision(&primary.revision));
    let connect = revision.and_then(ServiceRevision::service_connect_configuration);
    connect.is_some_and(|connect| uses(id, connect, namespace))
}

/// Whether a revision of the service, of now or before, is within the namespace of this ARN.
fn is_named(id: &RealmId, record: &ServiceRecord, namespace: &str) -> bool {
    let mut connects = record
        .revisions
        .iter()
        .filter_map(ServiceRevision::service_connect_configuration);
    connects.any(|connect| uses(id, connect, namespace))
}

fn uses(id: &RealmId, connect: &ServiceConnectConfiguration, namespace: &str) -> bool {
    let own = connect.namespace().unwrap_or_default();
    connect.enabled && connect::namespace_arn(id, own) == namespace
}
