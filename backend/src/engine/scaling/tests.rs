//! How a group grows and shrinks, as tables.

use super::*;

#[test]
fn the_reservation_has_its_corner_cases() {
    for (needed, running, expected) in [
        (0, 0, 100),
        (3, 0, 200),
        (0, 3, 0),
        (3, 3, 100),
        (6, 4, 150),
        (1, 4, 25),
    ] {
        assert_eq!(reservation(needed, running), expected, "{needed} of {running}");
    }
}

#[test]
fn a_group_grows_and_shrinks_by_its_settings() {
    let scaling = |target: i32, least: i32, most: i32| {
        ManagedScaling::builder()
            .target_capacity(target)
            .minimum_scaling_step_size(least)
            .maximum_scaling_step_size(most)
            .build()
    };
    let load = |busy, idle, launching, needed| Load {
        busy,
        idle,
        launching,
        needed,
        ready: 0,
    };
    let grow = |launch| Change { launch, spare: 0 };
    let cases = [
        (load(0, 0, 0, 3), scaling(100, 1, 10_000), grow(3)),
        (load(0, 0, 0, 3), scaling(100, 5, 10_000), grow(5)),
        (load(0, 0, 0, 30), scaling(100, 1, 10), grow(10)),
        (load(0, 0, 3, 3), scaling(100, 1, 10), grow(0)),
        (load(4, 0, 0, 4), scaling(80, 1, 10), grow(6)),
        (load(4, 1, 0, 0), scaling(80, 1, 10), grow(0)),
        (load(4, 0, 0, 0), scaling(80, 1, 10), grow(1)),
        (
            load(1, 3, 0, 0),
            scaling(100, 1, 10),
            Change { launch: 0, spare: 3 },
        ),
        (load(0, 0, 0, 500), scaling(100, 1, 10_000), grow(MAX_SIZE)),
        // An instance that has room is not asked for again, though its tasks may not go there.
        (
            Load {
                ready: 1,
                ..load(1, 1, 0, 1)
            },
            scaling(100, 1, 10),
            grow(0),
        ),
        (
            Load {
                ready: 1,
                ..load(1, 1, 1, 4)
            },
            scaling(100, 1, 10),
            grow(2),
        ),
    ];
    for (load, scaling, expected) in cases {
        assert_eq!(plan(load, &scaling), expected, "{load:?} {scaling:?}");
    }
}

#[test]
fn demands_are_packed() {
    let demand = |cpu, memory| Demand {
        cpu,
        memory,
        ..Demand::default()
    };
    let demands = [
        demand(2048, 100),
        demand(2048, 100),
        demand(100, 15_000),
        demand(100, 700),
        demand(9999, 1),
    ];
    assert_eq!(instances_for(demands.iter()), 3);
    assert_eq!(instances_for([].iter()), 0);
    let with_interface = Demand {
        interfaces: 1,
        ..demand(1, 1)
    };
    assert_eq!(instances_for([with_interface].iter().cycle().take(4)), 2);
}
