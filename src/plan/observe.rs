//! All reads: from the stores, from the key service, and by quorum where something is about to be opened.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::api::{core::v1::Pod, networking::v1::NetworkPolicy};
use kube::{Api, Client, Resource, ResourceExt, api::ListParams};
use serde::de::DeserializeOwned;

use super::{
    fence::nodes::pool_of,
    world::{KeyFact, World},
};
use crate::{
    api::{Act, Attestation, BAA, HealthcarePlan, HealthcarePlanClass, KeyPurpose, RingfenceConfig},
    apply::bounded,
    fact::Fact,
    guarded::Guarded,
    keys::{KeyService, Trouble},
    names::{APP_SERVICE_ACCOUNT, BASE_POLICY, CONFIG_NAME, FLAG_READERS, FLAGS, QUOTA},
    outcome::Failure,
    stores::{Stores, in_namespace, of_class, on_node},
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
            None => read_keys(name, stores, keys).await,
        };
    }
    world
}

/// Both keys at once, in a bounded time: a key service that swallows requests must not keep a lock waiting.
async fn read_keys<K: KeyService>(name: &str, stores: &Stores, keys: &K) -> BTreeMap<KeyPurpose, KeyFact> {
    let read = async |purpose| {
        let late = || Err(Trouble::Unreachable(format!("no answer within {} s", PATIENCE.as_secs())));
        tokio::time::timeout(PATIENCE, keys.read(purpose, name)).await.unwrap_or_else(|_| late())
    };
    let told = futures::future::join_all(KeyPurpose::ALL.map(async |purpose| (purpose, read(purpose).await))).await;
    let facts = told.into_iter().collect();
    stores.key_facts.learn(name, &facts);
    facts
}

fn from_stores(name: &str, stores: &Stores) -> World {
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
        quota: stores.quotas.get(name, QUOTA),
        service_account: stores.accounts.get(name, APP_SERVICE_ACCOUNT),
        readers: stores.bindings.get(name, FLAG_READERS),
        flags: stores.flags.get(name, FLAGS),
        inventory: if stores.records_known() { stores.nodes.by(&of_class(&class_name)) } else { vec![] },
        reserved: stores.reserved_by_others(name),
        plan,
        class,
        record,
        ..World::default()
    };
    world.nodes = nodes(name, stores, &recorded);
    world.pods = pods(name, stores, &world);
    agreements(&mut world, stores);
    world
}

fn decoded<K: Resource + Clone>(fact: Fact<Arc<Guarded<K>>>) -> Fact<Arc<K>> {
    match fact {
        Fact::Known(guarded) => match &guarded.object {
            Ok(object) => Fact::Known(Arc::new(object.clone())),
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

/// Agreements of the covered entities, acts about them, about the plan, and about claims of the class.
fn agreements(world: &mut World, stores: &Stores) {
    world.agreement_doubt = stores.plans.unknown().or_else(|| stores.baas.unknown()).or_else(|| stores.acts.unknown());
    let Some(plan) = world.plan.known().cloned() else {
        return;
    };
    let mut acts = stores.acts.by(&world.name);
    for entity in &plan.spec.covered_entities {
        for baa in stores.baas.by(&entity.party) {
            acts.extend(stores.acts.by(&baa.name_any()));
            world.baas.extend(baa.object.as_ref().ok().map(|b| Arc::new(b.clone())));
        }
    }
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
            Ok(act) => world.acts.push(Arc::new(act.clone())),
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

/// Reads again, from the API server itself and from the key service, what an opening rests on.
///
/// # Errors
/// When anything cannot be read: then nothing is opened.
pub async fn quorum<K: KeyService>(
    world: &World,
    client: &Client,
    stores: &Stores,
    keys: Option<&K>,
) -> Result<World, Failure> {
    let name = world.name.as_str();
    refresh::<RingfenceConfig>(client, CONFIG_NAME, |o| stores.configs.put(o)).await?;
    if !refresh::<HealthcarePlan>(client, name, |o| stores.plans.put(o)).await? {
        return Ok(World { plan: Fact::Absent, ..world.clone() });
    }
    // The class and the agreements of the plan as it is now, not as it was seen.
    let class = from_stores(name, stores).plan.known().map(|p| p.spec.plan_class_name.clone()).unwrap_or_default();
    refresh::<HealthcarePlanClass>(client, &class, |o| stores.classes.put(o)).await?;
    let now = from_stores(name, stores);
    let mut gone = vec![];
    for baa in &now.baas {
        if !refresh::<BAA>(client, &baa.name_any(), |o| stores.baas.put(o)).await? {
            gone.push(baa.name_any());
        }
    }
    let claims = now.class.known().map(|c| c.spec.node_pool.claims.clone()).unwrap_or_default();
    let taken_back = now.acts.iter().filter(|a| matches!(a.spec.act, Act::AcceptRisk | Act::AttestControl));
    let subjects = now.baas.iter().map(|b| b.name_any()).chain([name.to_owned()]);
    let subjects = subjects.chain(taken_back.map(|a| a.name_any()));
    for subject in subjects.chain(claims.into_iter().map(|c| c.attestation_ref.name)) {
        let params = ListParams::default().fields(&format!("spec.subjectRef.name={subject}"));
        let api = Api::<Guarded<Attestation>>::all(client.clone());
        for act in bounded("reading Attestations", api.list(&params)).await?.items {
            stores.acts.put(act);
        }
    }
    let policies = Api::<NetworkPolicy>::namespaced(client.clone(), name);
    let base = bounded("reading the base NetworkPolicy", policies.get_opt(BASE_POLICY)).await?;
    if let Some(base) = &base {
        stores.policies.put(base.clone());
    }
    let mut fresh = from_stores(name, stores);
    fresh.baas.retain(|b| !gone.contains(&b.name_any()));
    if base.is_none() {
        fresh.policies = Fact::Known(vec![]);
    }
    fresh.keys = match keys {
        Some(keys) => read_keys(name, stores, keys).await,
        None => BTreeMap::new(),
    };
    fresh.quorum = true;
    Ok(fresh)
}

/// Whether it is there. What is gone is taken out of the store by the watch; until then it is left out.
async fn refresh<K>(client: &Client, name: &str, put: impl FnOnce(Guarded<K>)) -> Result<bool, Failure>
where
    K: Resource<DynamicType = (), Scope = kube::core::ClusterResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = Api::<Guarded<K>>::all(client.clone());
    let found = bounded(&format!("reading {} again", K::kind(&())), api.get_opt(name)).await?;
    let there = found.is_some();
    if let Some(found) = found {
        put(found);
    }
    Ok(there)
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
        let facts = read_keys("acme", &stores, &Silent).await;
        assert!(facts.len() == 2 && facts.values().all(|f| matches!(f, Err(Trouble::Unreachable(_)))));
        assert_eq!(began.elapsed(), PATIENCE, "both keys at once");
        let again = stores.key_facts.fresh("acme", Duration::from_secs(600));
        assert_eq!(again, Some(facts), "the next look does not wait again");
    }
}
