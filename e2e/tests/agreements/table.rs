//! R01, R02, R17, R32, R47, R49: every phase of an agreement by every state of a plan: what is kept, read, exported and transcribed, by two engines that
//! are not ours. The table is the one of `docs/agreements.md`.

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use ringfence_e2e::{evaluators::Values, promise, scenario::Scenario, table::Table, tenant::unique};
use serde_json::json;

use crate::{
    office::{Office, captured, fenced, name_of, open, transcribes, until, vendor},
    phases::{ALL, Phase},
};

/// What a document must say: categories, reading, exports, transcription.
fn wanted(phase: Phase, active: bool) -> [String; 4] {
    let opens = active && phase.in_force();
    let kept = if opens { phase.categories() } else { &[] };
    let on = |is: bool| if is { "on" } else { "off" }.to_owned();
    let transcript = ["recording", "transcript"].iter().all(|c| kept.contains(c));
    [words(kept), on(phase.was_in_force()), if opens { "confirm-and-log" } else { "off" }.into(), on(transcript)]
}

/// What engines say of it.
fn said(values: &Values) -> [String; 4] {
    let kept = captured(values);
    let on = |is: bool| if is { "on" } else { "off" }.to_owned();
    let mode = values["export.mode"].as_str().unwrap_or("?").to_owned();
    let kept: Vec<_> = kept.iter().map(String::as_str).collect();
    [words(&kept), on(values["phi.read.allowed"] == true), mode, on(transcribes(values))]
}

fn words(kept: &[&str]) -> String {
    match kept {
        [] => "nothing".into(),
        all if all.len() == ALL.len() => "everything".into(),
        some => some.join(", "),
    }
}

/// Waits until the document says what it must in this state, and says it as a row.
async fn row(story: &Scenario, phase: Phase, state: &str, reason: &str) -> Result<Vec<String>> {
    let want = wanted(phase, state == "Active");
    let what = format!("{}, {state}: {want:?}", phase.words());
    let (_, values) = until(story, &what, |v| said(v) == want).await?;
    let short = captured(&values);
    let object = values["covered.entities"][&story.tenant].as_array().map_or(0, Vec::len);
    ensure!(short.len() == object, "{what}: the object flag says {}", values["covered.entities"]);
    let cells = [phase.words(), state, reason].map(str::to_owned);
    Ok(cells.into_iter().chain(said(&values)).collect())
}

async fn rows(office: &Office, first: &Scenario, phase: Phase) -> Result<Vec<Vec<String>>> {
    let story = first.neighbour("table").await?;
    let baa = phase.bring_about(office, &story).await?;
    ensure!(story.document().await.is_err(), "without a plan there is no flag document");
    let none = "no flags exist";
    let without = [phase.words(), "no plan", "", none, none, none, none].map(str::to_owned).to_vec();
    if matches!(phase, Phase::Expired | Phase::Terminated) {
        office.await_phase(&story.tenant, phase.said().unwrap_or_default()).await?;
    }
    office.flip(&story, &[&story.tenant]).await?;
    if phase.in_force() {
        open(&story).await?;
    }
    phase.go_on(office, baa.as_ref()).await?;
    if let (Some(baa), Some(word)) = (&baa, phase.said()) {
        office.await_phase(&name_of(baa), word).await?;
    }
    let unlocked = if phase.in_force() { "True" } else { "False" };
    story.await_condition("PhiUnlocked", unlocked, "").await?;
    let reason = story.condition("PhiUnlocked").await?.1;
    let active = row(&story, phase, "Active", &reason).await?;

    story.change_plan(json!({ "state": "Suspended" })).await?;
    story.await_condition("PhiUnlocked", "False", "Suspended").await?;
    let suspended = row(&story, phase, "Suspended", "Suspended").await?;
    fenced(&story).await?;
    office.offboard(&story).await?;
    story.await_condition("Stalled", "True", "OffboardingNotBuilt").await?;
    story.await_condition("PhiUnlocked", "False", "").await?;
    let reason = story.condition("PhiUnlocked").await?.1;
    let ending = row(&story, phase, "Offboarding", &reason).await?;
    Ok(vec![without, active, suspended, ending])
}

#[tokio::test]
async fn each_phase_and_each_state_of_a_plan_have_their_flags() -> Result<()> {
    promise("agreements_table", async |bed| {
        let began = Instant::now();
        let office = Office::on(bed).await?;
        let transcriber = unique("transcriber");
        office.agree(vendor(&transcriber, &transcriber)?).await?;
        let first = office.tenant("table", &transcriber).await?;
        let all = try_join_all(Phase::ALL.map(|phase| rows(&office, &first, phase))).await?;
        let mut table = Table::new(&[
            "agreement",
            "plan",
            "`PhiUnlocked` says",
            "kept",
            "reading",
            "`export.mode`",
            "voicemail transcription",
        ]);
        all.into_iter().flatten().for_each(|cells| table.row(cells));
        println!("{:.1} s", began.elapsed().as_secs_f64());
        table.must_be_in("agreements.md", "phases", 7)
    })
    .await
}
