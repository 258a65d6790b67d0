//! What is looked at before every decision: the stores, and what the key service told.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Pod;
use kube::{Resource, ResourceExt};

use super::{
    chain,
    fence::nodes::pool_of,
    world::{KeyFact, World},
};
use crate::{
    api::{Act, Integration, KeyPurpose},
    fact::Fact,
    guarded::Guarded,
    keys::{KeyService, Trouble},
    names::{APP_SERVICE_ACCOUNT, CONFIG_NAME, FLAG_READERS, FLAGS, QUOTA},
    stores::{Stores, about_integrations, attested_of, free_of, in_namespace, on_node},
};

/// How long the key service may take to tell of one tenant's keys.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at everything that decisions about the tenant of this name look at. No request to the API server; the keys are asked
/// for when what is known of them is older than `key_age`.
pub async fn observe<K: KeyService>(name: &str, stores: &Stores, keys: Option<&K>, key_age: Duration) -> World {
    let mut world = from_stores(name, stores);
    if let Some(keys) = keys.filter(|_| world.plan.known().is_some()) {
        world.keys = match stores.key_facts.fresh(name, key_age) {
            Some(facts) => facts,
            None => read_keys(&world, stores, keys).await,
        };
    }
    world
}

/// Both keys at once. The active node is asked at once for those of a tenant that has no record yet: they are not there.
async fn read_keys<K: KeyService>(world: &World, stores: &Stores, keys: &K) -> BTreeMap<KeyPurpose, KeyFact> {
    let (asked, name, is_new) = (Instant::now(), &world.name, world.record.is_absent());
    let told = KeyPurpose::ALL.map(async |purpose| {
        let fact =
            if is_new { in_time(keys.look_for(purpose, name)).await } else { read_key(name, purpose, keys).await };
        (purpose, fact)
    });
    let facts = futures::future::join_all(told).await.into_iter().collect();
    stores.key_facts.learn(name, asked, &facts);
    facts
}

/// One key.
pub(super) async fn read_key<K: KeyService>(name: &str, purpose: KeyPurpose, keys: &K) -> KeyFact {
    in_time(keys.read(purpose, name)).await
}

/// In a bounded time: a key service that swallows requests must not keep a lock waiting.
async fn in_time(answer: impl Future<Output = KeyFact>) -> KeyFact {
    let late = || Err(Trouble::Unreachable(format!("no answer within {} s", PATIENCE.as_secs())));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| late())
}

/// What the stores know.
pub fn from_stores(name: &str, stores: &Stores) -> World {
    let plan = decoded(stores.plans.get("", name));
    let class_name = plan.known().map(|p| p.spec.plan_class_name.clone()).unwrap_or_default();
    let record = decoded(stores.records.get("", name));
    let recorded: Vec<String> =
        record.known().map(|r| r.spec.nodes.iter().map(|n| n.name.clone()).collect()).unwrap_or_default();
    let class = if plan.known().is_some() { decoded(stores.classes.get("", &class_name)) } else { Fact::Unread };
    let mut world = World {
        name: name.to_owned(),
        config: decoded(stores.configs.get("", CONFIG_NAME)),
        namespace: stores.namespaces.get("", name),
        policies: stores.policies.unknown().map_or_else(|| Fact::Known(stores.policies.by(name)), Fact::Unknown),
        integrations: integrations(name, stores),
        host_policies: stores.host_policies.of(name),
        names_hosts: !stores.host_policies.engine().is_absent(),
        quota: stores.quotas.get(name, QUOTA),
        service_account: stores.accounts.get(name, APP_SERVICE_ACCOUNT),
        readers: stores.bindings.get(name, FLAG_READERS),
        flags: stores.flags.get(name, FLAGS),
        plan,
        class,
        record,
        guardrail_doubt: stores.guardrails.doubt(),
        ..World::default()
    };
    if world.integrations.known().is_some_and(|i| !i.is_empty()) {
        world.cluster_networks = Arc::new(stores.cluster_networks());
    }
    world.nodes = nodes(name, stores, &recorded);
    offers(&mut world, stores);
    world.pods = pods(name, stores, &world);
    agreements(&mut world, stores);
    world
}

/// Those of the namespace that can be decoded; one that cannot is as good as none: off, and its ways out closed.
fn integrations(name: &str, stores: &Stores) -> Fact<Vec<Arc<Integration>>> {
    if let Some(why) = stores.integrations.unknown() {
        return Fact::Unknown(why);
    }
    let found = stores.integrations.by(&in_namespace(name));
    Fact::Known(found.iter().filter_map(|i| i.object.as_ref().ok().cloned()).collect())
}

/// Nodes that might be taken, for a tenant that lacks some. While a record cannot be read, it may hold any node: then none.
fn offers(world: &mut World, stores: &Stores) {
    let Some(plan) = world.plan.known() else { return };
    let recorded = world.record.known().map(|r| r.spec.nodes.as_slice()).unwrap_or_default();
    let there = |uid: &String| world.nodes.known().into_iter().flatten().any(|n| n.metadata.uid.as_ref() == Some(uid));
    let held = recorded.iter().filter(|n| there(&n.uid)).count();
    if held >= usize::try_from(plan.spec.nodes.count).unwrap_or_default() || !stores.records_known() {
        return;
    }
    let inventory = stores.nodes.by(&free_of(&plan.spec.plan_class_name));
    world.reserved = stores.reserved_by_others(&world.name, inventory.iter().filter_map(|n| n.uid()));
    world.inventory = inventory;
}

fn decoded<K: Resource + Clone>(fact: Fact<Arc<Guarded<K>>>) -> Fact<Arc<K>> {
    match fact {
        Fact::Known(guarded) => match &guarded.object {
            Ok(object) => Fact::Known(object.clone()),
            Err(bad) => Fact::Unknown(format!("it cannot be decoded: {}", bad.why)),
        },
        Fact::Absent => Fact::Absent,
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Unread => Fact::Unread,
    }
}

fn nodes(name: &str, stores: &Stores, recorded: &[String]) -> Fact<Vec<Arc<k8s_openapi::api::core::v1::Node>>> {
    if let Some(why) = stores.nodes.unknown() {
        return Fact::Unknown(why);
    }
    let mut nodes = stores.nodes.by(&format!("pool/{name}"));
    for recorded in recorded {
        if let Fact::Known(node) = stores.nodes.get("", recorded)
            && pool_of(&node) != Some(name)
        {
            nodes.push(node);
        }
    }
    nodes.sort_by_key(|n| n.name_any());
    Fact::Known(nodes)
}

/// Pods of the namespace, of the tenant's nodes, and of the nodes that might be taken.
fn pods(name: &str, stores: &Stores, world: &World) -> Fact<Vec<Arc<Pod>>> {
    if let Some(why) = stores.pods.unknown() {
        return Fact::Unknown(why);
    }
    let mut pods: BTreeMap<String, Arc<Pod>> = BTreeMap::new();
    let nodes = world.nodes.known().into_iter().flatten().chain(&world.inventory);
    let found = nodes.flat_map(|n| stores.pods.by(&on_node(&n.name_any()))).chain(stores.pods.by(&in_namespace(name)));
    pods.extend(found.map(|p| (p.uid().unwrap_or_default(), p)));
    Fact::Known(pods.into_values().collect())
}

/// Agreements on the paths of the covered entities and with vendors, acts about them, about the plan, and about claims of the class.
fn agreements(world: &mut World, stores: &Stores) {
    world.agreement_doubt = stores.plans.unknown().or_else(|| stores.baas.unknown()).or_else(|| stores.acts.unknown());
    let Some(plan) = world.plan.known().cloned() else {
        return;
    };
    let mut acts = stores.acts.by(&world.name);
    let (mut found, doubt) = chain::of_entities(&plan.spec.covered_entities, stores);
    world.agreement_doubt = world.agreement_doubt.take().or(doubt);
    if let (Some(config), Some(class)) = (world.config.known(), world.class.known()) {
        let integrations = world.integrations.known().map(Vec::as_slice).unwrap_or_default();
        let vendors = class.spec.vendor_features.iter().map(|f| f.vendor.as_str());
        let vendors = vendors.chain(integrations.iter().map(|i| i.spec.vendor.as_str())).collect();
        let (theirs, doubt) = chain::of_vendors(&config.spec.platform_party, &vendors, stores);
        found.extend(theirs);
        world.vendor_doubt = doubt;
        let named = integrations.iter().filter_map(|i| i.spec.cover.as_ref()?.baa_ref.as_ref());
        found.extend(named.flat_map(|baa| chain::named(&baa.name, stores)));
    }
    acts.extend(found.keys().flat_map(|name| stores.acts.by(name)));
    acts.extend(stores.acts.by(&about_integrations(&world.name)));
    acts.extend(plan.spec.covered_entities.iter().flat_map(|e| stores.acts.by(&attested_of(&e.party))));
    world.baas.extend(found.into_values());
    let claims = world.class.known().map(|c| c.spec.node_pool.claims.clone()).unwrap_or_default();
    for claim in claims {
        acts.extend(stores.acts.get("", &claim.attestation_ref.name).known().cloned());
    }
    let about: Vec<_> = acts.iter().filter(|a| a.object.is_ok()).map(|a| a.name_any()).collect();
    acts.extend(
        about
            .iter()
            .flat_map(|n| stores.acts.by(n))
            .filter(|a| a.object.as_ref().map_or(true, |a| a.spec.act == Act::Withdraw)),
    );
    for act in acts {
        match &act.object {
            Ok(act) => world.acts.push(act.clone()),
            Err(bad) => {
                let doubt = format!(
                    "Attestation {} cannot be decoded ({}); it could end an agreement. Put it right.",
                    act.name_any(),
                    bad.why
                );
                world.agreement_doubt.get_or_insert(doubt);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Key;

    /// A key service that swallows every request.
    struct Silent;

    impl KeyService for Silent {
        async fn read(&self, _: KeyPurpose, _: &str) -> Result<Fact<Key>, Trouble> {
            std::future::pending().await
        }

        async fn create(&self, _: KeyPurpose, _: &str, _: i64) -> Result<(), Trouble> {
            std::future::pending().await
        }

        async fn tune(&self, _: &str, _: i64) -> Result<(), Trouble> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_key_service_is_waited_for_once_and_not_for_long() {
        let (stores, began) = (Stores::default(), tokio::time::Instant::now());
        let world = World { name: "acme".into(), ..World::default() };
        let facts = read_keys(&world, &stores, &Silent).await;
        assert!(facts.len() == 2 && facts.values().all(|f| matches!(f, Err(Trouble::Unreachable(_)))));
        assert_eq!(began.elapsed(), PATIENCE, "both keys at once");
        let again = stores.key_facts.fresh("acme", Duration::from_secs(600));
        assert_eq!(again, Some(facts), "the next look does not wait again");
    }
}
