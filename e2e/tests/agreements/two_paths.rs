//! R04, C3: a provider with an agency may sign directly as well; either path carries, and where both are the stricter terms hold.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, tenant::unique};
use serde_json::json;

use crate::office::{Office, PLATFORM, agency, await_entity, draft, entities, open, soon};

#[tokio::test]
async fn either_path_carries_and_of_both_the_stricter_terms_hold() -> Result<()> {
    promise("either_path_carries", async |bed| {
        let office = Office::on(bed).await?;
        for first in ["direct", "agency"] {
            let story = office.tenant("paths", &unique("vendor")).await?;
            let (clinic, agent) = (story.tenant.clone(), format!("agent-{}", story.tenant));
            let upper = format!("up-{clinic}");
            let mut direct = draft(&clinic, &clinic, PLATFORM)?;
            direct["spec"]["restrictions"] = json!({ "subcontracting": "Allow", "offshoring": "Deny" });
            direct["spec"]["clocks"] = json!({ "breachNoticeHours": 72 });
            let direct = office.agree(direct).await?;
            let mut above = draft(&upper, &clinic, &agent)?;
            above["spec"]["restrictions"] = json!({ "subcontracting": "Allow", "offshoring": "Allow" });
            above["spec"]["clocks"] = json!({ "breachNoticeHours": 48 });
            let above = office.agree(above).await?;
            let mut below = agency(&agent, &agent, PLATFORM, &[&upper])?;
            below["spec"]["restrictions"] = json!({ "subcontracting": "Notice", "offshoring": "Allow" });
            below["spec"]["clocks"] = json!({ "breachNoticeHours": 24 });
            office.agree(below).await?;
            office.flip(&story, &[&clinic]).await?;
            open(&story).await?;
            let both = await_entity(&story, &clinic, "both count", |e| e["terms"]["breachNoticeHours"] == 24).await?;
            ensure!(both["terms"]["offshoring"] == "Deny" && both["terms"]["subcontracting"] == "Notice", "{both}");

            let (gone, stays) = if first == "direct" { (direct, above) } else { (above, direct) };
            soon(&story, "it is open by the other path", office.terminate(&gone, None), |v| {
                entities(v).contains(&clinic)
            })
            .await?;
            let hours = if first == "direct" { 24 } else { 72 };
            let one = await_entity(&story, &clinic, "the other carries", |e| {
                e["terms"]["offshoring"] == if first == "direct" { "Allow" } else { "Deny" }
                    && e["terms"]["breachNoticeHours"] == hours
            })
            .await?;
            ensure!(one["open"] == true, "{one}");
            ensure!(entities(&story.flags().await?).contains(&clinic), "and the document goes on");
            soon(&story, "the last path gone", office.terminate(&stays, None), |v| entities(v).is_empty()).await?;
        }
        Ok(())
    })
    .await
}
