//! A report for people.

use std::fmt::Write;

use super::report::{Finding, Report};
use crate::preview::wrapped;

/// Width of the page, in characters.
const WIDTH: usize = 130;
/// Widths of the first two columns.
const COLUMNS: (usize, usize) = (9, 42);

/// The report as a table: one block a check, the worst first in it.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut page = String::new();
    for check in &report.checks {
        put(&mut page, &format!("{:<14}{}", check.name, check.result.as_str().to_uppercase()));
        for finding in &check.findings {
            row(&mut page, finding);
        }
        page.push('\n');
    }
    if !report.limits.is_empty() {
        put(&mut page, "Not looked at");
        for limit in report.limits {
            for (n, line) in wrapped(limit, WIDTH - 4).into_iter().enumerate() {
                put(&mut page, &format!("{}{line}", if n == 0 { "  - " } else { "    " }));
            }
        }
        page.push('\n');
    }
    let found = |level| report.checks.iter().flat_map(|c| &c.findings).filter(|f| f.level == level).count();
    use super::report::Level::{Unknown, Warning, Wrong};
    let counts = format!("{} wrong, {} unknown, {} warnings", found(Wrong), found(Unknown), found(Warning));
    put(&mut page, &format!("{}: {counts}", report.result.as_str().to_uppercase()));
    page
}

fn row(page: &mut String, finding: &Finding) {
    let (first, second) = COLUMNS;
    let about = wrapped(&finding.about, second - 2);
    let mut said = wrapped(&finding.what, WIDTH - first - second);
    for (n, line) in finding.todo.iter().flat_map(|t| wrapped(t, WIDTH - first - second - 3)).enumerate() {
        said.push(format!("{}{line}", if n == 0 { "-> " } else { "   " }));
    }
    let width = second - 1;
    for n in 0..about.len().max(said.len()) {
        let level = if n == 0 { finding.level.as_str() } else { "" };
        let cell = |cells: &[String]| cells.get(n).cloned().unwrap_or_default();
        put(page, &format!("  {level:<first$}{:<width$} {}", cell(&about), cell(&said)));
    }
}

fn put(page: &mut String, line: &str) {
    writeln!(page, "{}", line.trim_end()).expect("a String takes everything");
}
