//! All watched collections of the operator, what it knows of keys, and which node is being given to whom.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace, Node, Pod, ResourceQuota, ServiceAccount},
    networking::v1::{NetworkPolicy, ServiceCIDR},
    rbac::v1::RoleBinding,
};
use kube::{ResourceExt, core::PartialObjectMeta};

use crate::{
    api::{
        Attestation, BAA, HealthcarePlan, HealthcarePlanClass, Integration, RingfenceConfig, SubjectKind, TenantRecord,
        conditions::Reason,
    },
    guarded::Guarded,
    guardrails::Guardrails,
    held::Held,
    integration::{cilium::HostPolicies, node_networks, service_networks},
    keys::KeyFacts,
    names::POOL_LABEL,
    outcome::Failure,
    plan::quorum::Readings,
    store::Store,
};

/// Everything that is watched.
#[allow(missing_docs)]
pub struct Stores {
    pub plans: Arc<Store<Guarded<HealthcarePlan>>>,
    pub classes: Arc<Store<Guarded<HealthcarePlanClass>>>,
    pub configs: Arc<Store<Guarded<RingfenceConfig>>>,
    pub records: Arc<Store<Guarded<TenantRecord>>>,
    pub baas: Arc<Store<Guarded<BAA>>>,
    pub acts: Arc<Store<Guarded<Attestation>>>,
    pub integrations: Arc<Store<Guarded<Integration>>>,
    pub namespaces: Arc<Store<PartialObjectMeta<Namespace>>>,
    pub policies: Arc<Store<NetworkPolicy>>,
    pub host_policies: HostPolicies,
    pub service_cidrs: Arc<Store<ServiceCIDR>>,
    pub quotas: Arc<Store<ResourceQuota>>,
    pub accounts: Arc<Store<ServiceAccount>>,
    pub bindings: Arc<Store<RoleBinding>>,
    pub flags: Arc<Store<ConfigMap>>,
    pub nodes: Arc<Store<Node>>,
    pub pods: Arc<Store<Pod>>,
    pub guardrails: Guardrails,
    pub key_facts: KeyFacts,
    pub readings: Readings,
    reserved: Mutex<HashMap<String, String>>,
}

impl Default for Stores {
    fn default() -> Self {
        Self::with(Guardrails::default())
    }
}

impl Stores {
    /// Empty stores, with these guardrails.
    #[must_use]
    pub fn with(guardrails: Guardrails) -> Self {
        Self {
            plans: Arc::new(Store::with("HealthcarePlans", plan_index, Held::guarded)),
            classes: Arc::new(Store::new("HealthcarePlanClasses", |_| vec![])),
            configs: Arc::new(Store::new("RingfenceConfigs", |_| vec![])),
            records: Arc::new(Store::with("TenantRecords", record_index, Held::guarded)),
            baas: Arc::new(Store::with("BAAs", party, Held::guarded)),
            acts: Arc::new(Store::with("Attestations", act_index, Held::guarded)),
            integrations: Arc::new(Store::with("Integrations", integration_index, Held::guarded)),
            namespaces: Arc::new(Store::packed("namespaces", |_| vec![])),
            policies: Arc::new(Store::packed("network policies", |p| p.namespace().into_iter().collect())),
            host_policies: HostPolicies::default(),
            service_cidrs: Arc::new(Store::new("service networks", |_| vec![])),
            quotas: Arc::new(Store::packed("resource quotas", |_| vec![])),
            accounts: Arc::new(Store::packed("service accounts", |_| vec![])),
            bindings: Arc::new(Store::packed("role bindings", |_| vec![])),
            flags: Arc::new(Store::packed("flag documents", |_| vec![])),
            nodes: Arc::new(Store::with("nodes", node_index, hold_node)),
            pods: Arc::new(Store::new("pods", pod_index)),
            guardrails,
            key_facts: KeyFacts::default(),
            readings: Readings::default(),
            reserved: Mutex::default(),
        }
    }
}

/// Index value of the plans of a class.
#[must_use]
pub fn of_class(class: &str) -> String {
    format!("class/{class}")
}

/// Index value of the plans of a class that have fewer nodes than they ask for.
#[must_use]
pub fn waiting_in(class: &str) -> String {
    format!("waiting/{class}")
}

/// Index value of the nodes of a class's inventory that carry no pool's label.
#[must_use]
pub fn free_of(class: &str) -> String {
    format!("free/{class}")
}

/// Index value of the records that hold the node with this UID.
fn holding(uid: &str) -> String {
    format!("uid/{uid}")
}

/// Index value of the records that hold a node of this name.
#[must_use]
pub fn naming(node: &str) -> String {
    format!("name/{node}")
}

/// Beginning of the index values of nodes by the networks that are theirs.
const NETWORK: &str = "network/";

/// Index value of the records that cannot be read.
const UNDECODABLE: &str = "undecodable";

/// Index value of the plans with this covered entity.
#[must_use]
pub fn of_party(party: &str) -> String {
    format!("party/{party}")
}

/// Index value of the pods on a node.
#[must_use]
pub fn on_node(node: &str) -> String {
    format!("node/{node}")
}

/// Index value of the pods in a namespace.
#[must_use]
pub fn in_namespace(namespace: &str) -> String {
    format!("namespace/{namespace}")
}

/// Name of the object that an act is about, also of an act that does not decode.
#[must_use]
pub fn subject(act: &Guarded<Attestation>) -> String {
    match &act.object {
        Ok(act) => act.spec.subject_ref.name.clone(),
        Err(bad) => bad.subject.clone().unwrap_or_default(),
    }
}

/// Index value of the acts that attest an agreement of this covered entity.
#[must_use]
pub fn attested_of(entity: &str) -> String {
    format!("entity/{entity}")
}

/// Index value of the acts that attest an agreement above the BAA of this name.
#[must_use]
pub fn attested_to(baa: &str) -> String {
    format!("upstream/{baa}")
}

/// Index value of the acts about the integrations of this namespace.
#[must_use]
pub fn about_integrations(namespace: &str) -> String {
    format!("integrations/{namespace}")
}

/// Index value of the integrations with this vendor.
#[must_use]
pub fn with_vendor(vendor: &str) -> String {
    format!("vendor/{vendor}")
}

/// The namespace and name of the integration that an act is about.
#[must_use]
pub fn integration_of(act: &Guarded<Attestation>) -> Option<(String, String)> {
    let subject = &act.object.as_ref().ok()?.spec.subject_ref;
    (subject.kind == SubjectKind::Integration).then_some(())?;
    Some((subject.namespace.clone()?, subject.name.clone()))
}

fn integration_index(integration: &Guarded<Integration>) -> Vec<String> {
    let vendor = integration.object.as_ref().ok().map(|i| with_vendor(&i.spec.vendor));
    integration.namespace().map(|n| in_namespace(&n)).into_iter().chain(vendor).collect()
}

/// Acts by the name of their subject; attested agreements, of which an agency's BAA may have thousands, by entity and BAA instead.
fn act_index(act: &Guarded<Attestation>) -> Vec<String> {
    if let Some((namespace, _)) = integration_of(act) {
        return vec![about_integrations(&namespace)];
    }
    let entity = act.object.as_ref().ok().and_then(|a| a.spec.covered_entity.as_ref());
    match entity {
        Some(entity) => vec![attested_of(&entity.party), attested_to(&subject(act))],
        None => vec![subject(act)],
    }
}

fn party(baa: &Guarded<BAA>) -> Vec<String> {
    match &baa.object {
        Ok(baa) => vec![baa.spec.disclosing.party.clone()],
        Err(bad) => bad.party.iter().cloned().collect(),
    }
}

fn plan_index(plan: &Guarded<HealthcarePlan>) -> Vec<String> {
    let Ok(plan) = &plan.object else { return vec![] };
    let parties = plan.spec.covered_entities.iter().map(|e| of_party(&e.party));
    let nodes = plan.status.as_ref().and_then(|s| s.nodes.as_ref());
    let waits = nodes.is_none_or(|n| n.assigned < n.asked).then(|| waiting_in(&plan.spec.plan_class_name));
    parties.chain([of_class(&plan.spec.plan_class_name)]).chain(waits).collect()
}

fn node_index(node: &Node) -> Vec<String> {
    let labels = node.labels();
    let pool = labels.get(POOL_LABEL).map(|p| format!("pool/{p}"));
    let free = labels.get(crate::names::INVENTORY_LABEL).filter(|_| pool.is_none()).map(|c| free_of(c));
    let networks = node_networks(node).into_iter().map(|net| format!("{NETWORK}{net}"));
    pool.into_iter().chain(free).chain(networks).collect()
}

/// Nodes that may be taken are looked at all at once, others seldom or never.
fn hold_node(node: Arc<Node>) -> Held<Node> {
    let free = node_index(&node).iter().any(|value| value.starts_with("free/"));
    if free { Held::whole(node) } else { Held::packed(node) }
}

fn record_index(record: &Guarded<TenantRecord>) -> Vec<String> {
    match &record.object {
        Ok(record) => record.spec.nodes.iter().flat_map(|n| [holding(&n.uid), naming(&n.name)]).collect(),
        Err(_) => vec![UNDECODABLE.into()],
    }
}

fn pod_index(pod: &Pod) -> Vec<String> {
    let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).map(on_node);
    pod.namespace().map(|n| in_namespace(&n)).into_iter().chain(node).collect()
}

impl Stores {
    /// Why some store is not to be believed, if any is not.
    #[must_use]
    pub fn unknown(&self) -> Option<String> {
        let all = [
            self.plans.unknown(),
            self.classes.unknown(),
            self.configs.unknown(),
            self.records.unknown(),
            self.baas.unknown(),
            self.acts.unknown(),
            self.integrations.unknown(),
            self.host_policies.unknown(),
            self.service_cidrs.unknown(),
            self.namespaces.unknown(),
            self.policies.unknown(),
            self.quotas.unknown(),
            self.accounts.unknown(),
            self.bindings.unknown(),
            self.flags.unknown(),
            self.nodes.unknown(),
            self.pods.unknown(),
        ];
        all.into_iter().flatten().next()
    }

    /// The cluster's own networks: of pods, nodes and services.
    #[must_use]
    pub fn cluster_networks(&self) -> BTreeSet<ipnet::IpNet> {
        let nodes = self.nodes.values(NETWORK).into_iter().filter_map(|net| net.strip_prefix(NETWORK)?.parse().ok());
        nodes.chain(self.service_cidrs.all().iter().flat_map(|s| service_networks(s))).collect()
    }

    /// Forgets what this replica learnt of keys and promised of nodes while, or before, another one led.
    pub fn begin_anew(&self) {
        self.key_facts.clear();
        self.readings.clear();
        self.reserved.lock().expect("no holder of this lock panics").clear();
    }

    /// The single allocator: a node is given to one tenant, and stays given.
    ///
    /// # Errors
    /// When a node is being given to another tenant.
    pub fn reserve(&self, tenant: &str, uids: impl Iterator<Item = String>) -> Result<(), Failure> {
        let mut reserved = self.reserved.lock().expect("no holder of this lock panics");
        let uids: Vec<_> = uids.collect();
        let lost =
            uids.iter().any(|u| self.is_recorded_by_other(tenant, u) || reserved.get(u).is_some_and(|t| t != tenant));
        if lost {
            let message = "A node was given to another tenant meanwhile; others are looked for.".into();
            return Err(Failure { reason: Reason::NodesMissing, message, raced: true, untidy: false });
        }
        reserved.extend(uids.into_iter().map(|u| (u, tenant.to_owned())));
        Ok(())
    }

    /// Which of these nodes, by UID, another tenant has or is being given.
    #[must_use]
    pub fn reserved_by_others(&self, tenant: &str, uids: impl Iterator<Item = String>) -> BTreeSet<String> {
        let reserved = self.reserved.lock().expect("no holder of this lock panics");
        let taken = |u: &String| reserved.get(u).is_some_and(|t| t != tenant) || self.is_recorded_by_other(tenant, u);
        uids.filter(taken).collect()
    }

    /// Whether every record can be read: one that cannot may hold any node.
    #[must_use]
    pub fn records_known(&self) -> bool {
        self.records.unknown().is_none() && self.records.by(UNDECODABLE).is_empty()
    }

    fn is_recorded_by_other(&self, tenant: &str, uid: &str) -> bool {
        self.records.by(&holding(uid)).iter().any(|r| r.name_any() != tenant)
    }
}
