//! Nodes of a class: isolation, provider, claims.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::NameRef;

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
