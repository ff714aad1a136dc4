//! Real kubectl, run to its end.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Error;
use crate::command::{not_started, run_to_end, text};
use crate::run_dir::RunDir;

/// kubectl with a kubeconfig and a cache of its own, untouched by what the person who runs us has configured.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    user: Option<String>,
}

impl Kubectl {
    /// `program` with `kubeconfig`; its cache goes into the run's folder.
    ///
    /// # Errors
    /// [`Error::File`] where the cache folder cannot be made.
    pub fn new(program: &Path, kubeconfig: &Path, run: &RunDir) -> Result<Self, Error> {
        Ok(Self {
            program: program.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            home: run.folder("kubectl")?,
            user: None,
        })
    }

    /// The same as another user (`--as`), for what RBAC permits and refuses.
    #[must_use]
    pub fn impersonating(&self, user: &str) -> Self {
        Self {
            user: Some(user.to_owned()),
            ..self.clone()
        }
    }

    /// The kubeconfig it uses.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Which kubectl it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs it and gives what it wrote to standard output.
    ///
    /// # Errors
    /// [`Error::Command`] with what it wrote to standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        run_to_end(command, &named(arguments))
    }

    /// Runs it with `-o json` and gives what it answered.
    ///
    /// # Errors
    /// As [`Self::run`], and [`Error::Json`] where the answer is none.
    pub fn json(&self, arguments: &[&str]) -> Result<Value, Error> {
        let text = self.run(&[arguments, &["-o", "json"]].concat())?;
        serde_json::from_str(&text).map_err(|why| Error::Json {
            what: format!("what kubectl {} answers", arguments.join(" ")),
            problem: why.to_string(),
        })
    }

    /// Waits a minute for an object (`ecscl/main`, `pod/web`) to be Ready for its present generation.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn wait_ready(&self, namespace: &str, object: &str) -> Result<(), Error> {
        let namespace = format!("--namespace={namespace}");
        let wait = [
            "wait",
            "--for=condition=Ready",
            "--timeout=60s",
            &namespace,
            object,
        ];
        self.run(&wait).map(drop)
    }

    /// `kubectl apply --server-side -f -` with these manifests (YAML or JSON).
    ///
    /// # Errors
    /// [`Error::Command`] with the API server's words where it refuses one.
    pub fn apply(&self, manifests: &str) -> Result<String, Error> {
        self.feed(&["apply", "--server-side", "-f", "-"], manifests)
    }

    /// Runs it with `input` on standard input.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn feed(&self, arguments: &[&str], input: &str) -> Result<String, Error> {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(not_started(&command))?;
        if let Some(mut stdin) = child.stdin.take() {
            // Where kubectl ends before it has read everything, its own message says more than a broken pipe.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().map_err(not_started(&command))?;
        text(&output, &named(arguments))
    }

    /// The command, for who wants its output elsewhere.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.home.join("cache"));
        if let Some(user) = &self.user {
            command.args(["--as", user]);
        }
        command
            .args(arguments)
            .env("HOME", &self.home)
            // The API server is on this machine, though not always at a loopback address.
            .env("NO_PROXY", "*")
            .env_remove("KUBECONFIG");
        command
    }

    /// Applies every manifest of a folder server-side.
    ///
    /// # Errors
    /// As [`Self::apply`], and [`Error::File`] where the folder cannot be read.
    pub fn apply_folder(&self, folder: &Path) -> Result<String, Error> {
        fs::read_dir(folder).map_err(Error::file("cannot read the folder", folder))?;
        self.run(&["apply", "--server-side", "-f", &folder.to_string_lossy()])
    }
}

fn named(arguments: &[&str]) -> String {
    format!("kubectl {}", arguments.join(" "))
}
