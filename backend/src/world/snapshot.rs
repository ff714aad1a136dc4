//! The world as one JSON document, so that it survives a restart.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Realm, World};
use crate::timing::Timing;

/// The form of the document; another number is refused instead of guessed at.
const VERSION: u32 = 1;

/// The file's name within the data directory.
const FILE: &str = "world.json";

/// A snapshot that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file or its directory cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The document cannot be understood.
    #[error(
        "{path} is no snapshot of this version of ecs-backend ({what}); move it away to start with an empty world"
    )]
    Content {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    now: Timestamp,
    seed: u64,
    realms: Vec<&'a Realm>,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    now: Timestamp,
    seed: u64,
    realms: Vec<Realm>,
}

/// The document.
///
/// # Errors
/// A structure of the SDK that cannot be written (see [`ecs_model::shape::to_value`]).
pub fn write(world: &World) -> Result<Vec<u8>, serde_json::Error> {
    let realms = world.realms.values().collect();
    serde_json::to_vec(&Written {
        version: VERSION,
        now: world.now,
        seed: world.seed,
        realms,
    })
}

/// The world that a document holds.
///
/// # Errors
/// What is wrong with the document.
pub fn read(document: &[u8], timing: Timing) -> Result<World, String> {
    let read: Read = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    if read.version != VERSION {
        return Err(format!("its version is {}, not {VERSION}", read.version));
    }
    let realms: BTreeMap<_, _> = read
        .realms
        .into_iter()
        .map(|realm| (realm.id.clone(), Realm { timing, ..realm }))
        .collect();
    Ok(World {
        realms,
        now: read.now,
        seed: read.seed,
        timing,
    })
}

/// Puts the document into the directory, all of it or nothing: a crash leaves the one that was there before.
///
/// # Errors
/// The directory cannot be written.
pub fn save(directory: &Path, document: &[u8]) -> Result<(), SnapshotError> {
    let target = directory.join(FILE);
    let fresh = directory.join(format!("{FILE}.new"));
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| SnapshotError::Io { path, source }
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let mut file = fs::File::create(&fresh).map_err(failed(&fresh))?;
    file.write_all(document)
        .and_then(|()| file.sync_all())
        .map_err(failed(&fresh))?;
    fs::rename(&fresh, &target).map_err(failed(&target))
}

/// The world that the directory holds; `None` if it holds none.
///
/// # Errors
/// The file cannot be read or understood.
pub fn load(directory: &Path, timing: Timing) -> Result<Option<World>, SnapshotError> {
    let file = directory.join(FILE);
    let path = file.display().to_string();
    match fs::read(&file) {
        Ok(document) => read(&document, timing)
            .map(Some)
            .map_err(|what| SnapshotError::Content { path, what }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SnapshotError::Io { path, source }),
    }
}
