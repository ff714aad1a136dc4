//! Identifiers in ECS's forms, from a seeded generator: the same seed and the same calls give the same identifiers.

use serde::{Deserialize, Serialize};

/// A source of identifiers and of every other random choice that the simulation makes.
///
/// The generator is `SplitMix64`: small, good enough for distinct identifiers, and its whole state is one number, which
/// the snapshot keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ids {
    state: u64,
}

impl Ids {
    /// A generator for one realm: realms of the same seed draw different sequences.
    pub fn new(seed: u64, realm: &str) -> Self {
        // FNV-1a, so that the sequence depends on nothing but the two arguments.
        let state = realm.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `limit`; 0 if the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// Hexadecimal digits in lower case: 32 of them are the id of a task or a container instance (ecs-semantics.md §0.2).
    pub fn hex(&mut self, length: usize) -> String {
        self.letters(length, b"0123456789abcdef")
    }

    /// A number of 19 digits without a leading zero, as in deployment ids and service revisions.
    pub fn number19(&mut self) -> String {
        let first = self.letters(1, b"123456789");
        first + &self.letters(18, b"0123456789")
    }

    /// The id of a deployment of a service: `ecs-svc/` and 19 digits; it is `startedBy` of the service's tasks.
    pub fn deployment(&mut self) -> String {
        format!("ecs-svc/{}", self.number19())
    }

    /// The 21 characters that end the ARN of a service deployment.
    pub fn service_deployment(&mut self) -> String {
        self.letters(
            21,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
        )
    }

    /// A random (version 4) UUID in lower case: attachments, service events.
    pub fn uuid(&mut self) -> String {
        let variant = self.letters(1, b"89ab");
        let parts = [
            self.hex(8),
            self.hex(4),
            format!("4{}", self.hex(3)),
            variant + &self.hex(3),
            self.hex(12),
        ];
        parts.join("-")
    }

    fn letters(&mut self, length: usize, alphabet: &[u8]) -> String {
        let size = alphabet.len() as u64;
        (0..length)
            .filter_map(|_| {
                usize::try_from(self.below(size))
                    .ok()
                    .and_then(|index| alphabet.get(index))
            })
            .map(|letter| char::from(*letter))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_realm_others() {
        let draw = |seed, realm| {
            let mut ids = Ids::new(seed, realm);
            (
                ids.hex(32),
                ids.uuid(),
                ids.deployment(),
                ids.service_deployment(),
            )
        };
        assert_eq!(draw(7, "a"), draw(7, "a"));
        assert_ne!(draw(7, "a"), draw(8, "a"));
        assert_ne!(draw(7, "a"), draw(7, "b"));
    }

    #[test]
    fn ids_have_the_forms_of_ecs() {
        let mut ids = Ids::new(1, "");
        let drawn: BTreeSet<String> = (0..1000).map(|_| ids.hex(32)).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(
            drawn
                .iter()
                .all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
        );
        let deployment = ids.deployment();
        assert!(
            deployment.starts_with("ecs-svc/") && deployment.len() == 27,
            "{deployment}"
        );
        assert_eq!(ids.service_deployment().len(), 21);
        let uuid = ids.uuid();
        assert_eq!(
            uuid.split('-').map(str::len).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12],
            "{uuid}"
        );
        assert_eq!(ids.below(0), 0);
        assert!((0..100).all(|_| ids.below(3) < 3));
    }
}
