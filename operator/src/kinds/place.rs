//! Where an object acts: its account, its region, and the way there. Nothing is called to find out.

use std::sync::Arc;

use ecs_crds::AwsAccount;
use ecs_crds::conditions::{self, Reason, Type};
use ecs_crds::policy::Management;
use ecs_model::arn::Arn;
use kube::ResourceExt;

use crate::authorize::{Wish, authorize};
use crate::aws::account::{Target, TargetKey};
use crate::context::Ctx;
use crate::k8s::object::ObjectKey;
use crate::kinds::orphan::ORPHAN;

/// An account and region that an object may use.
#[derive(Debug, Clone)]
pub struct Place {
    /// The account.
    pub account: Arc<AwsAccount>,
    /// The region.
    pub region: String,
}

/// Why an object acts nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// The reason of the condition.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
}

impl Place {
    /// The account and region that an object names, whether it may use them or not.
    ///
    /// # Errors
    /// [`Reason::AccountNotFound`] where there is no such account.
    pub fn of(ctx: &Ctx, management: &Management) -> Result<Self, Nowhere> {
        let name = management.account();
        let account: Arc<AwsAccount> = ctx.get(&ObjectKey::account(name)).ok_or_else(|| Nowhere {
            reason: Reason::AccountNotFound,
            message: format!(
                "there is no AwsAccount {name}; create it, or name another one in management.accountRef"
            ),
        })?;
        let region = management
            .region
            .clone()
            .unwrap_or_else(|| account.spec.region.clone());
        Ok(Self { account, region })
    }

    /// The region of all objects of an account that name none; nothing where the account is not known.
    pub fn home_region(ctx: &Ctx, management: &Management) -> Option<String> {
        let account = ctx.get::<AwsAccount>(&ObjectKey::account(management.account()))?;
        Some(account.spec.region.clone())
    }

    /// The account in its own region.
    pub fn home(account: &Arc<AwsAccount>) -> Self {
        Self {
            account: account.clone(),
            region: account.spec.region.clone(),
        }
    }

    /// Whether this is where the object's resource is; `known` is an ARN that its status has of it. An account that names
    /// another region or number now must not make its objects begin anew elsewhere.
    ///
    /// # Errors
    /// [`Reason::InvalidSpec`] where it is not.
    pub fn still_has(&self, known: Option<&str>) -> Result<(), Nowhere> {
        self.is_of(known, |arn, account, region| {
            format!(
                "the resource is in account {} and region {}, which do not change, but AwsAccount {} means account {account} \
                 and region {region} now: set them back there; or delete this object, with annotation {ORPHAN}, which \
                 leaves the resource as it is, and create another",
                arn.account,
                arn.region,
                self.account.name_any()
            )
        })
    }

    /// Whether a cluster that is named by its ARN is here: its name alone would mean another one.
    ///
    /// # Errors
    /// [`Reason::InvalidSpec`] where it is not.
    pub fn has_cluster(&self, named: Option<&str>) -> Result<(), Nowhere> {
        self.is_of(named, |arn, account, region| {
            format!(
                "spec.cluster is in account {} and region {}, and this object in account {account} and region {region}; both \
                 have to be in one place",
                arn.account, arn.region
            )
        })
    }

    /// Whether what is named by an ARN is here; what is named otherwise, or not at all, may be. `elsewhere` says what it means that
    /// it is not, from the ARN and this account and region.
    fn is_of(
        &self,
        named: Option<&str>,
        elsewhere: impl FnOnce(&Arn, &str, &str) -> String,
    ) -> Result<(), Nowhere> {
        let (account, region) = (&self.account.spec.account_id, &self.region);
        match named.and_then(|arn| arn.parse::<Arn>().ok()) {
            Some(arn) if arn.region != *region || arn.account != *account => Err(Nowhere {
                reason: Reason::InvalidSpec,
                message: elsewhere(&arn, account, region),
            }),
            _ => Ok(()),
        }
    }

    /// Where calls go, no faster than the account says now. Makes no call.
    pub fn target(&self, ctx: &Ctx) -> Arc<Target> {
        let spec = &self.account.spec;
        let key = TargetKey {
            account: spec.account_id.clone(),
            region: self.region.clone(),
            role: spec.role_arn.clone(),
            external_id: spec.external_id.clone(),
            endpoint: spec.endpoint.clone(),
        };
        let percent = spec
            .request_budget
            .and_then(|budget| u8::try_from(budget.percent).ok());
        ctx.accounts.set_budget(&key, percent);
        ctx.target(&key)
    }

    /// Whether the account allows the wish. The wish's namespace labels and region are filled in here.
    ///
    /// # Errors
    /// [`Reason::NotAuthorized`] with the rule; [`Reason::AccountNotReady`] while the account is being deleted.
    pub fn allows(&self, ctx: &Ctx, wish: Wish) -> Result<(), Nowhere> {
        self.decide(ctx, wish, &self.region)?;
        let name = self.account.name_any();
        if self.account.metadata.deletion_timestamp.is_some() {
            let message = format!("AwsAccount {name} is being deleted, so nothing new is done in it");
            return Err(Nowhere {
                reason: Reason::AccountNotReady,
                message,
            });
        }
        Ok(())
    }

    /// Whether a namespace may use the account, also while that is being deleted itself, and in whatever region: for what is
    /// to go.
    ///
    /// # Errors
    /// [`Reason::NotAuthorized`] with the rule.
    pub fn grants(&self, ctx: &Ctx, namespace: &str) -> Result<(), Nowhere> {
        let wish = Wish {
            namespace: namespace.to_owned(),
            ..Wish::default()
        };
        self.decide(ctx, wish, &self.account.spec.region)
    }

    fn decide(&self, ctx: &Ctx, wish: Wish, region: &str) -> Result<(), Nowhere> {
        let labels = ctx.stores.namespace_labels(&wish.namespace);
        let wish = Wish {
            labels,
            region: region.to_owned(),
            ..wish
        };
        let name = self.account.name_any();
        authorize(&name, &self.account.spec, &wish).map_err(|refusal| Nowhere {
            reason: Reason::NotAuthorized,
            message: refusal.message,
        })
    }

    /// Whether the account was found to be another one than it says: nothing is changed there (design.md §9, situation 8).
    pub fn mismatch(&self) -> Option<Nowhere> {
        let status = self.account.status.as_ref()?;
        let ready = conditions::find(&status.conditions, Type::Ready)?;
        let current = status.observed_generation == self.account.metadata.generation.unwrap_or_default();
        (current && ready.reason == Reason::AccountMismatch.as_str()).then(|| Nowhere {
            reason: Reason::AccountMismatch,
            message: ready.message.clone(),
        })
    }
}
