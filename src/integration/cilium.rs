//! `CiliumNetworkPolicy` (cilium.io/v2): the part of it that Ringfence writes. Its schema is Cilium's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::{Client, CustomResource, Resource, ResourceExt};
use serde::{Deserialize, Serialize};

use crate::{apply::DEADLINE, fact::Fact, prune::Prune, store::Store};

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

impl Prune for CiliumNetworkPolicy {
    fn prune(&mut self) {
        self.metadata.managed_fields = None;
    }
}

/// Policies by host name, where the network engine knows them.
pub struct HostPolicies {
    /// Those that Ringfence wrote.
    pub store: Arc<Store<CiliumNetworkPolicy>>,
    engine: Mutex<Fact<()>>,
}

impl Default for HostPolicies {
    fn default() -> Self {
        let store =
            Store::packed("policies by host name", |p: &CiliumNetworkPolicy| p.namespace().into_iter().collect());
        Self { store: Arc::new(store), engine: Mutex::new(Fact::Unread) }
    }
}

impl HostPolicies {
    /// Whether the network engine knows host names: its kind is served.
    #[must_use]
    pub fn engine(&self) -> Fact<()> {
        self.engine.lock().expect("no holder of this lock panics").clone()
    }

    /// Learns whether the kind is served; whether that is news.
    pub fn learn(&self, engine: Fact<()>) -> bool {
        let mut known = self.engine.lock().expect("no holder of this lock panics");
        let news = known.is_absent() != engine.is_absent() || known.known().is_some() != engine.known().is_some();
        *known = engine;
        news
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
        match self.engine() {
            Fact::Known(()) => self.store.unknown(),
            Fact::Absent => None,
            Fact::Unknown(_) | Fact::Unread => {
                Some("it is not known yet whether the network engine knows host names".into())
            }
        }
    }
}

/// How often it is looked whether the kind is served.
pub const LOOK: Duration = Duration::from_secs(15);

/// Asks the API server whether it serves the kind.
///
/// # Errors
/// When it does not say: then what was known before holds.
pub async fn is_served(client: &Client) -> Result<bool, String> {
    let group = format!("{}/{}", CiliumNetworkPolicy::group(&()), CiliumNetworkPolicy::version(&()));
    match tokio::time::timeout(DEADLINE, client.list_api_group_resources(&group)).await {
        Ok(Ok(list)) => Ok(list.resources.iter().any(|r| r.name == CiliumNetworkPolicy::plural(&()))),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(false),
        Ok(Err(error)) => Err(crate::fact::brief(&error).to_string()),
        Err(_) => Err("the API server did not answer".into()),
    }
}
