//! From the text of files to one plan and what belongs to it.

use std::collections::BTreeSet;

use kube::{CustomResourceExt, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema;
use crate::{
    api::{Attestation, BAA, HealthcarePlan, HealthcarePlanClass, RingfenceConfig},
    fact::brief,
    names::{GROUP, TenantName},
};

/// What was found in the files.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The one plan.
    pub plan: HealthcarePlan,
    /// Classes, whichever were given.
    pub classes: Vec<HealthcarePlanClass>,
    /// The installation, if given.
    pub config: Option<RingfenceConfig>,
    /// Agreements.
    pub baas: Vec<BAA>,
    /// Acts.
    pub acts: Vec<Attestation>,
    /// What a preview does not look at: kind and name.
    pub passed_over: Vec<String>,
}

/// Why the files cannot be previewed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("{file}: cannot be read: {error}")]
    Read { file: String, error: std::io::Error },
    #[error("{file}: is not YAML: {why}")]
    Yaml { file: String, why: String },
    #[error("{file}, document {document}: {why}")]
    Document { file: String, document: usize, why: String },
    #[error("no HealthcarePlan is in the files; give the file that holds the plan")]
    NoPlan,
    #[error("{file}, document {document}: is a second HealthcarePlan; preview one plan at a time")]
    SecondPlan { file: String, document: usize },
}

/// Reads all documents of `files`: name and text of each.
///
/// # Errors
/// At the first document that cannot be used, by file, number (empty documents are not counted) and field.
pub fn parse(files: &[(String, String)]) -> Result<Documents, Error> {
    let mut found = Found::default();
    for (file, text) in files {
        let documents = serde_saphyr::from_multiple::<Value>(text)
            .map_err(|e| Error::Yaml { file: file.clone(), why: brief(&e.without_snippet()) })?;
        for (n, document) in documents.into_iter().enumerate() {
            let at = |why| Error::Document { file: file.clone(), document: n + 1, why };
            for object in items(document) {
                let second = found.plan.is_some();
                found.take(object).map_err(at)?;
                if second && found.plans > 1 {
                    return Err(Error::SecondPlan { file: file.clone(), document: n + 1 });
                }
            }
        }
    }
    let Found { plan, classes, config, baas, acts, passed_over, .. } = found;
    Ok(Documents { plan: plan.ok_or(Error::NoPlan)?, classes, config, baas, acts, passed_over })
}

/// The objects of a `kind: List`, as `kubectl get -o yaml` writes it, or the document itself.
fn items(document: Value) -> Vec<Value> {
    match document.get("items").and_then(Value::as_array) {
        Some(items) if document["kind"] == "List" => items.clone(),
        _ => vec![document],
    }
}

#[derive(Default)]
struct Found {
    plan: Option<HealthcarePlan>,
    plans: usize,
    classes: Vec<HealthcarePlanClass>,
    config: Option<RingfenceConfig>,
    baas: Vec<BAA>,
    acts: Vec<Attestation>,
    passed_over: Vec<String>,
    seen: BTreeSet<(String, String)>,
}

impl Found {
    fn take(&mut self, object: Value) -> Result<(), String> {
        let kind = object["kind"].as_str().ok_or("kind is missing")?.to_owned();
        let version = object["apiVersion"].as_str().ok_or("apiVersion is missing")?;
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if version.split('/').next() != Some(GROUP) {
            self.passed_over.push(format!("{kind} {name}"));
            return Ok(());
        }
        if version != format!("{GROUP}/v1alpha1") {
            return Err(format!("apiVersion must be {GROUP}/v1alpha1"));
        }
        if !name.is_empty() && !self.seen.insert((kind.clone(), name.clone())) {
            return Err(format!("{kind} {name} is given twice; give it once"));
        }
        match kind.as_str() {
            "HealthcarePlan" => {
                TenantName::new(&name)?;
                self.plan.get_or_insert(decode(object)?);
                self.plans += 1;
            }
            "HealthcarePlanClass" => self.classes.push(decode(object)?),
            "RingfenceConfig" => self.config = Some(decode(object)?),
            "BAA" => self.baas.push(decode(object)?),
            "Attestation" => self.acts.push(decode(object)?),
            _ => self.passed_over.push(format!("{kind} {name}")),
        }
        Ok(())
    }
}

/// Decodes an object after its spec was checked, so that a mistake is named by its field.
fn decode<K>(mut object: Value) -> Result<K, String>
where
    K: Resource<DynamicType = ()> + CustomResourceExt + DeserializeOwned,
{
    let kind = K::kind(&()).into_owned();
    let crd = serde_json::to_value(K::crd()).expect("a CustomResourceDefinition serialises");
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec").cloned().unwrap_or_default();
    let spec = object.get("spec").ok_or_else(|| format!("{kind}: spec is missing"))?;
    schema::check(&schema, spec, "spec").map_err(|why| format!("{kind}: {why}"))?;
    // A plan's status is not looked at, and may be of another version.
    object.as_object_mut().map(|o| o.remove("status"));
    let decoded: K = serde_json::from_value(object).map_err(|e| format!("{kind}: {}", brief(&e)))?;
    let named = decoded.meta().name.is_some() || decoded.meta().generate_name.is_some();
    if named { Ok(decoded) } else { Err(format!("{kind}: metadata.name is missing")) }
}

impl Documents {
    /// The class that the plan names, if it was given.
    #[must_use]
    pub fn class(&self) -> Option<&HealthcarePlanClass> {
        self.classes.iter().find(|c| c.name_any() == self.plan.spec.plan_class_name)
    }
}
