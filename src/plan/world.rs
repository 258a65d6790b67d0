//! What is known of one tenant at one moment. Facts only; nothing here decides.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace, Node, Pod, ResourceQuota, ServiceAccount},
    networking::v1::NetworkPolicy,
    rbac::v1::RoleBinding,
};
use kube::core::PartialObjectMeta;

use crate::{
    api::{
        Attestation, BAA, HealthcarePlan, HealthcarePlanClass, Integration, KeyPurpose, RingfenceConfig, TenantRecord,
    },
    fact::Fact,
    integration::cilium::CiliumNetworkPolicy,
    keys::{Key, Trouble},
};

/// A namespace, of which only the metadata is looked at.
pub type NamespaceMeta = PartialObjectMeta<Namespace>;
/// What is known of a key: the fact, or why the key service told nothing.
pub type KeyFact = Result<Fact<Key>, Trouble>;

/// Everything that decisions about one tenant look at.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The tenant's name.
    pub name: String,
    /// The plan.
    pub plan: Fact<Arc<HealthcarePlan>>,
    /// The plan's class.
    pub class: Fact<Arc<HealthcarePlanClass>>,
    /// This installation.
    pub config: Fact<Arc<RingfenceConfig>>,
    /// The register of this name.
    pub record: Fact<Arc<TenantRecord>>,
    /// The namespace of this name.
    pub namespace: Fact<Arc<NamespaceMeta>>,
    /// Ringfence's NetworkPolicies in the namespace.
    pub policies: Fact<Vec<Arc<NetworkPolicy>>>,
    /// Ringfence's policies by host name in the namespace; absent where the network engine knows no host names.
    pub host_policies: Fact<Vec<Arc<CiliumNetworkPolicy>>>,
    /// Whether the network engine knows host names.
    pub names_hosts: bool,
    /// The integrations of the namespace that can be decoded.
    pub integrations: Fact<Vec<Arc<Integration>>>,
    /// The cluster's own networks, of pods, services and nodes.
    pub cluster_networks: Arc<BTreeSet<IpNet>>,
    /// The quota.
    pub quota: Fact<Arc<ResourceQuota>>,
    /// The ServiceAccount of the tenant's workloads.
    pub service_account: Fact<Arc<ServiceAccount>>,
    /// The RoleBinding of the flag readers.
    pub readers: Fact<Arc<RoleBinding>>,
    /// The published flag document.
    pub flags: Fact<Arc<ConfigMap>>,
    /// Nodes that carry the pool's label or that the record names.
    pub nodes: Fact<Vec<Arc<Node>>>,
    /// Nodes that carry the inventory label of the class.
    pub inventory: Vec<Arc<Node>>,
    /// UIDs of nodes that another tenant's record names or that are being given to one.
    pub reserved: BTreeSet<String>,
    /// Pods of the namespace, and pods on the tenant's nodes.
    pub pods: Fact<Vec<Arc<Pod>>>,
    /// Agreements of the plan's covered entities.
    pub baas: Vec<Arc<BAA>>,
    /// Acts about them, about the plan and about the class.
    pub acts: Vec<Arc<Attestation>>,
    /// Why agreements or acts are not wholly known, if so.
    pub agreement_doubt: Option<String>,
    /// Why the platform's agreements with vendors are not wholly known, if so: then nothing rests on them.
    pub vendor_doubt: Option<String>,
    /// Why the time is not known well enough to open or renew anything, if so.
    pub clock_doubt: Option<String>,
    /// Why the guardrails are not known to stand, if so: who walks through the fences is then not known either.
    pub guardrail_doubt: Option<String>,
    /// The tenant's keys.
    pub keys: BTreeMap<KeyPurpose, KeyFact>,
    /// Whether what loosening rests on was read from the API server itself, just now.
    pub quorum: bool,
}
