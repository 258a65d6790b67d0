//! G9, the glass: a group and a reason, both; an audit annotation and a Warning; shut by taking the annotations off.

use anyhow::{Context, Result, ensure};
use kube::{Client, client::Body};
use ringfence_e2e::Bed;
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    g09::{debug, glass as broken, into},
    things::{FENCED, namespace},
};

const GRACE: &str = "grace@ringwell.example";
const GUS: &str = "gus@ringwell.example";
const WHY: &str = "calls are stuck, ticket 17";

fn exec() -> Ask {
    Ask::post(into("exec?command=ls&stdout=true"), Value::Null)
}

/// Refused by G9, or let through to what comes after admission.
async fn refused(who: &Client, ask: Ask) -> Result<Option<String>> {
    Ok(match ask.send(who, who).await? {
        Answer::Refused(_, why) if why.contains("denied request: G9: ") => Some(why),
        Answer::Refused(403, why) => anyhow::bail!("RBAC speaks first: {why}"),
        _ => None,
    })
}

/// From shut to open to shut.
pub async fn glass(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "gr-glass", "namespace": FENCED},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ringfence-break-glass"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "break-glass"}],
    });
    Ask::create(binding).done(&admin).await?;
    let (grace, gus) = (bed.person(GRACE, &["break-glass"]).await?, bed.person(GUS, &["break-glass"]).await?);
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let why = refused(&grace, exec()).await?.context("a member without a reason got in")?;
    ensure!(why.contains("-reason"), "{why}");

    // Whoever may write the namespace may write the annotations; a group that is not listed opens nothing.
    let until = "2026-12-24T12:00:00Z";
    Ask::merge(namespace(FENCED), broken(json!("carl@ringwell.example"), json!(WHY), json!(until))).done(&carl).await?;
    let why = refused(&carl, exec()).await?.context("a cluster administrator got in")?;
    ensure!(why.contains("spec.groups.breakGlass"), "{why}");

    let patch = broken(json!(GRACE), json!(WHY), json!(until));
    let warnings = warnings(&grace, &patch).await?;
    ensure!(warnings.contains("break-glass") && warnings.contains(WHY), "no Warning: {warnings}");
    let mark = bed.audit().mark()?;
    ensure!(refused(&grace, exec()).await?.is_none(), "the glass is broken, and she does not get in");
    ensure!(
        refused(&grace, Ask::merge(into("ephemeralcontainers"), debug()).dry()).await?.is_none(),
        "nor with a debug container"
    );
    for (who, client) in [("another member", &gus), ("a cluster administrator", &carl), ("masters", &admin)] {
        ensure!(refused(client, exec()).await?.is_some(), "{who} got in through her glass");
    }
    let noted = bed.audit().after(mark).user(GRACE).events()?;
    let note = noted.iter().filter_map(|e| e.annotations["ringfence-g09-access/break-glass"].as_str()).next();
    let note = note.context("no audit annotation")?;
    ensure!(note == format!("{GRACE} until {until}: {WHY}"), "{note}");

    Ask::merge(namespace(FENCED), broken(Value::Null, Value::Null, Value::Null)).done(&carl).await?;
    ensure!(refused(&grace, exec()).await?.is_some(), "shut, and she gets in");
    println!("glass: shut without reason, shut to others, open to one named member, on record, shut again");
    Ok(())
}

/// The Warnings that come with breaking the glass.
async fn warnings(who: &Client, patch: &Value) -> Result<String> {
    let request = http::Request::patch(namespace(FENCED))
        .header("content-type", "application/merge-patch+json")
        .body(Body::from(serde_json::to_vec(patch)?))?;
    let answer = who.send(request).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let all = answer.headers().get_all("warning").iter();
    Ok(all.filter_map(|w| w.to_str().ok()).collect::<Vec<_>>().join("\n"))
}
