//! Whether Ringfence's kinds are stored as they are shipped: their rules hold even against administrators.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::report::{Check, Finding, Level};
use crate::{api, fact::Fact, guardrails::differs};

/// Compares every shipped CustomResourceDefinition with the stored one.
#[must_use]
pub fn judge(stored: &Fact<Vec<CustomResourceDefinition>>) -> Check {
    let shipped = api::crds();
    let mut findings: Vec<_> = shipped.iter().filter_map(|s| one(s, stored)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok("kinds", format!("{} kinds are stored as they are shipped", shipped.len())));
    }
    Check::new("kinds", findings)
}

fn one(shipped: &CustomResourceDefinition, stored: &Fact<Vec<CustomResourceDefinition>>) -> Option<Finding> {
    let about = shipped.name_any();
    let wrong = |what: String| Some(Finding::to_do(Level::Wrong, about.clone(), what, "Apply crds again"));
    let found = match stored {
        Fact::Known(all) => all.iter().find(|c| c.name_any() == about),
        Fact::Absent => None,
        other => return other.doubt().map(|why| Finding::unknown(about, why)),
    };
    let Some(found) = found else { return wrong("is missing".into()) };
    let holds = |wanted: &str| {
        let all = found.status.iter().flat_map(|s| s.conditions.iter().flatten());
        { all }.any(|c| c.type_ == wanted && c.status == "True")
    };
    if let Some(condition) = ["Established", "NamesAccepted"].into_iter().find(|c| !holds(c)) {
        return wrong(format!("is not {condition}: it is not served"));
    }
    match differs(&spec(shipped), &spec(found), "spec") {
        Some(field) => wrong(format!("{field} is not as it is shipped")),
        None => None,
    }
}

/// The spec, without what the API server fills in where nothing is said.
fn spec(crd: &CustomResourceDefinition) -> Value {
    let mut spec = serde_json::to_value(&crd.spec).expect("a CustomResourceDefinition serialises");
    if spec["conversion"] == json!({ "strategy": "None" }) {
        spec.as_object_mut().map(|s| s.remove("conversion"));
    }
    let kind = crd.spec.names.kind.as_str();
    let names = &mut spec["names"];
    for (field, filled) in [("listKind", format!("{kind}List")), ("singular", kind.to_lowercase())] {
        if names[field].is_null() {
            names[field] = filled.into();
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    fn established(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
        let condition = |t: &str| json!({ "type": t, "status": "True", "reason": "A", "message": "" });
        let conditions = [condition("Established"), condition("NamesAccepted")];
        crd.status = serde_json::from_value(
            json!({ "conditions": conditions, "acceptedNames": { "kind": "", "plural": "" }, "storedVersions": [] }),
        )
        .unwrap();
        crd.spec.conversion = serde_json::from_value(json!({ "strategy": "None" })).unwrap();
        crd
    }

    fn found(change: impl FnOnce(&mut Vec<CustomResourceDefinition>)) -> (Level, String) {
        let mut all: Vec<_> = api::crds().into_iter().map(established).collect();
        change(&mut all);
        let check = judge(&Fact::Known(all));
        (check.result, format!("{} {}", check.findings[0].about, check.findings[0].what))
    }

    #[test]
    fn a_kind_that_is_missing_not_served_or_has_a_rule_less_is_named() {
        assert_eq!(found(|_| ()).0, Level::Ok);
        let (level, what) = found(|all| drop(all.remove(1)));
        assert!(
            level == Level::Wrong && what.contains("healthcareplanclasses") && what.ends_with("is missing"),
            "{what}"
        );
        let (level, what) = found(|all| all[0].status.as_mut().unwrap().conditions.as_mut().unwrap().clear());
        assert!(level == Level::Wrong && what.contains("Established"), "{what}");
        let (level, what) = found(|all| {
            let schema = all[0].spec.versions[0].schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap();
            schema.x_kubernetes_validations = None;
        });
        assert!(level == Level::Wrong && what.contains("x-kubernetes-validations"), "{what}");
        assert_eq!(judge(&Fact::Unknown("no; bind".into())).result, Level::Unknown);
        assert_eq!(judge(&Fact::Known(vec![])).result, Level::Wrong);
    }
}
