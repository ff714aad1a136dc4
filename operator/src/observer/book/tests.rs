use super::*;
use crate::k8s::object::Kind;
use crate::observer::subject::{DefinitionKey, DefinitionView};

const FRESHNESS: Freshness = Freshness {
    moving: Duration::from_secs(2),
    steady: Duration::from_mins(1),
    after_write: Duration::from_secs(1),
};

fn key() -> DefinitionKey {
    DefinitionKey {
        definition: "web:1".into(),
    }
}

fn watcher(name: &str) -> ObjectKey {
    ObjectKey::namespaced(Kind::EcsTaskDefinition, "shop", name)
}

fn view(found: bool) -> Arc<DefinitionView> {
    let definition = found.then(|| {
        aws_sdk_ecs::types::TaskDefinition::builder()
            .family("web")
            .build()
    });
    Arc::new(DefinitionView {
        definition,
        tags: Vec::new(),
        observed_at: jiff::Timestamp::UNIX_EPOCH,
    })
}

fn second(number: u64, start: Instant) -> Instant {
    start + Duration::from_secs(number)
}

fn read(begun: Instant, ended: Instant) -> Read {
    Read {
        begun,
        ended,
        freshness: FRESHNESS,
        crowd: Crowd::of(0),
    }
}

fn watched(start: Instant) -> Book<DefinitionKey> {
    let mut book = Book::default();
    book.watch(&key(), &watcher("web"), start);
    book
}

#[test]
fn a_new_key_is_due_soon_and_wakes_its_watchers_when_facts_change() {
    let start = Instant::now();
    let mut book = watched(start);
    assert!(book.due(start).is_empty(), "who watches looks himself");
    assert_eq!(book.due(start + OWN_LOOK), [key()]);
    let woken = vec![watcher("web")];
    assert_eq!(
        book.receive(&key(), Ok(view(false)), &read(start, start)),
        Reception::Changed(woken.clone())
    );
    assert!(book.due(second(59, start)).is_empty());
    let later = second(300, start);
    assert_eq!(
        book.receive(&key(), Ok(view(false)), &read(later, later)),
        Reception::Same
    );
    let later = second(600, start);
    assert_eq!(
        book.receive(&key(), Ok(view(true)), &read(later, later)),
        Reception::Changed(woken)
    );
}

#[test]
fn a_view_begun_before_the_last_write_is_discarded() {
    let start = Instant::now();
    let mut book = watched(start);
    book.receive(&key(), Ok(view(false)), &read(start, start));
    book.wrote(&key(), second(5, start), Duration::from_secs(1));
    assert!(
        book.view(&key()).is_none(),
        "the known view does not show the write"
    );
    let outcome = book.receive(&key(), Ok(view(false)), &read(second(4, start), second(6, start)));
    assert_eq!(outcome, Reception::Stale);
    assert!(book.view(&key()).is_none());
    assert_eq!(
        book.due(second(6, start)),
        [key()],
        "the read that shows the write is still owed"
    );
    let outcome = book.receive(&key(), Ok(view(false)), &read(second(6, start), second(7, start)));
    assert_eq!(
        outcome,
        Reception::Changed(vec![watcher("web")]),
        "the same facts, but now they count"
    );
    assert!(book.view(&key()).is_some());
}

#[test]
fn what_a_write_showed_counts_until_the_next_write_and_an_older_read_does_not_replace_it() {
    let start = Instant::now();
    let mut book = watched(start);
    book.receive(&key(), Ok(view(false)), &read(start, start));
    let written = second(5, start);
    book.wrote(&key(), written, Duration::from_secs(1));
    assert_eq!(book.showed(&key(), view(true), written), [watcher("web")]);
    assert!(book.view(&key()).unwrap().definition.is_some());
    let older = book.receive(&key(), Ok(view(false)), &read(second(4, start), second(6, start)));
    assert_eq!(older, Reception::Stale);
    assert!(book.view(&key()).unwrap().definition.is_some());
    assert_eq!(
        book.due(second(6, start)),
        [key()],
        "it is looked at all the same"
    );
    book.wrote(&key(), second(7, start), Duration::from_secs(1));
    assert!(book.view(&key()).is_none(), "it does not show the next write");
}

#[test]
fn never_goes_back_in_time() {
    let start = Instant::now();
    let mut book = watched(start);
    book.receive(&key(), Ok(view(true)), &read(second(2, start), second(3, start)));
    let late = book.receive(&key(), Ok(view(false)), &read(second(1, start), second(4, start)));
    assert_eq!(late, Reception::Stale);
    assert!(book.view(&key()).unwrap().definition.is_some());
}

#[test]
fn a_failure_keeps_what_is_known_and_is_told_once() {
    let start = Instant::now();
    let mut book = watched(start);
    book.receive(&key(), Ok(view(true)), &read(start, start));
    let error = AwsError::new("DescribeTaskDefinition", "ServerException", "");
    let told = book.receive(
        &key(),
        Err(error.clone()),
        &read(second(1, start), second(1, start)),
    );
    assert_eq!(told, Reception::Failed(vec![watcher("web")]));
    let again = book.receive(
        &key(),
        Err(error.clone()),
        &read(second(2, start), second(2, start)),
    );
    assert_eq!(again, Reception::Failed(Vec::new()));
    assert!(book.view(&key()).is_some());
    assert_eq!(book.failure(&key()), Some(error.clone()));
    assert_eq!(book.blinded(&key()), None);
    for (after, told) in [(119, vec![]), (121, vec![watcher("web")]), (181, vec![])] {
        let at = second(after, start);
        let failed = book.receive(&key(), Err(error.clone()), &read(at, at));
        assert_eq!(failed, Reception::Failed(told), "after {after} s");
        assert_eq!(book.blinded(&key()).is_some(), after > 120, "after {after} s");
    }
    let healed = book.receive(
        &key(),
        Ok(view(true)),
        &read(second(190, start), second(190, start)),
    );
    assert_eq!(healed, Reception::Changed(vec![watcher("web")]));
    assert_eq!((book.failure(&key()), book.blinded(&key())), (None, None));
}

#[test]
fn a_denial_blinds_at_once() {
    let start = Instant::now();
    let mut book = watched(start);
    let error = AwsError::new("DescribeTaskDefinition", "AccessDeniedException", "");
    book.receive(&key(), Err(error.clone()), &read(start, start));
    assert_eq!(book.blinded(&key()), Some(error));
}

#[test]
fn what_nobody_watches_is_forgotten() {
    let start = Instant::now();
    let mut book = watched(start);
    book.watch(&key(), &watcher("other"), start);
    book.forget(&watcher("web"));
    assert_eq!(book.len(), 1);
    book.forget(&watcher("other"));
    assert!(book.is_empty());
    assert_eq!(
        book.receive(&key(), Ok(view(true)), &read(start, start)),
        Reception::Unwatched
    );
}

#[test]
fn failures_come_ever_more_seldom_up_to_the_steady_pace() {
    let start = Instant::now();
    let mut book = watched(start);
    let mut pauses = Vec::new();
    let mut now = start;
    for _ in 0..8 {
        let error = AwsError::new("DescribeTaskDefinition", "AccessDeniedException", "");
        book.receive(&key(), Err(error), &read(now, now));
        let due = book.next_sweep(start, now).unwrap();
        pauses.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(pauses, [5, 5, 10, 20, 40, 60, 60, 60]);
}

#[test]
fn many_missing_among_all_or_among_the_last_read_are_an_outage() {
    let start = Instant::now();
    let named = |number: u64| DefinitionKey {
        definition: format!("web:{number}"),
    };
    // Of `all` that ought to exist and were read second by second, the last `missing` were not there.
    let emptied = |all: u64, missing: u64| {
        let mut book = Book::<DefinitionKey>::default();
        for number in 0..all {
            let key = named(number);
            book.watch(&key, &watcher("web"), start);
            book.expect(&key, true);
            let at = second(number, start);
            let there = number < all - missing;
            book.receive(&key, Ok(view(there)), &read(at, at));
        }
        book.looks_emptied()
    };
    for (all, missing, expected) in [
        (0, 0, false),
        (4, 4, false),
        (9, 5, true),
        (100, 4, false),
        (100, 5, false),
        (100, 6, true),
        (100, 60, true),
    ] {
        assert_eq!(emptied(all, missing), expected, "{missing} of {all}");
    }
}
