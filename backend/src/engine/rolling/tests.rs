use proptest::prelude::*;

use super::*;

#[test]
fn bounds_are_rounded_towards_safety() {
    let cases = [
        (4, 50, 200, 2, 8),
        (2, 75, 200, 2, 4),
        (3, 100, 125, 3, 3),
        (1, 100, 200, 1, 2),
        (10, 90, 110, 9, 11),
        (0, 100, 200, 0, 0),
    ];
    for (desired, min, max, lower, upper) in cases {
        assert_eq!(
            Bounds::of(desired, min, max),
            Bounds { lower, upper },
            "{desired} {min}/{max}"
        );
    }
}

fn view(desired: u32, percents: (u32, u32), primary: Side, old: Side) -> View {
    let bounds = Bounds::of(desired, percents.0, percents.1);
    View {
        desired,
        bounds,
        primary,
        old,
        stopping: 0,
        may_start: true,
        keep_old: false,
    }
}

fn healthy(healthy: u32) -> Side {
    Side {
        healthy,
        ..Side::default()
    }
}

#[test]
fn a_service_is_filled_and_emptied() {
    let none = Side::default();
    assert_eq!(
        step(&view(3, (100, 200), none, none)),
        Step {
            start: 3,
            ..Step::default()
        }
    );
    assert_eq!(step(&view(3, (100, 200), healthy(3), none)), Step::default());
    assert_eq!(
        step(&view(3, (100, 200), healthy(5), none)).stop_primary,
        healthy(2)
    );
    let settling = Side {
        pending: 1,
        settling: 1,
        ..healthy(3)
    };
    let stop = step(&view(2, (100, 200), settling, none)).stop_primary;
    assert_eq!(
        stop,
        Side {
            pending: 1,
            settling: 1,
            ..healthy(1)
        }
    );
    assert_eq!(
        step(&view(0, (100, 200), healthy(3), none)).stop_primary,
        healthy(3)
    );
}

#[test]
fn old_tasks_go_one_for_one_when_there_is_room() {
    let started = step(&view(4, (100, 200), Side::default(), healthy(4)));
    assert_eq!(
        started,
        Step {
            start: 4,
            ..Step::default()
        }
    );
    let settling = |settling, healthy| Side {
        settling,
        healthy,
        ..Side::default()
    };
    assert_eq!(
        step(&view(4, (100, 200), settling(3, 1), healthy(4))).stop_old,
        healthy(1)
    );
    assert_eq!(
        step(&view(4, (50, 200), settling(4, 0), healthy(4))).stop_old,
        Side::default()
    );
}

#[test]
fn old_tasks_go_first_when_there_is_no_room() {
    assert_eq!(
        step(&view(4, (50, 100), Side::default(), healthy(4))).stop_old,
        healthy(2)
    );
    assert_eq!(
        step(&view(4, (0, 100), Side::default(), healthy(4))).stop_old,
        healthy(4)
    );
    let waiting = View {
        stopping: 2,
        ..view(4, (50, 100), Side::default(), healthy(2))
    };
    assert_eq!(step(&waiting), Step::default());
    assert_eq!(step(&view(4, (50, 100), Side::default(), healthy(2))).start, 2);
}

#[test]
fn rounding_can_make_it_stuck() {
    assert!(step(&view(3, (100, 125), Side::default(), healthy(3))).stuck);
    assert!(!step(&view(4, (100, 125), Side::default(), healthy(4))).stuck);
    assert!(!step(&view(3, (100, 125), healthy(3), Side::default())).stuck);
}

#[test]
fn the_sick_are_replaced_first_where_there_is_room() {
    let sick = |sick, healthy, settling| Side {
        sick,
        healthy,
        settling,
        pending: 0,
    };
    let none = Side::default();
    assert_eq!(
        step(&view(3, (100, 200), sick(1, 2, 0), none)),
        Step {
            start: 1,
            ..Step::default()
        }
    );
    assert_eq!(step(&view(3, (100, 200), sick(1, 2, 1), none)), Step::default());
    assert_eq!(
        step(&view(3, (100, 200), sick(1, 3, 0), none)).stop_primary,
        sick(1, 0, 0)
    );
    assert_eq!(
        step(&view(3, (50, 100), sick(2, 1, 0), none)).stop_primary,
        sick(1, 0, 0)
    );
}

#[test]
fn after_a_failure_the_old_tasks_stay() {
    let failed = View {
        may_start: false,
        keep_old: true,
        ..view(3, (100, 200), Side::default(), healthy(3))
    };
    assert_eq!(step(&failed), Step::default());
}

/// A little service that follows the steps: what happens to its tasks between two looks is up to the test.
struct Service {
    view: View,
}

impl Service {
    /// Acts, and checks the bounds that hold while the desired count stays.
    fn act(&mut self) -> Result<bool, TestCaseError> {
        let lower_held = self.view.primary.healthy + self.view.old.healthy >= self.view.bounds.lower;
        let step = step(&self.view);
        let View {
            primary,
            old,
            stopping,
            ..
        } = &mut self.view;
        for (side, stop) in [(primary, step.stop_primary), (old, step.stop_old)] {
            side.pending -= stop.pending;
            side.settling -= stop.settling;
            side.healthy -= stop.healthy;
            side.sick -= stop.sick;
            *stopping += stop.live();
        }
        self.view.primary.pending += step.start;
        let View {
            primary, old, bounds, ..
        } = self.view;
        prop_assert!(
            primary.live() + old.live() <= bounds.upper.max(self.view.desired),
            "above upper: {:?}",
            self.view
        );
        prop_assert!(
            !lower_held || primary.healthy + old.healthy >= bounds.lower,
            "below lower: {:?}",
            self.view
        );
        Ok(step != Step::default() && !step.stuck)
    }

    fn pass(&mut self, choice: u8) {
        let View {
            primary, stopping, ..
        } = &mut self.view;
        match choice % 4 {
            0 if primary.pending > 0 => {
                (primary.pending, primary.settling) = (primary.pending - 1, primary.settling + 1);
            }
            1 if primary.settling > 0 => {
                (primary.settling, primary.healthy) = (primary.settling - 1, primary.healthy + 1);
            }
            2 if *stopping > 0 => *stopping -= 1,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn a_rollout_keeps_its_bounds_and_ends(
        desired in 1u32..=20, percents in prop::sample::select(vec![(100, 200), (50, 100), (0, 100), (100, 150), (75, 125)]),
        choices in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut service = Service { view: view(desired, percents, Side::default(), healthy(desired)) };
        for choice in choices {
            service.act()?;
            service.pass(choice);
        }
        for round in (0..=u8::MAX).chain(0..=u8::MAX) {
            service.act()?;
            service.pass(round);
        }
        let rounded = step(&service.view).stuck;
        let View { primary, old, bounds, .. } = service.view;
        prop_assert!(!rounded || (bounds.lower == desired && bounds.upper == desired));
        prop_assert!(rounded || (primary == healthy(desired) && old.live() == 0), "{:?}", service.view);
    }

    #[test]
    fn any_view_has_a_step_that_stops_no_more_than_there_is(
        desired in 0u32..30, min in 0u32..=100, max in 100u32..=200, counts in prop::array::uniform9(0u32..20),
        may_start: bool, keep_old: bool,
    ) {
        let side = |at: usize| Side { pending: counts[at], settling: counts[at + 1], healthy: counts[at + 2], sick: counts[at + 3] };
        let given = View { stopping: counts[8], may_start, keep_old, ..view(desired, (min, max), side(0), side(4)) };
        let step = step(&given);
        for (have, stop) in [(given.primary, step.stop_primary), (given.old, step.stop_old)] {
            prop_assert!(stop.pending <= have.pending && stop.settling <= have.settling);
            prop_assert!(stop.healthy <= have.healthy && stop.sick <= have.sick);
        }
        prop_assert!(may_start || step.start == 0);
    }
}
