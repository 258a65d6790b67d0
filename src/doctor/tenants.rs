//! How the tenants stand, and namespaces that say that they are a tenant's and are not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::report::{Check, Finding, Level};
use crate::{
    api::conditions::{PHI_UNLOCKED, READY},
    fact::Fact,
    names::{FENCED_LABEL, RECORD_UID_ANNOTATION, TENANT_LABEL},
};

/// The name of an object.
#[must_use]
pub fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// The tenant of a namespace, by its label.
#[must_use]
pub fn tenant(namespace: &Value) -> Option<&str> {
    namespace["metadata"]["labels"][TENANT_LABEL].as_str()
}

/// Counts plans, and compares namespaces with plans and records.
#[must_use]
pub fn judge(plans: &Fact<Vec<Value>>, records: &Fact<Vec<Value>>, namespaces: &Fact<Vec<Value>>) -> Check {
    let mut findings = vec![];
    for (about, fact) in [("HealthcarePlans", plans), ("TenantRecords", records), ("Namespaces", namespaces)] {
        match fact {
            Fact::Known(_) => {}
            Fact::Absent => findings.push(Finding::unknown(about, "they are not served; see check kinds")),
            other => findings.extend(other.doubt().map(|why| Finding::unknown(about, why))),
        }
    }
    if let Fact::Known(plans) = plans {
        findings.push(counts(plans));
        findings.extend(plans.iter().filter_map(unready));
    }
    if let (Fact::Known(plans), Fact::Known(records), Fact::Known(namespaces)) = (plans, records, namespaces) {
        findings.extend(namespaces.iter().filter_map(|n| namespace(n, plans, records)));
    }
    Check::new("tenants", findings)
}

fn condition<'a>(plan: &'a Value, wanted: &str) -> Option<&'a Value> {
    plan.pointer("/status/conditions").and_then(Value::as_array)?.iter().find(|c| c["type"] == wanted)
}

fn status<'a>(plan: &'a Value, wanted: &str) -> &'a str {
    condition(plan, wanted).and_then(|c| c["status"].as_str()).unwrap_or("Unknown")
}

fn counts(plans: &[Value]) -> Finding {
    let by = |wanted: &str| {
        let mut counted = BTreeMap::<&str, usize>::new();
        plans.iter().for_each(|plan| *counted.entry(status(plan, wanted)).or_default() += 1);
        let all: Vec<_> = counted.iter().map(|(status, n)| format!("{status} {n}")).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    let what = format!("{}: {READY} {}; {PHI_UNLOCKED} {}", plans.len(), by(READY), by(PHI_UNLOCKED));
    Finding::ok("HealthcarePlans", what)
}

fn unready(plan: &Value) -> Option<Finding> {
    let ready = status(plan, READY);
    (ready != "True").then(|| {
        let reason = condition(plan, READY).and_then(|c| c["reason"].as_str()).unwrap_or("nothing was observed");
        let todo = format!("kubectl describe healthcareplan {} says what to do", name(plan));
        let what = format!("{READY} is {ready} ({reason})");
        Finding::to_do(Level::Warning, format!("HealthcarePlan {}", name(plan)), what, todo)
    })
}

/// A namespace with labels of Ringfence's that no plan and record of its name stand behind, or a tenant's without them.
fn namespace(namespace: &Value, plans: &[Value], records: &[Value]) -> Option<Finding> {
    let name = self::name(namespace);
    let meta = &namespace["metadata"];
    let claims =
        [&meta["labels"][TENANT_LABEL], &meta["labels"][FENCED_LABEL], &meta["annotations"][RECORD_UID_ANNOTATION]];
    let named = |all: &[Value]| all.iter().map(self::name).collect::<BTreeSet<_>>().contains(name);
    let record = records.iter().find(|r| self::name(r) == name);
    let recorded = record.and_then(|r| r.pointer("/spec/namespaceUID")).filter(|uid| **uid == meta["uid"]);
    if claims.iter().all(|c| c.is_null()) && recorded.is_none() {
        return None;
    }
    let what = if tenant(namespace).is_none() && recorded.is_some() {
        "is the namespace that a TenantRecord names, and has lost label ringfence.dev/tenant: no rule for tenants holds there"
    } else if tenant(namespace) != Some(name) {
        "carries labels or annotations of Ringfence's, and is not the tenant of its name"
    } else if !named(records) {
        "says that it is a tenant's, and has no TenantRecord"
    } else if recorded.is_none() {
        "is not the namespace that its TenantRecord names"
    } else if !named(plans) {
        "is a tenant's, and its plan is gone"
    } else {
        return None;
    };
    let todo = "Find out who set its labels. A tenant whose plan was lost is taken up again by a plan with spec.resume";
    Some(Finding::to_do(Level::Wrong, format!("Namespace {name}"), what, todo))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Fact<Vec<Value>> {
        Fact::Known(serde_saphyr::from_str(text).unwrap())
    }

    const PLANS: &str = "
- {metadata: {name: acme}, status: {conditions: [{type: Ready, status: 'True', reason: R}, {type: PhiUnlocked, status: 'False', reason: R}]}}
- {metadata: {name: bold}, status: {conditions: [{type: Ready, status: 'False', reason: ClassMissing}]}}
- {metadata: {name: calm}}
";
    const RECORDS: &str = "[{metadata: {name: acme}, spec: {namespaceUID: u1}}, {metadata: {name: lost}, spec: {namespaceUID: u5}}, {metadata: {name: bold}, spec: {}}]";

    fn one(namespace: &str) -> Option<String> {
        let check = judge(&known(PLANS), &known(RECORDS), &known(&format!("[{namespace}]")));
        let wrong: Vec<_> = check.findings.into_iter().filter(|f| f.level == Level::Wrong).collect();
        assert!(wrong.len() < 2);
        wrong.first().map(|f| f.what.clone())
    }

    #[test]
    fn plans_are_counted_and_those_not_ready_are_named() {
        let check = judge(&known(PLANS), &known(RECORDS), &known("[]"));
        let counted = check.findings.iter().find(|f| f.level == Level::Ok).unwrap();
        assert_eq!(counted.what, "3: Ready False 1, True 1, Unknown 1; PhiUnlocked False 1, Unknown 2");
        let named: Vec<_> =
            check.findings.iter().filter(|f| f.level == Level::Warning).map(|f| f.what.as_str()).collect();
        assert_eq!(named, ["Ready is False (ClassMissing)", "Ready is Unknown (nothing was observed)"]);
    }

    #[test]
    fn a_namespace_that_only_says_that_it_is_a_tenants_is_found() {
        assert_eq!(one("{metadata: {name: acme, uid: u1, labels: {ringfence.dev/tenant: acme}}}"), None);
        assert_eq!(one("{metadata: {name: other, uid: u9, labels: {a: b}}}"), None);
        assert_eq!(
            one("{metadata: {name: acme, uid: u9, labels: {a: b}}}"),
            None,
            "another of its name, which is the operator's to tell"
        );
        for (namespace, words) in [
            ("{metadata: {name: acme, uid: u1}}", "has lost label"),
            ("{metadata: {name: acme, uid: u1, labels: {ringfence.dev/fenced: 'true'}}}", "has lost label"),
            ("{metadata: {name: acme, uid: u2, labels: {ringfence.dev/tenant: acme}}}", "its TenantRecord names"),
            ("{metadata: {name: bold, uid: u2, labels: {ringfence.dev/tenant: bold}}}", "its TenantRecord names"),
            ("{metadata: {name: forged, uid: u3, labels: {ringfence.dev/tenant: forged}}}", "no TenantRecord"),
            ("{metadata: {name: other, uid: u4, labels: {ringfence.dev/tenant: acme}}}", "not the tenant of its name"),
            (
                "{metadata: {name: other, uid: u4, labels: {ringfence.dev/fenced: 'true'}}}",
                "not the tenant of its name",
            ),
            ("{metadata: {name: lost, uid: u5, labels: {ringfence.dev/tenant: lost}}}", "plan is gone"),
        ] {
            let what = one(namespace).unwrap_or_else(|| panic!("{namespace}"));
            assert!(what.contains(words), "{namespace}: {what}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        for n in 0..3 {
            let fact = |i| if i == n { Fact::Unknown("no; bind".into()) } else { known("[]") };
            assert_eq!(judge(&fact(0), &fact(1), &fact(2)).result, Level::Unknown);
        }
    }
}
