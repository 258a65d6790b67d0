//! What is kept of a watched object.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Namespace, Node, NodeStatus, NodeSystemInfo, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Resource, core::PartialObjectMeta};

use crate::guarded::Guarded;

/// Where `kubectl apply` keeps the whole object a second time.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Drops what is never looked at, so that a large cluster costs little memory.
pub trait Prune {
    /// Drops it.
    fn prune(&mut self);
}

macro_rules! prune_managed_fields {
    ($($kind:ty),+ $(,)?) => { $(impl Prune for $kind { fn prune(&mut self) { self.metadata.managed_fields = None; } })+ };
}

prune_managed_fields!(
    k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy,
    k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding,
    k8s_openapi::api::admissionregistration::v1::MutatingAdmissionPolicy,
    k8s_openapi::api::admissionregistration::v1::MutatingAdmissionPolicyBinding,
    k8s_openapi::api::core::v1::ConfigMap,
    k8s_openapi::api::core::v1::ResourceQuota,
    k8s_openapi::api::core::v1::ServiceAccount,
    k8s_openapi::api::networking::v1::NetworkPolicy,
    k8s_openapi::api::networking::v1::ServiceCIDR,
    k8s_openapi::api::rbac::v1::RoleBinding,
);

impl<K: Resource + Clone> Prune for Guarded<K> {
    fn prune(&mut self) {
        let applied = |meta: &ObjectMeta| meta.annotations.iter().any(|a| a.contains_key(LAST_APPLIED));
        if self.meta().managed_fields.is_some() || applied(self.meta()) {
            let meta = self.meta_mut();
            meta.managed_fields = None;
            meta.annotations.iter_mut().for_each(|a| drop(a.remove(LAST_APPLIED)));
        }
    }
}

impl Prune for PartialObjectMeta<Namespace> {
    /// Of a namespace that is nobody's no more than that it is there.
    fn prune(&mut self) {
        let meta = &mut self.metadata;
        meta.managed_fields = None;
        let ours =
            |map: &Option<BTreeMap<String, String>>| map.iter().flatten().any(|(k, _)| k.starts_with("ringfence.dev/"));
        if !ours(&meta.labels) && !ours(&meta.annotations) {
            (meta.labels, meta.annotations) = (None, None);
        }
    }
}

impl Prune for Node {
    /// Labels, taints, addresses, whether it is Ready, and which machine it is.
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
        self.metadata.annotations = None;
        let status = self.status.take().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default().into_iter().filter(|c| c.type_ == "Ready");
        let conditions = Some(conditions.collect());
        let node_info =
            status.node_info.map(|i| NodeSystemInfo { system_uuid: i.system_uuid, ..NodeSystemInfo::default() });
        let addresses = status.addresses;
        self.status = Some(NodeStatus { addresses, conditions, node_info, ..NodeStatus::default() });
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
