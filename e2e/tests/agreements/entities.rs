//! R02: every covered entity has an agreement path of its own; one without is closed alone.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, tenant::unique};
use serde_json::json;

use crate::office::{Office, PLATFORM, await_entity, draft, entities, open, soon, until};

#[tokio::test]
async fn an_entity_without_a_path_is_closed_alone() -> Result<()> {
    promise("an_entity_without_a_path", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("entities", &unique("vendor")).await?;
        let [one, two, three, four] = ["one", "two", "three", "four"].map(|n| format!("{n}-{}", story.tenant));
        let set = |names: &[&String]| names.iter().map(|n| (*n).clone()).collect::<BTreeSet<_>>();
        let first = office.agree(draft(&one, &one, PLATFORM)?).await?;
        let second = office.agree(draft(&two, &two, PLATFORM)?).await?;
        office.flip(&story, &[&one, &two, &three]).await?;
        open(&story).await?;
        until(&story, "two of three are open", |v| entities(v) == set(&[&one, &two])).await?;
        let said = story.await_condition("AgreementInForce", "True", "PartlyInForce").await?;
        ensure!(said.contains(&three) && !said.contains(&one), "the message names the third: {said}");

        let third = office.file(draft(&three, &three, PLATFORM)?).await?;
        soon(&story, "its BAA adds the third", office.sign(&third), |v| entities(v) == set(&[&one, &two, &three]))
            .await?;
        let added = json!([&one, &two, &three, &four].map(|e| json!({ "party": e })));
        story.change_plan(json!({ "coveredEntities": added })).await?;
        await_entity(&story, &four, "it is closed", |e| e["open"] == false).await?;
        until(&story, "an uncovered one is added closed", |v| entities(v) == set(&[&one, &two, &three])).await?;

        soon(&story, "one gone", office.terminate(&first, None), |v| entities(v) == set(&[&two, &three])).await?;
        soon(&story, "two gone", office.terminate(&second, None), |v| entities(v) == set(&[&three])).await?;
        let values =
            soon(&story, "the last path gone", office.terminate(&third, None), |v| entities(v).is_empty()).await?;
        ensure!(values["export.mode"] == "off", "locked: {}", values["export.mode"]);
        story.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
        Ok(())
    })
    .await
}
