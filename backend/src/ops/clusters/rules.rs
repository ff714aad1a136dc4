//! What ECS demands of a cluster's members, whichever operation sets them.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::error::ResourceInUseException;
use aws_sdk_ecs::types::{
    Attachment, CapacityProviderStatus, CapacityProviderStrategyItem, ClusterConfiguration,
    ClusterServiceConnectDefaults, ClusterServiceConnectDefaultsRequest, ClusterSetting, ClusterSettingName,
    ExecuteCommandLogging, KeyValuePair,
};

use crate::engine::connect;
use crate::fault::Fault;
use crate::ops::capacity_providers::FARGATE;
use crate::world::Realm;
use crate::world::ids::Ids;
use crate::world::names::RealmId;

/// The letters of a cluster's name (ecs-semantics.md §0.3).
pub fn name(name: &str) -> Result<(), Fault> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || !name.chars().all(legal) {
        return Err(Fault::invalid(
            "Invalid identifier: Identifier contains invalid characters",
        ));
    }
    if name.len() > 255 {
        return Err(Fault::invalid(
            "Invalid identifier: Identifier is longer than 255 characters",
        ));
    }
    Ok(())
}

/// `containerInsights` takes `enhanced`, `enabled` or `disabled` (ecs-semantics.md §1.17).
pub fn settings(settings: &[ClusterSetting]) -> Result<(), Fault> {
    for setting in settings {
        let value = setting.value().unwrap_or_default();
        match setting.name() {
            Some(ClusterSettingName::ContainerInsights) => {
                if !["enhanced", "enabled", "disabled"].contains(&value) {
                    return Err(Fault::invalid(format!(
                        "Invalid value '{value}' for the cluster setting containerInsights: it is enhanced, enabled or disabled."
                    )));
                }
            }
            _ => {
                return Err(Fault::invalid(
                    "Invalid cluster setting: the only setting is containerInsights.",
                ));
            }
        }
    }
    Ok(())
}

/// The settings that a cluster has after `changes`: each name once.
pub fn merged(current: &[ClusterSetting], changes: &[ClusterSetting]) -> Vec<ClusterSetting> {
    let kept = |setting: &&ClusterSetting| !changes.iter().any(|change| change.name() == setting.name());
    current.iter().filter(kept).chain(changes).cloned().collect()
}

/// The logging of `ecs exec` (ecs-semantics.md §4.8).
pub fn configuration(configuration: &ClusterConfiguration) -> Result<(), Fault> {
    let Some(exec) = configuration.execute_command_configuration() else {
        return Ok(());
    };
    let overrides = exec.logging() == Some(&ExecuteCommandLogging::Override);
    match exec.log_configuration() {
        Some(_) if !overrides => Err(Fault::invalid(
            "You must set logging to 'OVERRIDE' when you supply a log configuration",
        )),
        Some(log) if log.cloud_watch_log_group_name().is_some() || log.s3_bucket_name().is_some() => Ok(()),
        None if !overrides => Ok(()),
        _ => Err(Fault::invalid(
            "A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration",
        )),
    }
}

/// The namespace as a cluster shows it, always an ARN; an empty name means none.
pub fn namespace(
    id: &RealmId,
    wanted: &ClusterServiceConnectDefaultsRequest,
) -> Option<ClusterServiceConnectDefaults> {
    let namespace = match wanted.namespace() {
        "" => return None,
        given => connect::namespace_arn(id, given),
    };
    Some(
        ClusterServiceConnectDefaults::builder()
            .namespace(namespace)
            .build(),
    )
}

/// Whether the namespace has to be made first: it is named, and no cluster has it.
pub fn makes_namespace(realm: &Realm, wanted: &ClusterServiceConnectDefaultsRequest) -> bool {
    let Some(arn) = namespace(&realm.id, wanted).and_then(|defaults| defaults.namespace) else {
        return false;
    };
    arn != wanted.namespace() && !connect::is_default(realm, &arn)
}

/// The names of the providers that a call associates with a cluster: each exists, is ACTIVE and belongs to no cluster of
/// its own (ecs-semantics.md §6.4). Names and ARNs are taken.
pub fn providers(realm: &Realm, wanted: &[String]) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for reference in wanted {
        let name = realm.id.tail(reference, "capacity-provider")?;
        if names.iter().any(|known| known == name) {
            return Err(Fault::invalid(format!(
                "The capacity provider {name} is specified more than once."
            )));
        }
        if !FARGATE.contains(&name) {
            let record = realm.capacity_providers.get(name).ok_or_else(|| {
                Fault::invalid(format!("The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again."))
            })?;
            if record.provider.status() != Some(&CapacityProviderStatus::Active) {
                return Err(Fault::invalid(format!(
                    "The specified capacity provider '{name}' is not in an ACTIVE state. Wait until it is and try again."
                )));
            }
            if record.provider.managed_instances_provider().is_some() {
                return Err(Fault::invalid(format!(
                    "The capacity provider '{name}' belongs to the cluster that it was created for and cannot be associated by this call."
                )));
            }
        }
        names.push(name.to_owned());
    }
    if names.len() > 20 {
        return Err(Fault::invalid(
            "A cluster can have at most 20 capacity providers.",
        ));
    }
    Ok(names)
}

/// A default strategy names associated providers, each once, of one type, with one base at most (ecs-semantics.md §6.2, §6.4).
pub fn strategy(
    realm: &Realm,
    items: &[CapacityProviderStrategyItem],
    associated: &[String],
) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for item in items {
        let name = item.capacity_provider();
        if !associated.iter().any(|known| known == name) {
            return Err(Fault::invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster",
            ));
        }
        if !seen.insert(name) {
            return Err(Fault::invalid(
                "A capacity provider may only be specified once in a strategy.",
            ));
        }
    }
    if items.iter().filter(|item| item.base() > 0).count() > 1 {
        return Err(Fault::invalid(
            "The specified capacity provider strategy contains multiple capacity providers with a base value defined",
        ));
    }
    if items.len() > 1 && items.iter().all(|item| item.weight() <= 0) {
        return Err(Fault::invalid(
            "There are no capacity providers in the capacity provider strategy with a weight value greater than zero",
        ));
    }
    let kinds: BTreeSet<_> = items
        .iter()
        .map(|item| kind(realm, item.capacity_provider()))
        .collect();
    if kinds.len() > 1 {
        return Err(Fault::invalid(
            "A capacity provider strategy cannot contain a mix of capacity providers of different types: use Fargate, Auto Scaling group or managed instances ones.",
        ));
    }
    Ok(())
}

fn kind(realm: &Realm, provider: &str) -> &'static str {
    if FARGATE.contains(&provider) {
        return "Fargate";
    }
    match realm.capacity_providers.get(provider) {
        Some(record) if record.provider.managed_instances_provider().is_some() => "managed instances",
        _ => "Auto Scaling group",
    }
}

/// What may be removed from a cluster: what neither tasks nor services nor the new default strategy use.
pub fn removal(realm: &Realm, cluster: &str, removed: &[String]) -> Result<(), Fault> {
    let in_use = |name: &&String| crate::engine::hooks::provider_in_use(realm, cluster, name);
    match removed.iter().find(in_use) {
        None => Ok(()),
        Some(_) => Err(Fault::of(
            &ResourceInUseException::builder()
                .message("The specified capacity provider is in use and cannot be removed.")
                .build(),
        )),
    }
}

/// The attachments of a cluster that has these providers: a scaling policy for each Auto Scaling group one.
pub fn attachments(ids: &mut Ids, providers: &[String], current: &[Attachment]) -> Vec<Attachment> {
    let mut attachments = Vec::new();
    for name in providers.iter().filter(|name| !FARGATE.contains(&name.as_str())) {
        let of_this = |attachment: &&Attachment| {
            attachment
                .details()
                .iter()
                .any(|detail| detail.value() == Some(name.as_str()))
        };
        let kept = current.iter().find(of_this).cloned();
        attachments.push(kept.unwrap_or_else(|| {
            let detail = |name: &str, value: String| KeyValuePair::builder().name(name).value(value).build();
            Attachment::builder()
                .id(ids.uuid())
                .r#type("as_policy")
                .status("CREATED")
                .details(detail("capacityProviderName", name.clone()))
                .details(detail(
                    "scalingPolicyName",
                    format!("ECSManagedAutoScalingPolicy-{}", ids.uuid()),
                ))
                .build()
        }));
    }
    attachments
}
