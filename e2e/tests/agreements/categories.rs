//! R46, R47: each category is kept only while the scope names it; a narrower amendment closes in 5 s, a wider one only when both have signed.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use ringfence_e2e::{promise, tenant::unique};
use serde_json::{Value, json};

use crate::office::{
    ALICE, BOB, Office, PLATFORM, another_second, captured, draft, entities, open, party, signature, soon, until,
};

/// Categories, and the words that their flags have for them.
const CATEGORIES: [(&str, &str); 7] = [
    ("Attribution", "attribution"),
    ("CallerID", "caller-id"),
    ("Form", "form"),
    ("Message", "message"),
    ("Recording", "recording"),
    ("Transcript", "transcript"),
    ("VisitorSession", "visitor-session"),
];

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// One plan with an entity for each category: the object flag shows each alone. One that lists a single category opens that flag alone.
#[tokio::test]
async fn each_category_opens_alone() -> Result<()> {
    promise("each_category_opens_alone", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("category", &unique("vendor")).await?;
        let parties: Vec<_> = CATEGORIES.iter().map(|(_, word)| format!("{word}-{}", story.tenant)).collect();
        try_join_all(CATEGORIES.iter().zip(&parties).map(async |((category, _), party)| {
            let mut baa = draft(party, party, PLATFORM)?;
            baa["spec"]["scope"]["phiCategories"] = json!([category]);
            office.agree(baa).await
        }))
        .await?;
        office.flip(&story, &parties.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        open(&story).await?;
        let (_, values) = until(&story, "all seven are open", |v| entities(v).len() == 7).await?;
        for ((category, _), party) in CATEGORIES.iter().zip(&parties) {
            ensure!(values["covered.entities"][party] == json!([category]), "{}", values["covered.entities"]);
        }
        ensure!(captured(&values).is_empty(), "no category is open for every entity");
        for (n, (_, word)) in CATEGORIES.iter().enumerate() {
            story.change_plan(json!({ "coveredEntities": [{ "party": parties[n] }] })).await?;
            until(&story, word, |v| captured(v) == set(&[word]) && entities(v).len() == 1).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_narrower_amendment_closes_soon_and_a_wider_one_needs_both_signatures() -> Result<()> {
    promise("a_narrower_amendment", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("amended", &unique("vendor")).await?;
        let clinic = story.tenant.clone();
        let mut base = draft(&clinic, &clinic, PLATFORM)?;
        base["spec"]["scope"]["phiCategories"] =
            json!(["CallerID", "Recording", "Transcript", "Message", "Form", "Attribution"]);
        office.agree(base.clone()).await?;
        office.flip(&story, &[&clinic]).await?;
        open(&story).await?;
        until(&story, "a scope without VisitorSession", |v| {
            captured(v) == set(&["attribution", "caller-id", "form", "message", "recording", "transcript"])
        })
        .await?;
        let amended = |name: &str, categories: Value| {
            let mut baa = base.clone();
            baa["metadata"]["name"] = format!("{name}-{clinic}").into();
            baa["spec"]["amendsRef"] = json!({ "name": clinic });
            baa["spec"]["scope"]["phiCategories"] = categories;
            baa
        };
        let narrow = office.file(amended("narrow", json!(["CallerID", "Recording"]))).await?;
        office.await_phase(&format!("narrow-{clinic}"), "Draft").await?;
        ensure!(captured(&story.flags().await?).len() == 6, "a draft narrows nothing");
        let one = office.act(BOB, &narrow, signature(&clinic));
        soon(&story, "narrower by one signature", one, |v| captured(v) == set(&["caller-id", "recording"])).await?;
        office.act(ALICE, &narrow, signature(PLATFORM)).await?;
        office.await_phase(&format!("narrow-{clinic}"), "Active").await?;
        // Of two amendments that were signed in one second the stricter counts.
        another_second().await?;

        let wide = office.file(amended("wide", json!(["CallerID", "Recording", "VisitorSession"]))).await?;
        office.act(BOB, &wide, signature(&party(&wide, "disclosing"))).await?;
        office.await_phase(&format!("wide-{clinic}"), "PartiallySigned").await?;
        let flags = story.flags().await?;
        ensure!(captured(&flags) == set(&["caller-id", "recording"]), "one signature widens nothing: {flags:?}");
        let both = office.act(ALICE, &wide, signature(PLATFORM));
        soon(&story, "wider by both", both, |v| captured(v) == set(&["caller-id", "recording", "visitor-session"]))
            .await?;
        Ok(())
    })
    .await
}
