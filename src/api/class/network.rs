//! The only ways in and out of a tenant's namespace.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LABEL_VALUE: &str = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";

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
    #[x_kube(validation = Rule::new("self.all(c, !isCIDR(c) || cidr(c) == cidr(c).masked())").message("cidrs must have no host bits: write 192.0.2.0/24, not 192.0.2.1/24; the API server takes no other in a NetworkPolicy"))]
    #[x_kube(validation = Rule::new("self.all(c, !isCIDR(c) || ['0.0.0.0/8', '127.0.0.0/8', '169.254.169.254/32', '::/8'].all(r, !cidr(r).containsCIDR(c) && !cidr(c).containsCIDR(r)))").message("cidrs must not hold this host itself or the machine's metadata service (169.254.169.254)"))]
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
