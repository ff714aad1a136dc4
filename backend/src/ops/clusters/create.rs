//! `CreateCluster`.

use aws_sdk_ecs::operation::create_cluster::{CreateClusterInput, CreateClusterOutput};
use aws_sdk_ecs::types::{Cluster, ClusterSetting, ClusterSettingName};

use super::{rules, settle_attachments};
use crate::fault::Fault;
use crate::ops::{Operation, tags};
use crate::world::names::DEFAULT_CLUSTER;
use crate::world::{ClusterRecord, Realm};

impl Operation for CreateClusterInput {
    type Output = CreateClusterOutput;

    /// A cluster that is there already is answered as it is, whatever the call wants (ecs-semantics.md §1.1). A new one is
    /// PROVISIONING while attachments of its providers, or its namespace, are made (ecs-semantics.md §4.8, §10.4).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let name = self
            .cluster_name()
            .filter(|name| !name.is_empty())
            .unwrap_or(DEFAULT_CLUSTER)
            .to_owned();
        rules::name(&name)?;
        if let Some(record) = realm.clusters.get(&name).filter(|record| record.is_present()) {
            return Ok(answer(record));
        }
        rules::settings(self.settings())?;
        self.configuration().map_or(Ok(()), rules::configuration)?;
        tags::rules::check(self.tags())?;
        let providers = rules::providers(realm, self.capacity_providers())?;
        let strategy = self.default_capacity_provider_strategy();
        rules::strategy(realm, strategy, &providers)?;

        let attachments = rules::attachments(&mut realm.ids, &providers, &[]);
        let connect = self
            .service_connect_defaults()
            .and_then(|wanted| rules::namespace(&realm.id, wanted));
        let provisioning = !attachments.is_empty()
            || self
                .service_connect_defaults()
                .is_some_and(|wanted| rules::makes_namespace(realm, wanted));
        let cluster = Cluster::builder()
            .cluster_arn(realm.arn(&format!("cluster/{name}")))
            .cluster_name(&name)
            .status(if provisioning { "PROVISIONING" } else { "ACTIVE" })
            .set_configuration(self.configuration.clone())
            .set_settings(Some(rules::merged(&default_settings(realm), self.settings())))
            .set_default_capacity_provider_strategy(Some(strategy.to_vec()))
            .set_attachments_status((!providers.is_empty()).then(|| "UPDATE_IN_PROGRESS".to_owned()))
            .set_attachments((!attachments.is_empty()).then_some(attachments))
            .set_service_connect_defaults(connect)
            .set_capacity_providers(Some(providers))
            .build();
        if provisioning || cluster.attachments_status().is_some() {
            settle_attachments(realm, &name);
        }
        let record = ClusterRecord {
            cluster,
            tags: self.tags.unwrap_or_default(),
            inactive_since: None,
        };
        let answer = answer(&record);
        realm.clusters.insert(name, record);
        Ok(answer)
    }
}

fn answer(record: &ClusterRecord) -> CreateClusterOutput {
    let mut cluster = record.cluster.clone();
    cluster.tags = Some(record.tags.clone());
    cluster.statistics = Some(Vec::new());
    CreateClusterOutput::builder().cluster(cluster).build()
}

/// The account's setting decides about Container Insights where the call does not.
fn default_settings(realm: &Realm) -> Vec<ClusterSetting> {
    let key = (
        "containerInsights".to_owned(),
        crate::ops::account_settings::ACCOUNT_DEFAULT.to_owned(),
    );
    let value = realm
        .account_settings
        .get(&key)
        .map_or("disabled", String::as_str);
    vec![
        ClusterSetting::builder()
            .name(ClusterSettingName::ContainerInsights)
            .value(value)
            .build(),
    ]
}
