//! How a store holds an object: as it is, or packed. Label maps and empty fields make an object ten times as large in memory as its JSON.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use kube::ResourceExt;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    guarded::Guarded,
    store::{Key, version},
};

/// How many unpacked objects of a collection are at hand: more than tenants are worked on at once.
const RECENT: usize = 32;

/// What was unpacked, or came in, last: one tenant is looked at several times in a row.
pub struct Recent<K>(Mutex<VecDeque<(Key, u64, Arc<K>)>>);

impl<K> Default for Recent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K> Recent<K> {
    fn find(&self, key: &Key, version: u64) -> Option<Arc<K>> {
        let mut recent = self.0.lock().expect("no holder of this lock panics");
        let at = recent.iter().rposition(|(k, v, _)| *v == version && k == key)?;
        // What many tenants look at stays at hand.
        let found = recent.remove(at)?;
        let object = found.2.clone();
        recent.push_back(found);
        Some(object)
    }

    fn keep(&self, key: &Key, version: u64, object: &Arc<K>) {
        let mut recent = self.0.lock().expect("no holder of this lock panics");
        recent.retain(|(k, ..)| k != key);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((key.clone(), version, object.clone()));
    }
}

/// One object.
pub struct Held<K> {
    /// Its resourceVersion.
    pub version: u64,
    body: Body<K>,
}

enum Body<K> {
    Whole(Arc<K>),
    /// JSON in LZ4 blocks, and what makes an object of it again.
    Packed(Box<[u8]>, fn(&[u8]) -> K),
}

impl<K: ResourceExt> Held<K> {
    /// As it is.
    pub fn whole(object: Arc<K>) -> Self {
        Self { version: version(&*object), body: Body::Whole(object) }
    }

    /// In a tenth of the memory.
    pub fn packed(object: Arc<K>) -> Self
    where
        K: Serialize + DeserializeOwned,
    {
        Self { version: version(&*object), body: Body::Packed(pack(&*object), unpack) }
    }

    /// The object, filed under `key`.
    pub fn object(&self, key: &Key, recent: &Recent<K>) -> Arc<K> {
        match &self.body {
            Body::Whole(object) => object.clone(),
            Body::Packed(packed, unpack) => recent.find(key, self.version).unwrap_or_else(|| {
                let object = Arc::new(unpack(packed));
                recent.keep(key, self.version, &object);
                object
            }),
        }
    }

    /// Keeps the object that this was just made of at hand.
    pub fn keep(&self, key: &Key, object: &Arc<K>, recent: &Recent<K>) {
        if let Body::Packed(..) = self.body {
            recent.keep(key, self.version, object);
        }
    }
}

impl<T: Serialize + DeserializeOwned> Held<Guarded<T>>
where
    Guarded<T>: ResourceExt,
{
    /// In a third of the memory; what does not decode as it is.
    pub fn guarded(object: Arc<Guarded<T>>) -> Self {
        let Ok(decoded) = &object.object else { return Self::whole(object) };
        Self { version: version(&*object), body: Body::Packed(pack(&**decoded), |packed| Guarded::ok(unpack(packed))) }
    }
}

fn pack(object: &impl Serialize) -> Box<[u8]> {
    let json = serde_json::to_vec(object).expect("what came as JSON goes as JSON");
    lz4_flex::compress_prepend_size(&json).into_boxed_slice()
}

fn unpack<K: DeserializeOwned>(packed: &[u8]) -> K {
    let json = lz4_flex::decompress_size_prepended(packed).expect("it was packed here");
    serde_json::from_slice(&json).expect("it was packed here")
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::{core::v1::ConfigMap, networking::v1::NetworkPolicy};
    use serde_json::json;

    use super::*;
    use crate::api::Attestation;

    #[test]
    fn what_is_packed_is_the_same_and_small() {
        let policy: NetworkPolicy = serde_json::from_value(json!({
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}, {"port": 80}]}]},
        }))
        .unwrap();
        let held = Held::packed(Arc::new(policy.clone()));
        let (key, recent) = (Key::default(), Recent::default());
        assert_eq!((&*held.object(&key, &recent), held.version), (&policy, 7));
        let text = "a flag that is off; ".repeat(500);
        let map = ConfigMap { data: Some([("flags".to_owned(), text)].into()), ..ConfigMap::default() };
        let held = Held::packed(Arc::new(map.clone()));
        let Body::Packed(bytes, _) = &held.body else { panic!("it is not packed") };
        assert!(bytes.len() < 500 && *held.object(&key, &Recent::default()) == map, "{}", bytes.len());
    }

    #[test]
    fn what_does_not_decode_stays_what_it_is() {
        let acts: [Guarded<Attestation>; 2] = [
            json!({"metadata": {"name": "a", "resourceVersion": "3"}, "spec": {"subjectRef": {"name": "b"}}}),
            json!({"metadata": {"name": "a", "resourceVersion": "3"}, "spec": {"act": "Terminate", "by": "c", "subjectRef": {"kind": "BAA", "name": "b", "uid": "u"}}}),
        ]
        .map(|act| serde_json::from_value(act).unwrap());
        for (act, decodes) in acts.into_iter().zip([false, true]) {
            let held = Held::guarded(Arc::new(act.clone()));
            let seen = held.object(&Key::default(), &Recent::default());
            assert_eq!((held.version, matches!(held.body, Body::Packed(..))), (3, decodes));
            assert_eq!(format!("{seen:?}"), format!("{act:?}"));
        }
    }

    #[test]
    fn what_was_looked_at_last_is_at_hand_and_never_an_older_version() {
        let at = |version: &str| {
            let mut map = ConfigMap::default();
            map.metadata.resource_version = Some(version.into());
            Arc::new(map)
        };
        let key = |n: usize| Key::new((String::new(), n.to_string()));
        let recent = Recent::default();
        let (first, second) = (Held::packed(at("1")), Held::packed(at("2")));
        let seen = first.object(&key(0), &recent);
        assert!(Arc::ptr_eq(&seen, &first.object(&key(0), &recent)));
        assert_eq!(second.object(&key(0), &recent).metadata.resource_version.as_deref(), Some("2"));
        assert_eq!(second.object(&key(1), &recent).metadata.resource_version.as_deref(), Some("2"));
        (0..=RECENT).for_each(|n| drop(second.object(&key(n), &recent)));
        assert_eq!(recent.0.lock().unwrap().len(), RECENT);
    }
}
