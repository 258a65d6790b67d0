//! The invariants of Ringfence's design over the history of one tenant, written apart from the operator. Each is looked at after every version of
//! every object.

use std::collections::BTreeMap;

use serde_json::Value;

use super::history::{Version, pool};

/// How often each invariant had something to say: one that never had has shown nothing.
pub type Exercised = BTreeMap<&'static str, usize>;

/// The longest that a class of the campaign lets a permissive value live, seconds (`flags.lease`), and what clocks may differ.
const LEASE: i64 = 3600 + 5;

/// Whether a flag document opens anything that an agreement must cover, at this time: a permissive arm inside its window, anywhere but in the
/// reading flag. What cannot be read is taken for open.
#[must_use]
pub fn is_open(document: &str, now: i64) -> bool {
    ends(document).is_none_or(|windows| windows.iter().any(|(from, until)| *from < now && now < *until))
}

/// The windows of a document: (begin, end), unix seconds. `None` when it cannot be read.
fn ends(document: &str) -> Option<Vec<(i64, i64)>> {
    let document: Value = serde_json::from_str(document).ok()?;
    let mut windows = vec![];
    for (key, flag) in document["flags"].as_object()? {
        if key != "phi.read.allowed" && !flag["targeting"].is_null() {
            collect(&flag["targeting"], &mut windows);
        }
    }
    Some(windows)
}

fn collect(rule: &Value, windows: &mut Vec<(i64, i64)>) {
    match rule {
        Value::Object(fields) => {
            if let Some([from, var, until]) = fields.get("<").and_then(Value::as_array).map(Vec::as_slice)
                && var["var"] == "$flagd.timestamp"
            {
                windows.push((from.as_i64().unwrap_or(i64::MIN), until.as_i64().unwrap_or(i64::MAX)));
            }
            fields.values().for_each(|v| collect(v, windows));
        }
        Value::Array(items) => items.iter().for_each(|v| collect(v, windows)),
        _ => {}
    }
}

#[derive(Default)]
struct State<'a> {
    objects: BTreeMap<(&'a str, &'a str), &'a Value>,
}

impl<'a> State<'a> {
    fn get(&self, kind: &str, name: &str) -> Option<&'a Value> {
        self.objects.get(&(kind, name)).copied()
    }

    fn document(&self) -> Option<&'a str> {
        self.get("ConfigMap", "ringfence-flags")?["data"]["flags.flagd.json"].as_str()
    }
}

/// Every violation in the history of `tenant`, in words. `agreed(t)`: whether its agreement was in force at that time.
#[must_use]
pub fn judge(tenant: &str, history: &[Version], exercised: &mut Exercised) -> Vec<String> {
    let mut state = State::default();
    let mut wrong = vec![];
    let (mut record, mut namespace_uid): (Option<&Value>, Option<&Value>) = (None, None);
    let mut note = |what: &'static str, antecedent: bool, holds: bool, version: &Version| {
        if antecedent {
            *exercised.entry(what).or_default() += 1;
            if !holds {
                wrong.push(format!("{what}, after {} {} at {}", version.kind, version.name, version.at));
            }
        }
    };
    for version in history {
        let key = (version.kind, version.name.as_str());
        match &version.object {
            Some(object) => {
                if let Some(was) = state.get("Node", &version.name).filter(|_| version.kind == "Node") {
                    let label =
                        |n: &Value| n["metadata"]["labels"]["ringfence.node-restriction.kubernetes.io/pool"].clone();
                    note(
                        "S7: a node never goes from one tenant to another",
                        label(was).is_string(),
                        label(was) == label(object) || label(object).is_null(),
                        version,
                    );
                }
                state.objects.insert(key, object);
            }
            None => {
                state.objects.remove(&key);
                note(
                    "S11: a record, a namespace, a flag document is never deleted",
                    version.kind != "NetworkPolicy" && version.kind != "Node",
                    false,
                    version,
                );
            }
        }
        let namespace = state.get("Namespace", tenant);
        let fenced = namespace.is_some_and(|n| n["metadata"]["labels"]["ringfence.dev/fenced"] == "true");
        let base = state.get("NetworkPolicy", "ringfence-base");
        let document = state.document();
        // A wall that somebody else took away is found open for a moment: what counts is what the operator writes.
        let flags_written = version.kind == "ConfigMap" && version.name == "ringfence-flags";
        let open = flags_written && document.is_some_and(|d| is_open(d, version.seen));
        let now = state.get("TenantRecord", tenant);
        let keys = now.map(|r| r["spec"]["keys"].as_array().cloned().unwrap_or_default()).unwrap_or_default();
        let recorded = keys.len() == 2 && keys.iter().all(|k| k["fingerprint"].is_string());
        let nodes: Vec<Value> = now.and_then(|r| r["spec"]["nodes"].as_array().cloned()).unwrap_or_default();
        let given = |n: &Value| {
            let node = state.get("Node", n["name"].as_str().unwrap_or_default());
            let tainted = |effect: &str| {
                node.and_then(|n| n["spec"]["taints"].as_array()).is_some_and(|t| {
                    t.iter().any(|t| t["key"] == "ringfence.dev/pool" && t["value"] == tenant && t["effect"] == effect)
                })
            };
            node.is_some() && tainted("NoExecute") && tainted("NoSchedule")
        };
        note("S1: open only in a fenced namespace", open, fenced, version);
        note("S1: open only behind the base policy", open, base.is_some(), version);
        note("S1: open only with both keys recorded", open, recorded, version);
        note("S1: open only on nodes of its own", open, !nodes.is_empty() && nodes.iter().all(given), version);
        let plan = state.get("HealthcarePlan", tenant);
        let asked = plan.is_some_and(|p| p["spec"]["state"].as_str().unwrap_or("Active") == "Active");
        note("S1: open only while the plan is Active", open, asked, version);
        let lasts = document.and_then(ends).is_some_and(|w| w.iter().all(|(_, until)| *until <= version.seen + LEASE));
        note("S1: no window outlives the lease", open, lasts, version);
        let fence_written = version.kind == "Namespace" && fenced;
        note("S3: the base policy stands before the namespace is fenced", fence_written, base.is_some(), version);
        note(
            "order: a flag document stands before the namespace is fenced",
            fence_written,
            document.is_some(),
            version,
        );
        note(
            "order: the record stands before the namespace",
            version.kind == "Namespace" && namespace.is_some(),
            now.is_some(),
            version,
        );
        note(
            "S2: a node of the tenant's is in its record",
            pool(version) == Some(tenant),
            nodes.iter().any(|n| n["name"] == version.name.as_str()),
            version,
        );
        let said = |status: &str| {
            plan.and_then(|p| p["status"]["conditions"].as_array())
                .is_some_and(|c| c.iter().any(|c| c["type"] == "PhiUnlocked" && c["status"] == status))
        };
        let closed = document.is_none_or(|d| !is_open(d, version.seen));
        note(
            "S13: PhiUnlocked=False means a restrictive document",
            version.kind == "HealthcarePlan" && said("False"),
            closed,
            version,
        );
        // A write of the document that failed is told as Unknown, and takes nothing back of what was said.
        let unwritten = plan.and_then(|p| p["status"]["conditions"].as_array()).is_some_and(|c| {
            c.iter().any(|c| c["type"] == "PhiUnlocked" && c["status"] == "Unknown" && c["reason"] == "WriteFailed")
        });
        note("S13: open only once status says so", open, said("True") || unwritten, version);
        if let (Some(was), Some(is)) = (record, now) {
            let grown = was["metadata"]["uid"] == is["metadata"]["uid"]
                && grows(&was["spec"]["keys"], &is["spec"]["keys"])
                && grows(&was["spec"]["nodes"], &is["spec"]["nodes"]);
            note("S11: a record only grows", version.kind == "TenantRecord", grown, version);
        }
        record = now.or(record);
        let uid = namespace.map(|n| &n["metadata"]["uid"]);
        if let (Some(was), Some(is)) = (namespace_uid, uid) {
            note("S7: a namespace is never made twice", version.kind == "Namespace", was == is, version);
        }
        namespace_uid = uid.or(namespace_uid);
    }
    wrong
}

/// Every entry that was there is there, and what it said it says still.
fn grows(was: &Value, is: &Value) -> bool {
    let entries = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let said = |was: &Value, is: &Value| {
        was.as_object().is_some_and(|fields| fields.iter().all(|(k, v)| v.is_null() || is[k] == *v))
    };
    entries(was).iter().all(|w| entries(is).iter().any(|i| said(w, i)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(at: u64, kind: &'static str, name: &str, object: Value) -> Version {
        Version { at, kind, namespace: "acme".into(), name: name.into(), object: Some(object), seen: 1000 }
    }

    fn document(until: i64) -> Value {
        let window = json!({"if": [{"<": [700, {"var": "$flagd.timestamp"}, until]}, "on", "off"]});
        let text =
            json!({"flags": {"capture.recording.allowed": {"targeting": window}, "fixed": {"defaultVariant": "off"}}});
        json!({"data": {"flags.flagd.json": text.to_string()}})
    }

    /// A good story, in order.
    fn story() -> Vec<Version> {
        let node = json!({"metadata": {"labels": {"ringfence.node-restriction.kubernetes.io/pool": "acme"}},
            "spec": {"taints": [{"key": "ringfence.dev/pool", "value": "acme", "effect": "NoExecute"}, {"key": "ringfence.dev/pool", "value": "acme", "effect": "NoSchedule"}]}});
        let record = json!({"metadata": {"uid": "r"}, "spec": {"nodes": [{"name": "n1"}], "keys": [{"purpose": "phi", "fingerprint": "a"}, {"purpose": "lookup", "fingerprint": "b"}]}});
        let plan = json!({"spec": {}, "status": {"conditions": [{"type": "PhiUnlocked", "status": "True"}]}});
        let namespace = |fenced: &str| json!({"metadata": {"uid": "n", "labels": {"ringfence.dev/fenced": fenced}}});
        vec![
            version(1, "HealthcarePlan", "acme", json!({"spec": {}})),
            version(2, "TenantRecord", "acme", record),
            version(3, "Namespace", "acme", namespace("")),
            version(4, "ConfigMap", "ringfence-flags", document(0)),
            version(5, "NetworkPolicy", "ringfence-base", json!({})),
            version(6, "Node", "n1", node),
            version(7, "Namespace", "acme", namespace("true")),
            version(8, "HealthcarePlan", "acme", plan),
            version(9, "ConfigMap", "ringfence-flags", document(1500)),
        ]
    }

    fn wrong(history: &[Version]) -> Vec<String> {
        judge("acme", history, &mut Exercised::new())
    }

    #[test]
    fn a_good_story_has_nothing_wrong() {
        let mut exercised = Exercised::new();
        assert_eq!(judge("acme", &story(), &mut exercised), Vec::<String>::new());
        assert!(exercised["S1: open only behind the base policy"] == 1, "{exercised:?}");
    }

    #[test]
    fn each_bad_story_is_told_by_its_invariant() {
        let without = |at: u64| story().into_iter().filter(|v| v.at != at).collect::<Vec<_>>();
        let with = |change: fn(&mut Vec<Version>)| {
            let mut story = story();
            change(&mut story);
            story
        };
        for (history, word) in [
            (without(5), "base policy"),
            (without(7), "fenced namespace"),
            (without(6), "nodes of its own"),
            (without(2), "record stands before"),
            (without(8), "status says so"),
            (with(|s| s[8].object = Some(document(9000))), "outlives the lease"),
            (
                with(|s| s[7].object = Some(json!({"spec": {"state": "Suspended"}, "status": {}}))),
                "while the plan is Active",
            ),
            (
                with(|s| {
                    s.push(version(
                        10,
                        "HealthcarePlan",
                        "acme",
                        json!({"status": {"conditions": [{"type": "PhiUnlocked", "status": "False"}]}}),
                    ))
                }),
                "restrictive document",
            ),
            (
                with(|s| {
                    s.push(version(
                        10,
                        "TenantRecord",
                        "acme",
                        json!({"metadata": {"uid": "r"}, "spec": {"nodes": [], "keys": []}}),
                    ))
                }),
                "only grows",
            ),
            (with(|s| s.push(version(10, "Namespace", "acme", json!({"metadata": {"uid": "m"}})))), "never made twice"),
            (
                with(|s| s.push(Version { object: None, ..version(10, "TenantRecord", "acme", json!({})) })),
                "never deleted",
            ),
        ] {
            let told = wrong(&history);
            assert!(told.iter().any(|w| w.contains(word)), "{word}: {told:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_taken_for_open() {
        assert!(is_open("{", 0) && is_open("{}", 0));
        assert!(!is_open(r#"{"flags":{}}"#, 0));
    }
}
