//! What an object that stands for a resource may use: its place, verified, and the ways there (design.md §2.2). Decided
//! before any call.

use std::sync::Arc;

use ecs_crds::Managed;
use ecs_crds::conditions::Reason;
use ecs_crds::policy::AdoptionPolicy;
use kube::ResourceExt;

use crate::authorize::{ClusterUse, Roles, Uses, Wish};
use crate::aws::account::Target;
use crate::aws::error::AwsError;
use crate::context::Ctx;
use crate::diff::identity::{Owner, ResourceKind};
use crate::k8s::object::{Kept, ObjectKey};
use crate::kinds::keeps::Look;
use crate::kinds::place::{Nowhere, Place};
use crate::kinds::verdict::Verdict;
use crate::observer::{Observer, Subject};

/// What an object wants to use an account for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What sort of resource it stands for.
    pub resource: ResourceKind,
    /// The cluster that the resource lives in, if it lives in one.
    pub cluster: Option<ClusterUse>,
    /// What else of ECS the resource uses.
    pub uses: Uses,
    /// The roles that the resource is given.
    pub roles: Roles,
}

/// What an object may use.
#[derive(Debug, Clone)]
pub struct Access {
    /// Its account and region.
    pub place: Place,
    /// Where calls go; it is known to be the account that the object names.
    pub target: Arc<Target>,
    /// What is known of ECS there.
    pub observer: Arc<Observer>,
}

impl Access {
    /// What the observer knows, or what ECS says now where nothing is known or `look` wants it fresh.
    ///
    /// # Errors
    /// What AWS answered; also where it was known before, and has not been readable for a while.
    pub async fn look<S: Subject>(
        &self,
        key: &S,
        me: &ObjectKey,
        look: Look,
    ) -> Result<Arc<S::View>, AwsError> {
        self.observer.watch(key, me);
        if look == Look::Fresh {
            return self.observer.read_fresh(key).await;
        }
        let Some(view) = self.observer.view(key) else {
            return self.observer.read_fresh(key).await;
        };
        self.observer.blinded(key).map_or(Ok(view), Err)
    }
}

/// On whose behalf the object's resource exists.
pub fn owner_of<K: Managed>(object: &K, kind: ResourceKind, installation: &str) -> Owner {
    Owner {
        kind,
        installation: installation.to_owned(),
        namespace: object.meta().namespace.clone().unwrap_or_default(),
        name: object.name_any(),
        uid: object.meta().uid.clone().unwrap_or_default(),
    }
}

/// What `object` may use, or why it may not. The only call made asks STS whose the credentials are, and only for what is
/// allowed. What an object that is being deleted may name does not matter any more, only whether its namespace may use the
/// account.
///
/// # Errors
/// What the conditions have to say.
pub async fn access<K: Managed + Kept>(object: &K, ctx: &Ctx, ask: Ask) -> Result<Access, Verdict> {
    let blocked = |nowhere: Nowhere| Verdict::of_nowhere(&nowhere);
    let place = Place::of(ctx, object.management()).map_err(blocked)?;
    let known = object.common_status().and_then(|status| status.arn.as_deref());
    place.still_has(known).map_err(blocked)?;
    if object.meta().deletion_timestamp.is_none() {
        place.allows(ctx, wish(object, ask)).map_err(blocked)?;
    } else {
        let namespace = object.meta().namespace.clone().unwrap_or_default();
        place.grants(ctx, &namespace).map_err(blocked)?;
    }
    let target = place.target(ctx);
    target.verify().await.map_err(|error| {
        let name = place.account.name_any();
        let (reason, why) = match error.code.as_str() {
            "WrongAccount" => (Reason::AccountMismatch, error.message),
            _ => (Reason::AccountNotReady, error.to_string()),
        };
        let message = format!("AwsAccount {name}: {why}");
        Verdict::of_nowhere(&Nowhere { reason, message })
    })?;
    let observer = ctx.observer(&target, &ObjectKey::of(object));
    Ok(Access {
        place,
        target,
        observer,
    })
}

fn wish<K: Managed>(object: &K, ask: Ask) -> Wish {
    Wish {
        namespace: object.meta().namespace.clone().unwrap_or_default(),
        resource: Some((ask.resource, object.ecs_name())),
        cluster: ask.cluster,
        uses: ask.uses,
        roles: ask.roles,
        adopts: object.management().adoption() == AdoptionPolicy::Adopt,
        ..Wish::default()
    }
}
