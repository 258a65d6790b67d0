use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;

fn as_shipped(kind: Kind, change: impl Fn(&str, &mut Value)) -> Vec<Value> {
    let one = |s: &Shipped| {
        let mut object = json!({"metadata": {"name": s.name, "resourceVersion": "1"}, "spec": s.spec});
        change(&s.name, &mut object);
        object
    };
    SHIPPED.iter().filter(|s| s.kind == kind).map(one).filter(|o| !o.is_null()).collect()
}

fn typed<K: DeserializeOwned>(objects: Vec<Value>) -> Vec<K> {
    objects.into_iter().map(|o| serde_json::from_value(o).unwrap()).collect()
}

/// The API server's, with one validating policy changed.
fn stored(guardrails: &Guardrails, change: impl Fn(&str, &mut Value)) {
    guardrails.policies.relist(typed(as_shipped(Kind::Validating, change)));
    guardrails.bindings.relist(typed(as_shipped(Kind::ValidatingBinding, |_, _| ())));
    guardrails.mutating.relist(typed(as_shipped(Kind::Mutating, |_, _| ())));
    guardrails.mutating_bindings.relist(typed(as_shipped(Kind::MutatingBinding, |_, _| ())));
}

fn weaker(name: &str, object: &mut Value) {
    if name == "ringfence-g05-namespaces" {
        object["metadata"]["resourceVersion"] = json!("2");
        object["spec"]["validations"][0]["expression"] = json!("true");
    }
}

#[tokio::test(start_paused = true)]
async fn a_weaker_guardrail_is_told_at_once_and_holds_everything_after_a_minute() {
    let guardrails = Guardrails::default();
    assert!(guardrails.doubt().is_some(), "nothing is known yet");
    stored(&guardrails, |_, _| ());
    assert_eq!(guardrails.doubt(), None, "a start in which nothing changed says nothing new");
    assert_eq!(guardrails.look(), Vec::<String>::new());
    stored(&guardrails, weaker);
    assert_eq!(guardrails.look(), ["ringfence-g05-namespaces: spec.validations[0].expression"]);
    assert_eq!(guardrails.doubt(), None, "there is a minute to put it right");
    stored(&guardrails, |_, o| o["metadata"]["resourceVersion"] = json!("3"));
    assert_eq!((guardrails.look(), guardrails.doubt()), (vec![], None));
    stored(&guardrails, |name, o| {
        weaker(name, o);
        o["metadata"]["resourceVersion"] = json!("4");
    });
    // Nobody but who decides looks any more.
    tokio::time::advance(Duration::from_secs(61)).await;
    let doubt = guardrails.doubt().unwrap();
    assert!(doubt.contains("ringfence-g05-namespaces") && doubt.contains("Apply manifests/guardrails"), "{doubt}");
    stored(&guardrails, |_, o| o["metadata"]["resourceVersion"] = json!("5"));
    assert_eq!((guardrails.look(), guardrails.doubt()), (vec![], None));
}

#[tokio::test(start_paused = true)]
async fn guardrails_that_were_never_seen_to_stand_have_no_minute() {
    let guardrails = Guardrails::default();
    stored(&guardrails, |name, object| {
        if name == "ringfence-g05-namespaces" {
            *object = Value::Null;
        }
    });
    assert_eq!(guardrails.look(), ["ringfence-g05-namespaces is missing"]);
    assert!(guardrails.doubt().is_some());
    let reported = Guardrails::new(Required::Reported);
    stored(&reported, weaker);
    assert_eq!((reported.look().len(), reported.doubt()), (1, None));
}

/// Of the release before: one rule was another, and one was not there yet.
fn release_before() -> Vec<Shipped> {
    let mut before: Vec<_> = SHIPPED.iter().filter(|s| s.name != "ringfence-g03-binding").cloned().collect();
    let g05 = before.iter_mut().find(|s| s.name == "ringfence-g05-namespaces" && s.kind == Kind::Validating).unwrap();
    g05.spec["validations"][0]["expression"] = json!("true");
    before
}

#[tokio::test(start_paused = true)]
async fn the_previous_set_stands_for_the_shipped_one_as_a_whole_only() {
    let without_g03 = |name: &str, object: &mut Value| {
        weaker(name, object);
        if name == "ringfence-g03-binding" {
            *object = Value::Null;
        }
    };
    let guardrails = Guardrails { previous: release_before(), ..Guardrails::default() };
    stored(&guardrails, without_g03);
    assert_eq!((guardrails.look(), guardrails.doubt()), (vec![], None), "an upgrade that has not reached them");
    stored(&guardrails, |_, o| o["metadata"]["resourceVersion"] = json!("3"));
    assert_eq!((guardrails.look(), guardrails.doubt()), (vec![], None), "the new ones");
    stored(&guardrails, |name, object| {
        without_g03(name, object);
        if name == "ringfence-g05-namespaces" {
            object["metadata"]["resourceVersion"] = json!("4");
        }
    });
    assert_eq!(guardrails.look().len(), 2, "whoever takes the new rules away again has no upgrade to wait for");
    let guardrails = Guardrails { previous: release_before(), ..Guardrails::default() };
    // One of the old ones is weakened as well.
    stored(&guardrails, |name, object| {
        without_g03(name, object);
        if name == "ringfence-g04-nodes" {
            object["metadata"]["resourceVersion"] = json!("2");
            object["spec"]["validations"][0]["expression"] = json!("true");
        }
    });
    assert_eq!(guardrails.look().len(), 3, "neither set: it is told against this release's");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(guardrails.doubt().is_some());
    let first = Guardrails { previous: vec![], ..Guardrails::default() };
    stored(&first, without_g03);
    assert_eq!(first.look().len(), 2, "without a release before, nothing stands for them");
    assert!(first.doubt().is_some());
}
