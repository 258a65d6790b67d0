//! Applies the repository's YAML files as `kubectl apply --server-side` would, in an order that works.

use crate::wait;
use anyhow::{Context, Result, bail};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    discovery::{self, Scope},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The field manager of what the bed itself applies.
pub const FIELD_MANAGER: &str = "ringfence-bed";

/// Applies every object of a folder's YAML files, subfolders left out.
///
/// # Errors
/// When the folder is missing or empty, a file is no YAML, or the API server refuses an object.
pub async fn apply_folder(client: &Client, folder: &Path, skip: impl Fn(&Value) -> bool) -> Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    files.sort();
    let mut objects = Vec::new();
    for file in &files {
        objects.extend(read(file)?);
    }
    objects.retain(|object| !skip(object));
    if objects.is_empty() {
        bail!("{} holds nothing to apply", folder.display());
    }
    apply_all(client, objects).await
}

/// Applies every object of a YAML file.
///
/// # Errors
/// As [`apply_folder`].
pub async fn apply_file(client: &Client, file: &Path) -> Result<()> {
    apply_all(client, read(file)?).await
}

/// Applies every object of a YAML text.
///
/// # Errors
/// As [`apply_folder`].
pub async fn apply_text(client: &Client, text: &str) -> Result<()> {
    apply_all(client, parse(text)?).await
}

/// Applies one object, in the namespace that it names or in `default`.
///
/// # Errors
/// When its kind is unknown, or the API server refuses it.
pub async fn apply(client: &Client, object: Value) -> Result<DynamicObject> {
    let api = api(client, &object).await?;
    let name = object["metadata"]["name"].as_str().context("an object without a name")?;
    api.patch(name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(&object))
        .await
        .with_context(|| format!("apply {} {name}", object["kind"].as_str().unwrap_or_default()))
}

/// The endpoint of an object's kind and namespace.
///
/// # Errors
/// When the API server does not serve the kind.
pub async fn api(client: &Client, object: &Value) -> Result<Api<DynamicObject>> {
    let types: kube::api::TypeMeta = serde_json::from_value(object.clone())?;
    let kind = (&types).try_into().with_context(|| format!("{}: no group and version", types.api_version))?;
    let (resource, abilities) = discovery::pinned_kind(client, &kind).await.with_context(|| format!("{types:?}"))?;
    Ok(match abilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
            Api::namespaced_with(client.clone(), namespace, &resource)
        }
    })
}

/// The objects of a YAML file.
///
/// # Errors
/// When it is no YAML.
pub fn read(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    parse(&text).with_context(|| file.display().to_string())
}

fn parse(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(documents.into_iter().filter(|document| document["kind"].is_string()).collect())
}

async fn apply_all(client: &Client, mut objects: Vec<Value>) -> Result<()> {
    objects.retain(|object| object["kind"] != "Kustomization");
    objects.sort_by_key(rank);
    let mut definitions = Vec::new();
    for object in objects {
        if object["kind"] == "CustomResourceDefinition" {
            definitions.extend(object["metadata"]["name"].as_str().map(String::from));
        } else {
            established(client, &mut definitions).await?;
        }
        apply(client, object).await?;
    }
    established(client, &mut definitions).await
}

async fn established(client: &Client, names: &mut Vec<String>) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for name in names.drain(..) {
        wait::object(&api, &name, "Established", |definition| {
            let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
            conditions.into_iter().any(|c| c.type_ == "Established" && c.status == "True")
        })
        .await?;
    }
    Ok(())
}

// Namespaces before what lies in them, definitions before their objects, policies that judge the others last.
fn rank(object: &Value) -> u8 {
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        "ServiceAccount" | "ClusterRole" | "Role" => 2,
        "ClusterRoleBinding" | "RoleBinding" => 3,
        "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => 5,
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => 6,
        _ => 4,
    }
}
