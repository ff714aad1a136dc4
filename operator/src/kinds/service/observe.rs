//! Everything that a decision about a service needs: the objects it refers to, and what ECS shows.

use std::sync::Arc;

use ecs_crds::{EcsService, Managed};
use kube::ResourceExt;

use crate::authorize::{Roles, Wish};
use crate::aws::account::Target;
use crate::aws::error::AwsError;
use crate::context::Ctx;
use crate::diff::identity::ResourceKind;
use crate::k8s::object::{Kept, Kind, ObjectKey};
use crate::kinds::place::{Nowhere, Place};
use crate::kinds::service::resolve::{Referred, Resolved, cluster_name, definition_name, provider_names};
use crate::observer::{Observer, ServiceKey, ServiceView};

/// The way to a service in ECS.
#[derive(Debug)]
pub struct Way {
    /// Where calls go.
    pub target: Arc<Target>,
    /// Who watches there.
    pub observer: Arc<Observer>,
    /// The service.
    pub key: ServiceKey,
}

/// A view of the service.
#[derive(Debug, Clone)]
pub struct Looked {
    /// What is seen.
    pub view: Arc<ServiceView>,
    /// It was read for this very look, so that what creates, takes over or deletes may be decided on it.
    pub fresh: bool,
}

/// The objects that a service refers to, as far as they are known.
pub fn referred(service: &EcsService, ctx: &Ctx) -> Referred {
    fn get<K: Kept>(ctx: &Ctx, service: &EcsService, kind: Kind, name: &str) -> Option<Arc<K>> {
        ctx.get(&ObjectKey::namespaced(
            kind,
            service.namespace().unwrap_or_default(),
            name,
        ))
    }
    Referred {
        cluster: cluster_name(service).and_then(|name| get(ctx, service, Kind::EcsCluster, name)),
        definition: definition_name(service)
            .and_then(|name| get(ctx, service, Kind::EcsTaskDefinition, name)),
        providers: provider_names(service)
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), get(ctx, service, Kind::CapacityProvider, name)?)))
            .collect(),
        home: Place::home_region(ctx, service.management()),
    }
}

impl Way {
    /// The way to the service, if the object may go it. Makes no call.
    ///
    /// # Errors
    /// Why the object may do nothing.
    pub fn to(service: &EcsService, resolved: &Resolved, ctx: &Ctx) -> Result<Self, Nowhere> {
        let place = Place::of(ctx, service.management())?;
        let wish = Wish {
            namespace: service.namespace().unwrap_or_default(),
            resource: Some((ResourceKind::Service, service.ecs_name())),
            cluster: Some(resolved.cluster.clone()),
            uses: resolved.uses.clone(),
            roles: Roles::of(&resolved.desired.input),
            adopts: resolved.desired.adopt,
            ..Wish::default()
        };
        place.allows(ctx, wish)?;
        Self::within(&place, service, &resolved.cluster.name, ctx)
    }

    /// The way to a service that is to go: what its object may name does not matter any more.
    ///
    /// # Errors
    /// Why the object may do nothing.
    pub fn out(service: &EcsService, cluster: &str, ctx: &Ctx) -> Result<Self, Nowhere> {
        let place = Place::of(ctx, service.management())?;
        place.grants(ctx, &service.namespace().unwrap_or_default())?;
        Self::within(&place, service, cluster, ctx)
    }

    fn within(place: &Place, service: &EcsService, cluster: &str, ctx: &Ctx) -> Result<Self, Nowhere> {
        if let Some(mismatch) = place.mismatch() {
            return Err(mismatch);
        }
        place.still_has(known_of(service))?;
        place.has_cluster(service.spec.ecs.0.cluster())?;
        let target = place.target(ctx);
        let me = ObjectKey::of(service);
        let observer = ctx.observer(&target, &me);
        let key = ServiceKey {
            cluster: cluster.to_owned(),
            service: service.ecs_name(),
        };
        observer.watch(&key, &me);
        Ok(Self {
            target,
            observer,
            key,
        })
    }

    /// What ECS showed last; read now where nothing is known yet.
    ///
    /// # Errors
    /// When it cannot be read, or not for a while.
    pub async fn look(&self) -> Result<Looked, AwsError> {
        let Some(view) = self.observer.service(&self.key) else {
            return self.look_afresh().await;
        };
        let seen = Looked { view, fresh: false };
        self.observer.blinded(&self.key).map_or(Ok(seen), Err)
    }

    /// What ECS showed last, if it was ever asked; else nothing. Makes no call.
    pub fn glance(&self) -> Looked {
        let nothing = || Arc::new(ServiceView::absent(self.observer.now(), false));
        let view = self.observer.service(&self.key).unwrap_or_else(nothing);
        Looked { view, fresh: false }
    }

    /// What ECS shows now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn look_afresh(&self) -> Result<Looked, AwsError> {
        let view = self.observer.read_fresh(&self.key).await?;
        Ok(Looked { view, fresh: true })
    }
}

/// An ARN that tells where the service is: its own, or, while it is missing, its cluster's.
fn known_of(service: &EcsService) -> Option<&str> {
    let status = service.status.as_ref()?;
    status.common.arn.as_deref().or(status.cluster_arn.as_deref())
}
