//! Where integrations are made, accepted and attested, each act by the person whose act it is.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use ringfence_e2e::{
    Bed,
    evaluators::Values,
    scenario::{Scenario, kind, seconds_from_now},
    tenant::unique,
    tools::{repository, tool},
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::office::{PLATFORM, agency};

/// A tenant's own administrator.
pub const TINA: &str = "tina@clinic.example";
const TINAS: &str = "tenant-admins";
/// What the tenants' vendor does.
pub const SERVICE: &str = "crm-sync";

/// The integrations of a namespace, as `client` sees them.
pub fn integrations(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk("ringfence.dev", "v1alpha1", "Integration");
    let resource = ApiResource::from_gvk_with_plural(&gvk, "integrations");
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// An integration that pushes caller ids to one network, in full, without a cover.
pub fn push(name: &str, namespace: &str, vendor: &str) -> Value {
    json!({
        "apiVersion": "ringfence.dev/v1alpha1", "kind": "Integration",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "vendor": vendor, "service": SERVICE, "direction": "Push", "payload": "Full", "phiCategories": ["CallerID"],
            "endpoints": [{ "host": "api.vendor.example", "cidrs": ["198.51.100.0/24"], "port": 443 }],
        },
    })
}

/// The platform's agreement with a vendor.
pub fn with_vendor(name: &str, vendor: &str) -> Result<Value> {
    let mut baa = agency(name, PLATFORM, vendor, &[])?;
    baa["spec"]["receiving"]["role"] = "Subcontractor".into();
    baa["spec"]["scope"]["services"] = json!([SERVICE]);
    Ok(baa)
}

/// The flag of an integration.
pub fn flag(name: &str) -> String {
    format!("integration.{name}.payload")
}

/// Tina, who edits integrations wherever she is asked to.
pub async fn tina(bed: &'static Bed) -> Result<Client> {
    let admin = bed.admin().await?;
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "bed-integrations" },
        "rules": [
            { "apiGroups": ["ringfence.dev"], "resources": ["integrations"], "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"] },
            { "apiGroups": ["ringfence.dev"], "resources": ["attestations"], "verbs": ["create"] },
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "bed-integrations" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "bed-integrations" },
        "subjects": [{ "kind": "Group", "name": TINAS, "apiGroup": "rbac.authorization.k8s.io" }],
    });
    for object in [role, binding] {
        ringfence_e2e::manifests::apply(&admin, object).await?;
    }
    bed.impersonated(TINA, &[TINAS]).await
}

/// Makes an integration.
pub async fn make(tina: &Client, integration: Value) -> Result<DynamicObject> {
    let namespace = integration["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let api = integrations(tina, &namespace);
    Ok(api.create(&PostParams::default(), &serde_json::from_value(integration)?).await?)
}

/// Changes the spec of an integration by a merge patch.
pub async fn change(tina: &Client, namespace: &str, name: &str, spec: Value) -> Result<()> {
    let patch = Patch::Merge(json!({ "spec": spec }));
    integrations(tina, namespace).patch(name, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// Waits until status of an integration fulfils `holds`, and returns it.
pub async fn await_status(
    client: &Client,
    (namespace, name): (&str, &str),
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let found = wait::object(&integrations(client, namespace), name, what, |o| holds(&o.data["status"])).await?;
    Ok(found.data["status"].clone())
}

/// Accepts the warning that status shows, as Tina.
pub async fn acknowledge(tina: &Client, namespace: &str, name: &str) -> Result<Value> {
    act(tina, namespace, name, "Acknowledge", "warning", json!({})).await
}

/// Attests the cover in the words that status shows, as Tina, for so many seconds.
pub async fn attest_cover(tina: &Client, namespace: &str, name: &str, seconds: i64) -> Result<Value> {
    let until = json!({ "expirationTime": seconds_from_now(seconds) });
    act(tina, namespace, name, "AttestCover", "coverStatement", until).await
}

async fn act(tina: &Client, namespace: &str, name: &str, act: &str, text: &str, more: Value) -> Result<Value> {
    let hash = |s: &Value| s[text]["textSHA256"].is_string();
    let status = await_status(tina, (namespace, name), "a text to accept", hash).await?;
    let integration = integrations(tina, namespace).get(name).await?;
    let mut spec = json!({
        "act": act, "by": TINA, "textSHA256": status[text]["textSHA256"],
        "subjectRef": { "kind": "Integration", "name": name, "namespace": namespace, "uid": integration.uid() },
    });
    let more = more.as_object().cloned().unwrap_or_default();
    spec.as_object_mut().context("a spec")?.extend(more);
    let made = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": unique("act") }, "spec": spec });
    let acts = kind(tina, "Attestation", "attestations");
    Ok(serde_json::to_value(acts.create(&PostParams::default(), &serde_json::from_value(made)?).await?)?)
}

/// Takes an act of Tina's back.
pub async fn withdraw(tina: &Client, act: &Value) -> Result<()> {
    let subject = json!({ "kind": "Attestation", "name": act["metadata"]["name"], "uid": act["metadata"]["uid"] });
    let spec = json!({ "act": "Withdraw", "by": TINA, "subjectRef": subject });
    let made = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": unique("act") }, "spec": spec });
    kind(tina, "Attestation", "attestations").create(&PostParams::default(), &serde_json::from_value(made)?).await?;
    Ok(())
}

/// Names of the integrations of a tenant that a way out stands for.
pub async fn ways(story: &Scenario) -> Result<BTreeSet<String>> {
    let policies: Api<NetworkPolicy> = Api::namespaced(story.admin.clone(), &story.tenant);
    let all = policies.list(&ListParams::default()).await?;
    Ok(all.iter().filter_map(|p| p.name_any().strip_prefix("ringfence-integration-").map(str::to_owned)).collect())
}

/// What the sample platform sends of a call by an integration, when it reads this document: by whom, and which fields.
pub async fn platform_sends(story: &Scenario, document: &str, name: &str) -> Result<(String, BTreeSet<String>)> {
    let file = tempfile::Builder::new().suffix(".flagd.json").tempfile()?;
    std::fs::write(file.path(), document)?;
    let program = repository().join("examples/platform/call.py");
    let mut command = tokio::process::Command::new(tool("python")?);
    command.arg("-B").arg(program).args(["--json", "--tenant", &story.tenant, "--integration", name, "--flags"]);
    let folder = tempfile::tempdir()?;
    command.arg(file.path()).arg("--store").arg(folder.path());
    let output = command.kill_on_drop(true).output().await?;
    ensure!(output.status.success(), "call.py: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let sent = &report["integration"];
    let fields = sent["sent"].as_object().into_iter().flat_map(|s| s.keys().cloned()).collect();
    Ok((sent["by"].as_str().unwrap_or_default().to_owned(), fields))
}

/// Waits until flags, by both engines, and ways out are as `wanted` says of each integration; a way out is wanted where `full` is.
pub async fn await_all(story: &Scenario, wanted: &[(String, &str)]) -> Result<Values> {
    wait::until(&format!("the integrations of {}", story.tenant), async || {
        let (values, ways) = (crate::office::judged(story.document().await?).await?, ways(story).await?);
        let open: BTreeSet<_> = wanted.iter().filter(|(_, v)| *v == "full").map(|(n, _)| n.clone()).collect();
        let wrong: Vec<_> = wanted
            .iter()
            .filter(|(n, v)| values.get(&flag(n)) != Some(&json!(v)))
            .map(|(n, v)| (n, v, values.get(&flag(n))))
            .collect();
        Ok(if wrong.is_empty() && ways == open {
            Look::Done(values)
        } else {
            let differ: Vec<_> = ways.symmetric_difference(&open).collect();
            Look::Not(format!(
                "{} flags: {:?}; ways: {differ:?}",
                wrong.len(),
                wrong.iter().take(4).collect::<Vec<_>>()
            ))
        })
    })
    .await
}
