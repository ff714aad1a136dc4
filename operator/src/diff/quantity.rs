//! The spellings that ECS takes for task-level CPU and memory, brought to one (ecs-semantics.md §2.3).

use ecs_model::fargate;

/// What a quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// CPU units, 1024 to a vCPU; also written `1 vCPU`, `.5 vcpu`.
    Cpu,
    /// MiB; also written `1GB`, `0.5 GB`.
    Memory,
}

/// The quantity in CPU units or MiB; `None` for what is no quantity.
pub fn quantity(text: &str, unit: Unit) -> Option<u32> {
    let read = match unit {
        Unit::Cpu => fargate::parse_cpu(text),
        Unit::Memory => fargate::parse_memory(text),
    };
    read.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same() {
        let cases = [
            ("256", Unit::Cpu, Some(256)),
            (".25 vCPU", Unit::Cpu, Some(256)),
            ("0.5vcpu", Unit::Cpu, Some(512)),
            ("1 vCPU", Unit::Cpu, Some(1024)),
            ("16 VCPU", Unit::Cpu, Some(16384)),
            ("512", Unit::Memory, Some(512)),
            ("0.5 GB", Unit::Memory, Some(512)),
            ("1GB", Unit::Memory, Some(1024)),
            ("30 gb", Unit::Memory, Some(30720)),
            ("1 GB", Unit::Cpu, None),
            ("GB", Unit::Memory, None),
            ("much", Unit::Cpu, None),
            ("", Unit::Cpu, None),
            ("0.0625 vCPU", Unit::Cpu, Some(64)),
            ("0.3 GB", Unit::Memory, None),
            (".1234 vCPU", Unit::Cpu, None),
        ];
        for (text, unit, expected) in cases {
            assert_eq!(quantity(text, unit), expected, "{text:?}");
        }
    }
}
