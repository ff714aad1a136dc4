//! Health checks of containers (ecs-semantics.md §2.8).

use super::{Input, Verdict, demand, name};

pub(super) fn check(input: &Input) -> Verdict {
    for container in input.container_definitions() {
        let Some(check) = container.health_check() else {
            continue;
        };
        let name = name(container);
        let first = check.command().first().map(String::as_str).unwrap_or_default();
        demand(["CMD", "CMD-SHELL", "NONE"].contains(&first), || {
            format!("The health check command of container '{name}' must begin with CMD, CMD-SHELL or NONE.")
        })?;
        demand(first == "NONE" || check.command().len() > 1, || {
            format!("The health check command of container '{name}' has nothing after {first}.")
        })?;
        let limits = [
            ("interval", check.interval(), 5, 300),
            ("timeout", check.timeout(), 2, 60),
            ("retries", check.retries(), 1, 10),
            ("startPeriod", check.start_period(), 0, 300),
        ];
        for (setting, value, least, greatest) in limits {
            demand(
                value.is_none_or(|value| (least..=greatest).contains(&value)),
                || {
                    format!(
                        "The health check {setting} of container '{name}' must be between {least} and {greatest}."
                    )
                },
            )?;
        }
    }
    Ok(())
}
