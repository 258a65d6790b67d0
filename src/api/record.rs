//! `TenantRecord`: the operator's register of one tenant; it outlives the plan and only grows.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What must be remembered about a tenant for as long as its name exists.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "TenantRecord",
    plural = "tenantrecords",
    singular = "tenantrecord",
    shortname = "trec",
    category = "ringfence",
    derive = "PartialEq",
    doc = "TenantRecord is the register of one tenant, written by the operator alone: UIDs, key fingerprints and nodes. It outlives the plan and only grows.",
    printcolumn(name = "Pool", type_ = "string", json_path = ".spec.pool"),
    printcolumn(name = "Plan UID", type_ = "string", json_path = ".spec.planUID"),
    printcolumn(name = "Namespace UID", type_ = "string", json_path = ".spec.namespaceUID"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.planUID == oldSelf.planUID && self.pool == oldSelf.pool").message("spec.planUID and spec.pool never change: a tenant's name is never another tenant's"))]
#[x_kube(validation = Rule::new("!has(oldSelf.namespaceUID) || (has(self.namespaceUID) && self.namespaceUID == oldSelf.namespaceUID)").message("spec.namespaceUID is written once"))]
#[x_kube(validation = Rule::new("oldSelf.nodes.all(o, self.nodes.exists(n, n.uid == o.uid))").message("spec.nodes only grows"))]
#[x_kube(validation = Rule::new("oldSelf.keys.all(o, self.keys.exists(k, k.purpose == o.purpose && (!has(o.fingerprint) || (has(k.fingerprint) && k.fingerprint == o.fingerprint))))").message("spec.keys only grows, and a fingerprint is written once"))]
pub struct TenantRecordSpec {
    /// UID of the HealthcarePlan.
    #[serde(rename = "planUID")]
    #[schemars(length(min = 1, max = 63))]
    pub plan_uid: String,
    /// UID of the namespace, once it has been made.
    #[serde(rename = "namespaceUID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace_uid: Option<String>,
    /// The tenant's node pool.
    #[schemars(length(min = 1, max = 63))]
    pub pool: String,
    /// Nodes that are or were the tenant's; a new UID is another node.
    #[serde(default)]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["uid".into()]))]
    pub nodes: Vec<RecordedNode>,
    /// Keys that may exist: an entry is written after the key's absence was confirmed and before it is made.
    #[serde(default)]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["purpose".into()]))]
    pub keys: Vec<RecordedKey>,
}

/// A node of the tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RecordedNode {
    /// UID of the Node object.
    #[schemars(length(min = 1, max = 63))]
    pub uid: String,
    /// Name of the Node object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// `spec.providerID` of the node when it was taken.
    #[serde(rename = "providerID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub provider_id: Option<String>,
    /// `status.nodeInfo.systemUUID` of the node when it was taken.
    #[serde(rename = "systemUUID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub system_uuid: Option<String>,
}

/// A key of the tenant in the key service.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct RecordedKey {
    /// What the key is for.
    pub purpose: KeyPurpose,
    /// SHA-256 over mount, name, type and creation time of the first version; absent until it was read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64))]
    pub fingerprint: Option<String>,
}

/// What a key is for; each purpose has a transit mount of its own.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Seals protected health information.
    Phi,
    /// Blind indexes, through `hmac` only.
    Lookup,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Phi, Self::Lookup];

    /// The transit mount.
    #[must_use]
    pub const fn mount(self) -> &'static str {
        match self {
            Self::Phi => crate::names::PHI_MOUNT,
            Self::Lookup => crate::names::LOOKUP_MOUNT,
        }
    }
}
