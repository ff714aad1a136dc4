//! The memory of a process, as Linux counts it.

use std::fs;

use ecs_e2e::Error;

/// In MiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that was resident.
    pub peak: u64,
}

/// Of the process with this id.
pub fn of(id: u32) -> Result<Memory, Error> {
    let path = format!("/proc/{id}/status");
    fs::read_to_string(&path)
        .map(|status| read(&status))
        .map_err(Error::file("cannot read", path))
}

fn read(status: &str) -> Memory {
    let of = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default();
        line.trim_start_matches(':')
            .trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .unwrap_or(0)
            / 1024
    };
    Memory {
        resident: of("VmRSS"),
        peak: of("VmHWM"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_are_read_as_mebibytes() {
        let status = "Name:\tx\nVmHWM:\t   61440 kB\nVmRSS:\t   51200 kB\n";
        assert_eq!(
            read(status),
            Memory {
                resident: 50,
                peak: 60
            }
        );
    }
}
