//! R41, R46: what is kept is used only for what every hop permits, and is kept only where every hop names it.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, tenant::unique};
use serde_json::json;

use crate::office::{Office, PLATFORM, agency, await_entity, captured, draft, open, soon, transcribes, until, vendor};

#[tokio::test]
async fn a_hop_without_a_use_or_a_category_closes_what_needs_it() -> Result<()> {
    promise("a_hop_without_a_use", async |bed| {
        let office = Office::on(bed).await?;
        let teacher = unique("teacher");
        let mut theirs = vendor(&teacher, &teacher)?;
        theirs["spec"]["permittedUses"] = json!(["ServiceDelivery", "AITraining"]);
        office.agree(theirs).await?;
        let story = ringfence_e2e::scenario::Scenario::new(bed, "uses", |class| {
            class["vendorFeatures"][0]["vendor"] = teacher.as_str().into();
            class["vendorFeatures"][0]["use"] = "AITraining".into();
        })
        .await?;
        let (clinic, agent) = (story.tenant.clone(), format!("agent-{}", story.tenant));
        let mut upper = draft(&format!("up-{clinic}"), &clinic, &agent)?;
        upper["spec"]["permittedUses"] = json!(["ServiceDelivery", "AITraining"]);
        office.agree(upper).await?;
        let mut lower = agency(&agent, &agent, PLATFORM, &[&format!("up-{clinic}")])?;
        lower["spec"]["permittedUses"] = json!(["ServiceDelivery"]);
        lower["spec"]["scope"]["phiCategories"] = json!(["CallerID", "Recording", "Transcript", "Message", "Form"]);
        office.agree(lower.clone()).await?;
        office.flip(&story, &[&clinic]).await?;
        open(&story).await?;
        let values = until(&story, "the agency's hop does not train", |v| !captured(v).is_empty()).await?.1;
        ensure!(!transcribes(&values), "AITraining is not permitted by every hop");
        ensure!(captured(&values).len() == 5 && values["capture.visitor-session.allowed"] == false, "{values:?}");
        let terms = await_entity(&story, &clinic, "uses", |e| e["terms"]["permittedUses"].is_array()).await?;
        ensure!(terms["terms"]["permittedUses"] == json!(["ServiceDelivery"]), "{terms}");
        lower["metadata"]["name"] = format!("more-{agent}").into();
        lower["spec"]["amendsRef"] = json!({ "name": agent });
        lower["spec"]["permittedUses"] = json!(["ServiceDelivery", "AITraining"]);
        soon(&story, "every hop trains", office.agree(lower), transcribes).await?;
        Ok(())
    })
    .await
}
