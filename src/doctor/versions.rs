//! Whether the API server is new enough, and serves every kind that Ringfence needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::report::{Check, Finding, Level};
use crate::fact::Fact;

/// The oldest version that is supported: MutatingAdmissionPolicy is v1 from here on.
const OLDEST: (u32, u32) = (1, 36);

/// What is needed, by group and version.
pub const NEEDED: &[(&str, &[&str])] = &[
    ("api/v1", &["namespaces", "nodes", "pods", "pods/eviction", "configmaps", "resourcequotas", "serviceaccounts"]),
    (
        "apis/admissionregistration.k8s.io/v1",
        &[
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ],
    ),
    ("apis/coordination.k8s.io/v1", &["leases"]),
    ("apis/events.k8s.io/v1", &["events"]),
    ("apis/networking.k8s.io/v1", &["networkpolicies"]),
    ("apis/rbac.authorization.k8s.io/v1", &["clusterroles", "rolebindings"]),
    (
        "apis/ringfence.dev/v1alpha1",
        &["ringfenceconfigs", "healthcareplanclasses", "healthcareplans", "baas", "attestations", "tenantrecords"],
    ),
];

/// What is served of a group and version.
pub type Served = BTreeMap<&'static str, Fact<BTreeSet<String>>>;

/// Judges `/version` and what discovery tells.
#[must_use]
pub fn judge(version: &Value, served: &Served) -> Check {
    let mut findings = vec![server(version)];
    findings.extend(NEEDED.iter().filter_map(|(at, kinds)| kind(at, kinds, served.get(at))));
    Check::new("versions", findings)
}

fn server(version: &Value) -> Finding {
    const ABOUT: &str = "API server";
    // Some clouds write `36+`.
    let number = |field: &str| {
        let digits: String = version[field].as_str()?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let says = version["gitVersion"].as_str().unwrap_or("an unnamed version");
    match number("major").zip(number("minor")) {
        Some(found) if found >= OLDEST => Finding::ok(ABOUT, format!("is {says}")),
        Some(_) => {
            let what = format!("is {says}: Ringfence needs {}.{} or later", OLDEST.0, OLDEST.1);
            Finding::to_do(Level::Wrong, ABOUT, what, "Upgrade the control plane")
        }
        None => Finding::unknown(ABOUT, "it does not tell its version; see what answers at the cluster's address"),
    }
}

fn kind(at: &str, kinds: &[&str], served: Option<&Fact<BTreeSet<String>>>) -> Option<Finding> {
    let about = at.trim_start_matches("apis/").to_owned();
    let todo =
        if at.contains("ringfence.dev") { "Apply crds" } else { "Let the API server serve it (--runtime-config)" };
    let missing: Vec<_> = match served.unwrap_or(&Fact::Unread) {
        Fact::Known(found) => kinds.iter().filter(|k| !found.contains(**k)).copied().collect(),
        Fact::Absent => kinds.to_vec(),
        other => return other.doubt().map(|why| Finding::unknown(about, why)),
    };
    let what = format!("is not served: {}", missing.join(", "));
    (!missing.is_empty()).then(|| Finding::to_do(Level::Wrong, about, what, todo))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Served {
        NEEDED.iter().map(|(at, kinds)| (*at, Fact::Known(kinds.iter().map(|k| (*k).to_owned()).collect()))).collect()
    }

    fn version(major: &str, minor: &str) -> Value {
        json!({ "major": major, "minor": minor, "gitVersion": format!("v{major}.{minor}.0") })
    }

    #[test]
    fn old_servers_are_wrong_and_nameless_ones_unknown() {
        for (major, minor, level) in [
            ("1", "36", Level::Ok),
            ("1", "36+", Level::Ok),
            ("2", "0", Level::Ok),
            ("1", "35", Level::Wrong),
            ("0", "99", Level::Wrong),
            ("1", "", Level::Unknown),
        ] {
            assert_eq!(judge(&version(major, minor), &whole()).result, level, "{major}.{minor}");
        }
        assert_eq!(judge(&Value::Null, &whole()).result, Level::Unknown);
    }

    #[test]
    fn each_kind_that_is_not_served_is_named() {
        for (at, kinds) in NEEDED {
            for gone in *kinds {
                let mut served = whole();
                let left = kinds.iter().filter(|k| *k != gone).map(|k| (*k).to_owned()).collect();
                served.insert(*at, Fact::Known(left));
                let check = judge(&version("1", "36"), &served);
                assert!(
                    check.result == Level::Wrong && check.findings[0].what.ends_with(&format!(": {gone}")),
                    "{check:?}"
                );
            }
            for (fact, level) in [(Fact::Absent, Level::Wrong), (Fact::Unknown("no; wait".into()), Level::Unknown)] {
                let mut served = whole();
                served.insert(*at, fact);
                assert_eq!(judge(&version("1", "36"), &served).result, level);
            }
        }
    }
}
