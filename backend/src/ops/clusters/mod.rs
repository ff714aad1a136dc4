//! Clusters (ecs-semantics.md §1.1, §4.8).

mod create;
mod delete;
mod describe;
mod list;
mod provide;
mod rules;
mod update;

use aws_sdk_ecs::types::error::UpdateInProgressException;
use jiff::SignedDuration;

use crate::fault::Fault;
use crate::world::schedule::Event;
use crate::world::{ClusterRecord, Realm};

/// The words for a cluster whose attachments change (ecs-semantics.md §6.4).
const BUSY: &str = "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or \
                    UPDATE_FAILED state before they can be updated. Wait and try again.";

/// The cluster's attachments have been made or removed: it can be used and changed again.
pub fn attachments_settled(realm: &mut Realm, cluster: &str) {
    let Some(record) = realm.clusters.get_mut(cluster) else {
        return;
    };
    if record.cluster.attachments_status() == Some("UPDATE_IN_PROGRESS") {
        record.cluster.attachments_status = Some("UPDATE_COMPLETE".to_owned());
    }
    if record.cluster.status() == Some("PROVISIONING") {
        record.cluster.status = Some("ACTIVE".to_owned());
    }
}

/// An INACTIVE cluster has been visible long enough, unless it was created and deleted again since.
pub fn forgotten(realm: &mut Realm, cluster: &str) {
    let visible = realm.timing.inactive_visible;
    let now = realm.now;
    let over = |record: &ClusterRecord| {
        record
            .inactive_since
            .is_some_and(|since| now.duration_since(since) >= visible)
    };
    if realm.clusters.get(cluster).is_some_and(over) {
        realm.clusters.remove(cluster);
    }
}

/// The cluster of this name, ACTIVE or PROVISIONING, whose attachments are not changing.
fn require_idle<'a>(realm: &'a Realm, name: &str) -> Result<&'a ClusterRecord, Fault> {
    let record = require_present(realm, name)?;
    if record.cluster.attachments_status() == Some("UPDATE_IN_PROGRESS") {
        return Err(Fault::of(
            &UpdateInProgressException::builder().message(BUSY).build(),
        ));
    }
    Ok(record)
}

/// The cluster of this name that is not INACTIVE.
fn require_present<'a>(realm: &'a Realm, name: &str) -> Result<&'a ClusterRecord, Fault> {
    realm
        .clusters
        .get(name)
        .filter(|record| record.is_present())
        .ok_or_else(Fault::cluster_not_found)
}

/// Lets the attachments of a cluster settle after a while.
fn settle_attachments(realm: &mut Realm, cluster: &str) {
    let wait: SignedDuration = realm.timing.cluster_attachments;
    realm.after(
        wait,
        Event::AttachmentsSettled {
            cluster: cluster.to_owned(),
        },
    );
}
