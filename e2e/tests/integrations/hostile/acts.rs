//! Acts of persons that are no acceptance and no attestation of this very integration in these very words.

use anyhow::{Context, Result};
use kube::{ResourceExt, api::DeleteParams};
use ringfence_e2e::{manifests, scenario::seconds_from_now};
use serde_json::{Value, json};

use super::play::{Play, TWIN, may};
use crate::{
    ask::{Ask, ours},
    desk::{TINA, acknowledge, await_all, await_status, change, integrations, make, withdraw},
};

const G11: &str = "denied request: G11: ";
const NOT: (&str, &str) = ("Acknowledged", "NotAcknowledged");
const STALE: (&str, &str) = ("Acknowledged", "AcknowledgementStale");
const UNATTESTED: (&str, &str) = ("Covered", "CoverNotAttested");
const ROOT: &str = "/apis/ringfence.dev/v1alpha1";

/// An integration of acme that waits for a person: its UID, the hashes of its warning and its statement of cover.
struct Waits {
    name: String,
    uid: String,
    warning: String,
    statement: String,
}

async fn waits(play: &Play, object: Value) -> Result<Waits> {
    let made = make(&play.tina, object).await?;
    let (name, uid) = (made.name_any(), made.uid().context("a UID")?);
    let at = made.namespace().unwrap_or_default();
    let status =
        await_status(&play.tina, (&at, &name), "a warning", |s| s["warning"]["textSHA256"].is_string()).await?;
    let hash = |text: &str| status[text]["textSHA256"].as_str().unwrap_or_default().to_owned();
    let (warning, statement) = (hash("warning"), hash("coverStatement"));
    Ok(Waits { name, uid, warning, statement })
}

fn attested(play: &Play, name: &str) -> Value {
    let mut object = play.push(name);
    object["spec"]["cover"] = json!({ "attested": true });
    object
}

pub async fn acts(play: &mut Play) -> Result<()> {
    acceptances(play).await?;
    attestations(play).await?;
    persons(play).await
}

async fn record(play: &Play, act: Value) -> Result<Value> {
    Ask::create(act).done(&play.tina).await
}

async fn acceptances(play: &mut Play) -> Result<()> {
    let who = "tenant's admin";
    let (acme, globex) = (play.acme.tenant.clone(), play.globex.tenant.clone());
    let twin = waits(play, play.push(TWIN)).await?;
    let mut theirs = play.push(TWIN);
    theirs["metadata"]["namespace"] = globex.as_str().into();
    let theirs = waits(play, theirs).await?;
    acknowledge(&play.tina, &globex, TWIN).await?;
    await_all(&play.globex, &[(TWIN.into(), "full")]).await?;
    play.tried(who, "a warning accepted for another tenant's integration of this name", TWIN, NOT);
    record(play, play.act("Acknowledge", (&acme, TWIN, &theirs.uid), &twin.warning)).await?;
    play.tried(who, "a warning accepted under the UID of another tenant's integration", TWIN, NOT);
    record(play, play.act("Acknowledge", (&globex, TWIN, &twin.uid), &twin.warning)).await?;
    play.tried(who, "a warning accepted in another tenant's namespace, under this UID", TWIN, NOT);

    let old = waits(play, play.push("again")).await?;
    acknowledge(&play.tina, &acme, "again").await?;
    await_status(&play.tina, (&acme, "again"), "it is open", |s| s["payload"] == "Full").await?;
    integrations(&play.tina, &acme).delete("again", &DeleteParams::default()).await?;
    let anew = waits(play, play.push("again")).await?;
    record(play, play.act("Acknowledge", (&acme, "again", &old.uid), &anew.warning)).await?;
    play.tried(who, "what was accepted of a deleted integration of this name", "again", NOT);

    let other = waits(play, play.push("other-text")).await?;
    record(play, play.act("Acknowledge", (&acme, &other.name, &other.uid), &"0".repeat(64))).await?;
    play.tried(who, "another text accepted", &other.name, STALE);
    let swapped = waits(play, play.push("swapped-text")).await?;
    record(play, play.act("Acknowledge", (&acme, &swapped.name, &swapped.uid), &twin.warning)).await?;
    play.tried(who, "the text of another integration's warning accepted", &swapped.name, STALE);
    let renamed = waits(play, play.push("renamed")).await?;
    record(play, play.act("Acknowledge", (&acme, &twin.name, &renamed.uid), &renamed.warning)).await?;
    play.tried(who, "a warning accepted under another integration's name", &renamed.name, NOT);
    let taken = waits(play, play.push("taken-back")).await?;
    let act = acknowledge(&play.tina, &acme, &taken.name).await?;
    withdraw(&play.tina, &act).await?;
    play.tried(who, "a warning accepted and taken back", &taken.name, NOT);
    for (name, what, spec) in [
        ("more-data", "more data after it was accepted", json!({ "phiCategories": ["CallerID", "Form"] })),
        (
            "wider",
            "a wider network after it was accepted",
            json!({ "endpoints": [{ "host": "api.vendor.example", "cidrs": ["198.51.0.0/16"], "port": 443 }] }),
        ),
        (
            "elsewhere",
            "another host after it was accepted",
            json!({ "endpoints": [{ "host": "other.example", "cidrs": ["198.51.100.0/24"], "port": 443 }] }),
        ),
    ] {
        make(&play.tina, play.push(name)).await?;
        acknowledge(&play.tina, &acme, name).await?;
        change(&play.tina, &acme, name, spec).await?;
        play.tried(who, what, name, STALE);
    }
    Ok(())
}

async fn attestations(play: &mut Play) -> Result<()> {
    let who = "tenant's admin";
    let (acme, globex) = (play.acme.tenant.clone(), play.globex.tenant.clone());
    let same = waits(play, attested(play, "own")).await?;
    let mut theirs = attested(play, "own");
    theirs["metadata"]["namespace"] = globex.as_str().into();
    let theirs = waits(play, theirs).await?;
    let act = |at: &str, w: &Waits, uid: &str, text: &str| play.act("AttestCover", (at, &w.name, uid), text);
    record(play, act(&globex, &theirs, &theirs.uid, &theirs.statement)).await?;
    record(play, act(&acme, &same, &theirs.uid, &same.statement)).await?;
    let texts = waits(play, attested(play, "own-text")).await?;
    record(play, act(&acme, &texts, &texts.uid, &texts.warning)).await?;
    record(play, act(&acme, &texts, &texts.uid, &same.statement)).await?;
    let kinds = waits(play, attested(play, "own-kind")).await?;
    record(play, play.act("Acknowledge", (&acme, &kinds.name, &kinds.uid), &kinds.statement)).await?;
    let past = waits(play, attested(play, "own-past")).await?;
    let mut ended = act(&acme, &past, &past.uid, &past.statement);
    ended["spec"]["expirationTime"] = seconds_from_now(-5).into();
    record(play, ended).await?;
    let taken = waits(play, attested(play, "own-back")).await?;
    let done = record(play, act(&acme, &taken, &taken.uid, &taken.statement)).await?;
    withdraw(&play.tina, &done).await?;
    let old = waits(play, attested(play, "own-again")).await?;
    record(play, act(&acme, &old, &old.uid, &old.statement)).await?;
    integrations(&play.tina, &acme).delete(&old.name, &DeleteParams::default()).await?;
    let anew = waits(play, attested(play, "own-again")).await?;
    for waits in [&same, &texts, &past, &taken, &anew] {
        acknowledge(&play.tina, &acme, &waits.name).await?;
    }
    for (what, name) in [
        ("cover attested for another tenant's integration of this name, and under its UID", &same.name),
        ("cover attested in other words: the warning's, another integration's", &texts.name),
        ("cover accepted (Acknowledge) instead of attested", &kinds.name),
        ("cover attested until a moment that has passed", &past.name),
        ("cover attested and taken back", &taken.name),
        ("cover attested of a deleted integration of this name", &anew.name),
    ] {
        play.tried(who, what, name, UNATTESTED);
    }
    Ok(())
}

/// Who may not, and what is no act.
async fn persons(play: &mut Play) -> Result<()> {
    let admin = play.office.admin.clone();
    let target = waits(play, attested(play, "persons")).await?;
    let acme = play.acme.tenant.clone();
    let subjects = json!([
        { "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "hostile-actors" },
        { "kind": "ServiceAccount", "name": "robot", "namespace": "default" },
    ]);
    for (name, rule) in [
        (
            "hostile-actors",
            json!({ "apiGroups": ["ringfence.dev"], "resources": ["attestations"], "verbs": ["create", "update", "delete"] }),
        ),
        (
            "hostile-robot",
            json!({ "apiGroups": ["ringfence.dev"], "resources": ["integrations"], "verbs": ["get", "update"] }),
        ),
    ] {
        let subjects = if name == "hostile-robot" { json!([subjects[1]]) } else { subjects.clone() };
        let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name }, "rules": [rule] });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name }, "subjects": subjects,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
        });
        for object in [role, binding] {
            manifests::apply(&admin, object).await?;
        }
    }
    let mallory = play.bed.impersonated("mallory@globex.example", &["hostile-actors"]).await?;
    let robot = "system:serviceaccount:default:robot";
    let robot_client =
        play.bed.impersonated(robot, &["system:serviceaccounts", "system:serviceaccounts:default"]).await?;
    let tina = play.tina.clone();
    let by = |play: &Play, act: &str, who: &str| {
        let text = if act == "Acknowledge" { &target.warning } else { &target.statement };
        let mut object = play.act(act, (&acme, &target.name, &target.uid), text);
        object["spec"]["by"] = who.into();
        object
    };
    let probe = by(play, "Acknowledge", "nobody");
    may(&mallory, || Ask::create(probe.clone()).dry()).await?;
    may(&robot_client, || Ask::create(probe.clone()).dry()).await?;
    for (act, does) in [("Acknowledge", "accepts the warning"), ("AttestCover", "attests cover")] {
        for (who, client, by_whom, what) in [
            ("a person without rights", &mallory, "mallory@globex.example", ""),
            ("a person without rights", &mallory, TINA, " in the admin's name"),
            ("a ServiceAccount", &robot_client, robot, ""),
            ("a ServiceAccount", &robot_client, TINA, " in the admin's name"),
            ("tenant's admin", &tina, "alice@ringwell.example", " in another's name"),
            ("system:masters", &admin, "bed:admin", ""),
        ] {
            let object = by(play, act, by_whom);
            play.refused((who, client), &format!("{does}{what}"), Ask::create(object), G11).await?;
        }
        for (what, at, to, says) in [
            (" without its text", "/textSHA256", Value::Null, "need spec.textSHA256"),
            (" by a hash in upper case", "/textSHA256", "A".repeat(64).into(), "spec.textSHA256 in body should match"),
            (" of a BAA", "/subjectRef/kind", "BAA".into(), "spec.subjectRef.kind must be Integration"),
            (
                " without a namespace",
                "/subjectRef/namespace",
                Value::Null,
                "spec.subjectRef.namespace is given for an Integration",
            ),
            (" without a UID", "/subjectRef/uid", Value::Null, "spec.subjectRef.uid: Required value"),
            (" of every UID", "/subjectRef/uid", "*".into(), "subjectRef.uid must be the UID of the object"),
            (
                " in the office of a privacy officer",
                "/capacity",
                "PrivacyOfficer".into(),
                "spec.capacity is for the act Withdraw",
            ),
        ] {
            let mut object = by(play, act, TINA);
            let (parent, key) = at.rsplit_once('/').context("a path")?;
            let parent =
                object.pointer_mut(&format!("/spec{parent}")).and_then(Value::as_object_mut).context("a parent")?;
            if to.is_null() {
                drop(parent.remove(key))
            } else {
                drop(parent.insert(key.into(), to))
            }
            play.refused(("tenant's admin", &tina), &format!("{does}{what}"), Ask::create(object), says).await?;
        }
    }
    let mut for_ever = by(play, "AttestCover", TINA);
    for_ever["spec"].as_object_mut().map(|s| s.remove("expirationTime"));
    let never = "spec.expirationTime is needed";
    play.refused(("tenant's admin", &tina), "attests cover for ever", Ask::create(for_ever), never).await?;
    let mut withdrawn = ours("Attestation", "hostile-kept", by(play, "Acknowledge", TINA)["spec"].clone());
    withdrawn["spec"]["textSHA256"] = "0".repeat(64).into();
    withdrawn["metadata"]["name"] = ringfence_e2e::tenant::unique("kept").into();
    let kept = record(play, withdrawn).await?;
    let at = format!("{ROOT}/attestations/{}", kept["metadata"]["name"].as_str().unwrap_or_default());
    let text = json!({ "spec": { "textSHA256": target.warning } });
    let never = "spec of an Attestation never changes";
    play.refused(("system:masters", &admin), "puts another text into what was accepted", Ask::merge(&at, text), never)
        .await?;
    play.refused(
        ("a person without rights", &mallory),
        "deletes what was accepted",
        Ask::delete(&at),
        "denied request: G12: ",
    )
    .await?;
    play.shut(&target.name, STALE);
    Ok(())
}
