//! `HealthcarePlanClass`: how plans of one class are fenced in this cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NameRef, PermittedUse};

// The schema of a map is written out: schemars knows no bounds of one.
const LABEL_VALUE: &str = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
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

/// Nodes of the tenant's own.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.claims) || self.claims.size() == 0 || has(self.provider.static)").message("nodePool.claims are for provider static only: other providers are asked for their level"))]
pub struct NodePool {
    /// The least that counts as dedicated; a node without proof of its level is at Account.
    pub isolation: Isolation,
    /// Most nodes that a plan may ask for.
    #[schemars(range(min = 1, max = 100))]
    pub max_nodes: i32,
    /// Where nodes come from.
    pub provider: Provider,
    /// Who says that a machine of the static inventory is Host or Metal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["providerID".into()]))]
    pub claims: Vec<Claim>,
}

/// How far a node is from other customers.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// A machine in the platform's account; others' machines may share the hardware.
    Account,
    /// A host that runs no other customer's machines.
    Host,
    /// The whole physical machine.
    Metal,
}

/// Where nodes come from: exactly one.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.static), has(self.karpenter), has(self.clusterAPI)].filter(p, p).size() == 1").message("give exactly one of static, karpenter and clusterAPI"))]
pub struct Provider {
    /// Nodes that carry the inventory label of this class and the standing taint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#static: Option<StaticProvider>,
    /// A Karpenter NodePool a tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub karpenter: Option<KarpenterProvider>,
    /// A Cluster API MachineDeployment a tenant.
    #[serde(rename = "clusterAPI", default, skip_serializing_if = "Option::is_none")]
    pub cluster_api: Option<ClusterApiProvider>,
}

/// The static provider has no settings.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
pub struct StaticProvider {}

/// Settings of the Karpenter provider.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct KarpenterProvider {
    /// The NodeClass of every node.
    pub node_class_ref: NodeClassRef,
}

/// A Karpenter NodeClass.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct NodeClassRef {
    /// API group.
    #[schemars(length(min = 1, max = 253))]
    pub group: String,
    /// Kind.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Settings of the Cluster API provider.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct ClusterApiProvider {
    /// The Cluster.
    #[schemars(length(min = 1, max = 63))]
    pub cluster_name: String,
    /// Its namespace.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// The infrastructure template.
    pub template_ref: NameRef,
    /// The bootstrap template.
    pub bootstrap_ref: NameRef,
}

/// A statement about one machine.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// `spec.providerID` of the node.
    #[serde(rename = "providerID")]
    #[schemars(length(min = 1, max = 512))]
    pub provider_id: String,
    /// The level that is claimed.
    pub level: Isolation,
    /// The AttestControl of a person; the claim counts while it lasts.
    pub attestation_ref: NameRef,
}

/// The only ways in and out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Network {
    /// The cluster's DNS, which every pod may ask.
    pub dns: Dns,
    /// Further ways, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["name".into()]))]
    pub allow: Vec<Allow>,
}

/// The cluster's DNS.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Dns {
    /// Namespace of the DNS pods.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: String,
    /// Labels of the DNS pods.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 8, "additionalProperties" = serde_json::json!({"type": "string", "maxLength": 63, "pattern": LABEL_VALUE})))]
    pub pod_labels: BTreeMap<String, String>,
}

/// One way in or out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.namespace) != has(self.cidrs)").message("give one of namespace and cidrs"))]
#[x_kube(validation = Rule::new("self.purpose != 'Gateway' || (self.direction == 'Ingress' && has(self.namespace) && has(self.toPodLabels) && self.toPodLabels.size() > 0)").message("purpose Gateway must have direction Ingress, a namespace and toPodLabels: only the web application is reached from outside"))]
#[x_kube(validation = Rule::new("self.purpose == 'Gateway' || self.direction == 'Egress' || self.purpose == 'CallRouting' || self.purpose == 'Monitoring'").message("direction Ingress or Both needs purpose Gateway, CallRouting or Monitoring"))]
pub struct Allow {
    /// Name of this entry.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Seen from the tenant's pods.
    pub direction: Direction,
    /// The other side's namespace, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: Option<String>,
    /// The other side's networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), inner(length(max = 43)))]
    #[x_kube(validation = Rule::new("self.all(c, isCIDR(c) && cidr(c).prefixLength() >= 8)").message("cidrs must be networks in CIDR notation of prefix length 8 or more, such as 192.0.2.0/24: the whole internet is not a fence"))]
    pub cidrs: Option<Vec<String>>,
    /// The tenant's pods that it is for; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 8, "additionalProperties" = serde_json::json!({"type": "string", "maxLength": 63, "pattern": LABEL_VALUE})))]
    pub to_pod_labels: Option<BTreeMap<String, String>>,
    /// Ports of the side that is called.
    #[schemars(length(min = 1, max = 16))]
    pub ports: Vec<Port>,
}

/// What a way in or out is for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The web gateway, the one way in from outside.
    Gateway,
    /// The key service.
    KeyService,
    /// Carriers and session border controllers.
    CallRouting,
    /// Archives and databases of the platform.
    Storage,
    /// Metrics.
    Monitoring,
}

/// Direction, seen from the tenant's pods.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// In.
    Ingress,
    /// Out.
    Egress,
    /// Both.
    Both,
}

/// Ports of one protocol.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.endPort) || self.endPort >= self.port").message("endPort must not be below port"))]
pub struct Port {
    /// Protocol.
    pub protocol: Protocol,
    /// First port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// Last port of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub end_port: Option<i32>,
}

/// Protocol of a port.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    TCP,
    /// UDP.
    UDP,
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

/// A feature that hands information to a vendor.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct VendorFeature {
    /// The flag, a permission.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\.allowed$"))]
    pub flag: String,
    /// The vendor's party id.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub vendor: String,
    /// The service that its agreement must name.
    #[schemars(length(min = 1, max = 63))]
    pub service: String,
    /// The use that every agreement of the path must permit.
    pub r#use: PermittedUse,
}

/// The least strict settings that a plan may have.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Floors {
    /// What alerts may show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// Most idle minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub max_session_idle_minutes: Option<i32>,
    /// Second factor at login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
}

/// What alerts about forms and text messages may show.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alerts {
    /// The sender's telephone number.
    Guide,
    /// A link that needs a login.
    Strict,
}

/// Second factor at login.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mfa {
    /// Recommended.
    Recommended,
    /// Required.
    Required,
}
