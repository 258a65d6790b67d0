//! R49, S12: an agreement that ends on a live tenant changes the flag document and status, and nothing else: calls keep ringing.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, scenario::seconds_from_now, tenant::unique};
use serde_json::Value;

use crate::office::{Office, PLATFORM, captured, draft, moment, open, until};

#[tokio::test]
async fn an_end_changes_the_document_and_status_alone() -> Result<()> {
    promise("an_end_changes_the_document_alone", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("end", &unique("vendor")).await?;
        let mut baa = draft(&story.tenant, &story.tenant, PLATFORM)?;
        let end = seconds_from_now(30);
        baa["spec"]["term"]["expirationTime"] = end.as_str().into();
        office.agree(baa).await?;
        office.flip(&story, &[&story.tenant]).await?;
        open(&story).await?;
        story.await_flag("phi.read.allowed", Value::Bool(true)).await?;
        story.await_condition("WorkloadsPlaced", "True", "").await?;
        let mark = bed.audit().mark()?;
        story.await_condition("PhiUnlocked", "False", "AgreementExpired").await?;
        let (_, values) =
            until(&story, "it is locked", |v| captured(v).is_empty() && v["export.mode"] == "off").await?;
        ensure!(values["phi.read.allowed"] == true, "a clinic keeps its own records");
        office.await_phase(&story.tenant, "Expired").await?;
        let writes = story.writes(mark)?;
        ensure!(!writes.is_empty(), "the document was written");
        for write in &writes {
            let object = &write.object_ref;
            let allowed = match object.resource.as_str() {
                "configmaps" => object.name == "ringfence-flags",
                "healthcareplans" | "baas" => object.subresource == "status",
                "events" => true,
                _ => false,
            };
            ensure!(allowed, "{}", write.brief());
        }
        let closing = writes.iter().find(|w| w.object_ref.resource == "configmaps" && w.code() < 300);
        let late =
            closing.map(|w| w.stage_timestamp.duration_since(moment(&Value::from(end.as_str())).unwrap_or_default()));
        println!("{} writes, the document {late:?} after the end", writes.len());
        ensure!(late.is_some_and(|l| (0.0..=5.0).contains(&l.as_secs_f64())), "{late:?}");
        for condition in
            ["NamespaceFenced", "NetworkIsolated", "NodesDedicated", "KeysReady", "WorkloadsPlaced", "Ready"]
        {
            story.await_condition(condition, "True", "").await?;
        }
        Ok(())
    })
    .await
}
