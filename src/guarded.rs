//! A custom resource that may not decode: one bad object must not stop the watch of all others.

use std::{borrow::Cow, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// An object, or its metadata with the reason why the rest does not decode.
#[derive(Clone, Debug)]
pub struct Guarded<K> {
    /// The object, or what is wrong with it.
    pub object: Result<Arc<K>, Undecodable>,
}

/// Why an object does not decode, and the little that can still be read of it.
#[derive(Clone, Debug)]
pub struct Undecodable {
    meta: Box<ObjectMeta>,
    /// The decoder's words; they name the field, not its value.
    pub why: String,
    /// `spec.subjectRef.name`, which says what an Attestation could tighten; one about an Integration tightens nothing else of that name.
    pub subject: Option<String>,
    /// `spec.disclosing.party`, which says whose agreement a BAA could narrow or end.
    pub party: Option<String>,
}

impl<K> Guarded<K> {
    /// A decoded object.
    pub fn ok(object: K) -> Self {
        Self { object: Ok(Arc::new(object)) }
    }
}

impl<'de, K: DeserializeOwned> Deserialize<'de> for Guarded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = serde_json::Value::deserialize(deserializer)?;
        if let Some(meta) = raw.get_mut("metadata").and_then(|m| m.as_object_mut()) {
            meta.remove("managedFields");
        }
        let error = match K::deserialize(&raw) {
            Ok(object) => return Ok(Self::ok(object)),
            Err(error) => error,
        };
        let meta = raw.get("metadata").cloned().unwrap_or_default();
        let meta = serde_json::from_value(meta).map_err(serde::de::Error::custom)?;
        let about = |field: &str| raw.pointer(&format!("/spec/subjectRef/{field}")).and_then(|v| v.as_str());
        let subject = about("name").filter(|_| about("kind") != Some("Integration")).map(str::to_owned);
        let party = raw.pointer("/spec/disclosing/party").and_then(|v| v.as_str()).map(str::to_owned);
        Ok(Self { object: Err(Undecodable { meta, why: field_of(&error), subject, party }) })
    }
}

/// The decoder's message without values, which could hold what must not be logged.
fn field_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let safe = text.starts_with("missing field") || text.starts_with("unknown field");
    if safe { text } else { format!("a field has a value of a wrong kind ({:?})", error.classify()) }
}

impl<K: Resource + Clone> Resource for Guarded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        match &self.object {
            Ok(object) => object.meta(),
            Err(bad) => &bad.meta,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.object {
            Ok(object) => Arc::make_mut(object).meta_mut(),
            Err(bad) => &mut bad.meta,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Attestation, HealthcarePlan};

    #[test]
    fn a_bad_object_keeps_its_name_and_never_shows_its_values() {
        let bad = serde_json::json!({"metadata": {"name": "x"}, "spec": {"state": "+1 555 0100"}});
        let bad: Guarded<HealthcarePlan> = serde_json::from_value(bad).unwrap();
        let why = bad.object.as_ref().unwrap_err().why.clone();
        assert_eq!(bad.meta().name.as_deref(), Some("x"));
        assert!(!why.contains("555"), "{why}");
    }

    #[test]
    fn a_bad_attestation_still_says_what_it_is_about() {
        let bad = serde_json::json!({"metadata": {"name": "x"}, "spec": {"subjectRef": {"name": "acme-2026"}}});
        let bad: Guarded<Attestation> = serde_json::from_value(bad).unwrap();
        assert_eq!(bad.object.unwrap_err().subject.as_deref(), Some("acme-2026"));
        let baa = serde_json::json!({"metadata": {"name": "x"}, "spec": {"disclosing": {"party": "acme"}}});
        let baa: Guarded<crate::api::BAA> = serde_json::from_value(baa).unwrap();
        assert_eq!(baa.object.unwrap_err().party.as_deref(), Some("acme"));
        let other = serde_json::json!({"metadata": {"name": "x"}, "spec": {"subjectRef": {"name": "acme-2026", "kind": "Integration"}}});
        let other: Guarded<Attestation> = serde_json::from_value(other).unwrap();
        assert_eq!(other.object.unwrap_err().subject, None, "it could end no agreement of that name");
    }
}
