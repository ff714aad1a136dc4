//! What a service tells: its events (ecs-semantics.md §3.14).

use std::collections::BTreeMap;

use crate::world::clock::stamp;
use crate::world::{Realm, ServiceKey};
use aws_sdk_ecs::types::ServiceEvent;

/// How many events a service shows.
const KEPT: usize = 100;

/// Tells something of a service: `(service NAME) message`. A text that was told already is not told again for a while.
pub fn tell(realm: &mut Realm, key: &ServiceKey, message: &str) {
    let text = format!("(service {}) {message}", key.service);
    tell_text(realm, key, text);
}

/// Tells something of a deployment's tasks: `(service NAME, taskSet ID) message`.
pub fn tell_of_task_set(realm: &mut Realm, key: &ServiceKey, deployment: &str, message: &str) {
    let text = format!("(service {}, taskSet {deployment}) {message}", key.service);
    tell_text(realm, key, text);
}

fn tell_text(realm: &mut Realm, key: &ServiceKey, text: String) {
    let (now, repeat) = (realm.now, realm.timing.event_repeat);
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    // Texts without ids come again and again; the others tell of something new each time.
    let last = record.told.insert(text.clone(), now);
    if last.is_some_and(|last| now.duration_since(last) < repeat) {
        if let Some(last) = last {
            record.told.insert(text, last);
        }
        return;
    }
    record.told.retain(|_, told| now.duration_since(*told) < repeat);
    let event = ServiceEvent::builder()
        .id(realm.ids.uuid())
        .created_at(stamp(now))
        .message(&text)
        .build();
    let events = record.service.events.get_or_insert_default();
    events.insert(0, event);
    events.truncate(KEPT);
}

/// Lets a text be told again, because something has happened in between.
pub fn forget(realm: &mut Realm, key: &ServiceKey, message: &str) {
    if let Some(record) = realm.services.get_mut(key) {
        record
            .told
            .remove(&format!("(service {}) {message}", key.service));
    }
}

/// The text of the steady state.
pub const STEADY: &str = "has reached a steady state.";

/// Tells which tasks were started; `replaced` of them for sick ones.
pub fn tell_started(realm: &mut Realm, key: &ServiceKey, tasks: &[String], replaced: u32) {
    if tasks.is_empty() {
        return;
    }
    forget(realm, key, STEADY);
    let sick = if replaced == 0 {
        String::new()
    } else {
        format!(" Amazon ECS replaced {replaced} tasks due to an unhealthy status.")
    };
    tell(
        realm,
        key,
        &format!("has started {} tasks: {}.{sick}", tasks.len(), listed(tasks)),
    );
}

/// Tells which running tasks were stopped.
pub fn tell_stopped(realm: &mut Realm, key: &ServiceKey, tasks: &[String]) {
    if tasks.is_empty() {
        return;
    }
    forget(realm, key, STEADY);
    tell(
        realm,
        key,
        &format!("has stopped {} running tasks: {}.", tasks.len(), listed(tasks)),
    );
}

/// Tells what was registered and deregistered since the last time.
pub fn tell_of_targets(realm: &mut Realm, key: &ServiceKey) {
    let Some(record) = realm.services.get_mut(key) else {
        return;
    };
    let registered = std::mem::take(&mut record.registered);
    let deregistered = std::mem::take(&mut record.deregistered);
    let draining = std::mem::take(&mut record.draining);
    tell_counts(realm, key, "registered", &registered);
    tell_counts(realm, key, "deregistered", &deregistered);
    for (deployment, count) in draining {
        tell_again_of_task_set(
            realm,
            key,
            &deployment,
            &format!("has begun draining connections on {count} tasks."),
        );
    }
}

fn tell_counts(realm: &mut Realm, key: &ServiceKey, what: &str, counts: &BTreeMap<String, u32>) {
    for (group, count) in counts {
        let message = format!("{what} {count} targets in (target-group {group})");
        forget(realm, key, &message);
        tell(realm, key, &message);
    }
}

fn tell_again_of_task_set(realm: &mut Realm, key: &ServiceKey, deployment: &str, message: &str) {
    if let Some(record) = realm.services.get_mut(key) {
        record.told.remove(&format!(
            "(service {}, taskSet {deployment}) {message}",
            key.service
        ));
    }
    tell_of_task_set(realm, key, deployment, message);
}

fn listed(tasks: &[String]) -> String {
    let each: Vec<String> = tasks.iter().map(|task| format!("(task {task})")).collect();
    each.join(" ")
}
