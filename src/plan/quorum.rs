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
    api::{Act, Attestation, BAA, HealthcarePlan, HealthcarePlanClass, Integration, KeyPurpose, RingfenceConfig},
    apply::bounded,
    fact::Fact,
    guarded::Guarded,
    integration,
    keys::KeyService,
    names::{BASE_POLICY, CONFIG_NAME},
    outcome::Failure,
    stores::{Stores, about_integrations, attested_of, in_namespace},
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
    /// The agreements under which this party discloses.
    Agreements(String),
    /// The acts about this subject, but for attested agreements.
    Acts(String),
    /// The acts that attest an agreement of this covered entity.
    Attested(String),
    /// The integrations of this namespace.
    Integrations(String),
    /// The acts about the integrations of this namespace.
    IntegrationActs(String),
}

/// What was looked for and is not there any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gone {
    /// The tenant's plan.
    Plan,
    /// Its base policy.
    BasePolicy,
    /// The BAA of this name.
    Agreement(String),
    /// The act of this name, by which an agreement was attested.
    Attestation(String),
    /// The integration of this name.
    Integration(String),
    /// Configuration or class: their watches tell.
    Shared,
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
    if gone.contains(&Gone::Plan) {
        return Ok(World { plan: Fact::Absent, ..world.clone() });
    }
    let mut fresh = from_stores(&world.name, stores);
    fresh.baas.retain(|b| !gone.contains(&Gone::Agreement(b.name_any())));
    fresh.acts.retain(|a| !gone.contains(&Gone::Attestation(a.name_any())));
    if let Fact::Known(integrations) = &mut fresh.integrations {
        integrations.retain(|i| !gone.contains(&Gone::Integration(i.name_any())));
    }
    if gone.contains(&Gone::BasePolicy) {
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
async fn read_all(name: &str, client: &Client, stores: &Stores) -> Result<BTreeSet<Gone>, Failure> {
    let (mut read, mut gone) = (BTreeSet::new(), BTreeSet::new());
    loop {
        // The class and the agreements of the plan as it is now, not as it was seen.
        let wanted = wanted(name, stores).into_iter();
        let missing: Vec<_> = wanted.filter(|r| !read.contains(r) && !stores.readings.is_fresh(r)).collect();
        if missing.is_empty() {
            return Ok(gone);
        }
        let asked = Instant::now();
        let lost = futures::future::try_join_all(missing.iter().map(|r| r.read(client, stores))).await?;
        for (reading, lost) in missing.into_iter().zip(lost) {
            read.insert(reading.clone());
            if lost.is_empty() {
                stores.readings.note(reading, asked);
            }
            gone.extend(lost);
        }
    }
}

/// Everything that what is known now rests on.
fn wanted(name: &str, stores: &Stores) -> BTreeSet<Reading> {
    let now = from_stores(name, stores);
    let class = now.plan.known().map(|p| Reading::Class(p.spec.plan_class_name.clone()));
    let claims = now.class.known().map(|c| c.spec.node_pool.claims.clone()).unwrap_or_default();
    let taken_back = now.acts.iter().filter(|a| {
        let acts = [Act::AcceptRisk, Act::AttestControl, Act::AttestUpstream];
        acts.contains(&a.spec.act) || integration::rests_on(&now, a)
    });
    // Acts about the plan itself only ever allow more: what takes them back is about them.
    let subjects = now.baas.iter().map(|b| b.name_any()).chain(taken_back.map(|a| a.name_any()));
    let subjects = subjects.chain(claims.into_iter().map(|c| c.attestation_ref.name));
    let entities: Vec<_> =
        now.plan.known().map(|p| p.spec.covered_entities.iter().map(|e| e.party.clone()).collect()).unwrap_or_default();
    let disclosing = now.baas.iter().map(|b| b.spec.disclosing.party.clone()).chain(entities);
    let agreements = disclosing.map(Reading::Agreements);
    // An agreement that is attested where none is known is read once something rests on it.
    let attested = now.acts.iter().filter_map(|a| a.spec.covered_entity.as_ref().map(|e| e.party.clone()));
    let always = [Reading::Config, Reading::Plan(name.to_owned()), Reading::BasePolicy(name.to_owned())];
    let acts = subjects.map(Reading::Acts).chain(attested.map(Reading::Attested));
    let any = now.integrations.known().is_none_or(|i| !i.is_empty());
    let integrations = [Reading::Integrations(name.to_owned()), Reading::IntegrationActs(name.to_owned())];
    let integrations = integrations.into_iter().filter(|_| any);
    always.into_iter().chain(integrations).chain(class).chain(agreements).chain(acts).collect()
}

impl Reading {
    /// What of it is gone; the stores learn what it is.
    async fn read(&self, client: &Client, stores: &Stores) -> Result<Vec<Gone>, Failure> {
        let unless = |there: bool, gone: Gone| if there { vec![] } else { vec![gone] };
        match self {
            Self::Config => {
                let there = refresh::<RingfenceConfig>(client, CONFIG_NAME, |o| stores.configs.put(o)).await?;
                Ok(unless(there, Gone::Shared))
            }
            Self::Plan(name) => {
                let there = refresh::<HealthcarePlan>(client, name, |o| stores.plans.put(o)).await?;
                Ok(unless(there, Gone::Plan))
            }
            Self::Class(name) => {
                let there = refresh::<HealthcarePlanClass>(client, name, |o| stores.classes.put(o)).await?;
                Ok(unless(there, Gone::Shared))
            }
            Self::Agreements(party) => {
                let found: Vec<Guarded<BAA>> = list(client, &format!("spec.disclosing.party={party}")).await?;
                let gone = missing(stores.baas.names_by(party), &found);
                found.into_iter().for_each(|baa| stores.baas.put(baa));
                Ok(gone.into_iter().map(Gone::Agreement).collect())
            }
            Self::Acts(subject) => {
                let which = format!("spec.subjectRef.name={subject},spec.coveredEntity.party=");
                let acts: Vec<Guarded<Attestation>> = list(client, &which).await?;
                acts.into_iter().for_each(|act| stores.acts.put(act));
                Ok(vec![])
            }
            Self::Attested(entity) => {
                let acts: Vec<Guarded<Attestation>> =
                    list(client, &format!("spec.coveredEntity.party={entity}")).await?;
                let gone = missing(stores.acts.names_by(&attested_of(entity)), &acts);
                acts.into_iter().for_each(|act| stores.acts.put(act));
                Ok(gone.into_iter().map(Gone::Attestation).collect())
            }
            Self::Integrations(namespace) => {
                let api = Api::<Guarded<Integration>>::namespaced(client.clone(), namespace);
                let found = bounded("reading Integrations again", api.list(&ListParams::default())).await?.items;
                let gone = missing(stores.integrations.names_by(&in_namespace(namespace)), &found);
                found.into_iter().for_each(|i| stores.integrations.put(i));
                Ok(gone.into_iter().map(Gone::Integration).collect())
            }
            Self::IntegrationActs(namespace) => {
                let acts: Vec<Guarded<Attestation>> =
                    list(client, &format!("spec.subjectRef.namespace={namespace}")).await?;
                let gone = missing(stores.acts.names_by(&about_integrations(namespace)), &acts);
                acts.into_iter().for_each(|act| stores.acts.put(act));
                Ok(gone.into_iter().map(Gone::Attestation).collect())
            }
            Self::BasePolicy(namespace) => {
                let api = Api::<NetworkPolicy>::namespaced(client.clone(), namespace);
                let base = bounded("reading the base NetworkPolicy", api.get_opt(BASE_POLICY)).await?;
                let there = base.is_some();
                base.into_iter().for_each(|base| stores.policies.put(base));
                Ok(unless(there, Gone::BasePolicy))
            }
        }
    }
}

/// Of the names that are known those that were not found.
fn missing<K: ResourceExt>(known: Vec<String>, found: &[K]) -> Vec<String> {
    let there: BTreeSet<_> = found.iter().map(ResourceExt::name_any).collect();
    known.into_iter().filter(|name| !there.contains(name)).collect()
}

/// Everything that fits the field selector.
async fn list<K>(client: &Client, fields: &str) -> Result<Vec<Guarded<K>>, Failure>
where
    K: Resource<DynamicType = (), Scope = kube::core::ClusterResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let api = Api::<Guarded<K>>::all(client.clone());
    let what = format!("reading {} again", K::kind(&()));
    Ok(bounded(&what, api.list(&ListParams::default().fields(fields))).await?.items)
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
