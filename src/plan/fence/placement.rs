//! Placement: the tenant's pods run on its pool, and nobody else's do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;

use super::nodes::pool_of;
use crate::{
    api::conditions::{Reason, WORKLOADS_PLACED},
    fact::Fact,
    plan::{decide::Step, gates::Verdict, validate::Tenant, world::World},
};

/// How long a misplaced pod may take to go before it locks the tenant.
const SETTLE: SignedDuration = SignedDuration::from_secs(15);
/// How soon an eviction that a PodDisruptionBudget refused is asked for again, at the latest.
const RETRY: SignedDuration = SignedDuration::from_secs(10);
/// Annotation of a pod that a kubelet runs from a file.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// How the pods stand. A misplaced pod is moved at once; until it has settled nothing is renewed, and then it locks.
#[must_use]
pub fn judge(tenant: &Tenant, world: &World, now: Timestamp) -> Verdict {
    if let Some(why) = world.pods.doubt().or(world.nodes.doubt()) {
        return Verdict::unknown(WORKLOADS_PLACED, Reason::Unreadable, format!("pods or nodes cannot be read: {why}"));
    }
    let (off, foreign) = (off_pool(tenant, world), foreign(tenant, world));
    let settling = |pods: &[&Arc<Pod>]| pods.iter().all(|p| settles_at(p).is_some_and(|t| now < t));
    let (reason, pods, message) = if !foreign.is_empty() {
        let message = format!(
            "{} pods of others run on the tenant's nodes: delete them, and see why the taint did not keep them off.",
            foreign.len()
        );
        (Reason::ForeignPodOnPool, foreign, message)
    } else if !off.is_empty() {
        let message = format!(
            "{} of the tenant's pods run off its nodes and are being evicted; see their PodDisruptionBudgets if they stay.",
            off.len()
        );
        (Reason::PodOffPool, off, message)
    } else {
        return Verdict::stands(
            WORKLOADS_PLACED,
            Reason::Placed,
            "The tenant's pods run on its nodes, and no others do.",
        );
    };
    if settling(&pods) {
        return Verdict::unknown(WORKLOADS_PLACED, reason, message);
    }
    Verdict::falls(WORKLOADS_PLACED, reason, message)
}

/// When the first misplaced pod has had its time, if any is still settling, and when evictions are asked for again.
#[must_use]
pub fn next_check(tenant: &Tenant, world: &World, now: Timestamp) -> Option<Timestamp> {
    let misplaced = off_pool(tenant, world).into_iter().chain(foreign(tenant, world));
    let again = (!steps(tenant, world).is_empty()).then(|| now.checked_add(RETRY).ok()).flatten();
    misplaced.filter_map(settles_at).filter(|t| *t > now).chain(again).min()
}

/// Evictions of the tenant's pods that run elsewhere.
#[must_use]
pub fn steps(tenant: &Tenant, world: &World) -> Vec<Step> {
    let pods = off_pool(tenant, world).into_iter().filter(|p| p.metadata.deletion_timestamp.is_none());
    pods.map(|p| Step::Evict(p.clone())).collect()
}

/// Whether an ordinary pod of somebody else runs on this node.
#[must_use]
pub fn runs_others(world: &World, node: &Node) -> bool {
    let other = |p: &&Arc<Pod>| p.namespace().as_deref() != Some(world.name.as_str()) && !is_agent(p);
    pods(world).filter(other).any(|p| node_of(p) == node.metadata.name.as_deref())
}

/// None while nodes are not known: a pod is not off a pool that nobody can see.
fn off_pool<'a>(tenant: &Tenant, world: &'a World) -> Vec<&'a Arc<Pod>> {
    if world.nodes.known().is_none() {
        return vec![];
    }
    let own = |p: &&Arc<Pod>| p.namespace().as_deref() == Some(tenant.name.as_str());
    pods(world)
        .filter(own)
        .filter(|p| !pool_nodes(tenant, world).any(|n| node_of(p) == n.metadata.name.as_deref()))
        .collect()
}

fn foreign<'a>(tenant: &Tenant, world: &'a World) -> Vec<&'a Arc<Pod>> {
    let other = |p: &&Arc<Pod>| p.namespace().as_deref() != Some(tenant.name.as_str()) && !is_agent(p);
    pods(world)
        .filter(other)
        .filter(|p| pool_nodes(tenant, world).any(|n| node_of(p) == n.metadata.name.as_deref()))
        .collect()
}

fn pods(world: &World) -> impl Iterator<Item = &Arc<Pod>> {
    world.pods.known().map(Vec::as_slice).unwrap_or_default().iter().filter(|p| is_running(p))
}

/// A node whose label names the pool, or that the record names and nobody else's label claims: for pods it counts even while
/// its label or a taint is being repaired.
fn pool_nodes<'a>(tenant: &'a Tenant, world: &'a World) -> impl Iterator<Item = &'a Arc<Node>> {
    let nodes = match &world.nodes {
        Fact::Known(nodes) => nodes.as_slice(),
        _ => &[],
    };
    let recorded = tenant.record.as_deref().map(|r| r.spec.nodes.as_slice()).unwrap_or_default();
    nodes.iter().filter(|n| match pool_of(n) {
        Some(pool) => pool == tenant.name.as_str(),
        None => recorded.iter().any(|r| Some(&r.uid) == n.metadata.uid.as_ref()),
    })
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref().and_then(|s| s.node_name.as_deref())
}

fn is_running(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    node_of(pod).is_some() && !matches!(phase, Some("Succeeded" | "Failed"))
}

/// What may run on every node: pods of the node itself, and DaemonSets of the platform in kube-system.
fn is_agent(pod: &Pod) -> bool {
    let daemon = pod.owner_references().iter().any(|o| o.kind == "DaemonSet" && o.controller == Some(true));
    pod.annotations().contains_key(MIRROR) || (daemon && pod.namespace().as_deref() == Some("kube-system"))
}

fn settles_at(pod: &Arc<Pod>) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref()?.0.checked_add(SETTLE).ok()
}
