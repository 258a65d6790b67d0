//! Whether the operator runs, and which replica leads.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};

use super::report::{Finding, Level};
use crate::{clock::TOLERANCE, fact::Fact, names::LEASE};

const DOWN: &str = "See why no replica of Deployment ringfence-operator leads (kubectl -n ringfence-system get pods). Until one does, nothing is renewed, and what is open closes by itself";

/// Judges the Lease of the leading replica at `now`, which is the API server's time.
#[must_use]
pub fn judge(lease: &Fact<Lease>, now: &Fact<Timestamp>) -> Finding {
    let about = format!("Lease {LEASE}");
    let wrong = |what: String| Finding::to_do(Level::Wrong, &about, what, DOWN);
    let spec = match lease {
        Fact::Known(lease) => lease.spec.clone().unwrap_or_default(),
        Fact::Absent => return wrong("is not there: the operator has never led".into()),
        other => return Finding::unknown(about, other.doubt().unwrap_or_default()),
    };
    let Fact::Known(now) = now else {
        return Finding::unknown(about, "the API server told no time to judge it by; see check clock");
    };
    let LeaseSpec { holder_identity, renew_time, lease_duration_seconds, .. } = spec;
    let holder = holder_identity.filter(|h| !h.is_empty());
    let lasts = SignedDuration::from_secs(lease_duration_seconds.unwrap_or_default().into());
    match (holder, renew_time) {
        (Some(holder), Some(renewed)) => {
            let age = now.duration_since(renewed.0);
            // A Lease holds a second more: the API server's time is known in whole seconds.
            if age > lasts + SignedDuration::from_secs(1) {
                wrong(format!(
                    "was renewed {} s ago by {holder}: no operator runs, or its clock is behind",
                    age.as_secs()
                ))
            } else if -age > TOLERANCE {
                let what = format!("is renewed {} s in the future: the clock of {holder} is ahead", -age.as_secs());
                Finding::to_do(Level::Wrong, &about, what, "Put the clock of its node right (NTP)")
            } else {
                Finding::ok(&about, format!("{holder} leads"))
            }
        }
        _ => wrong("has no holder: the operator was stopped".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn lease(holder: &str, renewed: &str) -> Fact<Lease> {
        let spec = json!({ "holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15 });
        Fact::Known(serde_json::from_value(json!({ "spec": spec })).unwrap())
    }

    #[test]
    fn an_operator_that_renews_its_lease_runs_and_no_other() {
        for (holder, renewed, level, word) in [
            ("a", "2026-11-24T11:59:58.000000Z", Level::Ok, "a leads"),
            ("a", "2026-11-24T11:59:44.500000Z", Level::Ok, "a leads"),
            ("a", "2026-11-24T11:59:43.000000Z", Level::Wrong, "17 s ago"),
            ("a", "2026-11-24T12:00:30.000000Z", Level::Ok, "a leads"),
            ("a", "2026-11-24T12:02:00.000000Z", Level::Wrong, "120 s in the future"),
            ("", "2026-11-24T11:59:58.000000Z", Level::Wrong, "no holder"),
        ] {
            let found = judge(&lease(holder, renewed), &Fact::Known(now()));
            assert!(found.level == level && found.what.contains(word), "{renewed}: {found:?}");
        }
        assert_eq!(judge(&Fact::Absent, &Fact::Known(now())).level, Level::Wrong);
        assert_eq!(judge(&Fact::Known(Lease::default()), &Fact::Known(now())).level, Level::Wrong);
        assert_eq!(judge(&Fact::Unknown("no; bind".into()), &Fact::Known(now())).level, Level::Unknown);
        assert_eq!(judge(&lease("a", "2026-11-24T11:59:58.000000Z"), &Fact::Unread).level, Level::Unknown);
    }
}
