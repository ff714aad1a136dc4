//! A node with the release in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ecs_e2e::audit::{self, Request};
use ecs_e2e::kubectl::Kubectl;
use ecs_e2e::node::{Node, Options};
use ecs_e2e::questions::Questions;
use ecs_e2e::release::Release;
use ecs_e2e::run_dir::RunDir;
use ecs_e2e::steps::Steps;
use ecs_e2e::{backend, image, scene};

/// The user that the API server takes the operator's pods for.
const USER: &str = "system:serviceaccount:ecs-operator-system:ecs-operator";

/// A cluster of one node with the release in it.
pub struct Site {
    /// The node and its control plane.
    pub node: Node,
    /// The release.
    pub release: Release,
    run: RunDir,
}

impl Site {
    /// Starts the node, gives it the image and installs both charts from a folder.
    pub fn new(run: RunDir, charts: &Path) -> Self {
        let options = Options { audit: true };
        let steps = Steps::shown();
        let node = Node::start(&run, &options, steps).unwrap_or_else(|why| panic!("{why}"));
        let archive = image::built(&scene::built_binaries().unwrap(), &run).unwrap();
        node.import_image(&archive).unwrap();
        let release = Release::install(&node, &run, charts, steps).unwrap_or_else(|why| panic!("{why}"));
        Self { node, release, run }
    }

    /// What the operator's pods asked the API server for so far.
    pub fn requests(&self) -> BTreeSet<Request> {
        audit::requests(&self.run, USER).unwrap()
    }

    /// The calls that changed something in ECS since the backend's pod started.
    pub fn mutations(&self) -> BTreeMap<String, u64> {
        self.backend().mutations().unwrap()
    }

    /// What kubectl answers the administrator.
    pub fn ask(&self, arguments: &[&str]) -> String {
        self.kubectl().run(arguments).unwrap()
    }
}

impl Questions for Site {
    fn kubectl(&self) -> &Kubectl {
        self.node.kubectl()
    }

    fn backend(&self) -> &backend::Client {
        self.release.backend()
    }

    fn run(&self) -> &RunDir {
        &self.run
    }
}
