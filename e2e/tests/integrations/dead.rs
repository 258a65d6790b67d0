//! R29: with nobody running the flag falls back to links at the end of the cover, by the document's own clock; the way out that still stands is closed
//! first at the restart.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    Bed, Options, operator,
    promise::explained,
    scenario::{Scenario, seconds_from_now},
    wait::{self, Look},
};
use serde_json::json;

use crate::{
    desk::{acknowledge, await_all, flag, make, platform_sends, push, tina, ways, with_vendor},
    office::{Office, open},
};

#[tokio::test]
async fn with_nobody_running_an_integration_falls_back_to_links() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(Options::default()).await?));
    explained(bed, "integrations_dead", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let first = bed.start_operator("first", &[]).await?;
    first.ready().await?;
    let office = Office { bed, admin: bed.admin().await? };
    let tina = tina(bed).await?;
    let story = Scenario::new(bed, "dead", |_| ()).await?;
    story.unlock(1).await?;
    open(&story).await?;
    let end = seconds_from_now(25);
    let mut terms = with_vendor("vendor-2026", "vendor")?;
    terms["spec"]["term"]["expirationTime"] = end.as_str().into();
    office.agree(terms).await?;
    let mut object = push("crm", &story.tenant, "vendor");
    object["spec"]["cover"] = json!({ "baaRef": { "name": "vendor-2026" } });
    make(&tina, object).await?;
    acknowledge(&tina, &story.tenant, "crm").await?;
    await_all(&story, &[("crm".into(), "full")]).await?;
    let stored = story.document().await?;
    let (by, fields) = platform_sends(&story, &stored, "crm").await?;
    ensure!(by == "the tenant's pods" && fields.contains("caller_number"), "{by}: {fields:?}");
    first.server().kill();
    let end: jiff::Timestamp = end.parse()?;
    ensure!(jiff::Timestamp::now() < end, "the machine is too slow");
    wait::until("both engines say links alone", async || {
        let values = crate::office::judged(stored.clone()).await?;
        let said = values.get(&flag("crm")).cloned().unwrap_or_default();
        let over = jiff::Timestamp::now() >= end;
        ensure!(over || said == "full", "not before the end: {said}");
        Ok(if said == "link-only" { Look::Done(()) } else { Look::Not(said.to_string()) })
    })
    .await?;
    ensure!(story.document().await? == stored, "nobody wrote it anew");
    let (by, fields) = platform_sends(&story, &stored, "crm").await?;
    ensure!(
        by == "the platform" && !fields.contains("caller_number"),
        "a link alone, by the platform: {by}: {fields:?}"
    );
    ensure!(ways(&story).await?.contains("crm"), "the way out has no clock: the docs say so");

    let mark = bed.audit().mark()?;
    let second = bed.start_operator("second", &[]).await?;
    second.ready().await?;
    await_all(&story, &[("crm".into(), "link-only")]).await?;
    let mine = bed.audit().after(mark).service_account(operator::NAMESPACE, operator::ACCOUNT).writes().succeeded();
    let mine = mine.filter(|e| e.object_ref.namespace == story.tenant).events()?;
    let brief: Vec<_> = mine.iter().map(ringfence_e2e::audit::ApiEvent::brief).collect();
    let close = mine.iter().position(|e| e.verb == "delete" && e.object_ref.name == "ringfence-integration-crm");
    let close = close.context("the way out was closed")?;
    ensure!(mine[..close].iter().all(|e| e.object_ref.name == "ringfence-flags"), "first of all: {brief:?}");
    Ok(())
}
