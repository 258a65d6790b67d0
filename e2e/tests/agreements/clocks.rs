//! R54, C4: a notice clock below that is not shorter than the one above it is reported, on the agreement and on the plan.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, tenant::unique};
use serde_json::json;

use crate::office::{Office, PLATFORM, agency, await_entity, condition, draft, open};

#[tokio::test]
async fn seventy_two_hours_under_seventy_two_hours_warn() -> Result<()> {
    promise("clocks_flow_down", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("clocks", &unique("vendor")).await?;
        let (clinic, agent) = (story.tenant.clone(), format!("agent-{}", story.tenant));
        let upper = format!("up-{clinic}");
        let mut above = draft(&upper, &clinic, &agent)?;
        above["spec"]["clocks"] = json!({ "breachNoticeHours": 72 });
        office.agree(above).await?;
        let mut below = agency(&agent, &agent, PLATFORM, &[&upper])?;
        below["spec"]["clocks"] = json!({ "breachNoticeHours": 72 });
        office.agree(below.clone()).await?;
        office.flip(&story, &[&clinic]).await?;
        open(&story).await?;
        let said = await_entity(&story, &clinic, "it warns", |e| e["warnings"][0].is_string()).await?;
        let warning = said["warnings"][0].as_str().unwrap_or_default();
        ensure!(warning.contains("breachNoticeHours") && warning.contains(&upper) && said["open"] == true, "{said}");
        let flows = |s: &serde_json::Value| condition(s, "ClocksFlowDown");
        office.await_status(&agent, "it warns", |s| flows(s)["reason"] == "ClockInversion").await?;

        below["metadata"]["name"] = format!("sooner-{agent}").into();
        below["spec"]["amendsRef"] = json!({ "name": agent });
        below["spec"]["clocks"] = json!({ "breachNoticeHours": 48 });
        office.agree(below).await?;
        await_entity(&story, &clinic, "it warns no more", |e| e["warnings"].is_null()).await?;
        office.await_status(&agent, "it warns no more", |s| flows(s)["status"] == "True").await?;
        Ok(())
    })
    .await
}
