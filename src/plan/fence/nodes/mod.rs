//! Nodes of the tenant's own, by provider.

pub mod static_inventory;

use k8s_openapi::api::core::v1::{Node, Taint};
use kube::ResourceExt;

use crate::names::{POOL_LABEL, POOL_TAINT, TenantName};

/// The pool that the node's label names.
#[must_use]
pub fn pool_of(node: &Node) -> Option<&str> {
    node.labels().get(POOL_LABEL).map(String::as_str)
}

fn taints(node: &Node) -> &[Taint] {
    node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default()
}

/// Whether the node carries the pool's taint of this value with this effect.
fn has_taint(node: &Node, value: &str, effect: &str) -> bool {
    taints(node).iter().any(|t| t.key == POOL_TAINT && t.value.as_deref() == Some(value) && t.effect == effect)
}

/// Whether label and both taints say that the node is the tenant's.
#[must_use]
pub fn is_fenced_off(node: &Node, tenant: &TenantName) -> bool {
    let own = ["NoSchedule", "NoExecute"].iter().all(|e| has_taint(node, tenant.as_str(), e));
    let foreign = taints(node).iter().any(|t| t.key == POOL_TAINT && t.value.as_deref() != Some(tenant.as_str()));
    pool_of(node) == Some(tenant.as_str()) && own && !foreign
}

/// The node's taints with those of the pool set to the tenant.
#[must_use]
pub fn taints_for(node: &Node, tenant: &TenantName) -> Vec<Taint> {
    let pool = ["NoSchedule", "NoExecute"].map(|effect| Taint {
        key: POOL_TAINT.into(),
        value: Some(tenant.as_str().to_owned()),
        effect: effect.into(),
        time_added: None,
    });
    taints(node).iter().filter(|t| t.key != POOL_TAINT).cloned().chain(pool).collect()
}

/// Whether the kubelet reports Ready.
#[must_use]
pub fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}
