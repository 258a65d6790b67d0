//! Nodes that say whose they are and are in no record: from G4 on only Ringfence changes what they say. A dry run as somebody else could not
//! tell them from Ringfence's own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    doctor::{
        report::{Finding, Level},
        tenants::name,
    },
    names::{POOL_LABEL, POOL_TAINT, UNASSIGNED},
};

/// Nodes with a pool's label or taint that no TenantRecord lists.
#[must_use]
pub fn nodes(nodes: &[Value], records: &[Value]) -> Vec<Finding> {
    let recorded = records.iter().flat_map(|r| r["spec"]["nodes"].as_array().into_iter().flatten());
    let recorded: BTreeSet<_> = recorded.filter_map(|n| n["uid"].as_str()).collect();
    let strange = |node: &&Value| {
        let known = node["metadata"]["uid"].as_str().is_some_and(|uid| recorded.contains(uid));
        let taints = node["spec"]["taints"].as_array().into_iter().flatten();
        let tainted = { taints }.any(|t| t["key"] == POOL_TAINT && t["value"] != UNASSIGNED);
        !known && (tainted || !node["metadata"]["labels"][POOL_LABEL].is_null())
    };
    let finding = |node: &Value| {
        let what =
            "would be refused by ringfence-g04-nodes: it carries a pool's label or taint, and is in no TenantRecord";
        let todo = format!("Take label {POOL_LABEL} and taint {POOL_TAINT} off, or replace the machine");
        Finding::to_do(Level::Wrong, format!("Node {}", name(node)), what, todo)
    };
    nodes.iter().filter(strange).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_nobodys_record_is_found_and_no_other() {
        let nodes: Vec<Value> = serde_saphyr::from_str(
            "
- {metadata: {name: plain, uid: a}, spec: {taints: [{key: other, value: x}]}}
- {metadata: {name: free, uid: b}, spec: {taints: [{key: ringfence.dev/pool, value: unassigned, effect: NoExecute}]}}
- {metadata: {name: ours, uid: c, labels: {ringfence.node-restriction.kubernetes.io/pool: acme}}, spec: {taints: [{key: ringfence.dev/pool, value: acme}]}}
- {metadata: {name: labelled, uid: d, labels: {ringfence.node-restriction.kubernetes.io/pool: acme}}}
- {metadata: {name: tainted, uid: e}, spec: {taints: [{key: ringfence.dev/pool, value: acme}]}}
",
        )
        .unwrap();
        let records: Vec<Value> = serde_saphyr::from_str("[{spec: {nodes: [{uid: c}]}}, {spec: {}}]").unwrap();
        let found: Vec<_> = super::nodes(&nodes, &records).into_iter().map(|f| f.about).collect();
        assert_eq!(found, ["Node labelled", "Node tainted"]);
    }
}
