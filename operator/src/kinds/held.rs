//! Why something that an object refers to cannot be used yet, the same for every kind that refers. Pure.

use ecs_crds::Managed;
use ecs_crds::conditions::{self, Reason, Type};
use ecs_crds::policy::Management;
use kube::ResourceExt;

use crate::k8s::object::Kept;
use crate::kinds::verdict::Verdict;

/// A reference that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What is missing or not ready, as a sentence: `EcsTaskDefinition web is not registered yet`.
    pub message: String,
    /// Whether the referred object itself says that it needs a person.
    pub stalled: bool,
}

impl Held {
    /// What comes right without a person, as far as anybody knows.
    pub fn for_now(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            stalled: false,
        }
    }

    /// There is no object of this kind and name.
    pub fn by_absence<K: Kept>(name: &str) -> Self {
        Self::for_now(format!("there is no {} {name}", K::KIND.as_str()))
    }

    /// An object of another account or region cannot be used by one of `ours`; `home` is the account's own region.
    pub fn by_place<K: Kept + Managed>(object: &K, ours: &Management, home: Option<&str>) -> Option<Self> {
        let theirs = object.management();
        (!theirs.is_where(ours, home)).then(|| Self {
            message: format!(
                "{} is in {}, and this one in {}; both have to be in one place",
                shown(object),
                place(theirs),
                place(ours)
            ),
            stalled: true,
        })
    }

    /// The object `is …`; with its own words for it, where it needs a person.
    pub fn by_state<K: Kept + Managed>(object: &K, is: &str) -> Self {
        let conditions = object
            .common_status()
            .map(|status| status.conditions.as_slice())
            .unwrap_or_default();
        let generation = object.meta().generation.unwrap_or_default();
        let stalled = conditions::is_true_of(conditions, Type::Stalled, generation);
        let words = conditions::find(conditions, Type::Ready)
            .filter(|_| stalled)
            .map(|ready| format!(": {}", ready.message));
        Self {
            message: format!("{} is {is}{}", shown(object), words.unwrap_or_default()),
            stalled,
        }
    }

    /// Why an object that stands for a resource with this status in ECS cannot be used by one of `ours`: it has to be ACTIVE.
    pub fn unless_active<K: Kept + Managed>(
        object: &K,
        status: Option<&str>,
        ours: &Management,
        home: Option<&str>,
    ) -> Option<Self> {
        if let Some(elsewhere) = Self::by_place(object, ours, home) {
            return Some(elsewhere);
        }
        if object.meta().deletion_timestamp.is_some() {
            return Some(Self::by_state(object, "being deleted"));
        }
        (status != Some("ACTIVE")).then(|| Self::by_state(object, "not ACTIVE in ECS yet"))
    }

    /// What all that is held means for the object that refers to it; nothing where nothing is.
    pub fn verdict<'a>(all: impl IntoIterator<Item = &'a Self>) -> Option<Verdict> {
        let all: Vec<&Self> = all.into_iter().collect();
        let messages: Vec<&str> = all.iter().map(|held| held.message.as_str()).collect();
        let message = messages.join("; ");
        match all.iter().any(|held| held.stalled) {
            _ if all.is_empty() => None,
            true => Some(Verdict::stalled(Reason::DependencyNotReady, message)),
            false => Some(Verdict::working(Reason::DependencyNotReady, message)),
        }
    }
}

fn shown<K: Kept>(object: &K) -> String {
    format!("{} {}", K::KIND.as_str(), object.name_any())
}

fn place(management: &Management) -> String {
    let region = management.region.as_deref();
    let region = region.map_or("its own region".to_owned(), |region| format!("region {region}"));
    format!("account {}, {region}", management.account())
}
