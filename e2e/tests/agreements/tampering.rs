//! R05, R01, R51, S7: everybody who might tampers with agreements and acts. What is stored all the same has no effect.

use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use ringfence_e2e::{promise, scenario::seconds_from_now, tenant::unique, wait};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    attempts::{CARL, MALLORY, PIPELINE, Play, ROOT, TINA, act, at},
    office::{ALICE, BOB, Office, PLATFORM, about, agency, another_second, condition, draft, name_of, signature},
};

const P: &str = "a pipeline with */*";
const ADMIN: &str = "an administrator";
const OTHER: &str = "another clinic's signer";
const OURS: &str = "the platform's signer";
const CLINIC: &str = "the clinic's signer";
const OFFICER: &str = "a privacy officer";
const G11: &str = "denied request: G11: ";
const G12: &str = "denied request: G12: ";
const NEVER: &str = "spec of a BAA never changes";

#[tokio::test]
async fn tampering_is_refused_or_without_effect() -> Result<()> {
    promise("tampering", async |bed| {
        let office = Office::on(bed).await?;
        let mut play = Play::set(office).await?;
        let mut terminated = json!({ "act": "Terminate", "onBehalfOf": { "party": play.gone.tenant } });
        terminated["subjectRef"] = about("BAA", &play.baas[2]);
        let end = play.office.act(BOB, &play.baas[2], terminated).await?;
        play.gone.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
        crate::office::until(&play.gone, "it is locked", |v| crate::office::captured(v).is_empty()).await?;
        play.remember().await?;
        edits(&mut play).await?;
        statuses(&mut play).await?;
        deletions(&mut play).await?;
        signatures(&mut play).await?;
        relations(&mut play).await?;
        upstream(&mut play).await?;
        withdrawals(&mut play, &end).await?;
        terminations(&mut play).await?;
        objects(&mut play).await?;
        crowds(&mut play).await?;
        play.judge().await
    })
    .await
}

/// Fields of an agreement that is in force, by every way to write.
async fn edits(play: &mut Play) -> Result<()> {
    let live = play.baas[0].clone();
    let spec = |spec: Value| Ask::merge(at(&live), json!({ "spec": spec }));
    for (what, change) in [
        ("the party that discloses", json!({ "disclosing": { "party": "somebody" } })),
        ("the party that receives", json!({ "receiving": { "party": "somebody" } })),
        ("a legal name", json!({ "disclosing": { "legalName": "Somebody" } })),
        ("a role", json!({ "disclosing": { "role": "BusinessAssociate" } })),
        ("where information is", json!({ "receiving": { "location": "DE" } })),
        ("the signed text's hash", json!({ "document": { "sha256": "0".repeat(64) } })),
        ("the signed text's place", json!({ "document": { "uri": "s3://mine/baa.pdf" } })),
        ("services", json!({ "scope": { "services": ["call-tracking", "more"] } })),
        ("categories", json!({ "scope": { "phiCategories": ["VisitorSession"] } })),
        ("permitted uses", json!({ "permittedUses": ["ServiceDelivery", "AITraining"] })),
        ("restrictions", json!({ "restrictions": null })),
        ("notice clocks", json!({ "clocks": { "breachNoticeHours": 1 } })),
        ("its beginning", json!({ "term": { "effectiveTime": "2020-01-01T00:00:00Z" } })),
        ("its end", json!({ "term": { "expirationTime": seconds_from_now(30) } })),
        ("what it supersedes", json!({ "supersedesRef": { "name": "another" } })),
        ("what it amends", json!({ "amendsRef": { "name": "another" } })),
    ] {
        play.refused(P, &format!("edits {what} of a signed agreement"), spec(change), NEVER).await?;
    }
    let more = || json!({ "scope": { "phiCategories": ["VisitorSession"] } });
    play.refused(OTHER, "edits categories of a signed agreement", spec(more()), NEVER).await?;
    play.refused("sales", "edits categories, in a dry run", spec(more()).dry(), NEVER).await?;
    let replace = Ask::edit(at(&live), |o| o["spec"]["permittedUses"] = json!(["AITraining"]));
    play.refused(ADMIN, "replaces a signed agreement (kubectl replace)", replace, NEVER).await?;
    let patch = json!([{ "op": "add", "path": "/spec/scope/phiCategories/-", "value": "VisitorSession" }]);
    play.refused(P, "adds a category by JSON patch", Ask::json(at(&live), patch), NEVER).await?;
    let mut whole = draft(&name_of(&live), &play.open.tenant, PLATFORM)?;
    whole["spec"]["scope"]["phiCategories"] = json!(["VisitorSession"]);
    play.refused(P, "applies over it by force", Ask::apply(at(&live), whole.clone()), NEVER).await?;
    play.refused("system:masters", "applies over it by force", Ask::apply(at(&live), whole), NEVER).await?;
    play.refused(
        "the operator's token",
        "edits categories of a signed agreement",
        spec(more()),
        "cannot patch resource",
    )
    .await?;
    play.refused("the tenant's admin", "edits categories of a signed agreement", spec(more()), "cannot patch resource")
        .await?;
    let all = play.baas[1].clone();
    let half = Ask::merge(at(&all), json!({ "spec": { "scope": { "phiCategories": ["VisitorSession"] } } }));
    play.refused(P, "edits what one party has signed", half, NEVER).await
}

/// What is observed is written by Ringfence alone, and read by nobody who decides.
async fn statuses(play: &mut Play) -> Result<()> {
    let [open, half] = [play.baas[0].clone(), play.baas[1].clone()];
    let sub = |baa: &Value| format!("{}/status", at(baa));
    let said = |what: &str, status: &str| json!([{ "type": what, "status": status, "reason": "Mine", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" }]);
    let signatures = json!([{ "party": PLATFORM, "recordedBy": ALICE, "attestation": "none" }]);
    for (what, baa, status) in [
        ("its phase", &half, json!({ "phase": "Active" })),
        ("its signatures", &half, json!({ "signatures": signatures })),
        ("its condition InForce", &half, json!({ "conditions": said("InForce", "True") })),
        ("when it closes", &open, json!({ "closeTime": null })),
        ("that it may go (Releasable)", &open, json!({ "conditions": said("Releasable", "True") })),
        ("signatures off", &open, json!({ "signatures": null })),
    ] {
        play.refused(P, &format!("writes {what} into status"), Ask::merge(sub(baa), json!({ "status": status })), G12)
            .await?;
    }
    let put = Ask::edit(sub(&half), |o| o["status"]["phase"] = json!("Active"));
    play.refused("system:masters", "replaces status", put, G12).await?;
    let plan = format!("{ROOT}/healthcareplans/{}/status", play.shut.tenant);
    let unlocked = json!({ "status": { "conditions": said("PhiUnlocked", "True") } });
    play.refused(ADMIN, "unlocks a plan by its status", Ask::merge(plan, unlocked), G12).await?;
    let sneaked = Ask::merge(at(&half), json!({ "status": { "phase": "Active", "signatures": signatures } }));
    play.idle(P, "writes status through the object itself", sneaked).await?;
    let name = unique("filled");
    let mut filled = draft(&name, &play.shut.tenant, PLATFORM)?;
    filled["status"] = json!({ "phase": "Active", "signatures": signatures, "conditions": said("InForce", "True") });
    let stored = play.idle(P, "creates an agreement with its status filled in", Ask::create(filled)).await?;
    play.must("its status is left out", stored["status"]["phase"] != "Active", &stored);
    play.office.await_phase(&name, "Draft").await?;

    let forged = json!({ "phase": "Active", "signatures": signatures, "openTime": "2026-01-01T00:00:00Z", "conditions": said("InForce", "True") });
    let forged = Ask::edit(sub(&half), move |o| o["status"] = forged.clone());
    play.idle("the operator's token", "writes a half-signed agreement's status", forged).await?;
    play.office.await_phase(&name_of(&half), "PartiallySigned").await?;
    let text = play.open.document().await?.replace(&play.open.tenant, &play.shut.tenant);
    let flags = format!("/api/v1/namespaces/{}/configmaps/ringfence-flags", play.shut.tenant);
    let opened = json!({ "data": { "flags.flagd.json": text } });
    play.refused(
        P,
        "publishes an open document for a closed tenant",
        Ask::merge(&flags, opened.clone()),
        "denied request: G10: ",
    )
    .await?;
    play.idle(
        "the operator's token",
        "publishes an open document for a closed tenant",
        Ask::edit(&flags, move |o| o["data"] = opened["data"].clone()),
    )
    .await?;
    Ok(())
}

/// What is kept, and what a new object of an old name gets.
async fn deletions(play: &mut Play) -> Result<()> {
    let [open, half, gone] = play.baas.clone();
    let acts = Ask::get(format!("{ROOT}/attestations?fieldSelector=spec.subjectRef.name%3D{}", name_of(&open)));
    let acts = acts.done(&play.office.admin).await?["items"].clone();
    let signed = format!("{ROOT}/attestations/{}", name_of(&acts[0]));
    play.refused(P, "deletes an agreement in force", Ask::delete(at(&open)), G12).await?;
    play.refused(P, "deletes it, orphaning", Ask::delete(format!("{}?propagationPolicy=Orphan", at(&open))), G12)
        .await?;
    play.refused(P, "deletes a terminated agreement", Ask::delete(at(&gone)), G12).await?;
    let all = format!("{ROOT}/baas?labelSelector=tamper%3D{}", play.open.tenant);
    play.refused(ADMIN, "deletes all agreements of a label", Ask::delete(all), G12).await?;
    play.refused("the operator with */*", "deletes an agreement in force", Ask::delete(at(&open)), G12).await?;
    play.refused(
        "the operator's token",
        "deletes an agreement in force",
        Ask::delete(at(&open)),
        "cannot delete resource",
    )
    .await?;
    let mut again = draft(&name_of(&open), &play.open.tenant, PLATFORM)?;
    again["spec"]["permittedUses"] = json!(["AITraining"]);
    play.refused(P, "creates another of the same name", Ask::create(again), "already exists").await?;
    play.refused(P, "deletes a signature", Ask::delete(&signed), G12).await?;
    play.refused(CLINIC, "deletes a signature of their own", Ask::delete(&signed), "cannot delete resource").await?;
    let of = format!("{ROOT}/attestations?fieldSelector=spec.subjectRef.name%3D{}", name_of(&open));
    play.refused(ADMIN, "deletes all acts about an agreement", Ask::delete(of), G12).await?;
    let edit = Ask::merge(&signed, json!({ "spec": { "onBehalfOf": { "party": "somebody" } } }));
    play.refused(P, "edits a signature", edit, "spec of an Attestation never changes").await?;
    let edit = Ask::edit(&signed, |o| o["spec"]["by"] = json!(CARL));
    play.refused(ADMIN, "replaces a signature", edit, "spec of an Attestation never changes").await?;
    play.refused(
        P,
        "writes status of a signature",
        Ask::merge(format!("{signed}/status"), json!({ "status": {} })),
        "not found",
    )
    .await?;

    // The garbage collector asks for the deletion of what has lost its owner.
    let owner = json!([{ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "none", "uid": "0a1b2c3d-0000-4000-8000-000000000009" }]);
    let owned = |path: &str| Ask::merge(path, json!({ "metadata": { "ownerReferences": owner } }));
    play.idle(P, "gives a signature an owner that is gone", owned(&signed)).await?;
    play.idle(P, "gives an agreement an owner that is gone", owned(&at(&open))).await?;
    let there = async || play.read("Attestation", "attestations", &name_of(&acts[0])).await;
    wait::stays(Duration::from_secs(1), "the signature is there", there, |o| o["metadata"]["name"].is_string()).await?;
    let ours = json!({ "metadata": { "finalizers": ["ringfence.dev/mine"] } });
    play.refused(P, "puts a finalizer of Ringfence's on", Ask::merge(at(&half), ours), G12).await?;
    let labels = json!({ "metadata": { "labels": { "ringfence.dev/phase": "Terminated", "tamper": "other" }, "annotations": { "ringfence.dev/in-force": "false" } } });
    play.idle(P, "labels and annotates an agreement", Ask::merge(at(&open), labels)).await?;
    doomed(play).await?;
    remade(play).await
}

/// An agreement that is being deleted already when it is signed goes with its last finalizer.
async fn doomed(play: &mut Play) -> Result<()> {
    let name = unique("doomed");
    let mut baa = draft(&name, &name, PLATFORM)?;
    baa["metadata"]["finalizers"] = json!(["example.com/mine"]);
    let pipeline = play.person(P)?.clone();
    let filed = Ask::create(baa).done(&pipeline).await?;
    Ask::delete(at(&filed)).done(&pipeline).await?;
    play.office.sign(&filed).await?;
    play.office.await_phase(&name, "Active").await?;
    let off = || json!({ "metadata": { "finalizers": null } });
    play.refused(P, "lets go of an agreement that was signed after its deletion", Ask::merge(at(&filed), off()), G12)
        .await?;
    let json_patch = json!([{ "op": "remove", "path": "/metadata/finalizers/0" }]);
    play.refused(ADMIN, "lets go of it by JSON patch", Ask::json(at(&filed), json_patch), G12).await
}

/// A draft that one party has signed is deleted, and made again with other terms: nobody has signed those.
async fn remade(play: &mut Play) -> Result<()> {
    let (name, clinic) = (unique("remade"), play.shut.tenant.clone());
    let filed = play.office.file(draft(&name, &clinic, PLATFORM)?).await?;
    play.office.act(BOB, &filed, signature(&clinic)).await?;
    play.office
        .await_status(&name, "it may go", |s| {
            s["phase"] == "PartiallySigned" && condition(s, "Releasable")["status"] == "True"
        })
        .await?;
    Ask::delete(at(&filed)).done(&play.person(P)?.clone()).await?;
    let mut wide = draft(&name, &clinic, PLATFORM)?;
    wide["metadata"]["uid"] = filed["metadata"]["uid"].clone();
    wide["spec"]["permittedUses"] = json!(["ServiceDelivery", "AITraining"]);
    let again = play
        .idle(P, "deletes a half-signed agreement, and makes it again with its name and UID", Ask::create(wide))
        .await?;
    play.must("the API server gives UIDs", again["metadata"]["uid"] != filed["metadata"]["uid"], &again);
    let sign = act(ALICE, ("BAA", &again), signature(PLATFORM));
    play.idle(OURS, "signs the new one, of which the clinic signed the former", Ask::create(sign)).await?;
    let replay = act(MALLORY, ("BAA", &filed), signature(&clinic));
    play.idle(OTHER, "signs it for the clinic with the former's UID", Ask::create(replay)).await?;
    let status = play.office.await_phase(&name, "PartiallySigned").await?;
    play.must("both are named", status["ignored"].as_array().is_some_and(|i| i.len() == 2), &status);
    Ok(())
}

/// Signatures on an agreement that lacks the platform's.
async fn signatures(play: &mut Play) -> Result<()> {
    let half = play.baas[1].clone();
    let sign = |who: &str, spec: Value| Ask::create(act(who, ("BAA", &half), spec));
    let platform = || signature(PLATFORM);
    play.refused(ADMIN, "signs without being a signer", sign(CARL, platform()), G11).await?;
    play.refused(P, "signs, being a machine", sign(PIPELINE, platform()), G11).await?;
    play.refused("system:masters", "signs in nobody's name", sign("bed:admin", platform()), G11).await?;
    play.refused(
        "sales",
        "signs without being a signer",
        sign("sam@ringwell.example", platform()),
        "cannot create resource",
    )
    .await?;
    play.refused(OFFICER, "signs without being a signer", sign("priya@ringwell.example", platform()), G11).await?;
    play.refused("the tenant's admin", "signs", sign(TINA, platform()), "cannot create resource").await?;
    let operator = "system:serviceaccount:ringfence-system:ringfence-operator";
    play.refused("the operator's token", "signs", sign(operator, platform()), "cannot create resource").await?;
    play.refused("the operator with */*", "signs", sign(operator, platform()), G11).await?;
    play.refused(OTHER, "signs in the name of the platform's signer", sign(ALICE, platform()), G11).await?;
    play.refused(P, "signs in the name of the platform's signer", sign(ALICE, platform()), G11).await?;
    play.refused(
        ADMIN,
        "signs by apply with force",
        {
            let object = act(CARL, ("BAA", &half), platform());
            Ask::apply(format!("{ROOT}/attestations/{}", name_of(&object)), object)
        },
        G11,
    )
    .await?;
    play.refused(ADMIN, "signs in a dry run", sign(CARL, platform()).dry(), G11).await?;
    let without = |field: &str| {
        let mut spec = platform();
        spec.as_object_mut().map(|s| s.remove(field));
        spec
    };
    play.refused(OTHER, "signs without evidence", sign(MALLORY, without("evidence")), "needs spec.evidence").await?;
    play.refused(OTHER, "signs without saying which text", sign(MALLORY, without("textSHA256")), "needs spec.evidence")
        .await?;
    play.refused(OTHER, "signs without saying for whom", sign(MALLORY, without("onBehalfOf")), "needs spec.evidence")
        .await?;
    let mut plan = platform();
    plan["subjectRef"] = json!({ "kind": "HealthcarePlan", "name": name_of(&half), "uid": half["metadata"]["uid"] });
    play.refused(OTHER, "signs a plan", sign(MALLORY, plan), "must be BAA").await?;

    let mut text = platform();
    text["textSHA256"] = "0".repeat(64).into();
    play.idle(OTHER, "signs another text", sign(MALLORY, text)).await?;
    let mut replay = platform();
    replay["subjectRef"] = json!({ "kind": "BAA", "name": name_of(&half), "uid": play.baas[0]["metadata"]["uid"] });
    play.idle(OTHER, "signs with another agreement's UID", sign(MALLORY, replay)).await?;
    let mut crossed = platform();
    crossed["subjectRef"] = json!({ "kind": "BAA", "name": name_of(&play.baas[0]), "uid": half["metadata"]["uid"] });
    play.idle(OTHER, "signs with its UID under another agreement's name", sign(MALLORY, crossed)).await?;
    play.idle(OTHER, "signs for a party that is none", sign(MALLORY, signature(&unique("stranger")))).await?;
    let twice = signature(&play.shut.tenant);
    play.idle(OTHER, "signs for the party that has signed", sign(MALLORY, twice.clone())).await?;
    let mut early = act(MALLORY, ("BAA", &half), twice);
    early["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z".into();
    let stored = play.idle(OTHER, "backdates a signature by its creationTimestamp", Ask::create(early)).await?;
    let created = stored["metadata"]["creationTimestamp"].as_str();
    play.must("the API server dates it", created.is_some_and(|t| !t.starts_with("2020")), &stored);
    let mut generated = act(MALLORY, ("BAA", &half), signature(&unique("stranger")));
    generated["metadata"] = json!({ "generateName": format!("{}-", name_of(&half)) });
    play.idle(OTHER, "signs under a generated name like the agreement's", Ask::create(generated)).await?;
    let mut named = act(MALLORY, ("BAA", &half), signature(&unique("stranger")));
    named["metadata"]["name"] = name_of(&half).into();
    play.idle(OTHER, "signs under the agreement's own name", Ask::create(named.clone())).await?;
    named["metadata"]["generateName"] = "tamper-".into();
    play.refused(OTHER, "signs again under a name that is taken", Ask::create(named), "already exists").await?;
    one_person(play).await
}

/// One person for both parties.
async fn one_person(play: &mut Play) -> Result<()> {
    let clinic = play.shut.tenant.clone();
    for (what, field) in [
        ("two envelopes", "envelopeID"),
        ("two services' envelopes", "provider"),
        ("two certificates", "certificateSHA256"),
    ] {
        let filed = play.office.file(draft(&unique("alone"), &clinic, PLATFORM)?).await?;
        let mut second = signature(PLATFORM);
        let first = signature(&clinic);
        second["evidence"] = first["evidence"].clone();
        second["evidence"][field] = if field == "provider" { "another".into() } else { "1".repeat(64).into() };
        Ask::create(act(MALLORY, ("BAA", &filed), first)).done(&play.person(OTHER)?.clone()).await?;
        let ask = Ask::create(act(MALLORY, ("BAA", &filed), second));
        play.idle(OTHER, &format!("signs for both parties in {what}"), ask).await?;
    }
    Ok(())
}

/// What one agreement says of another.
async fn relations(play: &mut Play) -> Result<()> {
    let (open, shut, globex) = (play.open.tenant.clone(), play.shut.tenant.clone(), unique("globex"));
    let related = |clinic: &str, field: &str, target: &str, categories: Value| -> Result<Value> {
        let mut baa = draft(&unique("related"), clinic, PLATFORM)?;
        baa["spec"][field] = json!({ "name": target });
        baa["spec"]["scope"]["phiCategories"] = categories;
        Ok(baa)
    };
    let (wide, narrow) = (
        json!(["CallerID", "Recording", "Transcript", "Message", "Form", "VisitorSession", "Attribution"]),
        json!(["CallerID"]),
    );
    for (field, what) in [("supersedesRef", "supersedes"), ("amendsRef", "amends")] {
        for (terms, how) in [(&wide, "widen"), (&narrow, "close")] {
            let filed = play.office.file(related(&globex, field, &open, terms.clone())?).await?;
            Ask::create(act(ALICE, ("BAA", &filed), signature(PLATFORM))).done(&play.person(OURS)?.clone()).await?;
            let last = Ask::create(act(MALLORY, ("BAA", &filed), signature(&globex)));
            play.idle(OTHER, &format!("{what} somebody else's agreement to {how} it, both signed"), last).await?;
            let status =
                play.office.await_status(&name_of(&filed), "it says so", |s| s["ignored"][0].is_string()).await?;
            let said = status["ignored"][0].as_str().is_some_and(|i| i.contains("between other parties"));
            play.must("status says why it has no effect", said, &status);
        }
        play.idle(
            P,
            &format!("{what} a clinic's agreement to close it, nobody signed"),
            Ask::create(related(&open, field, &open, narrow.clone())?),
        )
        .await?;
    }
    let widens = play.office.file(related(&open, "amendsRef", &open, wide.clone())?).await?;
    let one = Ask::create(act(BOB, ("BAA", &widens), signature(&open)));
    play.idle(CLINIC, "widens by an amendment that one party has signed", one).await?;
    let succeeds = play.office.file(related(&open, "supersedesRef", &open, narrow)?).await?;
    let one = Ask::create(act(MALLORY, ("BAA", &succeeds), signature(&open)));
    play.idle(OTHER, "takes an agreement's place by one that one party has signed", one).await?;
    let mut past = draft(&unique("past"), &shut, PLATFORM)?;
    past["spec"]["term"]["effectiveTime"] = "2020-01-01T00:00:00Z".into();
    play.idle(P, "backdates an agreement that nobody has signed", Ask::create(past)).await?;
    for (what, time) in [("zone", "2026-01-01T00:00:00+99:99"), ("fraction", "2026-01-01T00:00:00.0123456789Z")] {
        let mut odd = draft(&unique("odd"), &open, PLATFORM)?;
        odd["spec"]["term"]["effectiveTime"] = time.into();
        play.refused(
            P,
            &format!("files a moment with an unreadable {what}"),
            Ask::create(odd),
            "spec.term.effectiveTime",
        )
        .await?;
    }
    let mut late = draft(&unique("late"), &open, PLATFORM)?;
    late["spec"]["term"]["expirationTime"] = "9999-12-31T23:59:59Z".into();
    play.refused("sales", "files an end beyond the calendar", Ask::create(late), "before the year 9000").await?;
    let own = unique("own");
    let mut itself = draft(&own, &open, PLATFORM)?;
    itself["spec"]["supersedesRef"] = json!({ "name": own });
    play.refused(P, "files an agreement that supersedes itself", Ask::create(itself), "must name another BAA").await?;
    // Each says that it takes the other's place; both are half signed.
    let [a, b] = [unique("round"), unique("round")];
    for (name, other) in [(&a, &b), (&b, &a)] {
        let mut baa = related(&open, "supersedesRef", other, wide.clone())?;
        baa["metadata"]["name"] = name.as_str().into();
        let filed = Ask::create(baa).done(&play.person(P)?.clone()).await?;
        Ask::create(act(MALLORY, ("BAA", &filed), signature(&open))).done(&play.person(OTHER)?.clone()).await?;
    }
    play.idle_all(OTHER, "signs two agreements that supersede each other", None).await
}

/// Paths through agencies that are none.
async fn upstream(play: &mut Play) -> Result<()> {
    let (shut, globex, third) = (play.shut.tenant.clone(), unique("globex"), unique("third"));
    let upper = play.office.agree(draft(&unique("upper"), &shut, &third)?).await?;
    let filed = play
        .office
        .file(agency(&unique("lower"), &globex, PLATFORM, &[&name_of(&upper), &name_of(&play.baas[1])])?)
        .await?;
    Ask::create(act(ALICE, ("BAA", &filed), signature(PLATFORM))).done(&play.person(OURS)?.clone()).await?;
    let last = Ask::create(act(MALLORY, ("BAA", &filed), signature(&globex)));
    play.idle(OTHER, "signs an agency's agreement that names a clinic's with another agency", last).await?;
    let attest = |who: &str, baa: &Value, agent: &str, entity: &str| {
        act(
            who,
            ("BAA", baa),
            json!({ "act": "AttestUpstream", "onBehalfOf": { "party": agent }, "coveredEntity": { "party": entity } }),
        )
    };
    play.refused(
        ADMIN,
        "attests an agreement above without being a signer",
        Ask::create(attest(CARL, &filed, &globex, &shut)),
        G11,
    )
    .await?;
    play.refused(
        P,
        "attests an agreement above, being a machine",
        Ask::create(attest(PIPELINE, &filed, &globex, &shut)),
        G11,
    )
    .await?;
    play.refused(
        OFFICER,
        "attests an agreement above without being a signer",
        Ask::create(attest("priya@ringwell.example", &filed, &globex, &shut)),
        G11,
    )
    .await?;
    play.refused(
        OTHER,
        "attests in the name of the platform's signer",
        Ask::create(attest(ALICE, &filed, &globex, &shut)),
        G11,
    )
    .await?;
    play.refused(
        OTHER,
        "attests an agreement of itself",
        Ask::create(attest(MALLORY, &filed, &shut, &shut)),
        "is not spec.coveredEntity itself",
    )
    .await?;
    let mut nobody = attest(MALLORY, &filed, &globex, &shut);
    nobody["spec"].as_object_mut().map(|s| s.remove("coveredEntity"));
    play.refused(OTHER, "attests an agreement of nobody", Ask::create(nobody), "spec.coveredEntity").await?;
    play.idle(OTHER, "attests for a party that does not disclose", Ask::create(attest(MALLORY, &filed, &third, &shut)))
        .await?;
    let direct = play.baas[0].clone();
    play.idle(OTHER, "attests above a clinic's own agreement", Ask::create(attest(MALLORY, &direct, &globex, &shut)))
        .await?;
    let half = play.baas[1].clone();
    play.idle(OTHER, "attests above a half-signed agreement", Ask::create(attest(MALLORY, &half, &globex, &shut)))
        .await?;
    let mut lapsed = attest(MALLORY, &filed, &globex, &shut);
    lapsed["spec"]["expirationTime"] = seconds_from_now(-3600).into();
    play.idle(OTHER, "attests until yesterday", Ask::create(lapsed)).await?;
    let mut replay = attest(MALLORY, &filed, &globex, &shut);
    replay["spec"]["subjectRef"]["uid"] = half["metadata"]["uid"].clone();
    play.idle(OTHER, "attests with another agreement's UID", Ask::create(replay)).await?;
    let mut odd = attest(MALLORY, &play.baas[0].clone(), &globex, &shut);
    odd["spec"]["expirationTime"] = "2030-01-01T00:00:00+99:99".into();
    play.refused(
        OTHER,
        "attests until an unreadable moment above a clinic's agreement",
        Ask::create(odd),
        "spec.expirationTime",
    )
    .await
}

/// What is taken back, and by whom.
async fn withdrawals(play: &mut Play, end: &Value) -> Result<()> {
    let (open, half, shut) = (play.baas[0].clone(), play.baas[1].clone(), play.shut.tenant.clone());
    let list = Ask::get(format!("{ROOT}/attestations?fieldSelector=spec.subjectRef.name%3D{}", name_of(&open)));
    let list = list.done(&play.office.admin).await?["items"].as_array().cloned().unwrap_or_default();
    let of = |who: &str| {
        list.iter().find(|a| a["spec"]["by"] == who && a["spec"]["act"] == "Sign").cloned().unwrap_or_default()
    };
    let back = |who: &str, what: &Value, officer: bool| {
        let capacity = if officer { json!("PrivacyOfficer") } else { Value::Null };
        let mut object = act(who, ("Attestation", what), json!({ "act": "Withdraw" }));
        if officer {
            object["spec"]["capacity"] = capacity;
        }
        Ask::create(object)
    };
    play.refused(OTHER, "takes an act back as a privacy officer, and is none", back(MALLORY, &of(BOB), true), G11)
        .await?;
    play.refused(P, "takes an act back as a privacy officer, and is none", back(PIPELINE, &of(BOB), true), G11).await?;
    play.refused(OTHER, "takes an act back in the name of who did it", back(BOB, &of(BOB), false), G11).await?;
    play.idle(OTHER, "takes back somebody else's signature", back(MALLORY, &of(BOB), false)).await?;
    play.idle(CLINIC, "takes their signature back after both had signed", back(BOB, &of(BOB), false)).await?;
    play.idle(
        OFFICER,
        "takes back a signature after both had signed",
        back("priya@ringwell.example", &of(ALICE), true),
    )
    .await?;
    play.idle(CLINIC, "takes a termination back after it took effect", back(BOB, end, false)).await?;
    play.idle(OFFICER, "takes a termination back after it took effect", back("priya@ringwell.example", end, true))
        .await?;
    let mut misnamed = act(BOB, ("Attestation", end), json!({ "act": "Withdraw" }));
    misnamed["spec"]["subjectRef"]["name"] = name_of(&play.baas[2]).into();
    play.idle(CLINIC, "takes a termination back under the agreement's name", Ask::create(misnamed)).await?;
    let mut subject = act(MALLORY, ("BAA", &open), json!({ "act": "Withdraw" }));
    subject["spec"]["subjectRef"] = about("BAA", &open);
    play.refused(OTHER, "takes an agreement back", Ask::create(subject), "about an Attestation").await?;

    let half_acts = Ask::get(format!("{ROOT}/attestations?fieldSelector=spec.subjectRef.name%3D{}", name_of(&half)));
    let half_acts = half_acts.done(&play.office.admin).await?["items"].clone();
    let first =
        half_acts.as_array().into_iter().flatten().find(|a| a["spec"]["by"] == BOB).cloned().unwrap_or_default();
    play.idle(OTHER, "takes back the clinic's signature before the platform's", back(MALLORY, &first, false)).await?;
    let signed = play.office.await_phase(&name_of(&half), "PartiallySigned").await?["signatures"].to_string();
    play.must("the signature is still there", signed.contains(&name_of(&first)), &json!(signed));

    // Signed, taken back, the taking back taken back, and then signed by the other.
    let filed = play.office.file(draft(&unique("taken"), &shut, PLATFORM)?).await?;
    let one = play.office.act(ALICE, &filed, signature(PLATFORM)).await?;
    let taken = play.office.withdraw(&one).await?;
    play.office.act(ALICE, &taken, json!({ "act": "Withdraw", "subjectRef": about("Attestation", &taken) })).await?;
    another_second().await?;
    let other = Ask::create(act(BOB, ("BAA", &filed), signature(&shut)));
    play.idle(CLINIC, "signs after the platform had taken its signature back", other).await?;
    Ok(())
}

/// Terminations by those who are no party.
async fn terminations(play: &mut Play) -> Result<()> {
    let (open, clinic, globex) = (play.baas[0].clone(), play.open.tenant.clone(), unique("globex"));
    let ends = |who: &str, party: &str, when: Value| {
        let mut object = act(who, ("BAA", &open), json!({ "act": "Terminate", "onBehalfOf": { "party": party } }));
        if !when.is_null() {
            object["spec"]["effectiveTime"] = when;
        }
        object
    };
    let at_once = || Value::Null;
    play.refused(ADMIN, "terminates without being a signer", Ask::create(ends(CARL, &clinic, at_once())), G11).await?;
    play.refused(P, "terminates, being a machine", Ask::create(ends(PIPELINE, &clinic, at_once())), G11).await?;
    play.refused(
        OFFICER,
        "terminates without being a signer",
        Ask::create(ends("priya@ringwell.example", &clinic, at_once())),
        G11,
    )
    .await?;
    play.refused(
        OTHER,
        "terminates in the name of the clinic's signer",
        Ask::create(ends(BOB, &clinic, at_once())),
        G11,
    )
    .await?;
    let mut nobody = ends(MALLORY, &clinic, at_once());
    nobody["spec"].as_object_mut().map(|s| s.remove("onBehalfOf"));
    play.refused(OTHER, "terminates for nobody", Ask::create(nobody), "needs spec.onBehalfOf").await?;
    play.refused(
        OTHER,
        "terminates at an unreadable moment",
        Ask::create(ends(MALLORY, &globex, json!("2030-01-01T00:00:00+99:99"))),
        "spec.effectiveTime",
    )
    .await?;
    play.refused(
        OTHER,
        "terminates beyond the calendar",
        Ask::create(ends(MALLORY, &globex, json!("9999-12-31T00:00:00Z"))),
        "before the year 9000",
    )
    .await?;
    play.idle(OTHER, "terminates for a party that is none", Ask::create(ends(MALLORY, &globex, at_once()))).await?;
    play.idle(
        OTHER,
        "freezes by a termination in a year, for a party that is none",
        Ask::create(ends(MALLORY, &globex, seconds_from_now(31_536_000).into())),
    )
    .await?;
    let mut replay = ends(MALLORY, &clinic, at_once());
    replay["spec"]["subjectRef"]["uid"] = play.baas[1]["metadata"]["uid"].clone();
    play.idle(OTHER, "terminates with another agreement's UID", Ask::create(replay)).await?;
    play.idle(CLINIC, "terminates in a dry run", Ask::create(ends(BOB, &clinic, at_once())).dry()).await?;
    let status = play.office.await_phase(&name_of(&open), "Active").await?;
    play.must("nothing ends it", status["closeTime"].is_null(), &status);
    Ok(())
}

/// Acts about other things of an agreement's name, and who signs.
async fn objects(play: &mut Play) -> Result<()> {
    let open = play.baas[0].clone();
    let until = |time: &str| {
        let mut object = act(
            CARL,
            ("BAA", &open),
            json!({ "act": "AttestCover", "expirationTime": time, "textSHA256": crate::office::TEXT }),
        );
        object["spec"]["subjectRef"] = json!({ "kind": "Integration", "namespace": "default", "name": name_of(&open), "uid": open["metadata"]["uid"] });
        object
    };
    play.idle(
        ADMIN,
        "attests cover of an integration of the agreement's name",
        Ask::create(until("2030-01-01T00:00:00Z")),
    )
    .await?;
    play.refused(
        ADMIN,
        "attests cover until an unreadable moment",
        Ask::create(until("2030-01-01T00:00:00+99:99")),
        "spec.expirationTime",
    )
    .await?;
    let config = format!("{ROOT}/ringfenceconfigs/cluster");
    let groups = json!({ "spec": { "groups": { "signers": ["tamper-admins", "system:serviceaccounts:tamper-ci"] } } });
    play.refused(P, "makes itself a signer", Ask::merge(&config, groups.clone()), G11).await?;
    play.refused(ADMIN, "makes their group a signer", Ask::merge(&config, groups), G11).await?;
    let party = json!({ "spec": { "platformParty": "globex" } });
    play.refused(P, "names another party the platform", Ask::merge(&config, party), G11).await?;
    let flags = format!("/api/v1/namespaces/{}/configmaps/ringfence-flags", play.open.tenant);
    play.refused(ADMIN, "deletes the flag document", Ask::delete(flags), "denied request: G10: ").await
}

/// What nobody has signed, in numbers.
async fn crowds(play: &mut Play) -> Result<()> {
    let open = play.open.tenant.clone();
    let file = async |play: &Play, count: usize, change: &dyn Fn(usize, &mut Value)| -> Result<()> {
        let pipeline = play.person(P)?.clone();
        let mut asks = vec![];
        for n in 0..count {
            let mut baa = draft(&unique("crowd"), &open, PLATFORM)?;
            change(n, &mut baa);
            asks.push(Ask::create(baa));
        }
        for some in asks.chunks(16) {
            try_join_all(some.iter().map(async |ask| match ask.send(&pipeline, &pipeline).await? {
                Answer::Passed(_) => Ok(()),
                other => anyhow::bail!("{other:?}"),
            }))
            .await?;
        }
        Ok(())
    };
    let target = open.clone();
    file(play, 80, &|n, baa| {
        baa["spec"]["amendsRef"] = json!({ "name": target });
        baa["spec"]["term"]["expirationTime"] = seconds_from_now(120 + n as i64).into();
    })
    .await?;
    play.idle_all(P, "files 80 unsigned amendments, each with an end of its own within minutes", None).await?;
    file(play, 260, &|_, _| ()).await?;
    play.idle_all(P, "files 260 unsigned agreements of a clinic with the platform", None).await
}
