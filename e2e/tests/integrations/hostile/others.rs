//! Other places, other objects, and crowds.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::DeleteParams;
use ringfence_e2e::manifests;
use serde_json::{Value, json};

use super::play::{OPEN, Play, RBAC, may};
use crate::{
    ask::Ask,
    desk::{acknowledge, await_status, integrations, make},
    office::{another_second, condition},
};

/// A namespace that is no tenant's.
pub const PLAIN: &str = "hostile-plain";
const G8: &str = "denied request: G8: ";
const EITHER: &str = "denied request: G8:  or denied request: G10: ";
const G10: &str = "denied request: G10: ";
const G12: &str = "denied request: G12: ";
const WENDY: &str = "wendy@acme.example";

pub async fn others(play: &mut Play) -> Result<()> {
    namespaces(play).await?;
    neighbours(play).await?;
    crowd(play).await
}

/// Integrations where there is no tenant.
async fn namespaces(play: &mut Play) -> Result<()> {
    let admin = play.office.admin.clone();
    let plain = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": PLAIN } });
    manifests::apply(&admin, plain).await?;
    for at in [PLAIN, "kube-system", "default"] {
        let mut object = play.push("stray");
        object["metadata"]["namespace"] = at.into();
        make(&play.tina, object).await?;
        let said = await_status(&play.tina, (at, "stray"), "it is refused", |s| {
            condition(s, "Ready")["reason"] == "NotATenant"
        });
        let wrong = match said.await {
            Ok(said) if said["payload"] == "Off" => None,
            Ok(said) => Some(said.to_string()),
            Err(why) => Some(format!("{why:#}")),
        };
        let shown = if at == PLAIN { "a namespace that is no tenant's" } else { at };
        play.seen("tenant's admin", &format!("an Integration in {shown}"), "status: Ready NotATenant", wrong);
        integrations(&play.tina, at).delete("stray", &DeleteParams::default()).await?;
    }
    Ok(())
}

/// Whoever has rights in one tenant's namespace: the role that Ringfence ships, and every right there is.
async fn neighbours(play: &mut Play) -> Result<()> {
    let admin = play.office.admin.clone();
    let (acme, globex) = (play.acme.tenant.clone(), play.globex.tenant.clone());
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "everything", "namespace": acme },
        "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }],
    });
    manifests::apply(&admin, role).await?;
    for (person, kind, role) in
        [("tom@acme.example", "ClusterRole", "ringfence-tenant-admin"), (WENDY, "Role", "everything")]
    {
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": format!("hostile-{role}"), "namespace": acme },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": person }],
        });
        manifests::apply(&admin, binding).await?;
    }
    let tom = play.bed.impersonated("tom@acme.example", &["acme-admins"]).await?;
    let wendy = play.bed.impersonated(WENDY, &["acme-admins"]).await?;
    let at = |tenant: &str| format!("/apis/ringfence.dev/v1alpha1/namespaces/{tenant}/integrations");
    for who in [&tom, &wendy] {
        may(who, || Ask::get(at(&acme))).await?;
    }
    let mut theirs = play.push("crm");
    theirs["metadata"]["namespace"] = globex.as_str().into();
    let one = format!("{}/twin", at(&globex));
    for (who, client) in [("an admin of one tenant", &tom), ("everything in one tenant", &wendy)] {
        let who = (who, client);
        play.refused(who, "creates an Integration of another tenant", Ask::create(theirs.clone()), RBAC).await?;
        play.refused(who, "reads another tenant's", Ask::get(&one), RBAC).await?;
        let off = json!({ "spec": { "payload": "Off" } });
        play.refused(who, "changes another tenant's", Ask::merge(&one, off), RBAC).await?;
        play.refused(who, "deletes another tenant's", Ask::delete(&one), RBAC).await?;
    }
    let status = format!("{}/{OPEN}/status", at(&acme));
    let said = json!({ "status": { "payload": "Full", "warning": { "text": "All is well.\n", "textSHA256": "0".repeat(64) } } });
    let (t, w) = (("an admin of one tenant", &tom), ("everything in one tenant", &wendy));
    play.refused(t, "writes status", Ask::merge(&status, said.clone()), RBAC).await?;
    play.refused(w, "writes status", Ask::merge(&status, said.clone()), G12).await?;
    play.refused(w, "replaces status", Ask::edit(&status, |o| o["status"]["payload"] = "Full".into()), G12).await?;
    play.refused(("system:masters", &admin), "writes status", Ask::merge(&status, said), G12).await?;
    let finalizer = json!({ "metadata": { "finalizers": ["ringfence.dev/mine"] } });
    play.refused(w, "puts a finalizer of Ringfence's on", Ask::merge(format!("{}/{OPEN}", at(&acme)), finalizer), G12)
        .await?;
    policies(play, t, w).await
}

/// The flag document and the ways out themselves.
async fn policies(play: &mut Play, t: (&str, &kube::Client), w: (&str, &kube::Client)) -> Result<()> {
    let acme = play.acme.tenant.clone();
    let all = format!("/apis/networking.k8s.io/v1/namespaces/{acme}/networkpolicies");
    let way = format!("{all}/ringfence-integration-{OPEN}");
    let world = json!({ "spec": { "egress": [{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }] }] } });
    let policy = |meta: Value, spec: Value| json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec });
    // Between pods of the namespace, as G8 allows: so that the name alone is what is refused.
    let inside = json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [{ "to": [{ "podSelector": {} }] }] });
    let block = json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [{ "to": [{ "ipBlock": { "cidr": "198.51.100.0/24" } }] }] });
    let named = |name: &str| policy(json!({ "name": name, "namespace": acme }), inside.clone());
    let mine = policy(json!({ "name": "mine", "namespace": acme }), block);
    let generated = policy(json!({ "generateName": "ringfence-integration-", "namespace": acme }), inside.clone());
    let more = json!({ "spec": { "egress": [{ "to": [{ "podSelector": {} }] }] } });
    let flags = format!("/api/v1/namespaces/{acme}/configmaps/ringfence-flags");
    let document = play.acme.document().await?;
    ensure!(document.contains(&crate::desk::flag(OPEN)), "the document has its flag");
    let opened = json!({ "data": { "flags.flagd.json": document.replace("off", "full") } });
    for who in [t, w] {
        play.refused(
            who,
            "lets the way out of an Integration lead everywhere",
            Ask::merge(&way, world.clone()),
            EITHER,
        )
        .await?;
        play.refused(who, "changes the way out of an Integration", Ask::merge(&way, more.clone()), G10).await?;
        play.refused(
            who,
            "applies over a way out by force",
            Ask::apply(&way, named(&format!("ringfence-integration-{OPEN}"))),
            G10,
        )
        .await?;
        play.refused(who, "deletes a way out", Ask::delete(&way), G10).await?;
        play.refused(
            who,
            "makes a way out named ringfence-integration-crm",
            Ask::create(named("ringfence-integration-crm")),
            G10,
        )
        .await?;
        play.refused(who, "makes a way out by generateName", Ask::create(generated.clone()), G10).await?;
        play.refused(who, "makes a way out by a NetworkPolicy of its own", Ask::create(mine.clone()), G8).await?;
        play.refused(who, "edits the published flag document", Ask::merge(&flags, opened.clone()), G10).await?;
        play.refused(who, "deletes the published flag document", Ask::delete(&flags), G10).await?;
    }
    Ok(())
}

/// The 65th.
async fn crowd(play: &mut Play) -> Result<()> {
    let globex = play.globex.tenant.clone();
    let stands = |n: usize| {
        let mut object = play.push(&format!("many-{n:02}"));
        object["metadata"]["namespace"] = globex.as_str().into();
        object["spec"]["payload"] = if n == 65 { "Full" } else { "Off" }.into();
        object
    };
    stream::iter(1..=64).map(|n| make(&play.tina, stands(n))).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    another_second().await?;
    make(&play.tina, stands(65)).await?;
    acknowledge(&play.tina, &globex, "many-65").await?;
    let said = await_status(&play.tina, (&globex, "many-65"), "it is one too many", |s| {
        condition(s, "Ready")["reason"] == "TooMany" && s["payload"] == "Off"
    });
    let wrong = said.await.err().map(|e| format!("{e:#}"));
    play.seen("tenant's admin", "the 65th Integration of a tenant, accepted", "status: Ready TooMany", wrong);
    Ok(())
}
