//! What is watched, how much of it is kept, and whom a change concerns.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::{Resource, ResourceExt, core::PartialObjectMeta, runtime::watcher};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::{
    api::{Attestation, BAA, HealthcarePlan, HealthcarePlanClass, Integration, PlanState},
    context::Context,
    fact::Fact,
    guarded::Guarded,
    integration::cilium::{CRD, CiliumNetworkPolicy},
    names::{INVENTORY_LABEL, MANAGED_BY, MANAGED_BY_LABEL, POOL_LABEL, TENANT_LABEL},
    plan::chain,
    prune::Prune,
    queue::{Item, Queue, Urgency},
    store::{Store, run},
    stores::{integration_of, naming, of_class, of_party, subject, waiting_in, with_vendor},
};

/// How many objects one answer to a list holds: a whole list in one answer would be the most that the operator ever needs of memory.
const PAGE: u32 = 100;

/// How often it is looked whether the network engine's kind came or went; nobody is asked.
const LOOK: Duration = Duration::from_millis(500);

/// What maps a changed object to items.
struct Route {
    context: Arc<Context>,
    queue: Arc<Queue>,
}

/// Starts every watch.
pub fn spawn(tasks: &mut JoinSet<()>, context: &Arc<Context>, queue: &Arc<Queue>) {
    let route = || Route { context: context.clone(), queue: queue.clone() };
    let s = &context.stores;
    watch(tasks, route(), s.plans.clone(), all(), Route::plan);
    watch(tasks, route(), s.classes.clone(), all(), |r, o| r.class(&o.name_any(), Urgency::Change));
    watch(tasks, route(), s.configs.clone(), all(), |r, _| r.every_plan());
    watch(tasks, route(), s.records.clone(), all(), |r, o| r.tenant(&o.name_any(), Urgency::Change));
    watch(tasks, route(), s.baas.clone(), all(), Route::agreement);
    watch(tasks, route(), s.acts.clone(), all(), Route::act);
    watch(tasks, route(), s.integrations.clone(), all(), Route::integration);
    watch(tasks, route(), s.service_cidrs.clone(), all(), |_, _| ());
    watch(tasks, route(), s.host_policies.definition.clone(), definition(), |r, _| r.every_plan());
    watch(tasks, route(), s.namespaces.clone(), all(), |r, o: &PartialObjectMeta<Namespace>| {
        r.tenant(&o.name_any(), Urgency::Revocation)
    });
    watch(tasks, route(), s.policies.clone(), managed(), |r, o| r.in_namespace_of(o, Urgency::Revocation));
    watch(tasks, route(), s.quotas.clone(), managed(), |r, o| r.in_namespace_of(o, Urgency::Change));
    watch(tasks, route(), s.accounts.clone(), managed(), |r, o| r.in_namespace_of(o, Urgency::Change));
    watch(tasks, route(), s.bindings.clone(), managed(), |r, o| r.in_namespace_of(o, Urgency::Change));
    watch(tasks, route(), s.flags.clone(), managed(), |r, o| r.in_namespace_of(o, Urgency::Revocation));
    watch(tasks, route(), s.nodes.clone(), all(), Route::node);
    watch(tasks, route(), s.pods.clone(), all(), Route::pod);
    let g = &s.guardrails;
    watch(tasks, route(), g.policies.clone(), all(), |_, _| ());
    watch(tasks, route(), g.bindings.clone(), all(), |_, _| ());
    watch(tasks, route(), g.mutating.clone(), all(), |_, _| ());
    watch(tasks, route(), g.mutating_bindings.clone(), all(), |_, _| ());
}

/// Watches policies by host name while their kind is served.
pub async fn watch_engine(context: Arc<Context>, queue: Arc<Queue>) {
    let hosts = &context.stores.host_policies;
    let route = || Route { context: context.clone(), queue: queue.clone() };
    let (mut watching, mut seen) = (JoinSet::new(), false);
    loop {
        match (hosts.engine(), watching.is_empty()) {
            (Fact::Known(()), true) => {
                let changed = |r: &Route, o: &CiliumNetworkPolicy| r.in_namespace_of(o, Urgency::Revocation);
                watch(&mut watching, route(), hosts.store.clone(), managed(), changed);
            }
            (Fact::Absent, false) => watching.shutdown().await,
            _ => {}
        }
        // An empty list changes no object, and lets ways be opened all the same.
        let sees = hosts.engine().known().is_some() && hosts.store.unknown().is_none();
        if sees && !seen {
            route().every_plan();
        }
        seen = sees;
        tokio::time::sleep(LOOK).await;
    }
}

/// The definition of one kind.
fn definition() -> watcher::Config {
    all().fields(&format!("metadata.name={CRD}"))
}

fn all() -> watcher::Config {
    watcher::Config::default().page_size(PAGE)
}

/// An object that lost its labels is seen as deleted, and put right.
fn managed() -> watcher::Config {
    all().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY},{TENANT_LABEL}"))
}

fn watch<K>(
    tasks: &mut JoinSet<()>,
    route: Route,
    store: Arc<Store<K>>,
    config: watcher::Config,
    changed: fn(&Route, &K),
) where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + Sync + Prune + 'static,
{
    let client = route.context.client.clone();
    tasks.spawn(async move { run(client, config, store, |o| changed(&route, o)).await });
}

impl Route {
    fn tenant(&self, name: &str, urgency: Urgency) {
        let s = &self.context.stores;
        if s.plans.holds("", name) || s.records.holds("", name) {
            self.queue.add(Item::Plan(name.to_owned()), urgency);
        }
    }

    fn plan(&self, plan: &Guarded<HealthcarePlan>) {
        let active = plan
            .object
            .as_ref()
            .is_ok_and(|p| p.spec.state == PlanState::Active && p.metadata.deletion_timestamp.is_none());
        let urgency = if active { Urgency::Change } else { Urgency::Revocation };
        self.queue.add(Item::Plan(plan.name_any()), urgency);
    }

    fn class(&self, class: &str, urgency: Urgency) {
        for plan in self.context.stores.plans.names_by(&of_class(class)) {
            self.queue.add(Item::Plan(plan), urgency);
        }
    }

    fn every_plan(&self) {
        for plan in self.context.stores.plans.names() {
            self.queue.add(Item::Plan(plan), Urgency::Change);
        }
    }

    fn agreement(&self, baa: &Guarded<BAA>) {
        self.queue.add(Item::Agreement(baa.name_any()), Urgency::Change);
        match &baa.object {
            Ok(baa) => self.bearing(baa),
            Err(_) => self.every_plan(),
        }
    }

    /// Every tenant on a path of which the agreement may be, or which has a feature that needs the vendor; and the agreements next to it.
    fn bearing(&self, baa: &BAA) {
        let s = &self.context.stores;
        for entity in chain::entities_of(baa, s) {
            self.party(&entity);
        }
        for class in s.classes.all() {
            let needs =
                |c: &HealthcarePlanClass| c.spec.vendor_features.iter().any(|f| f.vendor == baa.spec.receiving.party);
            if class.object.as_ref().is_ok_and(|c| needs(c)) {
                self.class(&class.name_any(), Urgency::Revocation);
            }
        }
        let vendor = with_vendor(&baa.spec.receiving.party);
        for integration in s.integrations.by(&vendor) {
            self.tenant(&integration.namespace().unwrap_or_default(), Urgency::Revocation);
        }
        // What it amends or supersedes, and what waited for it: they are of the same disclosing party.
        for near in s.baas.names_by(&baa.spec.disclosing.party) {
            self.queue.add(Item::Agreement(near), Urgency::Change);
        }
    }

    /// Its plan writes flag and ways out, first of all when they are to be closed.
    fn integration(&self, integration: &Guarded<Integration>) {
        let (namespace, name) = (integration.namespace().unwrap_or_default(), integration.name_any());
        let s = &self.context.stores;
        if s.plans.holds("", &namespace) || s.records.holds("", &namespace) {
            // Its status is told after that.
            return self.tenant(&namespace, Urgency::Revocation);
        }
        self.queue.add(Item::Integration(namespace, name), Urgency::Change);
    }

    fn party(&self, party: &str) {
        for plan in self.context.stores.plans.names_by(&of_party(party)) {
            self.queue.add(Item::Plan(plan), Urgency::Revocation);
        }
    }

    /// An act may be about a BAA, a plan, a claim of a class, or another act, whose subject is then concerned.
    fn act(&self, act: &Guarded<Attestation>) {
        if let Some(entity) = attested(act) {
            return self.party(&entity);
        }
        if let Some((namespace, _)) = integration_of(act) {
            return self.tenant(&namespace, Urgency::Revocation);
        }
        let about = subject(act);
        self.subject(&about);
        if let Some(earlier) = self.context.stores.acts.get("", &about).known() {
            match (attested(earlier), integration_of(earlier)) {
                (Some(entity), _) => self.party(&entity),
                (None, Some((namespace, _))) => self.tenant(&namespace, Urgency::Revocation),
                (None, None) => self.subject(&subject(earlier)),
            }
        }
    }

    fn subject(&self, name: &str) {
        if let Some(baa) = self.context.stores.baas.get("", name).known() {
            self.agreement(baa);
        }
        self.tenant(name, Urgency::Revocation);
        self.class(name, Urgency::Change);
    }

    fn in_namespace_of<K: ResourceExt>(&self, object: &K, urgency: Urgency) {
        self.tenant(&object.namespace().unwrap_or_default(), urgency);
    }

    /// The pool's tenant; and, for a node that is free, those that wait for one.
    fn node(&self, node: &Node) {
        if let Some(pool) = node.labels().get(POOL_LABEL) {
            self.tenant(pool, Urgency::Change);
        }
        let s = &self.context.stores;
        for record in s.records.names_by(&naming(&node.name_any())) {
            self.tenant(&record, Urgency::Change);
        }
        let Some(class) = node.labels().get(INVENTORY_LABEL).filter(|_| node.labels().get(POOL_LABEL).is_none()) else {
            return;
        };
        for plan in s.plans.names_by(&waiting_in(class)) {
            self.queue.add(Item::Plan(plan), Urgency::Change);
        }
    }

    fn pod(&self, pod: &Pod) {
        self.in_namespace_of(pod, Urgency::Revocation);
        let node = pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).unwrap_or_default();
        if let Some(pool) = self.context.stores.nodes.get("", node).known().and_then(|n| n.labels().get(POOL_LABEL)) {
            self.tenant(pool, Urgency::Revocation);
        }
    }
}

/// The covered entity whose agreement is attested.
fn attested(act: &Guarded<Attestation>) -> Option<String> {
    act.object.as_ref().ok()?.spec.covered_entity.as_ref().map(|e| e.party.clone())
}
