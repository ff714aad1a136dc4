//! Joins the watches of several namespaces to one stream that a store can follow.
//!
//! A store is filled between `Init` and `InitDone`, and swapped at that moment for what it held: with several watches, the
//! first to be listed would wipe what the others had brought. So the joint stream is listed once, when every part has been;
//! a part that is listed again later shows as changes.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::Either;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use kube::ResourceExt;
use kube::runtime::watcher::{self, Event};

/// An object of the joint stream: its namespace, if it has one, and its name.
pub type Key = (Option<String>, String);

/// What the joint stream says.
#[derive(Debug, Clone)]
pub enum Joined<K> {
    /// As a watch of everything would say it.
    Event(Event<K>),
    /// A part was listed again, and this object was not there any more.
    Gone(Key),
}

/// Joins the streams of these parts, each with its name. A single one passes as it is: nothing of it need be remembered.
pub fn join<K, S>(mut parts: Vec<(String, S)>) -> impl Stream<Item = watcher::Result<Joined<K>>> + Send
where
    K: ResourceExt + Clone + Send + 'static,
    S: Stream<Item = watcher::Result<Event<K>>> + Send + 'static,
{
    match parts.pop() {
        Some((_, only)) if parts.is_empty() => Either::Left(only.map_ok(Joined::Event)),
        last => Either::Right(join_several(parts.into_iter().chain(last).collect())),
    }
}

fn join_several<K, S>(parts: Vec<(String, S)>) -> impl Stream<Item = watcher::Result<Joined<K>>> + Send
where
    K: ResourceExt + Clone + Send + 'static,
    S: Stream<Item = watcher::Result<Event<K>>> + Send + 'static,
{
    let mut joiner = Joiner::new(parts.iter().map(|(name, _)| name.clone()));
    let named = parts
        .into_iter()
        .map(|(name, part)| part.map(move |event| (name.clone(), event)).boxed());
    stream::select_all(named).flat_map(move |(name, event)| {
        let said = match event {
            Ok(event) => joiner.take(&name, event).into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(said)
    })
}

/// The parts and what has been heard of each. Pure.
#[derive(Debug)]
pub struct Joiner<K> {
    parts: BTreeMap<String, Part>,
    /// What the parts brought before all of them had been listed; none afterwards.
    held: Option<BTreeMap<Key, K>>,
}

#[derive(Debug, Default)]
struct Part {
    /// What is there, as far as is known.
    known: BTreeSet<Key>,
    /// What the listing under way has brought.
    listing: Option<BTreeSet<Key>>,
    /// Whether it has been listed once.
    listed: bool,
}

impl<K: ResourceExt + Clone> Joiner<K> {
    /// A joiner of these parts, of which none has been heard yet.
    pub fn new(parts: impl IntoIterator<Item = String>) -> Self {
        Self {
            parts: parts.into_iter().map(|part| (part, Part::default())).collect(),
            held: Some(BTreeMap::new()),
        }
    }

    /// What the joint stream says when `part` says this.
    pub fn take(&mut self, part: &str, event: Event<K>) -> Vec<Joined<K>> {
        let Some(heard) = self.parts.get_mut(part) else {
            return Vec::new();
        };
        let news = heard.hear(event);
        let Some(held) = &mut self.held else {
            return news;
        };
        for said in news {
            match said {
                Joined::Event(Event::Apply(object)) => {
                    held.insert(key_of(&object), object);
                }
                Joined::Event(Event::Delete(object)) => {
                    held.remove(&key_of(&object));
                }
                Joined::Gone(key) => {
                    held.remove(&key);
                }
                Joined::Event(Event::Init | Event::InitApply(_) | Event::InitDone) => {}
            }
        }
        if self.parts.values().all(|part| part.listed) {
            self.first_list()
        } else {
            Vec::new()
        }
    }

    fn first_list(&mut self) -> Vec<Joined<K>> {
        let held = self.held.take().unwrap_or_default();
        std::iter::once(Event::Init)
            .chain(held.into_values().map(Event::InitApply))
            .chain([Event::InitDone])
            .map(Joined::Event)
            .collect()
    }
}

impl Part {
    /// The same as changes: what a listing brings is applied at once, and what it leaves out is gone at its end.
    fn hear<K: ResourceExt>(&mut self, event: Event<K>) -> Vec<Joined<K>> {
        match event {
            Event::Init => {
                self.listing = Some(BTreeSet::new());
                Vec::new()
            }
            Event::InitApply(object) | Event::Apply(object) => {
                let key = key_of(&object);
                if let Some(listing) = &mut self.listing {
                    listing.insert(key.clone());
                }
                self.known.insert(key);
                vec![Joined::Event(Event::Apply(object))]
            }
            Event::Delete(object) => {
                self.known.remove(&key_of(&object));
                vec![Joined::Event(Event::Delete(object))]
            }
            Event::InitDone => {
                self.listed = true;
                let listing = self.listing.take().unwrap_or_default();
                let known = std::mem::replace(&mut self.known, listing);
                known.difference(&self.known).cloned().map(Joined::Gone).collect()
            }
        }
    }
}

fn key_of<K: ResourceExt>(object: &K) -> Key {
    (object.namespace(), object.name_any())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::ObjectMeta;

    use super::*;

    fn map(namespace: &str, name: &str) -> ConfigMap {
        ConfigMap {
            metadata: ObjectMeta {
                namespace: Some(namespace.into()),
                name: Some(name.into()),
                ..ObjectMeta::default()
            },
            ..ConfigMap::default()
        }
    }

    /// One letter a word of the joint stream, with the object's name.
    fn told(joiner: &mut Joiner<ConfigMap>, part: &str, event: Event<ConfigMap>) -> Vec<String> {
        joiner
            .take(part, event)
            .into_iter()
            .map(|said| match said {
                Joined::Event(Event::Init) => "init".to_owned(),
                Joined::Event(Event::InitApply(object)) => format!("listed {}", object.name_any()),
                Joined::Event(Event::InitDone) => "done".to_owned(),
                Joined::Event(Event::Apply(object)) => format!("applied {}", object.name_any()),
                Joined::Event(Event::Delete(object)) => format!("deleted {}", object.name_any()),
                Joined::Gone((_, name)) => format!("gone {name}"),
            })
            .collect()
    }

    fn two_listed() -> Joiner<ConfigMap> {
        let mut joiner = Joiner::new(["a".to_owned(), "b".to_owned()]);
        for event in [Event::Init, Event::InitApply(map("a", "one")), Event::InitDone] {
            joiner.take("a", event);
        }
        for event in [Event::Init, Event::InitDone] {
            joiner.take("b", event);
        }
        joiner
    }

    #[test]
    fn nothing_is_said_before_every_part_has_been_listed() {
        let mut joiner = Joiner::new(["a".to_owned(), "b".to_owned()]);
        let nothing: [&str; 0] = [];
        assert_eq!(told(&mut joiner, "a", Event::Init), nothing);
        assert_eq!(told(&mut joiner, "a", Event::InitApply(map("a", "one"))), nothing);
        assert_eq!(told(&mut joiner, "a", Event::InitDone), nothing);
        assert_eq!(told(&mut joiner, "a", Event::Apply(map("a", "two"))), nothing);
        assert_eq!(told(&mut joiner, "a", Event::Delete(map("a", "one"))), nothing);
        assert_eq!(told(&mut joiner, "b", Event::Init), nothing);
        assert_eq!(
            told(&mut joiner, "b", Event::InitDone),
            ["init", "listed two", "done"]
        );
    }

    #[test]
    fn afterwards_changes_pass_through() {
        let mut joiner = two_listed();
        assert_eq!(
            told(&mut joiner, "b", Event::Apply(map("b", "two"))),
            ["applied two"]
        );
        assert_eq!(
            told(&mut joiner, "a", Event::Delete(map("a", "one"))),
            ["deleted one"]
        );
    }

    #[test]
    fn a_part_that_is_listed_again_never_wipes_another() {
        let mut joiner = two_listed();
        told(&mut joiner, "b", Event::Apply(map("b", "two")));
        told(&mut joiner, "a", Event::Apply(map("a", "three")));
        let mut said = Vec::new();
        for event in [Event::Init, Event::InitApply(map("a", "three")), Event::InitDone] {
            said.extend(told(&mut joiner, "a", event));
        }
        assert_eq!(said, ["applied three", "gone one"]);
    }

    #[test]
    fn the_same_name_in_two_namespaces_is_two_objects() {
        let mut joiner = Joiner::new(["a".to_owned(), "b".to_owned()]);
        for part in ["a", "b"] {
            joiner.take(part, Event::Init);
            joiner.take(part, Event::InitApply(map(part, "one")));
        }
        joiner.take("a", Event::InitDone);
        assert_eq!(
            told(&mut joiner, "b", Event::InitDone),
            ["init", "listed one", "listed one", "done"]
        );
    }

    #[test]
    fn a_part_listed_anew_before_the_others_counts_as_it_is_now() {
        let mut joiner = Joiner::new(["a".to_owned(), "b".to_owned()]);
        for event in [Event::Init, Event::InitApply(map("a", "one")), Event::InitDone] {
            joiner.take("a", event);
        }
        for event in [Event::Init, Event::InitApply(map("a", "two")), Event::InitDone] {
            joiner.take("a", event);
        }
        joiner.take("b", Event::Init);
        assert_eq!(
            told(&mut joiner, "b", Event::InitDone),
            ["init", "listed two", "done"]
        );
    }

    #[test]
    fn what_a_stranger_says_is_ignored() {
        assert!(told(&mut two_listed(), "c", Event::Apply(map("c", "x"))).is_empty());
    }
}
