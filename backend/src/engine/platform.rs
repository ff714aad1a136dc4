//! Fargate's platforms: which family a definition is of, and which version runs (ecs-semantics.md §3.1, item 9).

use aws_sdk_ecs::types::{OsFamily, RuntimePlatform, TaskDefinition};

/// What stands for the newest version.
pub const LATEST: &str = "LATEST";

/// How the Linux family is shown.
const LINUX: &str = "Linux";

/// The newest version of the Linux family.
const LINUX_VERSION: &str = "1.4.0";

/// All versions of the Linux family.
const LINUX_VERSIONS: [&str; 2] = [LINUX_VERSION, "1.3.0"];

/// The version of the Windows families.
const WINDOWS_VERSION: &str = "1.0.0";

/// A platform family, as a task or a service shows it.
///
/// That of Windows is the definition's own operating system family. How ECS capitalises it is not recorded.
pub fn family_of(definition: &TaskDefinition) -> String {
    let system = definition
        .runtime_platform()
        .and_then(RuntimePlatform::operating_system_family);
    match system.map(OsFamily::as_str) {
        Some(system) if is_windows(system) => system.to_owned(),
        _ => LINUX.to_owned(),
    }
}

/// The version that runs where this one is given, or none.
pub fn version(family: Option<&str>, given: Option<&str>) -> String {
    let newest = if family.is_some_and(is_windows) {
        WINDOWS_VERSION
    } else {
        LINUX_VERSION
    };
    given
        .filter(|version| *version != LATEST)
        .unwrap_or(newest)
        .to_owned()
}

/// Whether there is such a version of any family.
pub fn is_version(version: &str) -> bool {
    version == LATEST || version == WINDOWS_VERSION || LINUX_VERSIONS.contains(&version)
}

/// Whether a family has a version.
pub fn has(family: &str, version: &str) -> bool {
    let own = if is_windows(family) {
        version == WINDOWS_VERSION
    } else {
        LINUX_VERSIONS.contains(&version)
    };
    own || version == LATEST
}

/// Whether a family is one of Windows.
pub fn is_windows(family: &str) -> bool {
    family.starts_with("WINDOWS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_versions_of_its_own() {
        let windows = "WINDOWS_SERVER_2022_CORE";
        let cases = [
            (LINUX, LATEST, true, "1.4.0"),
            (LINUX, "1.3.0", true, "1.3.0"),
            (LINUX, "1.0.0", false, "1.0.0"),
            (windows, LATEST, true, "1.0.0"),
            (windows, "1.0.0", true, "1.0.0"),
            (windows, "1.4.0", false, "1.4.0"),
        ];
        for (family, given, there, runs) in cases {
            assert_eq!(has(family, given), there, "{family} {given}");
            assert_eq!(version(Some(family), Some(given)), runs, "{family} {given}");
            assert!(is_version(given), "{given}");
        }
        assert!(!is_version("2.0.0"));
        assert_eq!(version(None, None), "1.4.0");
    }
}
