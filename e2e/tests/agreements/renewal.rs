//! R01, R51: a renewal before the end leaves no gap; one after it leaves a gap with two ends in status.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use ringfence_e2e::{
    evaluators::{by, evaluate},
    promise,
    scenario::seconds_from_now,
    tenant::unique,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::office::{Office, PLATFORM, captured, condition, draft, entities, moment, open, until};

/// An agreement that ends in `seconds`, with everything open under it.
async fn ending(
    office: &Office,
    stem: &str,
    seconds: i64,
) -> Result<(ringfence_e2e::scenario::Scenario, Value, Timestamp)> {
    let story = office.tenant(stem, &unique("vendor")).await?;
    story.inventory(1).await?;
    let mut baa = draft(&story.tenant, &story.tenant, PLATFORM)?;
    baa["spec"]["term"]["expirationTime"] = seconds_from_now(seconds).into();
    let end = moment(&baa["spec"]["term"]["expirationTime"])?;
    office.agree(baa.clone()).await?;
    story.plan(1).await?;
    open(&story).await?;
    Ok((story, baa, end))
}

/// One that takes its place from `effective` on, without an end.
fn successor(baa: &Value, effective: &Value) -> (String, Value) {
    let mut next = baa.clone();
    let name = format!("next-{}", baa["metadata"]["name"].as_str().unwrap_or_default());
    next["metadata"]["name"] = name.as_str().into();
    next["spec"]["supersedesRef"] = json!({ "name": baa["metadata"]["name"] });
    next["spec"]["term"] = json!({ "effectiveTime": effective });
    (name, next)
}

#[tokio::test]
async fn a_renewal_before_the_end_is_never_closed_in_between() -> Result<()> {
    promise("a_renewal_before_the_end", async |bed| {
        let office = Office::on(bed).await?;
        let (story, baa, end) = ending(&office, "renewed", 45).await?;
        let (name, next) = successor(&baa, &baa["spec"]["term"]["expirationTime"]);
        let filed = office.file(next).await?;
        // Signed at the last moment: the document's windows end with the agreement, and its lease is far from half.
        wait::until("shortly before the end", async || {
            let left = end.duration_since(Timestamp::now()).as_secs_f64();
            Ok(if left < 8.0 { Look::Done(()) } else { Look::Not(format!("{left} s")) })
        })
        .await?;
        ensure!(Timestamp::now() < end, "the machine was too slow to renew in time");
        office.sign(&filed).await?;
        let (mut looks, until) = (0, end.checked_add(jiff::SignedDuration::from_secs(4))?);
        let closed = wait::until("four seconds after the end", async || {
            let values = by("flageval", &story.document().await?)?;
            looks += 1;
            if captured(&values).len() != 7 || !entities(&values).contains(&story.tenant) {
                return Ok(Look::Done(Some(format!(
                    "{} s after the end",
                    Timestamp::now().duration_since(end).as_secs_f64()
                ))));
            }
            Ok(if Timestamp::now() > until { Look::Done(None) } else { Look::Not(String::new()) })
        })
        .await?;
        println!("{looks} looks across the end, closed: {closed:?}");
        ensure!(closed.is_none(), "closed {closed:?}");
        ensure!(captured(&evaluate(&story.document().await?)?).len() == 7, "by both engines");
        office.await_phase(&story.tenant, "Superseded").await?;
        let status = office.await_phase(&name, "Active").await?;
        ensure!(status["gap"].is_null() && condition(&status, "GapFound")["status"] == "False", "{status}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_renewal_after_the_end_has_a_gap_with_two_ends() -> Result<()> {
    promise("a_renewal_after_the_end", async |bed| {
        let office = Office::on(bed).await?;
        let (story, baa, end) = ending(&office, "late", 40).await?;
        story.await_condition("PhiUnlocked", "False", "AgreementExpired").await?;
        until(&story, "it is locked", |v| captured(v).is_empty()).await?;
        let (name, next) = successor(&baa, &baa["spec"]["term"]["effectiveTime"]);
        // Moments of signatures are whole seconds: what is signed in the second of the end leaves no gap.
        wait::until("another second", async || {
            let past = Timestamp::now().duration_since(end).as_secs_f64();
            Ok(if past > 2.0 { Look::Done(()) } else { Look::Not(format!("{past} s")) })
        })
        .await?;
        office.agree(next).await?;
        open(&story).await?;
        let status = office.await_phase(&name, "Active").await?;
        ensure!(condition(&status, "GapFound")["status"] == "True", "{status}");
        let gap = (moment(&status["gap"]["from"])?, moment(&status["gap"]["until"])?);
        let opened = moment(&status["openTime"]).context("openTime")?;
        ensure!(gap == (end, opened) && opened > end, "{status}");
        println!("a gap of {:?}", Duration::try_from(gap.1.duration_since(gap.0))?);
        Ok(())
    })
    .await
}
