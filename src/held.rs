//! How a store holds an object: as it is, or packed. Label maps and empty fields make an object ten times as large in memory as its JSON.

use std::sync::Arc;

use kube::ResourceExt;
use serde::{Serialize, de::DeserializeOwned};

use crate::store::version;

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
        let json = serde_json::to_vec(&*object).expect("what came as JSON goes as JSON");
        let packed = lz4_flex::compress_prepend_size(&json).into_boxed_slice();
        Self { version: version(&*object), body: Body::Packed(packed, unpack) }
    }

    /// The object.
    pub fn object(&self) -> Arc<K> {
        match &self.body {
            Body::Whole(object) => object.clone(),
            Body::Packed(packed, unpack) => Arc::new(unpack(packed)),
        }
    }
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

    #[test]
    fn what_is_packed_is_the_same_and_small() {
        let policy: NetworkPolicy = serde_json::from_value(json!({
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}, {"port": 80}]}]},
        }))
        .unwrap();
        let held = Held::packed(Arc::new(policy.clone()));
        assert_eq!((&*held.object(), held.version), (&policy, 7));
        let text = "a flag that is off; ".repeat(500);
        let map = ConfigMap { data: Some([("flags".to_owned(), text)].into()), ..ConfigMap::default() };
        let held = Held::packed(Arc::new(map.clone()));
        let Body::Packed(bytes, _) = &held.body else { panic!("it is not packed") };
        assert!(bytes.len() < 500 && *held.object() == map, "{}", bytes.len());
    }
}
