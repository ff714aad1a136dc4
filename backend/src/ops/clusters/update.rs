//! `UpdateCluster` and `UpdateClusterSettings`.

use aws_sdk_ecs::operation::update_cluster::{UpdateClusterInput, UpdateClusterOutput};
use aws_sdk_ecs::operation::update_cluster_settings::{
    UpdateClusterSettingsInput, UpdateClusterSettingsOutput,
};
use aws_sdk_ecs::types::{Cluster, ClusterField};

use super::describe::shown;
use super::{require_present, rules};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::world::Realm;

impl Operation for UpdateClusterInput {
    type Output = UpdateClusterOutput;

    /// Members that the call leaves out stay; an empty namespace takes the default namespace away (ecs-semantics.md §4.8).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm.cluster_name(self.cluster())?;
        require_present(realm, &name)?;
        rules::settings(self.settings())?;
        self.configuration().map_or(Ok(()), rules::configuration)?;
        let namespace = self
            .service_connect_defaults()
            .map(|wanted| rules::namespace(&realm.id, wanted));
        let cluster = change(realm, &name, |cluster| {
            cluster.settings = Some(rules::merged(cluster.settings(), self.settings()));
            if self.configuration.is_some() {
                cluster.configuration.clone_from(&self.configuration);
            }
            if let Some(namespace) = namespace {
                cluster.service_connect_defaults = namespace;
            }
        })?;
        Ok(UpdateClusterOutput::builder().cluster(cluster).build())
    }
}

impl Operation for UpdateClusterSettingsInput {
    type Output = UpdateClusterSettingsOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = realm.cluster_name(self.cluster())?;
        require_present(realm, &name)?;
        if self.settings().is_empty() {
            return Err(Fault::invalid("Settings cannot be empty."));
        }
        rules::settings(self.settings())?;
        let cluster = change(realm, &name, |cluster| {
            cluster.settings = Some(rules::merged(cluster.settings(), self.settings()));
        })?;
        Ok(UpdateClusterSettingsOutput::builder().cluster(cluster).build())
    }
}

/// Changes the cluster and shows it as an update answers it.
fn change(realm: &mut Realm, name: &str, change: impl FnOnce(&mut Cluster)) -> Result<Cluster, Fault> {
    let record = realm
        .clusters
        .get_mut(name)
        .ok_or_else(Fault::cluster_not_found)?;
    change(&mut record.cluster);
    let record = require_present(realm, name)?;
    Ok(shown(
        realm,
        name,
        record,
        &[
            ClusterField::Settings,
            ClusterField::Configurations,
            ClusterField::Tags,
        ],
    ))
}
