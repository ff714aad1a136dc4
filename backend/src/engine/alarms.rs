//! CloudWatch alarms that watch over rolling deployments (ecs-semantics.md §3.9). CloudWatch is no part of this backend: the
//! control API says what state an alarm is in.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{DeploymentAlarms, DeploymentConfiguration};
use serde::Deserialize;

use super::failure::{self, Monitor};
use super::records::ServiceRecord;
use super::scheduler;
use crate::world::{Realm, ServiceKey};

/// The states of a CloudWatch alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// All is well.
    Ok,
    /// It is not.
    Alarm,
    /// Nobody knows.
    InsufficientData,
}

/// What the control API says of an alarm; one that was never spoken of is not in ALARM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlarmState {
    /// The alarm's name, as in `deploymentConfiguration.alarms.alarmNames`.
    pub alarm_name: String,
    /// What it is in from now on.
    pub state: State,
}

/// Puts an alarm into a state. ALARM fails the deployments that are going on and have it watch over them, the bake time
/// included.
pub fn set(realm: &mut Realm, alarm: &AlarmState) {
    let name = &alarm.alarm_name;
    if alarm.state != State::Alarm {
        realm.engine.alarms.remove(name);
        return;
    }
    realm.engine.alarms.insert(name.clone());
    let watched = realm.services.iter().filter(|(_, record)| fails(record, name));
    let watched: Vec<ServiceKey> = watched.map(|(key, _)| key.clone()).collect();
    for key in watched {
        let monitor = Monitor::Alarm { name: name.clone() };
        failure::fail(realm, &key, &monitor);
        scheduler::wake(realm, &key);
    }
}

/// The alarms of a configuration, where they are switched on.
pub fn used(given: Option<&DeploymentConfiguration>) -> Option<&DeploymentAlarms> {
    given?.alarms().filter(|alarms| alarms.enable)
}

fn names(record: &ServiceRecord) -> &[String] {
    used(record.service.deployment_configuration())
        .map(|alarms| alarms.alarm_names.as_slice())
        .unwrap_or_default()
}

/// The service's alarms that are in ALARM now: a deployment that starts now does without them.
pub fn ringing(record: &ServiceRecord, in_alarm: &BTreeSet<String>) -> BTreeSet<String> {
    names(record)
        .iter()
        .filter(|name| in_alarm.contains(*name))
        .cloned()
        .collect()
}

/// Whether the alarm's going off fails what the service is doing.
fn fails(record: &ServiceRecord, name: &String) -> bool {
    names(record).contains(name)
        && record.is_active()
        && record
            .primary()
            .is_some_and(|primary| primary.in_progress() && !primary.ignored_alarms.contains(name))
}
