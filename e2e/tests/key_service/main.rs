//! R08, R10, R53, S12: whatever happens to the key service has a reason and a reaction of its own. What is not known holds: nothing is
//! renewed, nothing is closed. What is confirmed to be gone or foreign locks. No key is ever made a second time, and all of it heals
//! without a restart of the operator. On a bed of its own: OpenBao is stopped, sealed, emptied and restored.

mod cases;
mod deeds;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cases::{CASES, Case, Reaction};
use deeds::{Deed, Stage};
use ringfence_e2e::{Bed, promise::explained, scenario::Scenario, table::Table};
use serde_json::json;

/// Columns of the document: those without times.
const DOCUMENTED: usize = 4;

#[tokio::test]
async fn each_trouble_of_the_key_service_has_its_reason_and_its_reaction() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "key_service", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &["--resync", "2s"]).await?;
    operator.ready().await?;
    let story = Scenario::new(bed, "keys", |_| ()).await?;
    let stage = Stage::set(bed, &story).await?;
    let mark = bed.openbao().audit().mark()?;
    let mut table = Table::new(&["case", "KeysReady", "reason", "what is open", "noticed after", "open again after"]);
    for case in CASES {
        let row = play(&story, &stage, case).await.with_context(|| case.what)?;
        println!("{}", row.join(" | "));
        table.row(row);
    }
    table.must_be_in("drift.md", "key service", DOCUMENTED)?;
    for key in stage.keys() {
        let made = bed.openbao().audit().responses(mark, &key)?;
        let made = made.iter().filter(|e| e.path() == key && matches!(e.operation(), "create" | "update"));
        let made = made.filter(|e| e.display_name().contains("operator")).count();
        ensure!(made == 0, "the operator made {key} {made} more times");
    }
    operator.server().must_run()
}

/// One row: the deed is done, noticed, reacted to, undone, and all is open again.
async fn play(story: &Scenario, stage: &Stage, case: &Case) -> Result<Vec<String>> {
    let before = story.document().await?;
    stage.perform(case.spoil).await?;
    let began = Instant::now();
    let status = if case.reaction == Reaction::Holds { "Unknown" } else { "False" };
    story.await_condition("KeysReady", status, case.reason).await?;
    let noticed = began.elapsed();
    story.await_condition("PhiUnlocked", status, case.reason).await?;
    let flags = story.flags().await?;
    for flag in ["capture.recording.allowed", "phi.read.allowed"] {
        let open = json!(case.reaction == Reaction::Holds);
        ensure!(flags.get(flag) == Some(&open), "{}: {flag} is {:?}", case.what, flags.get(flag));
    }
    if case.reaction == Reaction::Holds {
        ensure!(story.document().await? == before, "{}: the document was written", case.what);
    }
    let again = match case.mend {
        Some(mend) => seconds(mended(story, stage, mend).await?),
        None => "see below".into(),
    };
    Ok(vec![
        case.what.into(),
        status.into(),
        format!("`{}`", case.reason),
        case.reaction.text().into(),
        seconds(noticed),
        again,
    ])
}

/// How long it takes until all is open again.
async fn mended(story: &Scenario, stage: &Stage, mend: Deed) -> Result<Duration> {
    stage.perform(mend).await?;
    let began = Instant::now();
    story.await_condition("KeysReady", "True", "KeysVerified").await?;
    story.await_open().await?;
    story.await_flag("phi.read.allowed", json!(true)).await?;
    Ok(began.elapsed())
}

fn seconds(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}
