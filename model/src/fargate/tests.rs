//! Tests of task sizes.

use proptest::prelude::*;

use super::*;

#[test]
fn settings_are_read_as_ecs_reads_them() {
    let cpu = [
        ("1024", Some(1024)),
        ("1 vCPU", Some(1024)),
        ("1vcpu", Some(1024)),
        (".25 vCPU", Some(256)),
        ("0.5 VCPU", Some(512)),
        ("2. vCPU", Some(2048)),
        (" 256 ", Some(256)),
        ("", None),
        ("vCPU", None),
        (". vCPU", None),
        ("0", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("0.3 vCPU", None),
        ("1 GB", None),
        ("1 2 vCPU", None),
        ("99999999999999999999", None),
        ("9999999 vCPU", None),
        ("0.00000000000001 vCPU", None),
    ];
    for (text, expected) in cpu {
        assert_eq!(parse_cpu(text).ok(), expected, "{text:?}");
    }
    let memory = [
        ("2048", Some(2048)),
        ("2 GB", Some(2048)),
        ("2gb", Some(2048)),
        (".5 GB", Some(512)),
        ("512 MB", None),
        ("1 vCPU", None),
    ];
    for (text, expected) in memory {
        assert_eq!(parse_memory(text).ok(), expected, "{text:?}");
    }
    let ec2 = [
        ("128", Some(128)),
        ("127", None),
        ("192 vCPU", Some(196_608)),
        ("196609", None),
        ("300", Some(300)),
    ];
    for (text, expected) in ec2 {
        assert_eq!(parse_ec2_cpu(text).ok(), expected, "{text:?}");
    }
}

#[test]
fn the_table_has_its_corners() {
    let linux = Offer::default();
    let newest = Offer {
        thirty_two_vcpu: true,
        ..linux
    };
    let windows = Offer {
        windows: true,
        ..linux
    };
    let cases = [
        (linux, 256, 512, true),
        (linux, 256, 2048, true),
        (linux, 256, 3072, false),
        (linux, 256, 1536, false),
        (linux, 512, 512, false),
        (linux, 512, 4096, true),
        (linux, 1024, 2048, true),
        (linux, 1024, 8192, true),
        (linux, 2048, 16_384, true),
        (linux, 4096, 30_720, true),
        (linux, 4096, 31_744, false),
        (linux, 8192, 16_384, true),
        (linux, 8192, 17_408, false),
        (linux, 8192, 61_440, true),
        (linux, 16_384, 122_880, true),
        (linux, 16_384, 36_864, false),
        (linux, 32_768, 61_440, false),
        (newest, 32_768, 61_440, true),
        (newest, 32_768, 249_856, true),
        (linux, 300, 1024, false),
        (windows, 512, 1024, false),
        (windows, 1024, 2048, true),
        (windows, 4096, 8192, true),
        (windows, 8192, 16_384, false),
        (
            Offer {
                arm64: true,
                ..windows
            },
            1024,
            2048,
            false,
        ),
        (Offer { arm64: true, ..linux }, 1024, 2048, true),
    ];
    for (offer, cpu, memory, there) in cases {
        let size = offer.size(Some(&cpu.to_string()), Some(&memory.to_string()));
        assert_eq!(size.is_ok(), there, "{offer:?} {cpu} {memory}");
    }
}

#[test]
fn errors_are_ecs_words() {
    let size = |cpu, memory| Offer::default().size(cpu, memory).unwrap_err();
    let cases = [
        (
            size(None, Some("512")),
            "Fargate requires that 'cpu' be defined at the task level.",
        ),
        (
            size(Some("256"), None),
            "Fargate requires that 'memory' be defined at the task level.",
        ),
        (
            size(Some("much"), Some("512")),
            "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ),
        (
            size(Some("256"), Some("512 MB")),
            "Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ),
        (
            size(Some(".25 vCPU"), Some("4 GB")),
            "No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            size(Some("2048"), Some("4500")),
            "No Fargate configuration exists for given values: 2048 CPU, 4500 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (
            size(Some("64 vCPU"), Some("512 GB")),
            "No Fargate configuration exists for given values: 65536 CPU, 524288 memory. See the Amazon ECS documentation for the valid values.",
        ),
    ];
    for (error, text) in cases {
        assert_eq!(error.to_string(), text);
    }
}

proptest! {
    #[test]
    fn a_size_is_offered_or_named_as_not_offered(cpu in 1..40_000_u32, memory in 1..260_000_u32, windows: bool, arm64: bool, thirty_two_vcpu: bool) {
        let offer = Offer { windows, arm64, thirty_two_vcpu };
        let sizes = offer.sizes();
        match offer.size(Some(&cpu.to_string()), Some(&memory.to_string())) {
            Ok(size) => prop_assert!(sizes.contains(&size)),
            Err(SizeError::NoConfiguration { size }) => {
                prop_assert_eq!(size, Size { cpu, memory });
                prop_assert!(!sizes.contains(&size));
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[0-9. vVcCpPuUgGbB€-]{0,24}") {
        let _ = (parse_cpu(&text).is_ok(), parse_memory(&text).is_ok());
    }
}
