//! The folder of one run: logs, data, certificates, kubeconfig.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Error;
use crate::guardian::Guardian;

/// A temporary folder that goes when we go, or one that a person wants to keep.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    guardian: Guardian,
}

impl RunDir {
    /// A new folder under the system's temporary folder, removed by the guardian when we are gone. Where `ECS_E2E_KEEP` names a
    /// folder, the new one is made there and stays, so that the logs of a failed test can be read.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub fn temporary() -> Result<Self, Error> {
        if let Some(keep) = std::env::var_os("ECS_E2E_KEEP") {
            return Self::at(&new_folder(Path::new(&keep))?);
        }
        let run = Self::at(&new_folder(&std::env::temp_dir())?)?;
        run.guardian.remove(&run.path);
        Ok(run)
    }

    /// A folder that stays; made where it does not exist.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub fn at(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(Error::file("cannot make the folder", &path))?;
        let path = path
            .canonicalize()
            .map_err(Error::file("cannot find the folder", path))?;
        Ok(Self {
            path,
            guardian: Guardian::start()?,
        })
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the children of this run when we are gone.
    pub fn guardian(&self) -> &Guardian {
        &self.guardian
    }

    /// The file `name` in this folder, written with `content`.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf, Error> {
        let path = self.path.join(name);
        fs::write(&path, content).map_err(Error::file("cannot write", &path))?;
        Ok(path)
    }

    /// The folder `name` in this folder, made where it does not exist.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).map_err(Error::file("cannot make the folder", &path))?;
        Ok(path)
    }
}

/// Makes a folder in `parent` that nobody had before. A process id comes again, and with it the name of what an earlier process left.
fn new_folder(parent: &Path) -> Result<PathBuf, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    fs::create_dir_all(parent).map_err(Error::file("cannot make the folder", parent))?;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("ecs-operator-{}-{number}", process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            Err(why) => return Err(Error::file("cannot make the folder", path)(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_is_not_taken() {
        let run = RunDir::temporary().unwrap();
        // The names that come next, as an earlier process of this id would have left them.
        let parent = run.folder("parent").unwrap();
        for number in 0..50 {
            fs::create_dir(parent.join(format!("ecs-operator-{}-{number}", process::id()))).unwrap();
        }
        let new = new_folder(&parent).unwrap();
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 51, "{}", new.display());
    }
}
