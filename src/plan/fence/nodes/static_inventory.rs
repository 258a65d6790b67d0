//! The static provider: takes nodes that never ran an ordinary workload, and gives each to one tenant.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{has_taint, is_fenced_off, is_ready, pool_of, taints_for};
use crate::{
    agreement::attested_until,
    api::{
        Isolation, RecordedNode, TenantRecord,
        conditions::{NODES_DEDICATED, Reason},
    },
    fact::Fact,
    names::{INVENTORY_LABEL, UNASSIGNED, ZONE_LABEL},
    plan::{
        decide::Step,
        fence::{namespace, placement},
        gates::Verdict,
        validate::Tenant,
        world::World,
    },
};

/// The control whose attestation shows a machine's level.
pub const CONTROL: &str = "node-isolation";

/// Nodes of the record that still exist as the same object.
fn own<'a>(world: &'a World, record: &TenantRecord) -> Vec<&'a Arc<Node>> {
    let nodes = world.nodes.known().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().filter(|n| record.spec.nodes.iter().any(|r| Some(&r.uid) == n.metadata.uid.as_ref())).collect()
}

/// How many nodes are the tenant's, label and taints observed, and how many of them are Ready.
#[must_use]
pub fn count(tenant: &Tenant, world: &World) -> (usize, usize) {
    let Some(record) = tenant.record.as_deref() else {
        return (0, 0);
    };
    let fenced: Vec<_> = own(world, record).into_iter().filter(|n| is_fenced_off(n, &tenant.name)).collect();
    (fenced.len(), fenced.iter().filter(|n| is_ready(n)).count())
}

/// How the nodes stand.
#[must_use]
pub fn judge(tenant: &Tenant, world: &World, now: Timestamp) -> Verdict {
    let nodes = match &world.nodes {
        Fact::Known(nodes) => nodes,
        other => {
            let why = other.doubt().unwrap_or_default();
            return Verdict::unknown(NODES_DEDICATED, Reason::Unreadable, format!("nodes cannot be read: {why}"));
        }
    };
    let Some(record) = tenant.record.as_deref() else {
        return Verdict::falls(NODES_DEDICATED, Reason::WaitingForFence, "Waits for the record.");
    };
    let own = own(world, record);
    let recorded = |n: &Arc<Node>| own.iter().any(|o| o.metadata.uid == n.metadata.uid);
    if nodes.iter().any(|n| pool_of(n) == Some(tenant.name.as_str()) && !recorded(n)) {
        let message = "A node carries the pool's label and is not in the record: take the label off it, or give it the standing taint and let Ringfence take it.";
        return Verdict::falls(NODES_DEDICATED, Reason::IsolationFell, message);
    }
    if own.iter().any(|n| is_lost(tenant, world, n)) {
        let message = "A recorded node lost label and taint, or carries another pool: what ran on it since is not known. Replace the node.";
        return Verdict::falls(NODES_DEDICATED, Reason::IsolationFell, message);
    }
    let level = tenant.class.spec.node_pool.isolation;
    if own.iter().any(|n| claimed(tenant, world, n, now) < level) {
        let message = format!(
            "A node of the pool is no longer shown to be {level:?}: renew the AttestControl that its claim names, or replace the node."
        );
        return Verdict::falls(NODES_DEDICATED, Reason::IsolationFell, message);
    }
    let asked = usize::try_from(tenant.plan.spec.nodes.count).unwrap_or_default();
    let (fenced, ready) = count(tenant, world);
    let settled = namespace::is_fenced(world);
    let missing = asked.saturating_sub(own.len());
    let short = format!(
        "{missing} of {asked} nodes are missing: add nodes with label {INVENTORY_LABEL}={} and taint ringfence.dev/pool={UNASSIGNED}:NoExecute.",
        tenant.plan.spec.plan_class_name
    );
    if missing > 0 && !settled {
        return Verdict::falls(NODES_DEDICATED, Reason::NodesMissing, short);
    }
    if fenced < own.len() && !settled {
        return Verdict::falls(NODES_DEDICATED, Reason::Repairing, "Nodes are being given to the tenant.");
    }
    if missing > 0 {
        return Verdict::repairing(NODES_DEDICATED, Reason::NodesMissing, short);
    }
    if fenced < own.len() {
        return Verdict::repairing(
            NODES_DEDICATED,
            Reason::Repairing,
            "Label or taints of a node are being put right.",
        );
    }
    if ready < fenced {
        let message = format!("{} of {fenced} nodes are not Ready; see their conditions.", fenced - ready);
        return Verdict { settled: true, ..Verdict::repairing(NODES_DEDICATED, Reason::NodesNotReady, message) };
    }
    let shown = if level == Isolation::Account { "not shown to be more than Account" } else { "attested" };
    Verdict::stands(
        NODES_DEDICATED,
        Reason::Dedicated,
        format!("Nodes of the tenant's own: {fenced}; isolation {level:?}, {shown}."),
    )
}

/// Label and taints for recorded nodes that lack them: one update each.
#[must_use]
pub fn steps(tenant: &Tenant, world: &World, record: &TenantRecord) -> Vec<Step> {
    let lacking = own(world, record)
        .into_iter()
        .filter(|n| !is_fenced_off(n, &tenant.name) && n.metadata.deletion_timestamp.is_none())
        .filter(|n| !is_lost(tenant, world, n));
    lacking.map(|n| Step::AssignNode { node: n.clone(), taints: taints_for(n, &tenant.name) }).collect()
}

/// Whether a recorded node was somebody else's since: it carries another pool, or neither the tenant's label nor the standing
/// taint, so anybody's pods may have run on it.
fn is_lost(tenant: &Tenant, world: &World, node: &Node) -> bool {
    match pool_of(node) {
        Some(pool) => pool != tenant.name.as_str(),
        None => !has_taint(node, UNASSIGNED, "NoExecute") || placement::runs_others(world, node),
    }
}

/// The nodes to take, all that are missing or, for a tenant that has none yet, none: half a pool helps nobody.
#[must_use]
pub fn choose(tenant: &Tenant, world: &World, now: Timestamp) -> Option<Vec<RecordedNode>> {
    // Pods that are not known may be anybody's.
    world.nodes.known().and(world.pods.known())?;
    let held = tenant.record.as_deref().map(|r| own(world, r)).unwrap_or_default();
    let asked = usize::try_from(tenant.plan.spec.nodes.count).unwrap_or_default();
    let missing = asked.saturating_sub(held.len());
    let mut free: Vec<_> = world.inventory.iter().filter(|n| is_eligible(tenant, world, n, now)).collect();
    if missing == 0 || free.is_empty() || (held.is_empty() && free.len() < missing) {
        return None;
    }
    free.sort_by_key(|n| n.name_any());
    let zone = |n: &Node| n.labels().get(ZONE_LABEL).cloned().unwrap_or_default();
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for node in &held {
        *used.entry(zone(node)).or_default() += 1;
    }
    let mut chosen = vec![];
    while chosen.len() < missing {
        let Some(at) = (0..free.len()).min_by_key(|i| (used.get(&zone(free[*i])).copied().unwrap_or_default(), *i))
        else {
            break;
        };
        let node = free.remove(at);
        *used.entry(zone(node)).or_default() += 1;
        chosen.push(remember(node));
    }
    Some(chosen)
}

fn remember(node: &Node) -> RecordedNode {
    RecordedNode {
        uid: node.uid().unwrap_or_default(),
        name: node.name_any(),
        provider_id: node.spec.as_ref().and_then(|s| s.provider_id.clone()),
        system_uuid: node.status.as_ref().and_then(|s| s.node_info.as_ref()).map(|i| i.system_uuid.clone()),
    }
}

/// Only a node that kept everybody off from its first moment, and that nobody has.
fn is_eligible(tenant: &Tenant, world: &World, node: &Node, now: Timestamp) -> bool {
    let uid = node.uid().unwrap_or_default();
    node.labels().get(INVENTORY_LABEL) == Some(&tenant.plan.spec.plan_class_name)
        && has_taint(node, UNASSIGNED, "NoExecute")
        && pool_of(node).is_none()
        && node.metadata.deletion_timestamp.is_none()
        && !uid.is_empty()
        && !world.reserved.contains(&uid)
        && is_ready(node)
        && claimed(tenant, world, node, now) >= tenant.class.spec.node_pool.isolation
        && !placement::runs_others(world, node)
}

/// When the next claim of the class lapses, if one is live: the level of a node may fall then.
#[must_use]
pub fn next_change(tenant: &Tenant, world: &World, now: Timestamp) -> Option<Timestamp> {
    let acts: Vec<_> = world.acts.iter().map(AsRef::as_ref).collect();
    let claims = tenant.class.spec.node_pool.claims.iter();
    claims.filter_map(|c| attested_until(CONTROL, &c.attestation_ref.name, &acts, now)).min()
}

/// The level that somebody attests; without a live attestation it is Account.
fn claimed(tenant: &Tenant, world: &World, node: &Node, now: Timestamp) -> Isolation {
    let provider_id = node.spec.as_ref().and_then(|s| s.provider_id.as_deref());
    let claims = tenant.class.spec.node_pool.claims.iter();
    let acts: Vec<_> = world.acts.iter().map(AsRef::as_ref).collect();
    claims
        .filter(|c| Some(c.provider_id.as_str()) == provider_id)
        .filter(|c| attested_until(CONTROL, &c.attestation_ref.name, &acts, now).is_some())
        .map(|c| c.level)
        .max()
        .unwrap_or(Isolation::Account)
}

#[cfg(test)]
#[path = "static_inventory_tests.rs"]
mod tests;
