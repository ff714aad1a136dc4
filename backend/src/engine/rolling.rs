//! A rolling deployment as a step function of counts (ecs-semantics.md §3.5). Pure.
//!
//! The careful variant: an old task is stopped early, before new ones are healthy, only when nothing can be started because
//! the upper bound is reached; else old tasks go one for one as new ones become healthy.

/// The bounds that a deployment keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least number of healthy tasks.
    pub lower: u32,
    /// The greatest number of tasks that are running or on their way.
    pub upper: u32,
}

impl Bounds {
    /// From `minimumHealthyPercent` (rounded up) and `maximumPercent` (rounded down) of the desired count.
    pub fn of(desired: u32, minimum_healthy_percent: u32, maximum_percent: u32) -> Self {
        let share = |percent: u32| u64::from(desired) * u64::from(percent);
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            lower: count(share(minimum_healthy_percent).div_ceil(100)),
            upper: count(share(maximum_percent) / 100),
        }
    }
}

/// How many tasks of a side are in which state; only tasks that are meant to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Side {
    /// Not RUNNING yet.
    pub pending: u32,
    /// RUNNING, not healthy yet.
    pub settling: u32,
    /// RUNNING and healthy.
    pub healthy: u32,
    /// RUNNING, and a health check has failed.
    pub sick: u32,
}

impl Side {
    /// All of them.
    pub fn live(self) -> u32 {
        self.pending + self.settling + self.healthy + self.sick
    }

    fn sound(self) -> u32 {
        self.pending + self.settling + self.healthy
    }
}

/// What the scheduler sees of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The desired count, and one more while zones are rebalanced.
    pub desired: u32,
    /// The bounds.
    pub bounds: Bounds,
    /// Tasks of the revision that the service should be on.
    pub primary: Side,
    /// Tasks of all other revisions.
    pub old: Side,
    /// Tasks that are on their way to STOPPED.
    pub stopping: u32,
    /// Whether tasks may be started: not while they keep failing, nor after the deployment failed.
    pub may_start: bool,
    /// Whether the old tasks stay: the deployment has failed and is not rolled back.
    pub keep_old: bool,
}

/// What the scheduler does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// How many tasks of the primary revision start.
    pub start: u32,
    /// Which tasks of the primary revision stop.
    pub stop_primary: Side,
    /// Which tasks of other revisions stop.
    pub stop_old: Side,
    /// Nothing can ever happen, because of how the bounds are rounded.
    pub stuck: bool,
}

/// What is to be done now. With nothing to do, all counts are 0.
pub fn step(view: &View) -> Step {
    let View {
        desired,
        bounds,
        primary,
        old,
        ..
    } = *view;
    // Where the upper bound leaves no room for a replacement, a stopping task still takes its place
    // (ecs-semantics.md §13, row 1).
    let waits = bounds.upper <= desired;
    let occupied = primary.live() + old.live() + if waits { view.stopping } else { 0 };
    let room = bounds.upper.saturating_sub(occupied);
    let need = desired.saturating_sub(primary.sound());
    let start = if view.may_start { need.min(room) } else { 0 };
    let unmet = need - start;

    let stop_old = if view.keep_old {
        over_desired(view)
    } else {
        make_way(view, unmet, waits)
    };
    let stop_primary = surplus(view, unmet, stop_old.live() > 0);
    let idle = start == 0 && stop_primary.live() == 0 && stop_old.live() == 0;
    let in_flight = primary.pending + primary.settling + old.settling + view.stopping;
    let stuck = idle && unmet > 0 && room == 0 && view.may_start && in_flight == 0;
    Step {
        start,
        stop_primary,
        stop_old,
        stuck,
    }
}

/// Tasks of the primary revision that are too many, and sick ones that have been replaced.
fn surplus(view: &View, unmet: u32, way_is_made: bool) -> Side {
    let Side {
        pending,
        settling,
        healthy,
        sick,
    } = view.primary;
    let mut over = view.primary.sound().saturating_sub(view.desired);
    let mut stop = Side::default();
    for (count, stopped) in [
        (pending, &mut stop.pending),
        (settling, &mut stop.settling),
        (healthy, &mut stop.healthy),
    ] {
        *stopped = over.min(count);
        over -= *stopped;
    }
    let stand_ins = view.desired.saturating_sub(healthy);
    stop.sick = sick.saturating_sub(stand_ins);
    // No room to start a replacement first: one sick task at a time makes way.
    let under_way = pending + settling + view.stopping;
    if stop.sick == 0 && sick > 0 && unmet > 0 && under_way == 0 && view.may_start && !way_is_made {
        stop.sick = 1;
    }
    stop
}

/// Old tasks that are no longer needed, or that make room for new ones.
fn make_way(view: &View, unmet: u32, waits: bool) -> Side {
    let View {
        desired,
        bounds,
        primary,
        old,
        ..
    } = *view;
    let mut stop = Side {
        pending: old.pending,
        sick: old.sick,
        ..Side::default()
    };
    let replaced = (old.settling + old.healthy).saturating_sub(desired.saturating_sub(primary.healthy));
    let freed = stop.live() + if waits { view.stopping } else { 0 };
    let early = if view.may_start {
        unmet.saturating_sub(freed)
    } else {
        0
    };
    let wanted = replaced.max(early);
    stop.settling = wanted.min(old.settling);
    let spare = (primary.healthy + old.healthy).saturating_sub(bounds.lower);
    stop.healthy = (wanted - stop.settling).min(old.healthy).min(spare);
    stop
}

/// After a failure without rollback, the old tasks serve; only those above the desired count go.
fn over_desired(view: &View) -> Side {
    let over = view.old.sound().saturating_sub(view.desired);
    Side {
        healthy: over.min(view.old.healthy),
        ..Side::default()
    }
}

#[cfg(test)]
mod tests;
