//! Container images without a container engine: one layer, its config, and the OCI archive around them, as
//! `ctr images import`, `kind load image-archive`, `podman load`, `skopeo copy oci-archive:` and `docker load` take it.
//!
//! Pure: files go in, bytes and digests come out. The same files and the same config give the same bytes, in whatever order the
//! files were added and on whatever machine: every time is zero, every owner root, every list sorted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::Error;

const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// gzip's "unknown": what it was packed on does not matter.
const ANY_SYSTEM: u8 = 255;

/// How a layer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Compressed as far as it goes, for images that are sent.
    Gzip,
    /// As it is, for those that stay on this machine.
    Plain,
}

impl Packing {
    fn layer_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Plain => "application/vnd.oci.image.layer.v1.tar",
        }
    }

    fn pack(self, tar: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => gzip(tar),
            Self::Plain => Ok(tar.to_owned()),
        }
    }
}

/// The files of an image, by path; in whatever order they are added, they pack to the same bytes.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Clone)]
struct Node {
    mode: u32,
    /// None for a folder.
    content: Option<Vec<u8>>,
}

impl Layer {
    /// Adds a file by its absolute path, and the folders above it that are not there yet; `mode` is as in `chmod`.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        let content = Some(content.into());
        self.with(path, Node { mode, content })
    }

    /// Adds a folder by its absolute path, and those above it that are not there yet; `mode` is as in `chmod`.
    #[must_use]
    pub fn folder(self, path: &str, mode: u32) -> Self {
        self.with(path, Node { mode, content: None })
    }

    fn with(mut self, path: &str, node: Node) -> Self {
        let path = path.trim_matches('/');
        for (end, _) in path.match_indices('/') {
            let above = path.get(..end).unwrap_or_default().to_owned();
            self.nodes.entry(above).or_insert(Node {
                mode: 0o755,
                content: None,
            });
        }
        self.nodes.insert(path.to_owned(), node);
        self
    }

    /// The tar of it: a folder sorts before what is in it.
    fn tar(&self) -> Result<Vec<u8>, Error> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, node) in &self.nodes {
            append(&mut tar, path, node).map_err(Error::file("cannot pack", path))?;
        }
        tar.into_inner().map_err(Error::file("cannot pack", "the layer"))
    }
}

/// How a container starts from the image, and what is known about it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The full name under which an engine files the image (`docker.io/library/ecs-operator:0.1.0`).
    pub name: String,
    /// In Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// RFC 3339; the commit's time rather than now, or no two images were alike.
    pub created: String,
    /// `UID:GID`.
    pub user: String,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// `NAME=value` each.
    pub environment: Vec<String>,
    /// `org.opencontainers.image.…` and the like.
    pub labels: BTreeMap<String, String>,
}

/// An image, ready to be written to a file.
#[derive(Debug)]
pub struct Image {
    /// The whole archive.
    pub archive: Vec<u8>,
    /// The manifest's digest: what `name@sha256:…` refers to.
    pub digest: String,
    /// Bytes of the layer as it is stored and sent.
    pub packed: usize,
    /// Bytes of the layer as it is unpacked.
    pub unpacked: usize,
}

/// Packs the files and describes them.
pub fn assemble(layer: &Layer, config: &Config, packing: Packing) -> Result<Image, Error> {
    let tar = layer.tar()?;
    let packed = packing
        .pack(&tar)
        .map_err(Error::file("cannot compress", "the layer"))?;
    let layer_blob = Blob::new(packing.layer_type(), packed);
    let config_blob = Blob::json(CONFIG_TYPE, &ImageConfig::new(config, sha256(&tar)))?;
    let manifest = Blob::json(
        MANIFEST_TYPE,
        &Manifest {
            schema_version: 2,
            media_type: MANIFEST_TYPE,
            config: config_blob.descriptor(),
            layers: [layer_blob.descriptor()],
        },
    )?;
    let index = json(&Index {
        schema_version: 2,
        media_type: INDEX_TYPE,
        manifests: [Descriptor {
            annotations: Some(Annotations {
                name: &config.name,
                tag: tag(&config.name),
            }),
            platform: Some(Platform {
                architecture: &config.architecture,
                os: "linux",
            }),
            ..manifest.descriptor()
        }],
    })?;
    let docker = json(&[DockerManifest {
        config: config_blob.path(),
        repo_tags: [&config.name],
        layers: [layer_blob.path()],
    }])?;
    let digest = manifest.digest.clone();
    let packed = layer_blob.bytes.len();
    let mut archive = Layer::default()
        .file("oci-layout", 0o644, r#"{"imageLayoutVersion":"1.0.0"}"#)
        .file("index.json", 0o644, index)
        .file("manifest.json", 0o644, docker);
    for blob in [layer_blob, config_blob, manifest] {
        archive = archive.file(&blob.path(), 0o644, blob.bytes);
    }
    Ok(Image {
        archive: archive.tar()?,
        digest,
        packed,
        unpacked: tar.len(),
    })
}

/// What stands behind the name's last colon, unless that colon is a registry's port.
fn tag(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') => tag,
        _ => "latest",
    }
}

fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, node: &Node) -> io::Result<()> {
    let content = node.content.as_deref();
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(if content.is_some() {
        tar::EntryType::Regular
    } else {
        tar::EntryType::Directory
    });
    header.set_mode(node.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.map_or(0, <[u8]>::len) as u64);
    let path = if content.is_some() {
        path.to_owned()
    } else {
        format!("{path}/")
    };
    tar.append_data(&mut header, path, content.unwrap_or_default())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new()
        .mtime(0)
        .operating_system(ANY_SYSTEM)
        .write(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    packed.finish()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|why| Error::Json {
        what: "the image's description".to_owned(),
        problem: why.to_string(),
    })
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A file of the archive that is named after its content.
struct Blob {
    media_type: &'static str,
    digest: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            media_type,
            digest: sha256(&bytes),
            bytes,
        }
    }

    fn json(media_type: &'static str, value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self::new(media_type, json(value)?))
    }

    fn path(&self) -> String {
        format!("blobs/{}", self.digest.replace(':', "/"))
    }

    fn descriptor(&self) -> Descriptor<'_> {
        Descriptor {
            media_type: self.media_type,
            digest: &self.digest,
            size: self.bytes.len(),
            annotations: None,
            platform: None,
        }
    }
}

// Structures rather than `json!`, whose order of members depends on what else the build makes of serde_json.

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u8,
    media_type: &'a str,
    manifests: [Descriptor<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'a str,
    config: Descriptor<'a>,
    layers: [Descriptor<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    media_type: &'a str,
    digest: &'a str,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform<'a>>,
}

/// The whole name for containerd, the tag for the others.
#[derive(Serialize)]
struct Annotations<'a> {
    #[serde(rename = "io.containerd.image.name")]
    name: &'a str,
    #[serde(rename = "org.opencontainers.image.ref.name")]
    tag: &'a str,
}

#[derive(Serialize)]
struct Platform<'a> {
    architecture: &'a str,
    os: &'a str,
}

/// What `docker load` reads where Docker's own image store is in use.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerManifest<'a> {
    config: String,
    repo_tags: [&'a str; 1],
    layers: [String; 1],
}

#[derive(Serialize)]
struct ImageConfig<'a> {
    architecture: &'a str,
    os: &'a str,
    created: &'a str,
    config: Run<'a>,
    rootfs: RootFs,
    history: [History<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Run<'a> {
    user: &'a str,
    env: &'a [String],
    entrypoint: &'a [String],
    working_dir: &'a str,
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: [String; 1],
}

#[derive(Serialize)]
struct History<'a> {
    created: &'a str,
    created_by: &'static str,
}

impl<'a> ImageConfig<'a> {
    fn new(config: &'a Config, layer: String) -> Self {
        Self {
            architecture: &config.architecture,
            os: "linux",
            created: &config.created,
            config: Run {
                user: &config.user,
                env: &config.environment,
                entrypoint: &config.entrypoint,
                working_dir: "/",
                labels: &config.labels,
            },
            rootfs: RootFs {
                kind: "layers",
                diff_ids: [layer],
            },
            history: [History {
                created: &config.created,
                created_by: "cargo xtask image",
            }],
        }
    }
}

#[cfg(test)]
mod tests;
