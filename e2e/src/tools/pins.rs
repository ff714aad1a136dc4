//! Which programs, at which version, and how a version is read.

/// Programs that are built together, from one Go module, because their requirements are solved together.
#[derive(Debug)]
pub(super) struct Family {
    /// The start of the folder's name in the cache.
    pub name: &'static str,
    /// The module's folder under `e2e/tools`; two families may share it, so that who needs one does not build the other.
    pub module: &'static str,
    /// The version that go.mod pins; any patch of the same minor version fits where a machine has one.
    pub version: Version,
    /// What the linker is told.
    pub ldflags: &'static str,
    /// How long a build takes on two cores, for the line that announces it.
    pub takes: &'static str,
    /// The programs.
    pub programs: &'static [Program],
}

/// One program of a family.
#[derive(Debug)]
pub(super) struct Program {
    /// The file's name.
    pub name: &'static str,
    /// Its Go package.
    pub package: &'static str,
    /// What makes it print its version.
    pub version_arguments: &'static [&'static str],
}

/// Major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(pub u32, pub u32, pub u32);

/// The stored data's server.
pub(super) const ETCD: Family = Family {
    name: "etcd",
    module: "etcd",
    version: Version(3, 6, 7),
    ldflags: "-s -w",
    takes: "half a minute",
    programs: &[Program {
        name: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        version_arguments: &["--version"],
    }],
};

/// The API server and its client. Without the linker's `-X`, `kubectl version` cannot read its own version.
pub(super) const KUBERNETES: Family = Family {
    name: "kubernetes",
    module: "kubernetes",
    version: Version(1, 36, 3),
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3",
    takes: "three minutes",
    programs: &[
        Program {
            name: "kube-apiserver",
            package: "k8s.io/kubernetes/cmd/kube-apiserver",
            version_arguments: &["--version"],
        },
        Program {
            name: "kubectl",
            package: "k8s.io/kubernetes/cmd/kubectl",
            version_arguments: &["version", "--client"],
        },
    ],
};

/// The charts' client. Its source says only `v4.2`; the linker tells it the patch.
pub(super) const HELM: Family = Family {
    name: "helm",
    module: "helm",
    version: Version(4, 2, 4),
    ldflags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.2.4",
    takes: "a minute",
    programs: &[Program {
        name: "helm",
        package: "helm.sh/helm/v4/cmd/helm",
        version_arguments: &["version", "--template", "{{.Version}}"],
    }],
};

/// What a cluster has beside its API server. Built after it, from the same module, since they share most of their packages.
pub(super) const KUBERNETES_NODE: Family = Family {
    name: "kubernetes-node",
    module: KUBERNETES.module,
    version: KUBERNETES.version,
    ldflags: KUBERNETES.ldflags,
    takes: "two minutes",
    programs: &[
        Program {
            name: "kubelet",
            package: "k8s.io/kubernetes/cmd/kubelet",
            version_arguments: &["--version"],
        },
        Program {
            name: "kube-controller-manager",
            package: "k8s.io/kubernetes/cmd/kube-controller-manager",
            version_arguments: &["--version"],
        },
        Program {
            name: "kube-scheduler",
            package: "k8s.io/kubernetes/cmd/kube-scheduler",
            version_arguments: &["--version"],
        },
        Program {
            name: "kube-proxy",
            package: "k8s.io/kubernetes/cmd/kube-proxy",
            version_arguments: &["--version"],
        },
    ],
};

/// What runs the containers. Its source says only `2.4.2+unknown`; the linker tells it the release.
pub(super) const CONTAINERD: Family = Family {
    name: "containerd",
    module: "containerd",
    version: Version(2, 4, 2),
    ldflags: "-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2",
    takes: "a minute",
    programs: &[
        Program {
            name: "containerd",
            package: "github.com/containerd/containerd/v2/cmd/containerd",
            version_arguments: &["--version"],
        },
        Program {
            name: "containerd-shim-runc-v2",
            package: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            version_arguments: &["-v"],
        },
        Program {
            name: "ctr",
            package: "github.com/containerd/containerd/v2/cmd/ctr",
            version_arguments: &["--version"],
        },
    ],
};

/// What answers for the names of services.
pub(super) const COREDNS: Family = Family {
    name: "coredns",
    module: "coredns",
    version: Version(1, 15, 0),
    ldflags: "-s -w",
    takes: "a minute",
    programs: &[Program {
        name: "coredns",
        package: "ecs-operator.dev/e2e/tools/coredns",
        version_arguments: &["-version"],
    }],
};

/// Our own program that does nothing, for the container that holds a pod's namespaces.
pub(super) const PAUSE: Family = Family {
    name: "ecs-e2e-pause",
    module: "pause",
    version: Version(1, 0, 0),
    ldflags: "-s -w",
    takes: "a few seconds",
    programs: &[Program {
        name: "ecs-e2e-pause",
        package: "ecs-operator.dev/e2e/tools/pause",
        version_arguments: &["--version"],
    }],
};

impl Family {
    /// The folder's name in the cache; another version is another folder.
    pub fn cached_as(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

impl Version {
    /// The first version in what a program printed ("Kubernetes v1.36.3", "etcd Version: 3.6.7").
    pub fn read(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.')
            .find_map(|word| {
                let mut parts = word.split('.').map(str::parse::<u32>);
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => Some(Self(major, minor, patch)),
                    _ => None,
                }
            })
    }

    /// Whether a program of version `found` can stand in for the pinned one.
    pub fn fits(self, found: Self) -> bool {
        (self.0, self.1) == (found.0, found.1)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_print() {
        for (text, expected) in [
            ("Kubernetes v1.36.3\n", Some(Version(1, 36, 3))),
            (
                "etcd Version: 3.6.7\nGit SHA: Not provided\nGo Version: go1.26.8\n",
                Some(Version(3, 6, 7)),
            ),
            (
                "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n",
                Some(Version(1, 32, 4)),
            ),
            (
                "containerd github.com/containerd/containerd/v2 v2.4.2 \n",
                Some(Version(2, 4, 2)),
            ),
            (
                "CoreDNS-1.15.0\nlinux/amd64, go1.26.8, \n",
                Some(Version(1, 15, 0)),
            ),
            ("no version here, only 1.2", None),
            ("", None),
        ] {
            assert_eq!(Version::read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn another_patch_fits_and_another_minor_does_not() {
        assert!(KUBERNETES.version.fits(Version(1, 36, 0)));
        assert!(!KUBERNETES.version.fits(Version(1, 32, 4)));
        assert!(!ETCD.version.fits(Version(4, 6, 7)));
    }

    #[test]
    fn the_versions_are_those_that_go_mod_pins() {
        for (family, go_mod, module) in [
            (
                &ETCD,
                include_str!("../../tools/etcd/go.mod"),
                "go.etcd.io/etcd/server/v3",
            ),
            (
                &KUBERNETES,
                include_str!("../../tools/kubernetes/go.mod"),
                "k8s.io/kubernetes",
            ),
            (&HELM, include_str!("../../tools/helm/go.mod"), "helm.sh/helm/v4"),
            (
                &CONTAINERD,
                include_str!("../../tools/containerd/go.mod"),
                "github.com/containerd/containerd/v2",
            ),
            (
                &COREDNS,
                include_str!("../../tools/coredns/go.mod"),
                "github.com/coredns/coredns",
            ),
        ] {
            let pinned = format!("{module} {}", family.version);
            assert!(
                go_mod
                    .lines()
                    .any(|line| line.trim().trim_start_matches("require ").starts_with(&pinned)),
                "{pinned} is not in {}'s go.mod",
                family.name
            );
        }
        assert!(
            KUBERNETES
                .ldflags
                .ends_with(&format!("gitVersion={}", KUBERNETES.version))
        );
        assert!(HELM.ldflags.ends_with(&format!("version={}", HELM.version)));
        assert!(
            CONTAINERD
                .ldflags
                .ends_with(&format!("Version={}", CONTAINERD.version))
        );
    }
}
