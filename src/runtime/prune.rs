//! What is kept of a watched object.

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::core::PartialObjectMeta;

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

impl<K> Prune for Guarded<K> {
    fn prune(&mut self) {}
}

impl Prune for Node {
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
        if let Some(status) = &mut self.status {
            (status.images, status.volumes_attached, status.volumes_in_use) = (None, None, None);
        }
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
