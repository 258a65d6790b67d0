//! What was found, and what the whole comes to.

use serde::Serialize;

/// How a finding stands, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Level {
    /// As it must be.
    Ok,
    /// To be known, and expected.
    Listed,
    /// Somebody must decide whether it is meant.
    Warning,
    /// It could not be seen. Never taken for good.
    Unknown,
    /// Not as it must be.
    Wrong,
}

impl Level {
    /// The level in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "Ok",
            Self::Listed => "Listed",
            Self::Warning => "Warning",
            Self::Unknown => "Unknown",
            Self::Wrong => "Wrong",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it stands.
    pub level: Level,
    /// The object, subject or server that it is about.
    pub about: String,
    /// What was found.
    pub what: String,
    /// What to do; absent when there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
}

impl Finding {
    /// Something that needs nothing done.
    pub fn said(level: Level, about: impl Into<String>, what: impl Into<String>) -> Self {
        Self { level, about: about.into(), what: what.into(), todo: None }
    }

    /// As it must be.
    pub fn ok(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::said(Level::Ok, about, what)
    }

    /// Something that somebody must look at.
    pub fn to_do(level: Level, about: impl Into<String>, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { todo: Some(todo.into()), ..Self::said(level, about, what) }
    }

    /// Something that could not be seen, and why; with that it says what to do.
    pub fn unknown(about: impl Into<String>, why: &str) -> Self {
        let (what, todo) = why.split_once("; ").unwrap_or((why, "run ringfence doctor again"));
        Self::to_do(Level::Unknown, about, what, todo)
    }
}

/// One check and its findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// The worst of its findings.
    pub result: Level,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

impl Check {
    /// A check that came to this.
    #[must_use]
    pub fn new(name: &'static str, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.about.cmp(&b.about)));
        // A check without a finding has seen nothing.
        let result = findings.iter().map(|f| f.level).max().unwrap_or(Level::Unknown);
        Self { name, result, findings }
    }
}

/// The whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `doctor` or `preflight`.
    pub report: &'static str,
    /// The worst of all checks.
    pub result: Level,
    /// The checks, in a fixed order.
    pub checks: Vec<Check>,
    /// What was not, or cannot be, looked at.
    pub limits: &'static [&'static str],
}

impl Report {
    /// The whole of these checks.
    #[must_use]
    pub fn new(report: &'static str, checks: Vec<Check>, limits: &'static [&'static str]) -> Self {
        let result = checks.iter().map(|c| c.result).max().unwrap_or(Level::Unknown);
        Self { report, result, checks, limits }
    }

    /// Whether a pipeline may go on: nothing is wrong, and nothing unknown.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.result < Level::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_never_passes_and_what_is_wrong_is_worse() {
        let of = |levels: &[Level]| {
            let findings = levels.iter().map(|l| Finding::said(*l, "a", "b")).collect();
            Report::new("doctor", vec![Check::new("c", findings)], &[])
        };
        for (levels, passes) in [
            (&[Level::Ok, Level::Listed, Level::Warning][..], true),
            (&[Level::Ok, Level::Unknown], false),
            (&[Level::Wrong, Level::Ok], false),
            (&[], false),
        ] {
            assert_eq!(of(levels).passes(), passes, "{levels:?}");
        }
        assert_eq!(of(&[Level::Unknown, Level::Wrong]).result, Level::Wrong);
        assert!(!Report::new("doctor", vec![], &[]).passes());
    }

    #[test]
    fn an_unknown_always_says_what_to_do() {
        assert_eq!(Finding::unknown("a", "it may not be read; bind a role").todo.as_deref(), Some("bind a role"));
        assert_eq!(Finding::unknown("a", "no answer").todo.as_deref(), Some("run ringfence doctor again"));
    }
}
