use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::*;

fn config() -> Config {
    Config {
        name: "docker.io/library/small:1.2".to_owned(),
        architecture: "amd64".to_owned(),
        created: "2026-11-26T00:00:00Z".to_owned(),
        user: "65532:65532".to_owned(),
        entrypoint: vec!["/bin/small".to_owned()],
        environment: vec!["PATH=/bin".to_owned()],
        labels: BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]),
    }
}

fn layer() -> Layer {
    Layer::default()
        .file("/bin/small", 0o755, *b"program")
        .folder("/tmp", 0o1777)
        .file("/etc/deep/file", 0o644, *b"text")
}

fn files(tar: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
    tar::Archive::new(tar)
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let header = entry.header();
            for fixed in [header.uid(), header.gid(), header.mtime()] {
                assert_eq!(fixed.unwrap(), 0);
            }
            let mode = header.mode().unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, (mode, content))
        })
        .collect()
}

fn read(archive: &BTreeMap<String, (u32, Vec<u8>)>, path: &str) -> Value {
    serde_json::from_slice(&archive[path].1).unwrap()
}

fn blob<'a>(archive: &'a BTreeMap<String, (u32, Vec<u8>)>, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap();
    let bytes = &archive[&format!("blobs/{}", digest.replace(':', "/"))].1;
    assert_eq!(sha256(bytes), digest);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

#[test]
fn the_same_files_in_another_order_are_the_same_image() {
    let first = assemble(&layer(), &config(), Packing::Gzip).unwrap();
    let other = Layer::default()
        .file("/etc/deep/file", 0o644, *b"text")
        .file("/bin/small", 0o755, *b"program")
        .folder("/tmp", 0o1777);
    let second = assemble(&other, &config(), Packing::Gzip).unwrap();
    assert_eq!(first.digest, second.digest);
    assert!(first.archive == second.archive);
}

#[test]
fn another_byte_a_mode_or_a_label_is_another_image() {
    let digest = assemble(&layer(), &config(), Packing::Gzip).unwrap().digest;
    let byte = layer().file("/bin/small", 0o755, *b"Program");
    let mode = layer().file("/bin/small", 0o555, *b"program");
    let mut label = config();
    label.labels.insert("a".to_owned(), "other".to_owned());
    for (what, layer, config) in [
        ("byte", byte, config()),
        ("mode", mode, config()),
        ("label", layer(), label),
    ] {
        assert_ne!(
            assemble(&layer, &config, Packing::Gzip).unwrap().digest,
            digest,
            "{what}"
        );
    }
}

#[test]
fn every_blob_is_what_its_descriptor_says() {
    let image = assemble(&layer(), &config(), Packing::Gzip).unwrap();
    let archive = files(&image.archive);
    assert_eq!(read(&archive, "oci-layout")["imageLayoutVersion"], "1.0.0");
    let index = read(&archive, "index.json");
    let descriptor = &index["manifests"][0];
    assert_eq!(descriptor["digest"], image.digest);
    assert_eq!(
        descriptor["annotations"]["io.containerd.image.name"],
        "docker.io/library/small:1.2"
    );
    assert_eq!(
        descriptor["annotations"]["org.opencontainers.image.ref.name"],
        "1.2"
    );
    let manifest: Value = serde_json::from_slice(blob(&archive, descriptor)).unwrap();
    let config: Value = serde_json::from_slice(blob(&archive, &manifest["config"])).unwrap();
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Labels"]["b"], "2");
    let packed = blob(&archive, &manifest["layers"][0]);
    assert_eq!(packed.len(), image.packed);
    let mut tar = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut tar).unwrap();
    assert_eq!(tar.len(), image.unpacked);
    assert_eq!(config["rootfs"]["diff_ids"][0], sha256(&tar));
    let docker = read(&archive, "manifest.json");
    assert!(archive.contains_key(docker[0]["Config"].as_str().unwrap()));
    assert!(archive.contains_key(docker[0]["Layers"][0].as_str().unwrap()));
}

#[test]
fn folders_come_before_what_is_in_them_and_keep_their_modes() {
    let tar = layer().folder("/etc", 0o700).tar().unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    let order: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(
        order,
        ["bin/", "bin/small", "etc/", "etc/deep/", "etc/deep/file", "tmp/"]
    );
    let files = files(&tar);
    assert_eq!(files["bin/small"], (0o755, b"program".to_vec()));
    assert_eq!(files["etc/"].0, 0o700);
    assert_eq!(files["tmp/"].0, 0o1777);
}

#[test]
fn a_tag_is_no_port() {
    assert_eq!(tag("docker.io/library/a:1"), "1");
    assert_eq!(tag("localhost:5000/a"), "latest");
    assert_eq!(tag("a"), "latest");
}
