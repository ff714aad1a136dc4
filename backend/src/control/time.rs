//! The clock, and the beginning of all.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Call, Calls, Faults, Refused};
use crate::server::State;
use crate::timing::Timing;
use crate::world::World;

/// The furthest that one call moves the clock: thirty days. All that happens in between is simulated during the call.
const FURTHEST: f64 = 2_592_000.0;

/// `GET clock`
pub(super) fn shown(state: &State) -> Value {
    json!({ "now": state.world.now, "nextEvent": state.world.next_at() })
}

/// `POST clock/advance?seconds=N`: everything happens that is due until then.
pub(super) fn advance(call: &mut Call<'_>) -> Result<Value, Refused> {
    let given = call.parameter("seconds").unwrap_or_default();
    let seconds: f64 = given
        .parse()
        .ok()
        .filter(|seconds| (0.0..=FURTHEST).contains(seconds))
        .ok_or_else(|| {
            (
                400,
                format!("seconds={given}: a number from 0 to {FURTHEST} is expected"),
            )
        })?;
    let step = SignedDuration::try_from_secs_f64(seconds).map_err(|error| (400, error.to_string()))?;
    let state = &mut *call.state;
    let now = state
        .world
        .now
        .checked_add(step)
        .map_err(|error| (400, error.to_string()))?;
    state.offset = state.offset.saturating_add(step);
    state.world.advance(now);
    Ok(shown(state))
}

/// `POST reset?seed=N`: an empty world at the present moment, no counts, no faults.
pub(super) fn reset(call: &mut Call<'_>) -> Result<Value, Refused> {
    let seed = match call.parameter("seed") {
        None => call.options.seed,
        Some(given) => given
            .parse()
            .map_err(|_| (400, format!("seed={given}: a whole number is expected")))?,
    };
    let now: Timestamp = call.state.world.now;
    call.state.world = World::new(seed, Timing::of(call.options.timing), now);
    call.state.calls = Calls::default();
    call.state.faults = Faults::default();
    call.state.buckets = crate::throttle::Buckets::default();
    Ok(shown(call.state))
}
