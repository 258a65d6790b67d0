//! One case, from the change to the end of its repair.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    scenario::Scenario,
    wait::{self, Look},
};

use crate::{
    act::Actor,
    cases::{Case, End, Reaction},
    witness::Witness,
};

/// Plays a case; its row of the table.
pub async fn play(story: &Scenario, case: &Case) -> Result<Vec<String>> {
    let row = played(story, case).await.with_context(|| format!("{} {}", case.object(), case.change))?;
    println!("{}", row.join(" | "));
    Ok(row)
}

async fn played(story: &Scenario, case: &Case) -> Result<Vec<String>> {
    let actor = Actor::on(story, case.kind, case.name).await?;
    let wanted = actor.essence().await?;
    let witness = Witness::call(story).await?;
    let mark = story.bed().audit().mark()?;
    let done = actor.act(&case.act).await;
    let began = Instant::now();
    if case.reaction == Reaction::Refused {
        let why = format!("{:#}", done.err().context("it was let through")?);
        ensure!(why.contains("nvalid"), "{why}");
        return Ok(row(case, "nothing", None, None));
    }
    done?;
    let (condition, status, reason) = case.said;
    wait::until(&format!("{condition} {status} {reason} is said"), async || {
        let seen = witness.saw(condition, status, reason);
        Ok(if seen { Look::Done(()) } else { Look::Not(format!("{:?}", witness.all())) })
    })
    .await?;
    let mut mended = began;
    if let End::Mended(_, by) = &case.end {
        let (is, why, _) = story.condition(condition).await?;
        ensure!((is.as_str(), why.as_str()) == (status, reason), "it does not stay: {is} {why}");
        for act in by {
            actor.act(act).await?;
        }
        mended = Instant::now();
    }
    let (mut right, mut open) = (None, None);
    if !matches!(case.end, End::Locked) {
        wait::until("it is as it was", async || {
            let is = actor.essence().await?;
            Ok(if is == wanted { Look::Done(()) } else { Look::Not(format!("{is:?}, should be {wanted:?}")) })
        })
        .await?;
        right = Some(mended.elapsed());
        story.await_condition("Ready", "True", "").await?;
        story.await_condition("PhiUnlocked", "True", "Unlocked").await?;
        wait::until("the document opens", async || {
            let text = story.document().await.unwrap_or_default();
            let opens = text.contains("leaseIssuedAt") && text.contains("readIssuedAt");
            Ok(if opens { Look::Done(()) } else { Look::Not("it does not".into()) })
        })
        .await?;
        open = Some(mended.elapsed());
    }
    let closed = story.writes(mark)?.into_iter().any(|w| {
        w.object_ref.resource == "configmaps"
            && w.code() < 300
            && !w.request_object.to_string().contains("leaseIssuedAt")
    });
    let said_closed = witness.saw("PhiUnlocked", "False", "");
    let said_unknown = witness.saw("PhiUnlocked", "Unknown", "");
    let reaction = match (closed || said_closed, said_unknown) {
        (true, _) => Reaction::Locks,
        (false, true) => Reaction::Holds,
        (false, false) => Reaction::Reports,
    };
    ensure!(reaction == case.reaction, "{reaction:?}: {:?}", witness.all());
    ensure!(reaction != Reaction::Locks || said_closed, "locked without a word: {:?}", witness.all());
    Ok(row(case, &format!("`{condition}` {status} `{reason}`"), right, open))
}

fn row(case: &Case, said: &str, right: Option<Duration>, open: Option<Duration>) -> Vec<String> {
    let seconds = |d: Option<Duration>| d.map_or_else(|| "never".into(), |d| format!("{:.2} s", d.as_secs_f64()));
    let (right, open) = match case.reaction {
        Reaction::Refused => ("at once".into(), "was never closed".into()),
        Reaction::Reports => (seconds(right), "was never closed".into()),
        _ => (seconds(right), seconds(open)),
    };
    vec![
        case.object(),
        case.change.into(),
        case.reaction.text().into(),
        said.into(),
        case.end.text().into(),
        right,
        open,
    ]
}
