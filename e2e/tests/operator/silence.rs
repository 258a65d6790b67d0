//! R37, S14: what people write into objects, and what the key service answers, is in no log, event, metric or status.

use anyhow::{Result, ensure};
use k8s_openapi::api::events::v1::Event;
use kube::{Api, api::ListParams};
use ringfence_e2e::{
    promise,
    scenario::{CANARY, Scenario},
};

#[tokio::test]
async fn nothing_of_a_person_and_no_token_is_told_on() -> Result<()> {
    promise("nothing_of_a_person_is_told_on", async |bed| {
        let operator = bed.operator().await?;
        operator.ready().await?;
        let story = Scenario::new(bed, "canary", |_| ()).await?;
        story.inventory(1).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        story.plan(1).await?;
        story.await_open().await?;
        story.terminate().await?;
        story.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
        let log = std::fs::read_to_string(operator.server().log())?;
        let events: Api<Event> = Api::all(story.admin.clone());
        let events = serde_json::to_string(&events.list(&ListParams::default()).await?.items)?;
        let (_, metrics) = operator.page("metrics").await?;
        let status = story.read_plan().await?.data["status"].to_string();
        ensure!(log.contains(&story.tenant), "the log is the operator's");
        for (what, text) in [("log", &log), ("events", &events), ("metrics", &metrics), ("status", &status)] {
            ensure!(!text.contains(CANARY), "the canary is in the {what}");
            ensure!(!text.contains("eyJ"), "a token is in the {what}");
            ensure!(!text.contains("Signatory"), "a signatory's name is in the {what}");
        }
        ensure!(!log.contains("hvs.") && !log.contains("\"s."), "a key-service token is in the log");
        Ok(())
    })
    .await
}
