//! What is in the image: two programs, and of an operating system only the few files that they read.
//!
//! `cargo xtask image` builds the programs for it; [`built`] takes those that lie beside a test.

mod local;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::oci::{Config, Layer};
pub use local::built;

/// Where the programs are.
pub const PROGRAMS: &str = "/usr/local/bin";
/// The programs, by the names of their crates; the first is what a container runs.
pub const BINARIES: [&str; 2] = ["ecs-operator", "ecs-backend"];
/// Who runs them: distroless's `nonroot`.
pub const USER: &str = "65532:65532";
/// The C library's allocator keeps what one part of the memory frees for that part. The operator waits more than it computes: one
/// part for all is as fast, and an eighth smaller (docs/benchmarks.md).
pub const ALLOCATOR: (&str, &str) = ("MALLOC_ARENA_MAX", "1");
/// Where the licence is.
pub const LICENSE: &str = "/usr/share/doc/ecs-operator/LICENSE";

/// Where rustls-native-certs, the AWS client's source of roots, and everybody else on Debian looks.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
/// What the licence of the list asks for; a reader of PEM passes over it.
const ROOTS_NOTICE: &str = "# Mozilla's root certificates, from the crate webpki-root-certs.\n\
                            # Licence: CDLA-Permissive-2.0, https://cdla.dev/permissive-2-0/\n\n";
/// PEM's line length.
const PEM_COLUMNS: usize = 64;

/// Where an image comes from, as its labels say.
#[derive(Debug)]
pub struct Origin {
    /// Our version, as in Cargo.toml.
    pub version: String,
    /// The commit, with `-dirty` behind it where the checkout differs from it.
    pub revision: String,
    /// When the commit was made; RFC 3339. Nothing is the time of the build.
    pub created: String,
}

const GROUP: &str = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n";
const PASSWD: &str = "root:x:0:0:root:/:/sbin/nologin\n\
                      nobody:x:65534:65534:nobody:/:/sbin/nologin\n\
                      nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n";

/// The files: each program by its name, and the licence's text.
pub fn layer(programs: impl IntoIterator<Item = (String, Vec<u8>)>, license: &str) -> Layer {
    let system = Layer::default()
        .folder("/tmp", 0o1777)
        .file("/etc/passwd", 0o644, PASSWD)
        .file("/etc/group", 0o644, GROUP)
        // Without it glibc asks DNS before /etc/hosts.
        .file("/etc/nsswitch.conf", 0o644, "hosts: files dns\n")
        .file(ROOTS, 0o644, roots())
        .file(LICENSE, 0o644, license);
    programs.into_iter().fold(system, |layer, (name, program)| {
        layer.file(&format!("{PROGRAMS}/{name}"), 0o755, program)
    })
}

/// How it starts, and what it says about itself.
pub fn config(name: &str, architecture: &str, origin: &Origin) -> Config {
    Config {
        name: name.to_owned(),
        architecture: architecture.to_owned(),
        created: origin.created.clone(),
        user: USER.to_owned(),
        entrypoint: BINARIES
            .iter()
            .take(1)
            .map(|binary| format!("{PROGRAMS}/{binary}"))
            .collect(),
        environment: vec![
            format!("PATH={PROGRAMS}"),
            format!("SSL_CERT_FILE={ROOTS}"),
            format!("{}={}", ALLOCATOR.0, ALLOCATOR.1),
        ],
        labels: labels(origin),
    }
}

/// This machine's, in an image's words.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn labels(origin: &Origin) -> BTreeMap<String, String> {
    [
        ("title", "ecs-operator"),
        (
            "description",
            "The Kubernetes operator for Amazon ECS, and ecs-backend, a server that answers as ECS does",
        ),
        ("licenses", "Apache-2.0"),
        ("version", &origin.version),
        ("revision", &origin.revision),
        ("created", &origin.created),
    ]
    .into_iter()
    .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.to_owned()))
    .collect()
}

/// Mozilla's roots as PEM, in the order of their bytes.
fn roots() -> String {
    let mut roots: Vec<&[u8]> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(AsRef::as_ref)
        .collect();
    roots.sort_unstable();
    roots.into_iter().fold(ROOTS_NOTICE.to_owned(), |mut pem, root| {
        pem.push_str("-----BEGIN CERTIFICATE-----");
        for (index, character) in BASE64.encode(root).chars().enumerate() {
            if index % PEM_COLUMNS == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
        pem
    })
}

#[cfg(test)]
mod tests {
    use crate::oci::{Packing, assemble};

    use super::*;

    fn origin() -> Origin {
        Origin {
            version: "1.2.3".to_owned(),
            revision: "abc".to_owned(),
            created: "2026-11-26T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn the_programs_in_another_order_are_the_same_image() {
        let program = |name: &str| (name.to_owned(), name.as_bytes().to_vec());
        let config = config("docker.io/library/ecs-operator:1.2.3", "amd64", &origin());
        let [first, second] = [
            [program("ecs-operator"), program("ecs-backend")],
            [program("ecs-backend"), program("ecs-operator")],
        ]
        .map(|programs| assemble(&layer(programs, "licence"), &config, Packing::Gzip).unwrap());
        assert_eq!(first.digest, second.digest);
        assert!(first.archive == second.archive);
    }

    #[test]
    fn a_container_runs_the_operator_as_nobody_in_particular() {
        let config = config("ecs-operator:1", "amd64", &origin());
        assert_eq!(config.entrypoint, ["/usr/local/bin/ecs-operator"]);
        assert_eq!(config.user, "65532:65532");
        assert_eq!(config.labels["org.opencontainers.image.version"], "1.2.3");
        assert_eq!(config.labels["org.opencontainers.image.revision"], "abc");
        assert!(PASSWD.contains("nonroot:x:65532:65532:"));
        assert!(GROUP.contains("nonroot:x:65532:"));
    }

    #[test]
    fn the_roots_are_pem_with_amazons_among_them() {
        let pem = roots();
        let blocks: Vec<String> = pem
            .split("-----BEGIN CERTIFICATE-----\n")
            .skip(1)
            .map(|block| {
                let (body, rest) = block.split_once("\n-----END CERTIFICATE-----\n").unwrap();
                assert_eq!(rest, "");
                assert!(body.lines().all(|line| line.len() <= PEM_COLUMNS), "{body}");
                body.replace('\n', "")
            })
            .collect();
        assert_eq!(blocks.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        let amazon = b"Amazon Root CA 1";
        assert!(blocks.iter().any(|block| {
            let der = BASE64.decode(block).unwrap();
            der.windows(amazon.len()).any(|window| window == amazon)
        }));
    }
}
