//! Where the image comes from: our version, the commit and its time. Nothing of it is the time of the build.

use std::env;
use std::process::Command;

use ecs_e2e::image::Origin;

use crate::cargo;
use crate::error::Error;

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// Asks git; `SOURCE_DATE_EPOCH` wins over the commit's time.
pub fn read() -> Result<Origin, Error> {
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = !git(&["status", "--porcelain"])?.is_empty();
    let seconds = match env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => git(&["log", "-1", "--format=%ct"])?,
    };
    let seconds = seconds.parse().map_err(|_| {
        Error::told(format!(
            "SOURCE_DATE_EPOCH, or git's time of the commit, is {seconds:?}; it must be a number of seconds since 1970"
        ))
    })?;
    Ok(Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: if changed {
            format!("{commit}-dirty")
        } else {
            commit
        },
        created: rfc3339(seconds),
    })
}

fn git(arguments: &[&str]) -> Result<String, Error> {
    let command = format!("git {}", arguments.join(" "));
    let output = Command::new("git")
        .args(arguments)
        .current_dir(cargo::root())
        .output()
        .map_err(|source| ecs_e2e::Error::Start {
            program: "git".to_owned(),
            source,
        })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(ecs_e2e::Error::Command {
            command,
            status: output.status.to_string(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
        .into())
    }
}

/// Seconds since 1970 as a moment in UTC, by Howard Hinnant's `civil_from_days` (<https://howardhinnant.github.io/date_algorithms.html>);
/// a crate for times would be the largest thing in xtask.
fn rfc3339(seconds: u64) -> String {
    let days = seconds / SECONDS_A_DAY + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // A year that begins in March ends with the leap day.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let second = seconds % SECONDS_A_DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_date_u() {
        for (seconds, moment) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), moment);
        }
    }
}
