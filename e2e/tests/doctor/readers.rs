//! Who may read a tenant's logs and Secrets is named, exactly as the API server itself would decide.

use anyhow::{Result, ensure};
use k8s_openapi::api::{authorization::v1::SubjectAccessReview, rbac::v1::ClusterRole};
use kube::{Api, Client, api::PostParams};
use ringfence_e2e::{Bed, manifests, wait};
use serde_json::{Value, json};

use crate::patient::Doctor;

const VERSION: &str = "rbac.authorization.k8s.io/v1";
const GROUP: &str = "rbac.authorization.k8s.io";

struct Planted {
    kind: &'static str,
    name: &'static str,
    /// In the tenant's namespace alone.
    here: bool,
    rules: Value,
    joined: bool,
}

fn planted() -> Vec<Planted> {
    let one = |kind, name, here, rules| Planted { kind, name, here, rules, joined: false };
    vec![
        one("User", "wild-reader", false, json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["get"] }])),
        one("Group", "log-readers", false, json!([{ "apiGroups": [""], "resources": ["*/log"], "verbs": ["get"] }])),
        one("Group", "support", true, json!([{ "apiGroups": [""], "resources": ["pods/log"], "verbs": ["*"] }])),
        Planted {
            joined: true,
            ..one(
                "Group",
                "secret-readers",
                true,
                json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["list"] }]),
            )
        },
        // What a patch or a deletion finds is what it answers with.
        one(
            "User",
            "secret-patcher",
            true,
            json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["patch"] }]),
        ),
        one(
            "User",
            "secret-collector",
            false,
            json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["deletecollection"] }]),
        ),
        // These may read neither.
        one(
            "User",
            "pods-reader",
            false,
            json!([{ "apiGroups": [""], "resources": ["pods/*", "pods"], "verbs": ["get", "list"] }]),
        ),
        one(
            "User",
            "secret-writer",
            true,
            json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "update", "delete"] }]),
        ),
    ]
}

/// Plants them, and compares what the doctor says of each with what the API server decides.
pub async fn are_named(bed: &Bed, doctor: &Doctor, tenant: &str) -> Result<()> {
    let admin = &bed.admin().await?;
    for reader in planted() {
        plant(admin, &reader, tenant).await?;
    }
    let said = doctor.says(&[])?;
    said.ended(0)?;
    for reader in planted() {
        let about = format!("{} {}", reader.kind, reader.name);
        for (resource, words) in [("pods/log", "read pod logs"), ("secrets", "read Secrets")] {
            let named = said.has("Warning", &about, words);
            let may = allowed(admin, &reader, resource, tenant).await?;
            ensure!(named == may, "{about}, {words}: named {named}, allowed {may}; {}", said.serious());
        }
    }
    let place = format!("in namespace {tenant}");
    said.must("Warning", "Group secret-readers", &format!("may read Secrets by RoleBinding {tenant}/secret-readers"))?;
    said.must("Warning", "Group secret-readers", &place)?;
    for method in ["PATCH", "DELETE"] {
        answers_with_a_secret(bed, method, tenant).await?;
    }
    said.must("Warning", "User wild-reader", "by ClusterRoleBinding wild-reader of ClusterRole wild-reader")?;
    let named = said.about("Warning");
    ensure!(!named.contains("User pods-reader") && !named.contains("User secret-writer"), "{named:?}");
    Ok(())
}

/// In a dry run, which changes nothing: that is why these two verbs are said to read.
async fn answers_with_a_secret(bed: &Bed, method: &str, tenant: &str) -> Result<()> {
    let secrets = format!("/api/v1/namespaces/{tenant}/secrets");
    let (who, at, content, body) = match method {
        "PATCH" => ("secret-patcher", format!("{secrets}/planted"), "application/merge-patch+json", &b"{}"[..]),
        _ => ("secret-collector", secrets, "application/json", &b""[..]),
    };
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "planted", "namespace": tenant }, "stringData": { "a": "seen" } });
    manifests::apply(&bed.admin().await?, secret).await?;
    let request = http::Request::builder().method(method).uri(format!("{at}?dryRun=All"));
    let request = request.header("content-type", content).body(body.to_vec())?;
    let answer = bed.person(who, &[]).await?.request_text(request).await?;
    ensure!(answer.contains("c2Vlbg=="), "{who} {method}: {answer}");
    Ok(())
}

async fn plant(admin: &Client, reader: &Planted, tenant: &str) -> Result<()> {
    let name = reader.name;
    let mut role =
        json!({ "apiVersion": VERSION, "kind": "ClusterRole", "metadata": { "name": name }, "rules": reader.rules });
    if reader.joined {
        let labels = json!({ "planted": name });
        let piece = json!({ "apiVersion": VERSION, "kind": "ClusterRole", "rules": reader.rules,
            "metadata": { "name": format!("{name}-piece"), "labels": labels } });
        manifests::apply(admin, piece).await?;
        role["aggregationRule"] = json!({ "clusterRoleSelectors": [{ "matchLabels": labels }] });
        role["rules"] = json!([]);
    }
    manifests::apply(admin, role).await?;
    let roles: Api<ClusterRole> = Api::all(admin.clone());
    wait::object(&roles, name, "its rules are filled in", |r| r.rules.iter().flatten().next().is_some()).await?;
    let kind = if reader.here { "RoleBinding" } else { "ClusterRoleBinding" };
    let mut binding = json!({ "apiVersion": VERSION, "kind": kind, "metadata": { "name": name },
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": name },
        "subjects": [{ "apiGroup": GROUP, "kind": reader.kind, "name": name }] });
    if reader.here {
        binding["metadata"]["namespace"] = tenant.into();
    }
    manifests::apply(admin, binding).await?;
    Ok(())
}

/// What the API server's own authorizer says: of any of the verbs that read.
async fn allowed(admin: &Client, reader: &Planted, resource: &str, tenant: &str) -> Result<bool> {
    let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let verbs: &[&str] = if sub == "log" { &["get"] } else { &["get", "list", "watch", "patch", "deletecollection"] };
    let reviews: Api<SubjectAccessReview> = Api::all(admin.clone());
    for verb in verbs {
        let attributes = json!({ "namespace": tenant, "verb": verb, "resource": resource, "subresource": sub });
        let (user, groups) =
            if reader.kind == "User" { (reader.name, vec![]) } else { ("somebody", vec![reader.name]) };
        let spec = json!({ "resourceAttributes": attributes, "user": user, "groups": groups });
        let review = reviews
            .create(&PostParams::default(), &serde_json::from_value(json!({ "metadata": {}, "spec": spec }))?)
            .await?;
        if review.status.is_some_and(|s| s.allowed) {
            return Ok(true);
        }
    }
    Ok(false)
}
