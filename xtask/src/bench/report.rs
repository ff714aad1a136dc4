//! The result, as a page of Markdown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load::Writes;
use super::memory::Memory;

/// One measured run.
pub struct Report {
    /// How many services were created.
    pub services: u32,
    /// Which build was measured, as `optimised`.
    pub build: &'static str,
    /// The flag that chose it, with a space before it; empty where none did.
    pub flag: String,
    /// From the first create until the last service was Ready.
    pub took: Duration,
    /// What was written to Kubernetes for it.
    pub writes: Writes,
    /// ECS calls by operation.
    pub calls: BTreeMap<String, u64>,
    /// The operator's memory at the end.
    pub memory: Memory,
    /// What the bare loop took for as many writes.
    pub bare: Duration,
}

impl Report {
    /// The tables.
    pub fn markdown(&self) -> String {
        let each = |count: u64| ratio(count, u64::from(self.services));
        let all: u64 = self.calls.values().sum();
        let mut lines = vec![
            "| what | measured | for one service |".to_owned(),
            "| --- | --- | --- |".to_owned(),
            format!(
                "| time until all are Ready | {:.1} s | {:.1} ms |",
                self.took.as_secs_f64(),
                1000.0 * self.took.as_secs_f64() / f64::from(self.services)
            ),
            format!(
                "| the bare loop, same writes | {:.1} s | {:.1} ms |",
                self.bare.as_secs_f64(),
                1000.0 * self.bare.as_secs_f64() / f64::from(self.services)
            ),
            format!(
                "| operator ÷ bare loop | {:.2} | |",
                self.took.as_secs_f64() / self.bare.as_secs_f64()
            ),
            format!(
                "| writes of services, their creation among them | {} | {} |",
                self.writes.services,
                each(self.writes.services)
            ),
            format!(
                "| Events about them | {} | {} |",
                self.writes.events,
                each(self.writes.events)
            ),
            format!("| AWS calls | {all} | {} |", each(all)),
        ];
        lines.extend(
            self.calls
                .iter()
                .map(|(operation, count)| format!("| – {operation} | {count} | {} |", each(*count))),
        );
        lines.push(format!(
            "| operator's memory, now and at most | {} and {} MiB | |",
            self.memory.resident, self.memory.peak
        ));
        lines.join("\n")
    }

    /// The section of the page of numbers that this run renews.
    fn section(&self) -> String {
        let Self { build, flag, .. } = self;
        format!(
            "{HEADING}\n\n{} services of one Fargate task each, created through a real kube-apiserver against the backend in its `fast` timing, {build} build, everything on one\n\
             machine. Beside it, in the same run, a bare loop without an operator that creates as many services, and writes their status and Events about them as often: what the\n\
             API server alone costs. The request budget is raised for it: at the default half of ECS's documented rates nobody creates a thousand services in less than 390 s.\n\n\
             ```sh\ncargo xtask bench --services {}{flag} --write\n```\n\n{}\n",
            self.services,
            self.services,
            self.markdown()
        )
    }

    /// `page` with this run in the place of the one before.
    pub fn renewed(&self, page: &str) -> String {
        let begin = page.find(HEADING).unwrap_or(page.len());
        let (before, old) = page.split_at(begin);
        let after = old
            .get(HEADING.len()..)
            .and_then(|old| old.find("\n## ").and_then(|at| old.get(at..)))
            .unwrap_or_default();
        format!("{}\n\n{}{after}", before.trim_end(), self.section())
    }
}

/// Where the section begins.
const HEADING: &str = "## Many services beside a bare loop";

fn ratio(count: u64, services: u64) -> String {
    let hundredths = (count * 100).checked_div(services).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// What came to be called between two looks.
pub fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let since =
        |operation: &String, count: u64| count.saturating_sub(before.get(operation).copied().unwrap_or(0));
    after
        .iter()
        .map(|(operation, count)| (operation.clone(), since(operation, *count)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_before_the_run_do_not_count() {
        let counts = |pairs: &[(&str, u64)]| {
            pairs
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect::<BTreeMap<_, _>>()
        };
        let before = counts(&[("CreateCluster", 1), ("DescribeServices", 4)]);
        let after = counts(&[
            ("CreateCluster", 1),
            ("DescribeServices", 9),
            ("CreateService", 3),
        ]);
        assert_eq!(
            difference(&before, &after),
            counts(&[("CreateService", 3), ("DescribeServices", 5)])
        );
    }

    #[test]
    fn only_its_own_section_is_renewed() {
        let page = format!("# Numbers\n\nsome\n\n{HEADING}\n\nold\n\n## More\n\nrest\n");
        let renewed = report().renewed(&page);
        assert!(
            renewed.starts_with("# Numbers\n\nsome\n\n## Many services"),
            "{renewed}"
        );
        assert!(
            !renewed.contains("old") && renewed.ends_with("\n## More\n\nrest\n"),
            "{renewed}"
        );
        assert_eq!(report().renewed(&renewed), renewed);
    }

    #[test]
    fn the_table_counts_for_one_service() {
        let table = report().markdown();
        for row in [
            "| time until all are Ready | 20.0 s | 20.0 ms |",
            "| operator ÷ bare loop | 1.25 | |",
            "| writes of services, their creation among them | 3000 | 3.00 |",
            "| Events about them | 4000 | 4.00 |",
            "| AWS calls | 1150 | 1.15 |",
        ] {
            assert!(table.contains(row), "{row} is not in\n{table}");
        }
    }

    fn report() -> Report {
        Report {
            services: 1000,
            build: "optimised",
            flag: " --release".to_owned(),
            took: Duration::from_secs(20),
            writes: Writes {
                services: 3000,
                events: 4000,
            },
            calls: BTreeMap::from([
                ("CreateService".to_owned(), 1000),
                ("DescribeServices".to_owned(), 150),
            ]),
            memory: Memory {
                resident: 50,
                peak: 60,
            },
            bare: Duration::from_secs(16),
        }
    }
}
