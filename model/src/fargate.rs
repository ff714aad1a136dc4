//! Task sizes: how ECS reads `cpu` and `memory` of a task, and which pairs Fargate has (ecs-semantics.md §2.3).

use std::fmt;

/// The size of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// CPU units; 1024 are one vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
}

/// What the task is to run on, as far as it decides which sizes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// Windows has 1, 2 and 4 vCPU only.
    pub windows: bool,
    /// Windows does not run on ARM64.
    pub arm64: bool,
    /// Whether the region has 32 vCPU already; not all have.
    pub thirty_two_vcpu: bool,
}

/// Which of the two settings of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// `cpu`
    Cpu,
    /// `memory`
    Memory,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        })
    }
}

/// Why a task has no valid size. The texts are those of ECS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Fargate needs both settings.
    #[error("Fargate requires that '{setting}' be defined at the task level.")]
    Missing {
        /// The one that is missing.
        setting: Setting,
    },
    /// The setting cannot be read, or is out of range.
    #[error(
        "Invalid '{setting}' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )]
    Invalid {
        /// The one that is invalid.
        setting: Setting,
    },
    /// Fargate has no such pair.
    #[error(
        "No Fargate configuration exists for given values: {} CPU, {} memory. See the Amazon ECS documentation for the valid values.",
        size.cpu, size.memory
    )]
    NoConfiguration {
        /// The pair.
        size: Size,
    },
}

/// The least and the greatest task CPU on EC2 and EXTERNAL, in units.
pub const CPU_UNITS: (u32, u32) = (128, 196_608);

/// A row of the table: the CPU units and the memory settings in MiB that go with them.
#[derive(Debug, Clone, Copy)]
struct Row {
    cpu: u32,
    memory: Memory,
}

#[derive(Debug, Clone, Copy)]
enum Memory {
    These(&'static [u32]),
    Steps { from: u32, to: u32, by: u32 },
}

const ROWS: [Row; 8] = [
    Row {
        cpu: 256,
        memory: Memory::These(&[512, 1024, 2048]),
    },
    Row {
        cpu: 512,
        memory: Memory::Steps {
            from: 1024,
            to: 4096,
            by: 1024,
        },
    },
    Row {
        cpu: 1024,
        memory: Memory::Steps {
            from: 2048,
            to: 8192,
            by: 1024,
        },
    },
    Row {
        cpu: 2048,
        memory: Memory::Steps {
            from: 4096,
            to: 16_384,
            by: 1024,
        },
    },
    Row {
        cpu: 4096,
        memory: Memory::Steps {
            from: 8192,
            to: 30_720,
            by: 1024,
        },
    },
    Row {
        cpu: 8192,
        memory: Memory::Steps {
            from: 16_384,
            to: 61_440,
            by: 4096,
        },
    },
    Row {
        cpu: 16_384,
        memory: Memory::Steps {
            from: 32_768,
            to: 122_880,
            by: 8192,
        },
    },
    Row {
        cpu: THIRTY_TWO_VCPU,
        memory: Memory::These(&[61_440, 122_880, 249_856]),
    },
];
const THIRTY_TWO_VCPU: u32 = 32_768;

impl Memory {
    fn all(self) -> Vec<u32> {
        match self {
            Self::These(these) => these.to_vec(),
            Self::Steps { from, to, by } => (from..=to).step_by(by as usize).collect(),
        }
    }
}

impl Offer {
    fn has(self, cpu: u32) -> bool {
        if self.windows {
            !self.arm64 && (1024..=4096).contains(&cpu)
        } else {
            cpu != THIRTY_TWO_VCPU || self.thirty_two_vcpu
        }
    }

    /// All sizes that Fargate offers, smallest first.
    #[must_use]
    pub fn sizes(self) -> Vec<Size> {
        let rows = ROWS.iter().filter(|row| self.has(row.cpu));
        rows.flat_map(|row| {
            row.memory
                .all()
                .into_iter()
                .map(|memory| Size { cpu: row.cpu, memory })
        })
        .collect()
    }

    /// The size of a Fargate task with these settings.
    ///
    /// # Errors
    /// [`SizeError`] when a setting is missing or cannot be read, or Fargate has no such pair.
    pub fn size(self, cpu: Option<&str>, memory: Option<&str>) -> Result<Size, SizeError> {
        let size = Size {
            cpu: parse_cpu(cpu.ok_or(SizeError::Missing {
                setting: Setting::Cpu,
            })?)?,
            memory: parse_memory(memory.ok_or(SizeError::Missing {
                setting: Setting::Memory,
            })?)?,
        };
        if self.sizes().contains(&size) {
            return Ok(size);
        }
        Err(SizeError::NoConfiguration { size })
    }
}

/// Reads a task's `cpu`: units (`"1024"`) or vCPUs (`"1 vCPU"`, `".25 vcpu"`), in units. The range is not looked at.
///
/// # Errors
/// [`SizeError::Invalid`] for anything else, and for what is no whole number of units.
pub fn parse_cpu(text: &str) -> Result<u32, SizeError> {
    parse(text, "vcpu").ok_or(SizeError::Invalid {
        setting: Setting::Cpu,
    })
}

/// Reads a task's `memory`: MiB (`"2048"`) or GB (`"2 GB"`, `"0.5gb"`), in MiB.
///
/// # Errors
/// [`SizeError::Invalid`] for anything else, and for what is no whole number of MiB.
pub fn parse_memory(text: &str) -> Result<u32, SizeError> {
    parse(text, "gb").ok_or(SizeError::Invalid {
        setting: Setting::Memory,
    })
}

/// Reads a task's `cpu` for EC2 and EXTERNAL, where any number from 128 to 196608 units is allowed.
///
/// # Errors
/// [`SizeError::Invalid`] when it cannot be read or is out of range.
pub fn parse_ec2_cpu(text: &str) -> Result<u32, SizeError> {
    parse_cpu(text).and_then(|cpu| {
        let (least, greatest) = CPU_UNITS;
        if (least..=greatest).contains(&cpu) {
            Ok(cpu)
        } else {
            Err(SizeError::Invalid {
                setting: Setting::Cpu,
            })
        }
    })
}

/// A whole positive number, or a decimal one of `unit`, which is 1024 of the small unit.
fn parse(text: &str, unit: &str) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    let number = match lower.strip_suffix(unit) {
        Some(number) => thousandths_of_1024(number.trim_end())?,
        None => digits(&lower)?,
    };
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// A decimal number times 1024, where that is a whole number. Digits are counted, not floats, so that nothing is rounded.
fn thousandths_of_1024(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 10 {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { digits(whole)? };
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction = if fraction.is_empty() { 0 } else { digits(fraction)? };
    let scaled = fraction.checked_mul(1024)?;
    (scaled % scale == 0)
        .then(|| whole.checked_mul(1024)?.checked_add(scaled / scale))
        .flatten()
}

fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
