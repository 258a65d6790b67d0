//! Guardrails as an API server holds them, and what is found when one is changed.

use serde_json::json;

use super::*;

/// All guardrails as an API server holds them.
pub fn standing() -> Stored {
    let of = |kind: Kind| {
        let one = |s: &Shipped| json!({ "metadata": { "name": s.name, "generation": 1 }, "spec": s.spec, "status": { "observedGeneration": 1, "typeChecking": {} } });
        Fact::Known(shipped().iter().filter(|s| s.kind == kind).map(one).collect())
    };
    Stored {
        policies: of(Kind::Validating),
        bindings: of(Kind::ValidatingBinding),
        mutating: of(Kind::Mutating),
        mutating_bindings: of(Kind::MutatingBinding),
    }
}

/// The objects of a collection, to change.
pub fn objects(fact: &mut Fact<Vec<Value>>) -> &mut Vec<Value> {
    let Fact::Known(all) = fact else { panic!("known") };
    all
}

fn found(change: impl FnOnce(&mut Stored)) -> (Level, String) {
    let mut stored = standing();
    change(&mut stored);
    let check = judge(&stored);
    let text = |f: &Finding| format!("{}: {}", f.about, f.what);
    (check.result, check.findings.iter().map(text).collect::<Vec<_>>().join("\n"))
}

fn named<'a>(fact: &'a mut Fact<Vec<Value>>, name: &str) -> &'a mut Value {
    objects(fact).iter_mut().find(|o| o["metadata"]["name"] == name).unwrap()
}

#[test]
fn a_guardrail_that_is_missing_weaker_or_only_tried_is_named_with_its_field() {
    assert_eq!(
        found(|_| ()),
        (Level::Ok, format!("guardrails: {} objects are stored as they are shipped", shipped().len()))
    );
    let wrong = |change: fn(&mut Stored), text: &str| assert_eq!(found(change), (Level::Wrong, text.to_owned()));
    wrong(|s| drop(objects(&mut s.mutating).remove(0)), "mutating policy ringfence-m1-placement: is missing");
    wrong(
        |s| named(&mut s.policies, "ringfence-g06-services")["spec"]["failurePolicy"] = json!("Ignore"),
        "policy ringfence-g06-services: spec.failurePolicy is not as it is shipped",
    );
    wrong(
        |s| named(&mut s.bindings, "ringfence-g06-services")["spec"]["validationActions"] = json!(["Warn", "Audit"]),
        "binding ringfence-g06-services: spec.validationActions is [Warn, Audit]: it is tried, and refuses nothing",
    );
    wrong(
        |s| named(&mut s.policies, "ringfence-g06-services")["status"]["typeChecking"] = json!({"expressionWarnings": [{"fieldRef": "spec.validations[0].expression", "warning": "undefined field 'x'\n at 1"}]}),
        "policy ringfence-g06-services: spec.validations[0].expression: undefined field 'x'",
    );
}

#[test]
fn what_is_not_known_is_not_ok() {
    assert_eq!(found(|s| s.bindings = Fact::Unknown("no; bind".into())).0, Level::Unknown);
    assert_eq!(found(|s| named(&mut s.policies, "ringfence-g06-services")["status"] = Value::Null).0, Level::Unknown);
    let old = |s: &mut Stored| named(&mut s.policies, "ringfence-g06-services")["metadata"]["generation"] = json!(2);
    assert_eq!(found(old).0, Level::Unknown, "another text was checked");
    assert_eq!(found(|s| s.mutating = Fact::Absent).0, Level::Wrong);
}

#[test]
fn no_warnings_are_none_however_they_are_stored() {
    let none = |s: &mut Stored| {
        let policy = named(&mut s.policies, "ringfence-g06-services");
        policy["status"]["typeChecking"] = Value::Null;
    };
    assert_eq!(found(none).0, Level::Ok);
}

#[test]
fn what_another_version_left_is_a_warning() {
    let left = |s: &mut Stored| objects(&mut s.bindings).push(json!({ "metadata": { "name": "ringfence-g00-old" } }));
    assert_eq!(found(left), (Level::Warning, "binding ringfence-g00-old: is no guardrail of this version".into()));
    let other = |s: &mut Stored| objects(&mut s.bindings).push(json!({ "metadata": { "name": "someone-elses" } }));
    assert_eq!(found(other).0, Level::Ok);
}
