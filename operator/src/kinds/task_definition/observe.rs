//! Looks at a family: one Describe where the newest revision is ours, a few more where it is not or where revisions are to go.

use aws_sdk_ecs::operation::list_task_definitions::ListTaskDefinitionsInput;
use aws_sdk_ecs::types::{SortOrder, TaskDefinitionStatus};
use ecs_model::arn::TaskDefinitionId;

use super::desired::{Desired, Revision, Seen};
use super::plan::{AT_ONCE, current, is_surplus};
use crate::aws::call::built;
use crate::aws::error::AwsError;
use crate::diff::identity::Ownership;
use crate::k8s::object::ObjectKey;
use crate::kinds::access::Access;
use crate::kinds::claim::tag_map;
use crate::kinds::keeps::Look;
use crate::observer::DefinitionKey;

/// How far back a revision of ours is looked for, where the status does not name it.
const SEARCHED: usize = 20;
/// No list is followed further; 100 revisions a page.
const MOST_PAGES: usize = 100;

/// Looks at ECS.
pub async fn observe(
    desired: &Desired,
    access: &Access,
    me: &ObjectKey,
    look: Look,
) -> Result<Seen, AwsError> {
    if desired.deletion.is_some() {
        return Ok(Seen {
            spare: going(desired, access).await?,
            ..Seen::default()
        });
    }
    let newest = newest(desired, access, me, look).await?;
    let mut seen = Seen {
        ours: None,
        newest,
        spare: Vec::new(),
    };
    seen.ours = other_of_ours(desired, access, &seen).await?;
    seen.spare = spare(desired, access, &seen).await?;
    Ok(seen)
}

/// The key under which the observer keeps a family.
pub fn key(desired: &Desired) -> DefinitionKey {
    DefinitionKey {
        definition: desired.family.clone(),
    }
}

async fn newest(
    desired: &Desired,
    access: &Access,
    me: &ObjectKey,
    look: Look,
) -> Result<Option<Revision>, AwsError> {
    let view = access.look(&key(desired), me, look).await?;
    let revision = view.definition.clone().map(|definition| Revision {
        definition,
        tags: tag_map(&view.tags),
    });
    Ok(revision.filter(Revision::is_active))
}

/// The revision of ours that counts, where the family's newest is not it: after a registration that ECS does not show
/// everywhere yet, or was carried out twice, or where somebody registered one by hand.
async fn other_of_ours(
    desired: &Desired,
    access: &Access,
    seen: &Seen,
) -> Result<Option<Revision>, AwsError> {
    let newest_of_ours = current(desired, seen);
    if let Some(hint) = desired.hint.as_deref()
        && seen.newest.as_ref().is_none_or(|newest| newest.arn() != hint)
        && let Some(hinted) = describe(access, hint).await?
        && is_ours(desired, &hinted)
        && newest_of_ours
            .is_none_or(|newest| newest.number() < hinted.number() || is_surplus(newest, &hinted))
    {
        return Ok(Some(hinted));
    }
    let nobodys = |newest: &Revision| desired.owner.verdict(&newest.tags) == Ownership::Unowned;
    if newest_of_ours.is_some() || !seen.newest.as_ref().is_some_and(nobodys) {
        return Ok(None);
    }
    for arn in list(desired, access, &TaskDefinitionStatus::Active)
        .await?
        .iter()
        .skip(1)
        .take(SEARCHED)
    {
        if let Some(revision) = describe(access, arn).await?
            && is_ours(desired, &revision)
        {
            return Ok(Some(revision));
        }
    }
    Ok(None)
}

/// Revisions beyond the history that is kept, or those of an earlier object of our name.
async fn spare(desired: &Desired, access: &Access, seen: &Seen) -> Result<Vec<Revision>, AwsError> {
    let Some(current) = current(desired, seen) else {
        return Ok(Vec::new());
    };
    if desired.owner.verdict(&current.tags) == Ownership::OursOldIncarnation {
        let all = list(desired, access, &TaskDefinitionStatus::Active).await?;
        let before = |revision: &Revision| {
            revision.number() != current.number()
                && desired.owner.verdict(&revision.tags) == Ownership::OursOldIncarnation
        };
        return described(access, &all, usize::MAX, before).await;
    }
    let Some(limit) = desired.history.filter(|_| !desired.use_.in_motion) else {
        return Ok(Vec::new());
    };
    let unused = |arn: &String| {
        number(arn).is_some_and(|n| n < current.number() && !desired.use_.revisions.contains(&n))
    };
    let active = list(desired, access, &TaskDefinitionStatus::Active).await?;
    let surplus: Vec<String> = active.into_iter().filter(unused).skip(limit).collect();
    let mut spare = described(access, &surplus, AT_ONCE, |revision| is_ours(desired, revision)).await?;
    if desired.delete_revisions && spare.is_empty() {
        // What a pass deregistered that came no further.
        let inactive = list(desired, access, &TaskDefinitionStatus::Inactive).await?;
        let left: Vec<String> = inactive.into_iter().filter(unused).take(SEARCHED).collect();
        let ours = |revision: &Revision| desired.owner.verdict(&revision.tags) == Ownership::Ours;
        spare = described(access, &left, AT_ONCE, ours).await?;
    }
    Ok(spare)
}

/// The revisions of a family that is being deleted: ten of ours, which may be all.
async fn going(desired: &Desired, access: &Access) -> Result<Vec<Revision>, AwsError> {
    let ours = |revision: &Revision| desired.owner.verdict(&revision.tags) == Ownership::Ours;
    let mut all = list(desired, access, &TaskDefinitionStatus::Active).await?;
    if desired.delete_revisions {
        all.extend(list(desired, access, &TaskDefinitionStatus::Inactive).await?);
    }
    described(access, &all, AT_ONCE, ours).await
}

/// The first `most` of these revisions that `are_wanted`.
async fn described(
    access: &Access,
    arns: &[String],
    most: usize,
    are_wanted: impl Fn(&Revision) -> bool + Send,
) -> Result<Vec<Revision>, AwsError> {
    let mut found = Vec::new();
    for arn in arns {
        if found.len() >= most {
            break;
        }
        if let Some(revision) = describe(access, arn).await?
            && are_wanted(&revision)
        {
            found.push(revision);
        }
    }
    Ok(found)
}

/// A revision by its ARN, unless it is being deleted.
async fn describe(access: &Access, arn: &str) -> Result<Option<Revision>, AwsError> {
    let view = access
        .observer
        .read_fresh(&DefinitionKey {
            definition: arn.to_owned(),
        })
        .await?;
    let revision = view.definition.clone().map(|definition| Revision {
        definition,
        tags: tag_map(&view.tags),
    });
    let going = Some(&TaskDefinitionStatus::DeleteInProgress);
    Ok(revision.filter(|revision| revision.definition.status() != going))
}

/// The family's revisions of a status, newest first.
async fn list(
    desired: &Desired,
    access: &Access,
    status: &TaskDefinitionStatus,
) -> Result<Vec<String>, AwsError> {
    let mut arns = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let input = ListTaskDefinitionsInput::builder()
            .family_prefix(&desired.family)
            .status(status.clone())
            .sort(SortOrder::Desc)
            .set_next_token(token)
            .build();
        let page = access.target.call(built("ListTaskDefinitions", input)?).await?;
        arns.extend(page.task_definition_arns.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(arns)
}

fn is_ours(desired: &Desired, revision: &Revision) -> bool {
    let ours = [Ownership::Ours, Ownership::OursOldIncarnation];
    revision.is_active() && ours.contains(&desired.owner.verdict(&revision.tags))
}

fn number(arn: &str) -> Option<i32> {
    arn.parse::<TaskDefinitionId>()
        .ok()?
        .revision
        .and_then(|revision| i32::try_from(revision).ok())
}
