//! G3: who binds a tenant's pods.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, NODE, namespace},
};

fn target(node: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "gr-gated", "namespace": FENCED},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node}})
}

/// On the binding of a pod that waits.
pub fn attacks() -> Vec<Attack> {
    let sub = format!("{}/pods/gr-gated/binding", namespace(FENCED));
    vec![
        attack("G3", "a tenant's pod bound to another node", Ask::post(&sub, target("gr-bare"))),
        attack("G3", "a tenant's pod bound to its pool's node", Ask::post(&sub, target(NODE))),
        attack("G3", "a tenant's pod bound, in a dry run", Ask::post(&sub, target("gr-bare")).dry()),
        attack("G3", "a tenant's pod bound by the old way", Ask::create(target("gr-bare"))),
    ]
}
