//! What is kept of a watched object.

use k8s_openapi::api::core::v1::{Namespace, Node, NodeStatus, Pod};
use kube::{Resource, core::PartialObjectMeta};

use crate::guarded::Guarded;

/// Drops what is never looked at, so that a large cluster costs little memory.
pub trait Prune {
    /// Drops it.
    fn prune(&mut self);
}

macro_rules! prune_managed_fields {
    ($($kind:ty),+ $(,)?) => { $(impl Prune for $kind { fn prune(&mut self) { self.metadata.managed_fields = None; } })+ };
}

prune_managed_fields!(
    k8s_openapi::api::core::v1::ConfigMap,
    k8s_openapi::api::core::v1::ResourceQuota,
    k8s_openapi::api::core::v1::ServiceAccount,
    k8s_openapi::api::networking::v1::NetworkPolicy,
    k8s_openapi::api::rbac::v1::RoleBinding,
    PartialObjectMeta<Namespace>,
);

impl<K: Resource + Clone> Prune for Guarded<K> {
    fn prune(&mut self) {
        if self.meta().managed_fields.is_some() {
            self.meta_mut().managed_fields = None;
        }
    }
}

impl Prune for Node {
    /// Labels, taints, whether it is Ready, and which machine it is.
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
        self.metadata.annotations = None;
        let status = self.status.take().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default().into_iter().filter(|c| c.type_ == "Ready");
        let conditions = Some(conditions.collect());
        self.status = Some(NodeStatus { conditions, node_info: status.node_info, ..NodeStatus::default() });
    }
}

impl Prune for Pod {
    /// Name, owners, node and phase are all that placement looks at.
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
        self.metadata.labels = None;
        if let Some(annotations) = &mut self.metadata.annotations {
            annotations.retain(|k, _| k == "kubernetes.io/config.mirror");
        }
        let node_name = self.spec.take().and_then(|s| s.node_name);
        self.spec = Some(k8s_openapi::api::core::v1::PodSpec { node_name, ..Default::default() });
        let phase = self.status.take().and_then(|s| s.phase);
        self.status = Some(k8s_openapi::api::core::v1::PodStatus { phase, ..Default::default() });
    }
}
