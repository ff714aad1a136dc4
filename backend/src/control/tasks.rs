//! What happens to tasks and deployments from outside ECS, and what was told of them.

use serde_json::{Value, json};

use super::{Call, Refused, refused};
use crate::engine::alarms::{self, AlarmState};
use crate::engine::hooks::{self, TargetHealth};

/// `POST tasks/{task}/stop`: Spot capacity is taken away from the task, after the warning.
pub(super) fn interrupt(call: &mut Call<'_>, task: &str) -> Result<Value, Refused> {
    hooks::spot_interruption(call.realm(), task).map_err(refused)?;
    Ok(json!({}))
}

/// `POST target-health`
pub(super) fn target_health(call: &mut Call<'_>) -> Result<Value, Refused> {
    let health: TargetHealth = call.body()?;
    hooks::target_health(call.realm(), &health).map_err(refused)?;
    Ok(json!({}))
}

/// `POST alarms`: as CloudWatch's `SetAlarmState`.
pub(super) fn alarm(call: &mut Call<'_>) -> Result<Value, Refused> {
    let alarm: AlarmState = call.body()?;
    alarms::set(call.realm(), &alarm);
    Ok(json!({}))
}

/// `GET events?after=ID`: the newest events of the realm, oldest first, after the one with this id if it is still there.
pub(super) fn events(call: &mut Call<'_>) -> Value {
    let after = call.parameter("after").map(str::to_owned);
    let log = &call.realm().event_log;
    let known = after.and_then(|after| log.iter().position(|event| event.id == after));
    let events: Vec<_> = log.iter().skip(known.map_or(0, |index| index + 1)).collect();
    json!({ "events": events })
}
