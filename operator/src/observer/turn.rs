//! When it is whose turn to be read. Ten are described by one call, and one listing of a cluster's tasks serves all that are
//! read with it; so among many that move, reads wait for one another, as long as everything stays as fresh as it has to
//! be (design.md §4). A thousand must not cost ten times what a hundred do. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// The least time between two sweeps, so that what falls due one by one still fills batches.
const BEAT: Duration = Duration::from_millis(500);
/// So many that move make pauses longer by once, twice as many by twice, and so on.
const CROWD: usize = 25;
/// Among many, how much longer than usual the pause after a write becomes. What is created is done by then, most likely, so
/// that one read is enough.
const AFTER_WRITE: u32 = 3;
/// Among many, how many usual pauses after a write the read that shows its effect comes at the latest: 9 s by default.
const AFTER_WRITE_AT_MOST: u32 = 9;
/// Among many, how much longer than usual the pause between two reads of something that moves becomes.
const MOVING: u32 = 4;
/// Among many, how many usual pauses there are between two reads of something that moves at most: 10 s by default.
const MOVING_AT_MOST: u32 = 5;
/// Among many, by which part of its pause something steady is read early, along with others.
const EARLY: u32 = 10;

/// How many move at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd(u32);

impl Crowd {
    /// Of so many that move.
    pub fn of(moving: usize) -> Self {
        Self(u32::try_from(moving / CROWD).unwrap_or(u32::MAX).max(1))
    }

    /// Whether they are so few that nobody waits for others.
    pub fn is_small(self) -> bool {
        self.0 == 1
    }
}

/// What a read waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// This moment, whoever else waits.
    Until(Instant),
    /// A write, or a read of a part, to be followed by what shows the whole.
    AfterWrite {
        /// When that was.
        since: Instant,
        /// The pause while few move.
        usual: Duration,
    },
    /// What was seen to move, to have moved on.
    Moving {
        /// When it was seen.
        since: Instant,
        /// The pause while few move.
        usual: Duration,
        /// How many of these pauses are made anyway.
        patience: u32,
    },
    /// What was seen to be steady, to be looked after.
    Steady {
        /// When it was seen.
        since: Instant,
        /// The pause.
        usual: Duration,
    },
}

/// The time in which something is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Not before.
    pub from: Instant,
    /// Not after, to be as fresh as it has to be.
    pub until: Instant,
}

impl Wait {
    /// When that is over.
    pub fn turn(self, Crowd(crowd): Crowd) -> Turn {
        let (since, from, at_most) = match self {
            Self::Until(moment) => (moment, Duration::ZERO, Duration::ZERO),
            Self::AfterWrite { since, usual } => {
                (since, usual * crowd.min(AFTER_WRITE), usual * AFTER_WRITE_AT_MOST)
            }
            Self::Moving {
                since,
                usual,
                patience,
            } => (
                since,
                usual * crowd.min(MOVING).max(patience),
                usual * MOVING_AT_MOST,
            ),
            Self::Steady { since, usual } if Crowd(crowd).is_small() => (since, usual, usual),
            Self::Steady { since, usual } => (since, usual.saturating_sub(usual / EARLY), usual),
        };
        let until = if Crowd(crowd).is_small() { from } else { at_most };
        Turn {
            from: since + from,
            until: since + until.max(from),
        }
    }
}

/// When the next sweep begins, after one that ended at `last`: once it is somebody's turn. It waits for what is about to fall
/// due, as long as nobody's turn ends. `turns` are those of all that is watched, and whether that moves; `None` when
/// nothing is.
pub fn next_sweep(last: Instant, turns: impl Iterator<Item = (Turn, bool)> + Clone) -> Option<Instant> {
    let first = turns.clone().map(|(turn, _)| turn.from).min()?;
    let latest = turns.clone().map(|(turn, _)| turn.until).min()?;
    let about_to = turns
        .filter(|(turn, moves)| *moves && turn.from <= latest)
        .map(|(turn, _)| turn.from)
        .max();
    Some(about_to.unwrap_or(first).max(first).max(last + BEAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    /// From when until when, in seconds, something is to be read that has waited since `start`.
    fn window(start: Instant, wait: Wait, moving: usize) -> (u64, u64) {
        let turn = wait.turn(Crowd::of(moving));
        ((turn.from - start).as_secs(), (turn.until - start).as_secs())
    }

    #[test]
    fn among_many_everybody_has_some_time_to_be_read_in() {
        let since = Instant::now();
        let moving = |patience| Wait::Moving {
            since,
            usual: seconds(2),
            patience,
        };
        let written = Wait::AfterWrite {
            since,
            usual: seconds(1),
        };
        let steady = Wait::Steady {
            since,
            usual: seconds(60),
        };
        let cases = [
            (written, 49, (1, 1)),
            (written, 50, (2, 9)),
            (written, 1_000, (3, 9)),
            (moving(1), 49, (2, 2)),
            (moving(4), 49, (8, 8)),
            (moving(1), 50, (4, 10)),
            (moving(1), 1_000, (8, 10)),
            (moving(4), 1_000, (8, 10)),
            (steady, 49, (60, 60)),
            (steady, 1_000, (54, 60)),
            (Wait::Until(since + seconds(5)), 1_000, (5, 5)),
        ];
        for (wait, crowd, expected) in cases {
            assert_eq!(
                window(since, wait, crowd),
                expected,
                "{wait:?} among {crowd} that move"
            );
        }
    }

    #[test]
    fn a_sweep_waits_for_what_is_about_to_fall_due() {
        let start = Instant::now();
        let turn = |from: u64, until: u64, moves: bool| {
            let turn = Turn {
                from: start + seconds(from),
                until: start + seconds(until),
            };
            (turn, moves)
        };
        let cases = [
            ("nothing is watched", vec![], None),
            ("few that move", vec![turn(3, 3, true), turn(5, 5, true)], Some(3)),
            (
                "all will be due soon",
                vec![turn(3, 9, true), turn(5, 11, true)],
                Some(5),
            ),
            (
                "ever more",
                vec![turn(3, 9, true), turn(8, 14, true), turn(10, 16, true)],
                Some(8),
            ),
            (
                "nobody waits for what is steady",
                vec![turn(3, 9, true), turn(8, 14, false)],
                Some(3),
            ),
            (
                "something steady waits for what moves",
                vec![turn(3, 9, false), turn(8, 10, true)],
                Some(8),
            ),
        ];
        for (what, turns, expected) in cases {
            let found = next_sweep(start, turns.iter().copied());
            assert_eq!(found.map(|found| (found - start).as_secs()), expected, "{what}");
        }
        let overdue = next_sweep(start + seconds(10), [turn(3, 3, true)].into_iter());
        assert_eq!(
            overdue,
            Some(start + seconds(10) + BEAT),
            "not at once after the last"
        );
    }
}
