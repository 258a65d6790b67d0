//! Whether the verdicts of all guardrails can be seen: each is stored as it is shipped, and warns or denies.

use serde_json::Value;

use crate::{
    doctor::{
        guardrails::{Stored, actions, denies},
        report::Finding,
    },
    fact::Fact,
    guardrails::{Kind, Shipped, differs, shipped},
};

/// Whose verdict is not seen, and why; one entry an object.
#[must_use]
pub fn unseen(stored: &Stored) -> Vec<(String, String)> {
    shipped().iter().filter_map(|s| one(s, stored)).collect()
}

fn one(shipped: &Shipped, stored: &Stored) -> Option<(String, String)> {
    let (about, found) = stored.find(shipped);
    let object = match found {
        Fact::Known(object) => object,
        Fact::Absent => {
            return Some((
                about,
                "is not installed; apply manifests/guardrails with [Warn, Audit] in the bindings".into(),
            ));
        }
        other => return other.doubt().map(|why| (about, why.to_owned())),
    };
    let (mut wanted, mut found) = (shipped.spec.clone(), object["spec"].clone());
    if shipped.kind == Kind::ValidatingBinding && denies(&wanted) {
        if !is_seen(&found) {
            let why = format!(
                "is {}: what it refuses is not told; set its validationActions to [Warn, Audit]",
                actions(&found)
            );
            return Some((about, why));
        }
        (wanted["validationActions"], found["validationActions"]) = (Value::Null, Value::Null);
    }
    let field = differs(&wanted, &found, "spec")?;
    Some((about, format!("{field} is not as it is shipped; apply manifests/guardrails again")))
}

fn is_seen(spec: &Value) -> bool {
    denies(spec) || spec["validationActions"].as_array().is_some_and(|a| a.iter().any(|a| a == "Warn"))
}

/// The policies that refuse when they are in force.
#[must_use]
pub fn rules() -> Vec<String> {
    let bindings = shipped().into_iter().filter(|s| s.kind == Kind::ValidatingBinding && denies(&s.spec));
    bindings.filter_map(|s| s.spec["policyName"].as_str().map(str::to_owned)).collect()
}

/// What is unknown for the same reason, in one finding each.
#[must_use]
pub fn grouped(all: Vec<(String, String)>) -> Vec<Finding> {
    let mut by_why = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (about, why) in all {
        by_why.entry(why).or_default().push(about);
    }
    let one = |(why, about): (String, Vec<String>)| {
        let more = about.len() - 1;
        let about = if more == 0 { about[0].clone() } else { format!("{} and {more} more", about[0]) };
        Finding::unknown(about, &why)
    };
    by_why.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::guardrails::tests::{objects, standing};

    fn tried(actions: &Value) -> Stored {
        let mut stored = standing();
        for binding in objects(&mut stored.bindings) {
            if denies(&binding["spec"]) {
                binding["spec"]["validationActions"] = actions.clone();
            }
        }
        stored
    }

    #[test]
    fn a_verdict_is_seen_when_a_rule_warns_or_denies() {
        for seen in [json!(["Warn", "Audit"]), json!(["Deny", "Audit"]), json!(["Warn"])] {
            assert_eq!(unseen(&tried(&seen)), [], "{seen}");
        }
        let audit = unseen(&tried(&json!(["Audit"])));
        assert_eq!(audit.len(), rules().len());
        assert!(audit.iter().all(|(_, why)| why.contains("[Audit]")), "{audit:?}");
        let findings = grouped(audit);
        let all = format!("binding ringfence-g01-pod-updates and {} more", rules().len() - 1);
        assert_eq!((findings.len(), &findings[0].about), (1, &all));
    }

    #[test]
    fn a_rule_that_is_missing_or_another_is_not_trusted() {
        let mut stored = standing();
        objects(&mut stored.policies).remove(0);
        objects(&mut stored.policies)[0]["spec"]["failurePolicy"] = json!("Ignore");
        objects(&mut stored.mutating).remove(0);
        assert_eq!(unseen(&stored).len(), 3);
        assert_eq!(unseen(&Stored::default()).len(), shipped().len(), "nobody looked");
    }
}
