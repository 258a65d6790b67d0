//! `CiliumNetworkPolicy` (cilium.io/v2): the part of it that Ringfence writes. Its schema is Cilium's own.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, ResourceExt, core::PartialObjectMeta};
use serde::{Deserialize, Serialize};

use crate::{fact::Fact, prune::Prune, store::Store};

/// Name of its CustomResourceDefinition.
pub const CRD: &str = "ciliumnetworkpolicies.cilium.io";

/// What pods of a namespace may call, by host name.
#[derive(CustomResource, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "cilium.io",
    version = "v2",
    kind = "CiliumNetworkPolicy",
    plural = "ciliumnetworkpolicies",
    namespaced,
    schema = "disabled"
)]
#[serde(rename_all = "camelCase")]
pub struct CiliumNetworkPolicySpec {
    /// The pods.
    pub endpoint_selector: Selector,
    /// What they may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Egress>,
    /// What they may not call, whatever else says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress_deny: Vec<Egress>,
    /// What is not known here, so that it is seen to differ.
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// Pods by label; none means all.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Selector {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// One way.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Egress {
    #[serde(rename = "toFQDNs", default, skip_serializing_if = "Vec::is_empty")]
    pub to_fqdns: Vec<Host>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_endpoints: Vec<Selector>,
    #[serde(rename = "toCIDRSet", default, skip_serializing_if = "Vec::is_empty")]
    pub to_cidr_set: Vec<Network>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_ports: Vec<Ports>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// A host by its whole name.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Host {
    pub match_name: String,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// A network, without parts of it.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Network {
    pub cidr: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// Ports, and for DNS the names that may be asked.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ports {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// One port.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Port {
    pub port: String,
    pub protocol: String,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// Names that DNS may be asked for; the engine learns their addresses from the answers.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rules {
    pub dns: Vec<Host>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

impl Prune for PartialObjectMeta<CustomResourceDefinition> {
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
        self.metadata.annotations = None;
    }
}

impl Prune for CiliumNetworkPolicy {
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
    }
}

/// Policies by host name, where the network engine knows them: its kind is served.
pub struct HostPolicies {
    /// Those that Ringfence wrote.
    pub store: Arc<Store<CiliumNetworkPolicy>>,
    /// The definition of the kind, if there is one.
    pub definition: Arc<Store<PartialObjectMeta<CustomResourceDefinition>>>,
}

impl Default for HostPolicies {
    fn default() -> Self {
        let namespace = |p: &CiliumNetworkPolicy| p.namespace().into_iter().collect();
        let store = Store::packed("policies by host name", namespace);
        let definition = Store::new("definitions of the network engine's kinds", |_| vec![]);
        Self { store: Arc::new(store), definition: Arc::new(definition) }
    }
}

impl HostPolicies {
    /// Whether the network engine knows host names.
    #[must_use]
    pub fn engine(&self) -> Fact<()> {
        match self.definition.get("", CRD) {
            Fact::Known(_) => Fact::Known(()),
            Fact::Absent => Fact::Absent,
            Fact::Unknown(why) => Fact::Unknown(why),
            Fact::Unread => Fact::Unread,
        }
    }

    /// Those in this namespace; absent where the engine knows no host names.
    #[must_use]
    pub fn of(&self, namespace: &str) -> Fact<Vec<Arc<CiliumNetworkPolicy>>> {
        match self.engine() {
            Fact::Known(()) => {
                self.store.unknown().map_or_else(|| Fact::Known(self.store.by(namespace)), Fact::Unknown)
            }
            Fact::Absent => Fact::Absent,
            Fact::Unknown(why) => Fact::Unknown(why),
            Fact::Unread => Fact::Unread,
        }
    }

    /// Why they are not known, if so.
    #[must_use]
    pub fn unknown(&self) -> Option<String> {
        self.definition.unknown().or_else(|| self.store.unknown().filter(|_| self.engine().known().is_some()))
    }
}
