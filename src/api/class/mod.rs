//! `HealthcarePlanClass`: how plans of one class are fenced in this cluster.

mod features;
mod network;
mod nodes;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use self::{features::*, network::*, nodes::*};

// The schema of a map is written out: schemars knows no bounds of one.
const QUANTITY: &str =
    r"^\+?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// How a plan is fenced here: nodes, network, storage, keys, flags, floors.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "HealthcarePlanClass",
    plural = "healthcareplanclasses",
    singular = "healthcareplanclass",
    shortname = "hpc",
    category = "ringfence",
    doc = "HealthcarePlanClass says how plans of this class are fenced in this cluster: nodes, network, storage, keys, flags, floors.",
    validation = Rule::new("self.spec.nodePool.isolation == oldSelf.spec.nodePool.isolation && self.spec.nodePool.provider == oldSelf.spec.nodePool.provider").message("spec.nodePool.isolation and spec.nodePool.provider never change: make another class"),
    validation = Rule::new("has(self.spec.storage) == has(oldSelf.spec.storage) && (!has(self.spec.storage) || self.spec.storage == oldSelf.spec.storage)").message("spec.storage never changes: make another class"),
    validation = Rule::new("has(self.spec.floors) == has(oldSelf.spec.floors) && (!has(self.spec.floors) || self.spec.floors == oldSelf.spec.floors)").message("spec.floors never changes: make another class"),
    printcolumn(name = "Isolation", type_ = "string", json_path = ".spec.nodePool.isolation"),
    printcolumn(name = "Max nodes", type_ = "integer", json_path = ".spec.nodePool.maxNodes"),
    printcolumn(name = "Lease", type_ = "string", json_path = ".spec.flags.lease"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct HealthcarePlanClassSpec {
    /// Nodes of the tenant's own.
    pub node_pool: NodePool,
    /// The only ways in and out of a tenant's namespace.
    pub network: Network,
    /// Storage that a tenant may claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Life of the phi key.
    pub keys: Keys,
    /// The flag document.
    pub flags: Flags,
    /// Features that need a vendor's agreement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["flag".into()]))]
    pub vendor_features: Vec<VendorFeature>,
    /// The least strict settings that a plan may have; absent means the strictest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floors: Option<Floors>,
    /// More limits of the ResourceQuota; Services of type LoadBalancer and NodePort are always zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = serde_json::json!({
        "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": QUANTITY, "x-kubernetes-int-or-string": true
    })))]
    #[x_kube(validation = Rule::new("!('services.loadbalancers' in self) && !('services.nodeports' in self)").message("quota must not list services.loadbalancers or services.nodeports: they are always zero"))]
    pub quota: BTreeMap<String, Quantity>,
}

/// Storage that a tenant may claim.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Names of StorageClasses.
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))
    )]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub class_names: Vec<String>,
}

/// Life of the phi key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// How often the phi key rotates.
    #[schemars(with = "String", length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('1h') && duration(self) <= duration('26280h')").message("keys.rotationPeriod must be a duration from 1h to 26280h, such as 2160h"))]
    pub rotation_period: kube::core::Duration,
    /// How long a snapshot of the key service is kept: a destroyed key is erased only after that.
    #[schemars(with = "String", length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('0s') && duration(self) <= duration('87600h')").message("keys.snapshotRetention must be a duration up to 87600h, such as 720h"))]
    pub snapshot_retention: kube::core::Duration,
}

/// The flag document.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("duration(self.readLease) >= duration(self.lease)").message("flags.readLease must not be shorter than flags.lease"))]
pub struct Flags {
    /// How long what was opened stays open without the operator.
    #[schemars(with = "String", length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')").message("flags.lease must be a duration from 1m to 24h, such as 1h"))]
    pub lease: kube::core::Duration,
    /// How long reading stays open without the operator.
    #[schemars(with = "String", length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('1m') && duration(self) <= duration('720h')").message("flags.readLease must be a duration from 1m to 720h, such as 72h"))]
    pub read_lease: kube::core::Duration,
    /// ServiceAccounts outside the tenant's namespace that may read the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["namespace".into(), "serviceAccountName".into()]))]
    pub readers: Vec<Reader>,
}

/// A ServiceAccount that may read the flag document.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    /// Its namespace.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub service_account_name: String,
}
