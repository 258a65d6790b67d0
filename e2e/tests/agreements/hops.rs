//! R03, C7, C10: with an agency in between, both agreements count, shown or attested; no cycles, and nobody is at both ends.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, scenario::seconds_from_now, tenant::unique};

use crate::office::{Office, PLATFORM, agency, await_entity, draft, entities, entity, name_of, open, soon, until};

#[tokio::test]
async fn either_hop_closes_its_entities_and_no_others() -> Result<()> {
    promise("either_hop_closes_its_entities", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("hops", &unique("vendor")).await?;
        let [direct, shown, lapsing, attested, brief] =
            ["direct", "shown", "lapsing", "attested", "brief"].map(|n| format!("{n}-{}", story.tenant));
        let agent = format!("agent-{}", story.tenant);
        let set = |names: &[&String]| names.iter().map(|n| (*n).clone()).collect::<BTreeSet<_>>();
        office.agree(draft(&direct, &direct, PLATFORM)?).await?;
        let upper = office.agree(draft(&shown, &shown, &agent)?).await?;
        let mut short = draft(&lapsing, &lapsing, &agent)?;
        short["spec"]["term"]["expirationTime"] = seconds_from_now(40).into();
        office.agree(short).await?;
        let lower = office.agree(agency(&agent, &agent, PLATFORM, &[&shown, &lapsing])?).await?;
        let long = office.attest(&lower, &attested, 3600).await?;
        office.attest(&lower, &brief, 30).await?;
        office.flip(&story, &[&direct, &shown, &lapsing, &attested, &brief]).await?;
        open(&story).await?;
        until(&story, "the attestation of one lapses", |v| entities(v) == set(&[&direct, &shown, &lapsing, &attested]))
            .await?;
        until(&story, "the agreement above expires", |v| entities(v) == set(&[&direct, &shown, &attested])).await?;
        let path = entity(&story, &attested).await?["path"].clone();
        ensure!(path[0] == format!("Attestation/{}", name_of(&long)), "shown as attested: {path}");
        soon(&story, "the upper hop dropped", office.terminate(&upper, None), |v| {
            entities(v) == set(&[&direct, &attested])
        })
        .await?;
        soon(&story, "the lower hop dropped", office.terminate(&lower, None), |v| entities(v) == set(&[&direct]))
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lapsed_attestation_closes_its_entity_and_is_given_anew() -> Result<()> {
    promise("a_lapsed_attestation", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("attested", &unique("vendor")).await?;
        let agent = format!("agent-{}", story.tenant);
        let lower = office.agree(agency(&agent, &agent, PLATFORM, &[])?).await?;
        let act = office.attest(&lower, &story.tenant, 3600).await?;
        office.flip(&story, &[&story.tenant]).await?;
        open(&story).await?;
        let values =
            soon(&story, "the attestation is withdrawn", office.withdraw(&act), |v| entities(v).is_empty()).await?;
        ensure!(values["phi.read.allowed"] == true, "a clinic keeps its records");
        story.await_condition("PhiUnlocked", "False", "UpstreamNotAttested").await?;
        office.attest(&lower, &story.tenant, 3600).await?;
        open(&story).await?;
        let mut next = agency(&format!("next-{agent}"), &agent, PLATFORM, &[])?;
        next["spec"]["supersedesRef"] = serde_json::json!({ "name": agent });
        office.agree(next).await?;
        office.await_phase(&agent, "Superseded").await?;
        let path = await_entity(&story, &story.tenant, "by the successor", |e| {
            e["path"][1] == format!("next-{agent}").as_str()
        })
        .await?;
        ensure!(
            path["open"] == true && !entities(&story.flags().await?).is_empty(),
            "the attestation is carried over: {path}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_cycle_and_a_party_at_both_ends_never_count() -> Result<()> {
    promise("a_cycle_never_counts", async |bed| {
        let office = Office::on(bed).await?;
        let story = office.tenant("cycle", &unique("vendor")).await?;
        let clinic = story.tenant.clone();
        let [a, b] = ["a", "b"].map(|n| format!("{n}-{clinic}"));
        // Round and round between two agencies, above the one that deals with the platform.
        office.agree(agency(&format!("ab-{clinic}"), &a, &b, &[&format!("ba-{clinic}")])?).await?;
        office.agree(agency(&format!("ba-{clinic}"), &b, &a, &[&format!("ab-{clinic}")])?).await?;
        office.agree(agency(&format!("ap-{clinic}"), &a, PLATFORM, &[&format!("ba-{clinic}")])?).await?;
        // The clinic as its own agency, and the platform as the agency of itself.
        office.agree(agency(&format!("own-{clinic}"), &clinic, PLATFORM, &[])?).await?;
        office.agree(draft(&format!("up-{clinic}"), &clinic, &format!("x-{clinic}"))?).await?;
        office
            .agree(agency(&format!("loop-{clinic}"), &format!("x-{clinic}"), PLATFORM, &[&format!("loop2-{clinic}")])?)
            .await?;
        office
            .agree(agency(&format!("loop2-{clinic}"), PLATFORM, &format!("x-{clinic}"), &[&format!("up-{clinic}")])?)
            .await?;
        office.flip(&story, &[&clinic]).await?;
        story.await_condition("PhiUnlocked", "False", "").await?;
        await_entity(&story, &clinic, "it is closed", |e| e["open"] == false).await?;
        let (_, values) = until(&story, "nothing is open", |v| entities(v).is_empty()).await?;
        ensure!(values["phi.read.allowed"] == false, "and never was");
        Ok(())
    })
    .await
}
