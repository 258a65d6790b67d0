//! What of an object that Ringfence owns is left as it was seen: its identity, and what others may add to its metadata.

use std::fmt::Debug;

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        core::v1::{ConfigMap, ResourceQuota, ServiceAccount},
        networking::v1::NetworkPolicy,
        rbac::v1::RoleBinding,
    },
};
use kube::Resource;
use serde::{Serialize, de::DeserializeOwned};

use crate::{integration::cilium::CiliumNetworkPolicy, prune::Prune};

/// An object that Ringfence owns as a whole.
pub trait Kept:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Serialize + DeserializeOwned + Debug + Prune
{
    /// Takes over from `seen` its UID and resourceVersion, which the API server holds the write to, and foreign labels, annotations,
    /// owners and finalizers.
    fn keep(&mut self, seen: &Self) {
        let (ours, meta) = (self.meta_mut(), seen.meta().clone());
        ours.uid = meta.uid;
        ours.resource_version = meta.resource_version;
        ours.owner_references = meta.owner_references;
        ours.finalizers = meta.finalizers;
        let mut labels = meta.labels.unwrap_or_default();
        labels.extend(ours.labels.take().unwrap_or_default());
        ours.labels = Some(labels);
        let mut annotations = meta.annotations.unwrap_or_default();
        annotations.extend(ours.annotations.take().unwrap_or_default());
        ours.annotations = Some(annotations);
        self.keep_content(seen);
    }

    /// Takes over what of the content is others' to write.
    fn keep_content(&mut self, _seen: &Self) {}
}

impl Kept for NetworkPolicy {}
impl Kept for ResourceQuota {}
impl Kept for RoleBinding {}
impl Kept for ConfigMap {}
impl Kept for CiliumNetworkPolicy {}

impl Kept for ServiceAccount {
    /// Such as a registry's pull secret.
    fn keep_content(&mut self, seen: &Self) {
        self.image_pull_secrets.clone_from(&seen.image_pull_secrets);
        self.secrets.clone_from(&seen.secrets);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identity_and_what_others_added_stay_and_what_is_ours_wins() {
        let seen: ConfigMap = serde_json::from_value(json!({
            "metadata": {"name": "a", "uid": "u", "resourceVersion": "7", "labels": {"ours": "was", "theirs": "x"},
                "annotations": {"note": "n"}, "finalizers": ["f"]},
            "data": {"k": "was", "extra": "e"},
        }))
        .unwrap();
        let mut ours: ConfigMap =
            serde_json::from_value(json!({"metadata": {"name": "a", "labels": {"ours": "is"}}, "data": {"k": "is"}}))
                .unwrap();
        ours.keep(&seen);
        let expected = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "uid": "u", "resourceVersion": "7", "labels": {"ours": "is", "theirs": "x"},
                "annotations": {"note": "n"}, "finalizers": ["f"]},
            "data": {"k": "is"},
        });
        assert_eq!(serde_json::to_value(ours).unwrap(), expected);
    }
}
