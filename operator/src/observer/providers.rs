//! Reading capacity providers, in one call for those of one cluster or of none.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::describe_capacity_providers::DescribeCapacityProvidersInput;
use aws_sdk_ecs::types::{CapacityProvider, CapacityProviderField, CapacityProviderStatus};

use crate::aws::account::Target;
use crate::aws::call::built;
use crate::aws::error::AwsError;
use crate::observer::Shared;
use crate::observer::keeper::Keeper;
use crate::observer::parts::Parts;
use crate::observer::subject::{Before, Depth, Found, ProviderKey, ProviderView, Subject};

/// The most providers that one call is asked for.
const BATCH: usize = 100;

impl Subject for ProviderKey {
    type View = ProviderView;
    const NAME: &'static str = "capacity_provider";
    const BATCH: usize = BATCH;

    fn same(one: &ProviderView, other: &ProviderView) -> bool {
        one.provider == other.provider
    }

    fn is_moving(view: &ProviderView) -> bool {
        view.moves()
    }

    fn exists(view: &ProviderView) -> bool {
        let status = view.provider.as_ref().and_then(|provider| provider.status());
        status.is_some_and(|status| *status != CapacityProviderStatus::Inactive)
    }

    fn keeper(shared: &Shared) -> &Keeper<Self> {
        &shared.providers
    }

    async fn read(shared: &Shared, keys: Vec<Self>, _: Before<Self>, _: Depth) -> Found<Self> {
        let mut by_cluster: BTreeMap<Option<String>, Vec<ProviderKey>> = BTreeMap::new();
        for key in keys {
            by_cluster.entry(key.cluster.clone()).or_default().push(key);
        }
        let mut found = Found::<Self>::new();
        for keys in by_cluster.values() {
            for batch in keys.chunks(BATCH) {
                found.extend(describe(shared, batch.to_vec()).await);
            }
        }
        found
    }
}

/// Describes one batch of one cluster, in ever smaller parts while ECS refuses the whole.
async fn describe(shared: &Shared, batch: Vec<ProviderKey>) -> Found<ProviderKey> {
    let mut found = Found::<ProviderKey>::new();
    let mut parts = Parts::of(batch);
    while let Some(part) = parts.next_part() {
        let observed_at = shared.now();
        match describe_once(&shared.target, &part).await {
            Ok(providers) => {
                parts.answered();
                let view = |key: &ProviderKey| {
                    let provider = providers
                        .iter()
                        .find(|provider| is_named(provider, &key.name))
                        .cloned();
                    ProviderView {
                        provider,
                        observed_at,
                    }
                };
                found.extend(part.into_iter().map(|key| {
                    let view = view(&key);
                    (key, Ok(view))
                }));
            }
            Err(error) if error.is("ClusterNotFoundException") => {
                found.extend(part.into_iter().map(|key| {
                    (
                        key,
                        Ok(ProviderView {
                            provider: None,
                            observed_at,
                        }),
                    )
                }));
            }
            Err(error) => {
                let refused = parts.refused(part, &error);
                found.extend(refused.into_iter().map(|key| (key, Err(error.clone()))));
            }
        }
    }
    found
}

async fn describe_once(target: &Target, part: &[ProviderKey]) -> Result<Vec<CapacityProvider>, AwsError> {
    let input = DescribeCapacityProvidersInput::builder()
        .set_cluster(part.first().and_then(|key| key.cluster.clone()))
        .set_capacity_providers(Some(part.iter().map(|key| key.name.clone()).collect()))
        .include(CapacityProviderField::Tags)
        .build();
    let answer = target.call(built("DescribeCapacityProviders", input)?).await?;
    Ok(answer.capacity_providers.unwrap_or_default())
}

fn is_named(provider: &CapacityProvider, name: &str) -> bool {
    provider.name() == Some(name) || provider.capacity_provider_arn() == Some(name)
}
