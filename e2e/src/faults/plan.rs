//! What is done to which call.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

/// The server that a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Upstream {
    /// The API server.
    Api,
    /// The key service.
    Keys,
}

/// One call of the operator.
#[derive(Clone, Debug)]
pub struct Call {
    /// For whom.
    pub upstream: Upstream,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body, as text.
    pub body: String,
}

impl Call {
    /// Whether it is a watch.
    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.path.contains("watch=true")
    }

    /// Whether it has to do with one of these names.
    #[must_use]
    pub fn is_about(&self, names: &[String]) -> bool {
        names.iter().any(|n| self.path.contains(n.as_str()) || self.body.contains(n.as_str()))
    }

    /// Method and path with the names taken out, so that the same call of another tenant reads the same.
    #[must_use]
    pub fn template(&self, names: &[String]) -> String {
        let mut path = self
            .path
            .split(['?', '&'])
            .filter(|p| !p.is_empty() && (!p.contains('=') || p.contains("fieldSelector")))
            .collect::<Vec<_>>()
            .join("?");
        for (n, name) in names.iter().enumerate() {
            path = path.replace(name.as_str(), &format!("{{{n}}}"));
        }
        // Attestations that are asked about have generated names.
        let path = path
            .split('?')
            .map(|p| if p.contains("fieldSelector") && !p.contains('{') { "fieldSelector={act}" } else { p })
            .collect::<Vec<_>>()
            .join("?");
        format!("{:?} {} {path}", self.upstream, self.method)
    }
}

/// What is done to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The operator is killed before the call is forwarded.
    KillBefore,
    /// The operator is killed once the call was forwarded and answered, before it sees the answer.
    KillApplied,
    /// The operator is killed after it was given the answer.
    KillAfter,
    /// Not forwarded: answered with this code, and with Retry-After (seconds) when given.
    Answer(u16, Option<u32>),
    /// Forwarded, but answered with this code.
    AppliedAnswer(u16),
    /// Forwarded after this time.
    Delay(Duration),
    /// Not forwarded: the connection is closed.
    Reset,
    /// Forwarded, and the connection closed instead of an answer.
    AppliedReset,
    /// The answer's body breaks off in the middle.
    Truncate,
    /// The answer's body is no JSON.
    Garbage,
    /// Forwarded twice; the second answer is given.
    Duplicate,
    /// A watch or list is answered with this text and code 200, and ends.
    Say(String),
    /// A list is answered as of an old resourceVersion.
    ListAt(String),
    /// A watch is accepted, and then nothing is said for this time.
    Hold(Duration),
    /// Forwarded, and the answer's Date is moved by these seconds.
    Date(i64),
    /// Forwarded, with no answer before [`super::Proxy::release`] is called: late, whatever has happened meanwhile.
    Late,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillBefore => f.write_str("killed before"),
            Self::KillApplied => f.write_str("killed, applied, no answer"),
            Self::KillAfter => f.write_str("killed after the answer"),
            Self::Answer(code, None) => write!(f, "{code}"),
            Self::Answer(code, Some(after)) => write!(f, "{code} Retry-After {after}"),
            Self::AppliedAnswer(code) => write!(f, "{code}, but applied"),
            Self::Delay(time) => write!(f, "delayed by {} s", time.as_secs_f64()),
            Self::Reset => f.write_str("reset"),
            Self::AppliedReset => f.write_str("reset, but applied"),
            Self::Truncate => f.write_str("answer broken off"),
            Self::Garbage => f.write_str("answer is garbage"),
            Self::Duplicate => f.write_str("sent twice"),
            Self::Say(_) => f.write_str("answered otherwise"),
            Self::ListAt(_) => f.write_str("list of long ago"),
            Self::Hold(_) => f.write_str("watch holds still"),
            Self::Date(seconds) => write!(f, "Date moved by {seconds} s"),
            Self::Late => f.write_str("forwarded late"),
        }
    }
}

/// An action at the n-th call that matches, or at every one.
pub struct Rule {
    matches: Box<dyn Fn(&Call) -> bool + Send + Sync>,
    nth: Option<usize>,
    seen: AtomicUsize,
    fired: AtomicBool,
    /// What is done.
    pub action: Action,
}

impl Rule {
    /// An action at the `nth` matching call, counted from 0 and from now.
    pub fn at(nth: usize, action: Action, matches: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self {
            matches: Box::new(matches),
            nth: Some(nth),
            seen: AtomicUsize::new(0),
            fired: AtomicBool::new(false),
            action,
        }
    }

    /// An action at every matching call, until the rule is taken away.
    pub fn always(action: Action, matches: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self { nth: None, ..Self::at(0, action, matches) }
    }

    /// Whether its moment came. A plan whose rule did not fire has shown nothing.
    pub fn has_fired(&self) -> bool {
        self.fired.load(SeqCst)
    }

    pub(super) fn applies(&self, call: &Call) -> bool {
        if !(self.matches)(call) {
            return false;
        }
        let now = self.nth.is_none_or(|nth| self.seen.fetch_add(1, SeqCst) == nth);
        if now {
            self.fired.store(true, SeqCst);
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str) -> Call {
        Call { upstream: Upstream::Api, method: "GET".into(), path: path.into(), body: String::new() }
    }

    #[test]
    fn a_rule_fires_at_its_call_and_at_no_other() {
        let rule = Rule::at(1, Action::Reset, |c| c.path.contains("acme"));
        let fired: Vec<_> = ["/acme", "/other", "/acme", "/acme"].iter().map(|p| rule.applies(&call(p))).collect();
        assert_eq!(fired, [false, false, true, false]);
        assert!(rule.has_fired());
        let never = Rule::at(5, Action::Reset, |_| true);
        assert!(!never.applies(&call("/")) && !never.has_fired());
    }

    #[test]
    fn the_same_call_of_another_tenant_reads_the_same() {
        let of = |tenant: &str, act: &str| {
            let path = format!("/apis/x/attestations?&fieldSelector=spec.subjectRef.name%3D{act}");
            let names = [tenant.to_owned()];
            (
                call(&format!("/api/v1/namespaces/{tenant}/configmaps/f?&limit=5")).template(&names),
                call(&path).template(&names),
            )
        };
        assert_eq!(of("a-1", "act-7"), of("b-22", "act-9"));
        assert_eq!(of("a-1", "act-7").0, "Api GET /api/v1/namespaces/{0}/configmaps/f");
    }
}
