//! G4: whose a node is.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{BARE, FENCED, FREE, NODE, OPEN, POOL, labels, owner, taints},
};

const NODES: &str = "/api/v1/nodes";
const INVENTORY: &str = "ringfence.node-restriction.kubernetes.io/inventory";

fn at(name: &str) -> String {
    format!("{NODES}/{name}")
}

fn node(name: &str, labels: Value, taints: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {"taints": taints}})
}

/// By those who do not run on it.
pub fn attacks() -> Vec<Attack> {
    let pool = |value: Value| labels(json!({POOL: value}));
    let spec = |taints: Value| json!({"spec": {"taints": taints}});
    let both = |value: &str| json!({"metadata": {"labels": {POOL: value}}, "spec": {"taints": taints(value)}});
    let escaped = POOL.replace('/', "~1");
    let applied = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": {POOL: OPEN}}});
    vec![
        attack("G4", "a plain node labelled for a tenant", Ask::merge(at(BARE), pool(json!(FENCED)))),
        attack("G4", "a plain node labelled and tainted for a tenant", Ask::merge(at(BARE), both(FENCED))),
        attack("G4", "a free node given to a tenant", Ask::merge(at(FREE), both(FENCED))),
        attack(
            "G4",
            "a free node labelled through /status",
            Ask::merge(format!("{}/status", at(FREE)), pool(json!(FENCED))),
        ),
        attack("G4", "a tenant's node without label, by merge patch", Ask::merge(at(NODE), pool(Value::Null))),
        attack(
            "G4",
            "a tenant's node without label, by JSON patch",
            Ask::json(at(NODE), json!([{"op": "remove", "path": format!("/metadata/labels/{escaped}")}])),
        ),
        attack(
            "G4",
            "a tenant's node without label, by PUT",
            Ask::edit(at(NODE), |live| {
                live["metadata"]["labels"].as_object_mut().expect("labels").remove(POOL);
            }),
        ),
        attack(
            "G4",
            "a tenant's node without label, through /status",
            Ask::merge(format!("{}/status", at(NODE)), pool(Value::Null)),
        ),
        attack("G4", "a tenant's node given to another, by label", Ask::merge(at(NODE), pool(json!(OPEN)))),
        attack("G4", "a tenant's node given to another, by apply", Ask::apply(at(NODE), applied)),
        attack("G4", "a tenant's node given to another, wholly", Ask::merge(at(NODE), both(OPEN))),
        attack("G4", "a tenant's node without taints", Ask::merge(at(NODE), spec(Value::Null))),
        attack(
            "G4",
            "a tenant's node without one taint",
            Ask::json(at(NODE), json!([{"op": "remove", "path": "/spec/taints/0"}])),
        ),
        attack("G4", "a tenant's node with taints of another", Ask::merge(at(NODE), spec(taints(OPEN)))),
        attack(
            "G4",
            "a tenant's node with soft taints",
            Ask::merge(
                at(NODE),
                spec(json!([{"key": "ringfence.dev/pool", "value": FENCED, "effect": "PreferNoSchedule"}])),
            ),
        ),
        attack("G4", "a free node without the standing taint", Ask::merge(at(FREE), spec(Value::Null))),
        attack(
            "G4",
            "the standing taint put on a node that ran others",
            Ask::merge(
                at(BARE),
                spec(json!([{"key": "ringfence.dev/pool", "value": "unassigned", "effect": "NoExecute"}])),
            ),
        ),
        attack(
            "G4",
            "a node that joins with a tenant's label",
            Ask::create(node("gr-new", json!({POOL: FENCED}), json!([]))),
        ),
        attack(
            "G4",
            "a node that joins as a tenant's",
            Ask::create(node("gr-new", json!({POOL: FENCED}), taints(FENCED))),
        ),
        attack(
            "G4",
            "a node that joins with a tenant's taints",
            Ask::create(node("gr-new", json!({}), taints(FENCED))),
        ),
        attack("G4", "a tenant's node's deletion", Ask::delete(at(NODE))),
        attack("G4", "deletion of a pool", Ask::delete(format!("{NODES}?labelSelector={POOL}={FENCED}"))),
        attack("G4", "a tenant's node owned by another", Ask::merge(at(NODE), owner())),
        attack(
            "G4",
            "a tenant's node in another inventory",
            Ask::merge(at(NODE), labels(json!({INVENTORY: "another"}))),
        ),
    ]
}

/// By the kubelet of the tenant's node.
pub fn of_its_kubelet() -> Vec<Attack> {
    let beside = |name: &str| Ask::merge(at(name), labels(json!({"team": "mine"})));
    vec![
        attack("NodeRestriction", "its kubelet takes its label off", Ask::merge(at(NODE), labels(json!({POOL: null})))),
        attack(
            "NodeRestriction",
            "its kubelet passes it to another",
            Ask::merge(at(NODE), labels(json!({POOL: OPEN}))),
        ),
        attack(
            "NodeRestriction",
            "its kubelet takes its taints off",
            Ask::merge(at(NODE), json!({"spec": {"taints": null}})),
        ),
        attack(
            "NodeRestriction",
            "its kubelet enters an inventory",
            Ask::merge(at(NODE), labels(json!({INVENTORY: "another"}))),
        ),
        attack("NodeRestriction", "its kubelet owns itself away", Ask::merge(at(NODE), owner())),
        attack("NodeRestriction", "its kubelet writes another node", beside(FREE)),
        attack(
            "G4",
            "its kubelet gives itself a label of Ringfence's",
            Ask::merge(at(NODE), labels(json!({"ringfence.dev/trusted": "yes"}))),
        ),
        attack(
            "G4",
            "the same through /status",
            Ask::merge(format!("{}/status", at(NODE)), labels(json!({"ringfence.dev/trusted": "yes"}))),
        ),
        attack("G4", "its kubelet deletes it, to join clean", Ask::delete(at(NODE))),
    ]
}
