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

/// Names of bindings and subjects are anybody's: one that steers a terminal could take a line of this page away.
fn put(page: &mut String, line: &str) {
    let shown = line.trim_end().replace(char::is_control, "\u{FFFD}");
    writeln!(page, "{shown}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::{Check, Level};

    fn report() -> Report {
        let wrong = Finding::to_do(
            Level::Wrong,
            "binding ringfence-g06-services",
            "is missing",
            "Apply manifests/guardrails again",
        );
        let long = "a-name-that-is-longer-than-the-column-it-stands-in is good";
        let checks =
            vec![Check::new("guardrails", vec![Finding::ok(long, "stands"), wrong]), Check::new("tenants", vec![])];
        Report::new("doctor", checks, &["Packets were never probed."])
    }

    #[test]
    fn a_report_is_a_page_for_people() {
        let page = "\
guardrails    WRONG
  Wrong    binding ringfence-g06-services            is missing
                                                     -> Apply manifests/guardrails again
  Ok       a-name-that-is-longer-than-the-column-it-stands-in stands
           is good

tenants       UNKNOWN

Not looked at
  - Packets were never probed.

WRONG: 1 wrong, 0 unknown, 0 warnings
";
        assert_eq!(text(&report()), page);
    }

    #[test]
    fn a_name_does_not_steer_the_terminal() {
        let finding = Finding::said(Level::Warning, "User eve\u{1b}[1A\u{1b}[2K", "by RoleBinding a/b\u{9b}2K\rc");
        let page = text(&Report::new("doctor", vec![Check::new("access", vec![finding])], &[]));
        assert!(page.contains("User eve\u{FFFD}[1A\u{FFFD}[2K") && page.contains("a/b\u{FFFD}2K"), "{page}");
        assert!(!page.contains(|c: char| c.is_control() && c != '\n'), "{page:?}");
    }

    #[test]
    fn a_report_has_a_fixed_shape_for_programs() {
        let findings = serde_json::json!([
            { "level": "Wrong", "about": "binding ringfence-g06-services", "what": "is missing", "todo": "Apply manifests/guardrails again" },
            { "level": "Ok", "about": "a-name-that-is-longer-than-the-column-it-stands-in is good", "what": "stands" },
        ]);
        let checks = serde_json::json!([
            { "name": "guardrails", "result": "Wrong", "findings": findings },
            { "name": "tenants", "result": "Unknown", "findings": [] },
        ]);
        let wanted = serde_json::json!({ "report": "doctor", "result": "Wrong", "checks": checks, "limits": ["Packets were never probed."] });
        assert_eq!(serde_json::to_value(report()).unwrap(), wanted);
    }
}
