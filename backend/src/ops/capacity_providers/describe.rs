//! `DescribeCapacityProviders`.

use aws_sdk_ecs::operation::describe_capacity_providers::{
    DescribeCapacityProvidersInput, DescribeCapacityProvidersOutput,
};
use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderField, CapacityProviderStatus, CapacityProviderType, Failure, Tag,
};

use super::{is_present, rules, tagged};
use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page_within;
use crate::world::Realm;

/// The most providers in a call.
const BATCH: usize = 100;

/// How many providers a page has unless they are named, and has at most when the call says how many (ecs-semantics.md §0.3).
const PAGE: usize = 10;

impl Operation for DescribeCapacityProvidersInput {
    type Output = DescribeCapacityProvidersOutput;

    /// Without names, all that there are, with the two of Fargate (ecs-semantics.md §1.8, §6.1).
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let with_tags = self.include().contains(&CapacityProviderField::Tags);
        let cluster = self
            .cluster()
            .map(|cluster| realm.require_cluster(Some(cluster)))
            .transpose()?;
        let references = self.capacity_providers();
        if references.len() > BATCH {
            return Err(Fault::invalid(
                "Capacity Providers cannot have more than 100 elements.",
            ));
        }
        let names: Vec<String> = if references.is_empty() {
            all(realm, cluster.as_deref())
        } else {
            let names = references
                .iter()
                .map(|reference| realm.id.tail(reference, "capacity-provider"));
            names
                .map(|name| name.map(str::to_owned))
                .collect::<Result<_, _>>()?
        };
        let default = if references.is_empty() { PAGE } else { BATCH };
        let (names, next) = page_within(names, self.next_token(), self.max_results(), default, PAGE)?;
        let mut answer = DescribeCapacityProvidersOutput::builder()
            .set_capacity_providers(Some(vec![]))
            .set_failures(Some(vec![]));
        for name in names {
            answer = if let Some(provider) = shown(realm, &name, with_tags) {
                answer.capacity_providers(provider)
            } else {
                let arn = realm.arn(&format!("capacity-provider/{name}"));
                answer.failures(Failure::builder().arn(arn).reason("MISSING").build())
            };
        }
        Ok(answer.set_next_token(next).build())
    }
}

/// The names of all providers, or of those of a cluster.
fn all(realm: &Realm, cluster: Option<&str>) -> Vec<String> {
    let own = realm
        .capacity_providers
        .iter()
        .filter(|(_, record)| is_present(record))
        .map(|(name, _)| name.as_str());
    let names = rules::FARGATE.into_iter().chain(own);
    let associated = cluster.and_then(|cluster| realm.clusters.get(cluster));
    let listed = |name: &&str| {
        let providers = associated.map(|record| record.cluster.capacity_providers());
        providers.is_none_or(|providers| providers.iter().any(|known| known == name))
    };
    names.filter(listed).map(str::to_owned).collect()
}

fn shown(realm: &Realm, name: &str, with_tags: bool) -> Option<CapacityProvider> {
    if let Some(record) = realm.capacity_providers.get(name) {
        let tags: &[Tag] = if with_tags { &record.tags } else { &[] };
        return Some(tagged(&record.provider, tags));
    }
    let kind = match name {
        "FARGATE" => CapacityProviderType::Fargate,
        "FARGATE_SPOT" => CapacityProviderType::FargateSpot,
        _ => return None,
    };
    let provider = CapacityProvider::builder()
        .capacity_provider_arn(realm.arn(&format!("capacity-provider/{name}")))
        .name(name)
        .r#type(kind)
        .status(CapacityProviderStatus::Active)
        .set_tags(Some(vec![]));
    Some(provider.build())
}
