//! R17, R54, C2, C5, C6: what a vendor does is on only under the platform's agreement with it, for all tenants at once, and off for a tenant whose
//! own agreements forbid it.

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use ringfence_e2e::{promise, scenario::Scenario, tenant::unique};
use serde_json::json;

use crate::office::{Office, PLATFORM, draft, open, party, soon, transcribes, until, vendor};

/// A neighbour of the class's, open, whose own agreement says this of subcontractors.
async fn neighbour(office: &Office, first: &Scenario, says: &str) -> Result<Scenario> {
    let story = first.neighbour("vendored").await?;
    let mut own = draft(&story.tenant, &story.tenant, PLATFORM)?;
    own["spec"]["restrictions"] = json!({ "subcontracting": says, "offshoring": "Deny" });
    office.agree(own).await?;
    office.flip(&story, &[&story.tenant]).await?;
    open(&story).await?;
    Ok(story)
}

/// What the first of several who wait does for them all.
async fn once<T>(deed: Option<impl Future<Output = Result<T>>>) -> Result<()> {
    match deed {
        Some(deed) => deed.await.map(drop),
        None => Ok(()),
    }
}

#[tokio::test]
async fn a_vendor_opens_and_closes_for_all_tenants_at_once() -> Result<()> {
    promise("a_vendor_opens_and_closes_for_all", async |bed| {
        let office = Office::on(bed).await?;
        let name = unique("vendor");
        let first = office.tenant("vendored", &name).await?;
        let says = ["Allow", "Notice", "Consent", "Deny"];
        let all = try_join_all(says.map(|says| neighbour(&office, &first, says))).await?;
        let off =
            async |what: &str| try_join_all(all.iter().map(|s| until(s, what, |v| !transcribes(v)))).await.map(drop);
        off("no agreement with the vendor").await?;
        let mut other = vendor(&format!("other-{name}"), &name)?;
        other["spec"]["scope"]["services"] = json!(["call-tracking", "ai-summary"]);
        let other = office.agree(other).await?;
        office.await_phase(&format!("other-{name}"), "Active").await?;
        off("it names another service").await?;
        let mut abroad = vendor(&format!("abroad-{name}"), &name)?;
        abroad["spec"]["receiving"]["location"] = "DE".into();
        let abroad = office.agree(abroad).await?;
        office.await_phase(&format!("abroad-{name}"), "Active").await?;
        for story in &all {
            let what = |f: &serde_json::Value| f["message"].as_str().unwrap_or_default().to_owned();
            let said = ringfence_e2e::wait::until("offshoring is said", async || {
                let plan = story.read_plan().await?;
                let said = what(&plan.data["status"]["agreement"]["vendorFeatures"][0]);
                let told = said.contains("keeps its information in the country") || said.contains("subcontractors");
                Ok(if told { ringfence_e2e::wait::Look::Done(said) } else { ringfence_e2e::wait::Look::Not(said) })
            })
            .await?;
            println!("{said}");
        }
        off("it is abroad").await?;
        office.terminate(&abroad, None).await?;
        office.await_phase(&format!("abroad-{name}"), "Terminated").await?;
        let at_home = office.file(vendor(&name, &name)?).await?;
        ensure!(party(&at_home, "disclosing") == PLATFORM);
        let mut signing = Some(office.sign(&at_home));
        let each = all[..2].iter().map(|s| {
            let deed = signing.take();
            soon(s, "the vendor's agreement opens it", once(deed), transcribes)
        });
        try_join_all(each).await?;
        for (story, says) in all.iter().zip(says).skip(2) {
            let values = story.flags().await?;
            ensure!(
                !transcribes(&values) && values["capture.recording.allowed"] == true,
                "{says} closes the vendor alone"
            );
        }
        let mut ending = Some(office.terminate(&at_home, None));
        let each = all.iter().map(|s| {
            let deed = ending.take();
            soon(s, "its end closes it", once(deed), |v| !transcribes(v))
        });
        try_join_all(each).await?;
        for story in &all {
            ensure!(story.flags().await?["capture.recording.allowed"] == true, "the plan stays open");
        }
        office.terminate(&other, None).await?;
        Ok(())
    })
    .await
}
