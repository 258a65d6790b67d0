//! R01, S12: when an agreement ends or is terminated, the restrictive document is stored within 5 s, never early.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{audit::Mark, promise, scenario::Scenario};

/// When the first document without anything open was stored after `mark`.
fn closed_at(story: &Scenario, mark: Mark) -> Result<jiff::Timestamp> {
    let writes = story.writes(mark)?;
    let closing = writes.iter().find(|w| {
        w.object_ref.resource == "configmaps"
            && w.code() < 300
            && !w.request_object.to_string().contains("leaseIssuedAt")
    });
    Ok(closing.context("no restrictive document was written")?.stage_timestamp)
}

#[tokio::test]
async fn an_agreement_that_ends_locks_at_its_moment() -> Result<()> {
    promise("an_agreement_that_ends_locks_at_its_moment", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "end", |_| ()).await?;
        story.inventory(1).await?;
        let baa = story.agreement(-60, Some(25)).await?;
        story.sign().await?;
        story.plan(1).await?;
        story.await_open().await?;
        let mark = bed.audit().mark()?;
        story.await_condition("PhiUnlocked", "False", "AgreementExpired").await?;
        let end: jiff::Timestamp = baa.data["spec"]["term"]["expirationTime"].as_str().context("an end")?.parse()?;
        let late = closed_at(&story, mark)?.duration_since(end).as_secs_f64();
        println!("agreement end to restrictive document stored: {late:.3} s");
        ensure!((0.0..=5.0).contains(&late), "{late} s");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_termination_and_a_suspension_lock_within_five_seconds() -> Result<()> {
    promise("a_termination_locks", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "terminate", |_| ()).await?;
        story.unlock(1).await?;

        let (mark, asked) = (bed.audit().mark()?, jiff::Timestamp::now());
        story.change_plan(serde_json::json!({ "state": "Suspended" })).await?;
        story.await_condition("PhiUnlocked", "False", "Suspended").await?;
        let suspended = closed_at(&story, mark)?.duration_since(asked).as_secs_f64();
        story.change_plan(serde_json::json!({ "state": "Active" })).await?;
        story.await_open().await?;

        let (mark, asked) = (bed.audit().mark()?, jiff::Timestamp::now());
        story.terminate().await?;
        story.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
        let terminated = closed_at(&story, mark)?.duration_since(asked).as_secs_f64();
        println!("to restrictive document stored: suspended {suspended:.3} s, terminated {terminated:.3} s");
        ensure!(suspended <= 5.0 && terminated <= 5.0);
        Ok(())
    })
    .await
}
