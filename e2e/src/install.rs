//! Installs Ringfence on a control plane from the files that the repository ships, and waits until they are in force.

use crate::{
    identity::{self, MINTER},
    manifests,
    operator::OperatorTokens,
    scenario::kind,
    tools::repository,
    wait::{self, Look},
};
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    core::v1::ConfigMap,
    rbac::v1::ClusterRole,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::json;
use std::{fs, path::Path};

/// Installs the custom resources, the operator's and the people's roles, and the guardrails. The operator's Deployment is
/// left out: the bed runs the binary itself. Returns tokens of the operator's account: once the guardrails stand, only the node that
/// runs its pod could ask for them (G11).
///
/// # Errors
/// When a folder is missing, or the API server refuses an object.
pub async fn ringfence(admin: &Client, guardrails: bool) -> Result<OperatorTokens> {
    let root = repository();
    manifests::apply_folder(admin, &root.join("crds"), |_| false).await?;
    for folder in ["manifests/operator", "manifests/roles"] {
        manifests::apply_folder(admin, &root.join(folder), |object| object["kind"] == "Deployment").await?;
    }
    aggregated(admin).await?;
    let tokens = OperatorTokens::mint(admin).await?;
    if guardrails {
        manifests::apply_folder(admin, &root.join("manifests/guardrails"), |_| false).await?;
        in_force(admin).await?;
    }
    Ok(tokens)
}

/// Applies the example installation: its RingfenceConfig, with this key service instead of the example's, and the roles
/// of its people.
///
/// # Errors
/// When an example is missing, or the API server refuses an object.
pub async fn configuration(admin: &Client, key_service: &str, ca: &Path) -> Result<()> {
    let examples = repository().join("manifests/examples");
    for mut object in manifests::read(&examples.join("00-config.yaml"))? {
        if object["kind"] == "RingfenceConfig" {
            ensure!(object["spec"]["keyService"]["address"].is_string(), "the example names no key service");
            object["spec"]["keyService"]["address"] = key_service.into();
            object["spec"]["keyService"]["caBundle"] = fs::read_to_string(ca)?.into();
            object["spec"]["guardrails"]["tokenMinters"] = json!([MINTER]);
        }
        manifests::apply(admin, object).await?;
    }
    manifests::apply_file(admin, &examples.join("05-people.yaml")).await
}

/// Lets the installation find its key service at another address.
///
/// # Errors
/// When the API server refuses.
pub async fn key_service(engineer: &Client, address: &str) -> Result<()> {
    let configs = kind(engineer, "RingfenceConfig", "ringfenceconfigs");
    let patch = Patch::Merge(json!({ "spec": { "keyService": { "address": address } } }));
    configs.patch("cluster", &PatchParams::default(), &patch).await?;
    Ok(())
}

/// Makes OpenBao's own service account and returns a token of it. Nothing runs under it here; with its token OpenBao has
/// the tokens of those who log in reviewed.
///
/// # Errors
/// When the API server refuses.
pub async fn reviewer(admin: &Client) -> Result<String> {
    let metadata = json!({ "name": "openbao", "namespace": "vault" });
    manifests::apply(admin, json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "vault" } }))
        .await?;
    manifests::apply(admin, json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })).await?;
    manifests::apply_file(admin, &repository().join("manifests/openbao/kubernetes-rbac.yaml")).await?;
    identity::token(admin, "vault", "openbao", None).await.context("the reviewer's token")
}

// The controller manager fills in the rules of roles that are made of others; until then they allow nothing.
async fn aggregated(admin: &Client) -> Result<()> {
    let roles: Api<ClusterRole> = Api::all(admin.clone());
    wait::until("the joined roles have rules", async || {
        let all = roles.list(&ListParams::default()).await?;
        let empty: Vec<&String> = all
            .iter()
            .filter(|role| role.aggregation_rule.is_some() && role.rules.iter().flatten().next().is_none())
            .filter_map(|role| role.metadata.name.as_ref())
            .filter(|name| name.starts_with("ringfence"))
            .collect();
        Ok(if empty.is_empty() { Look::Done(()) } else { Look::Not(format!("{empty:?}")) })
    })
    .await
}

// The API server learns of policies in the order in which they were made, so when one that is made last denies, all do.
async fn in_force(admin: &Client) -> Result<()> {
    const NAME: &str = "bed-probe";
    let rules = json!([{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
        "resourceNames": [NAME] }]);
    let policy = json!({ "matchConstraints": { "resourceRules": rules }, "validations": [{ "expression": "false" }] });
    let binding = json!({ "policyName": NAME, "validationActions": ["Deny"] });
    for (kind, spec) in [("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)] {
        let version = "admissionregistration.k8s.io/v1";
        let object = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": NAME }, "spec": spec });
        manifests::apply(admin, object).await?;
    }
    let maps: Api<ConfigMap> = Api::namespaced(admin.clone(), "default");
    let map: ConfigMap = serde_json::from_value(json!({ "metadata": { "name": NAME } }))?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    wait::until("the guardrails are in force", async || {
        Ok(match maps.create(&dry, &map).await {
            Err(kube::Error::Api(status)) if status.code == 422 => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(admin.clone());
    bindings.delete(NAME, &DeleteParams::default()).await?;
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(admin.clone());
    policies.delete(NAME, &DeleteParams::default()).await?;
    Ok(())
}
