//! What an opening rests on, read again from the API server itself and from the key service: all at once, and each thing once.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
    time::Duration,
};

use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, Client, Resource, ResourceExt, api::ListParams};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{
    observe::{from_stores, read_key},
    world::{KeyFact, World},
};
use crate::{
    api::{Act, Attestation, BAA, HealthcarePlan, HealthcarePlanClass, KeyPurpose, RingfenceConfig},
    apply::bounded,
    fact::Fact,
    guarded::Guarded,
    keys::KeyService,
    names::{BASE_POLICY, CONFIG_NAME},
    outcome::Failure,
    stores::Stores,
};

/// One thing to read; what is a tenant's own bears its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// The one configuration.
    Config,
    /// The plan of this name.
    Plan(String),
    /// The base policy in this namespace.
    BasePolicy(String),
    /// The class of this name.
    Class(String),
    /// The BAA of this name.
    Agreement(String),
    /// The acts about this subject.
    Acts(String),
}

/// How long what the API server answered itself, also to a write, or the key service, may be opened on: the steps of one flip follow each other within it, and
/// tenants that are opened together share the reading of their class.
const AGE: Duration = Duration::from_secs(1);

/// What was read when, no longer ago than [`AGE`].
#[derive(Default)]
pub struct Readings(Mutex<HashMap<Reading, Instant>>);

impl Readings {
    fn is_fresh(&self, reading: &Reading) -> bool {
        self.0.lock().expect("no holder of this lock panics").get(reading).is_some_and(|at| at.elapsed() < AGE)
    }

    /// Remembers what the API server answered to a read or a write that was sent when it was `asked`: the answer is not older.
    pub fn note(&self, reading: Reading, asked: Instant) {
        let mut readings = self.0.lock().expect("no holder of this lock panics");
        readings.retain(|_, at| at.elapsed() < AGE);
        readings.insert(reading, asked);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.lock().expect("no holder of this lock panics").clear();
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
    let (read, phi) = futures::future::join(read_all(&world.name, client, stores), read_phi(world, stores, keys)).await;
    let gone = read?;
    if gone.contains(&Reading::Plan(world.name.clone())) {
        return Ok(World { plan: Fact::Absent, ..world.clone() });
    }
    let mut fresh = from_stores(&world.name, stores);
    fresh.baas.retain(|b| !gone.contains(&Reading::Agreement(b.name_any())));
    if gone.contains(&Reading::BasePolicy(world.name.clone())) {
        fresh.policies = Fact::Known(vec![]);
    }
    fresh.keys = world.keys.clone();
    fresh.keys.extend(phi.map(|phi| (KeyPurpose::Phi, phi)));
    fresh.quorum = true;
    Ok(fresh)
}

/// The phi key, unless it was read just now: then what is known of it is in `world`.
async fn read_phi<K: KeyService>(world: &World, stores: &Stores, keys: Option<&K>) -> Option<KeyFact> {
    if stores.key_facts.fresh(&world.name, AGE).is_some() {
        return None;
    }
    let phi = read_key(&world.name, KeyPurpose::Phi, keys?).await;
    stores.key_facts.learn_one(&world.name, KeyPurpose::Phi, &phi);
    Some(phi)
}

/// Reads until what was read names nothing that was not read, and returns what is not there. What is gone is taken out of a store by
/// its watch; until then it is left out.
async fn read_all(name: &str, client: &Client, stores: &Stores) -> Result<BTreeSet<Reading>, Failure> {
    let (mut read, mut gone) = (BTreeSet::new(), BTreeSet::new());
    loop {
        // The class and the agreements of the plan as it is now, not as it was seen.
        let wanted = wanted(name, stores).into_iter();
        let missing: Vec<_> = wanted.filter(|r| !read.contains(r) && !stores.readings.is_fresh(r)).collect();
        if missing.is_empty() {
            return Ok(gone);
        }
        let asked = Instant::now();
        let there = futures::future::try_join_all(missing.iter().map(|r| r.read(client, stores))).await?;
        for (reading, there) in missing.into_iter().zip(there) {
            read.insert(reading.clone());
            if there {
                stores.readings.note(reading, asked);
            } else {
                gone.insert(reading);
            }
        }
    }
}

/// Everything that what is known now rests on.
fn wanted(name: &str, stores: &Stores) -> BTreeSet<Reading> {
    let now = from_stores(name, stores);
    let class = now.plan.known().map(|p| Reading::Class(p.spec.plan_class_name.clone()));
    let claims = now.class.known().map(|c| c.spec.node_pool.claims.clone()).unwrap_or_default();
    let taken_back = now.acts.iter().filter(|a| matches!(a.spec.act, Act::AcceptRisk | Act::AttestControl));
    // Acts about the plan itself only ever allow more: what takes them back is about them.
    let subjects = now.baas.iter().map(|b| b.name_any()).chain(taken_back.map(|a| a.name_any()));
    let subjects = subjects.chain(claims.into_iter().map(|c| c.attestation_ref.name));
    let agreements = now.baas.iter().map(|b| Reading::Agreement(b.name_any()));
    let always = [Reading::Config, Reading::Plan(name.to_owned()), Reading::BasePolicy(name.to_owned())];
    always.into_iter().chain(class).chain(agreements).chain(subjects.map(Reading::Acts)).collect()
}

impl Reading {
    /// Whether it is there; the stores learn what it is.
    async fn read(&self, client: &Client, stores: &Stores) -> Result<bool, Failure> {
        match self {
            Self::Config => refresh::<RingfenceConfig>(client, CONFIG_NAME, |o| stores.configs.put(o)).await,
            Self::Plan(name) => refresh::<HealthcarePlan>(client, name, |o| stores.plans.put(o)).await,
            Self::Class(name) => refresh::<HealthcarePlanClass>(client, name, |o| stores.classes.put(o)).await,
            Self::Agreement(name) => refresh::<BAA>(client, name, |o| stores.baas.put(o)).await,
            Self::Acts(subject) => {
                let params = ListParams::default().fields(&format!("spec.subjectRef.name={subject}"));
                let api = Api::<Guarded<Attestation>>::all(client.clone());
                let acts = bounded("reading Attestations", api.list(&params)).await?.items;
                acts.into_iter().for_each(|act| stores.acts.put(act));
                Ok(true)
            }
            Self::BasePolicy(namespace) => {
                let api = Api::<NetworkPolicy>::namespaced(client.clone(), namespace);
                let base = bounded("reading the base NetworkPolicy", api.get_opt(BASE_POLICY)).await?;
                let there = base.is_some();
                base.into_iter().for_each(|base| stores.policies.put(base));
                Ok(there)
            }
        }
    }
}

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
