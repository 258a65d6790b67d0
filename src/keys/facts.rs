//! What the key service last told, and for how long it is believed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::{api::KeyPurpose, plan::world::KeyFact};

/// How long the key service is not asked again about a tenant that it told nothing of.
const TROUBLE_AGE: Duration = Duration::from_secs(5);

/// What the key service last told, by tenant.
#[derive(Default)]
pub struct KeyFacts(Mutex<HashMap<String, (Instant, Told)>>);

/// What was told of a tenant's keys.
type Told = BTreeMap<KeyPurpose, KeyFact>;

impl KeyFacts {
    /// What was told no longer than `age` ago; trouble is told again for a shorter time.
    #[must_use]
    pub fn fresh(&self, tenant: &str, age: Duration) -> Option<Told> {
        let facts = self.0.lock().expect("no holder of this lock panics");
        let fresh = |(at, told): &&(Instant, Told)| {
            let age = if told.values().all(Result::is_ok) { age } else { age.min(TROUBLE_AGE) };
            at.elapsed() < age
        };
        facts.get(tenant).filter(fresh).map(|(_, f)| f.clone())
    }

    /// Remembers what was told: keys are known as of when they were `asked` for, trouble as of now.
    pub fn learn(&self, tenant: &str, asked: Instant, told: &Told) {
        let at = if told.values().all(Result::is_ok) { asked } else { Instant::now() };
        self.0.lock().expect("no holder of this lock panics").insert(tenant.to_owned(), (at, told.clone()));
    }

    /// Remembers what was told of one key; what is known of the other gets no younger.
    pub fn learn_one(&self, tenant: &str, purpose: KeyPurpose, fact: &KeyFact) {
        let mut facts = self.0.lock().expect("no holder of this lock panics");
        if let Some((_, told)) = facts.get_mut(tenant) {
            told.insert(purpose, fact.clone());
        }
    }

    /// Forgets everything: another key service is asked from now on.
    pub fn clear(&self) {
        self.0.lock().expect("no holder of this lock panics").clear();
    }

    /// Forgets: something was written.
    pub fn forget(&self, tenant: &str) {
        self.0.lock().expect("no holder of this lock panics").remove(tenant);
    }
}
