//! R15, R16, R18, R20, R28: settings are the stricter of class and plan; below that only what a person has accepted counts.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, scenario::Scenario};
use serde_json::json;

#[tokio::test]
async fn alerts_show_the_number_only_at_guide_with_an_accepted_risk() -> Result<()> {
    promise("alerts_show_the_number_only_at_guide", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "guide", |class| class["floors"]["alerts"] = json!("Guide")).await?;
        story.inventory(1).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        story.plan_with(1, |spec| spec["features"]["alerts"] = json!("Guide")).await?;
        story.await_open().await?;
        let flags = story.flags().await?;
        ensure!(
            flags["notify.form-alert.fields"] == "none" && flags["notify.text.fields"] == "none",
            "no AcceptRisk: Strict"
        );
        let notes = story.read_plan().await?.data["status"]["effective"].to_string();
        ensure!(notes.contains("AcceptRisk"), "status says why: {notes}");
        story.accept_risk("alerts.guide", 25).await?;
        let flags = story.await_flag("notify.form-alert.fields", json!("telephone-only")).await?;
        ensure!(flags["notify.text.fields"] == "telephone-only" && flags["notify.text.message-body.allowed"] == false);
        story.await_flag("notify.form-alert.fields", json!("none")).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_plan_is_never_looser_than_its_class() -> Result<()> {
    promise("a_plan_is_never_looser_than_its_class", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "floors", |class| {
            class["floors"] = json!({ "alerts": "Strict", "maxSessionIdleMinutes": 15, "mfa": "Required" });
        })
        .await?;
        story.inventory(1).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        let loose = json!({ "alerts": "Guide", "maxSessionIdleMinutes": 30, "mfa": "Recommended" });
        story.plan_with(1, |spec| spec["features"] = loose).await?;
        story.await_open().await?;
        story.accept_risk("alerts.guide", 600).await?;
        let flags = story.flags().await?;
        ensure!(flags["session.idle-timeout-minutes"] == 15 && flags["auth.mfa.mode"] == "required", "{flags:?}");
        ensure!(flags["notify.form-alert.fields"] == "none");
        let effective = story.read_plan().await?.data["status"]["effective"].clone();
        ensure!(
            effective["maxSessionIdleMinutes"] == 15 && effective["notes"].as_array().is_some_and(|n| n.len() == 3),
            "{effective}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn redaction_is_always_offered_and_off_only_for_an_accepted_risk() -> Result<()> {
    promise("redaction_is_off_only_for_an_accepted_risk", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "redaction", |_| ()).await?;
        story.inventory(1).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        story.plan_with(1, |spec| spec["features"] = json!({ "redaction": "Disabled" })).await?;
        story.await_open().await?;
        ensure!(story.flags().await?["redaction.enabled"] == true, "Disabled without AcceptRisk is on");
        story.accept_risk("redaction.disabled", 600).await?;
        let flags = story.await_flag("redaction.enabled", json!(false)).await?;
        ensure!(flags["redaction.offered"] == true);
        let shown = story.read_plan().await?.data["status"]["effective"]["redaction"].clone();
        ensure!(shown == "Disabled", "off is shown: {shown}");
        for features in [json!({ "redaction": "Enabled" }), json!({ "redaction": null })] {
            story.change_plan(json!({ "features": features })).await?;
            story.await_flag("redaction.enabled", json!(true)).await?;
        }
        Ok(())
    })
    .await
}
