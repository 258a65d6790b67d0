//! R01, R11, R12, R15, R16, R17, R32: the whole catalogue in every state of an agreement, by two engines that are not ours.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use ringfence_e2e::{
    evaluators::{Values, evaluate},
    promise,
    scenario::Scenario,
};
use serde_json::{Value, json};

/// Keys whose value is the same in every state.
fn fixed() -> BTreeMap<&'static str, Value> {
    let off = [
        "analytics.third-party-pixels.allowed",
        "audit.playback.suppress.allowed",
        "audit.suppress.allowed",
        "auth.shared-logins.allowed",
        "notify.call-email.caller-identity.allowed",
        "notify.text.message-body.allowed",
        "recording.link.anonymous.allowed",
        "support.impersonation.allowed",
        "transcript.ai-summary.allowed",
        "users.notification-only.phi.allowed",
        "voicemail.transcription.allowed",
    ];
    let other = [
        ("redaction.offered", json!(true)),
        ("redaction.enabled", json!(true)),
        ("session.idle-timeout-minutes", json!(15)),
        ("auth.mfa.mode", json!("required")),
        ("retention.days", json!(2192)),
        ("notify.form-alert.fields", json!("none")),
        ("notify.text.fields", json!("none")),
    ];
    off.into_iter().map(|k| (k, json!(false))).chain(other).collect()
}

/// Keys that the gate opens, restrictive and permissive value.
fn leased() -> BTreeMap<&'static str, (Value, Value)> {
    let capture = [
        "capture.attribution.allowed",
        "capture.caller-id.allowed",
        "capture.form.allowed",
        "capture.message.allowed",
        "capture.recording.allowed",
        "capture.transcript.allowed",
        "capture.visitor-session.allowed",
    ];
    let capture = capture.into_iter().map(|k| (k, (json!(false), json!(true))));
    capture.chain([("export.mode", (json!("off"), json!("confirm-and-log")))]).collect()
}

#[tokio::test]
async fn every_state_of_an_agreement_has_its_flags() -> Result<()> {
    promise("every_state_of_an_agreement_has_its_flags", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "states", |_| ()).await?;
        let mut table = vec![];
        story.inventory(1).await?;
        story.plan(1).await?;
        story.await_condition("PhiUnlocked", "False", "NoAgreement").await?;
        story.await_condition("NamespaceFenced", "True", "Fenced").await?;
        table.push(check(&story, "no BAA", false, false).await?);

        story.agreement(-3600, Some(3600)).await?;
        story.sign_as("alice@ringwell.example", "ringwell").await?;
        story.await_condition("PhiUnlocked", "False", "AwaitingSignature").await?;
        table.push(check(&story, "one signature", false, false).await?);
        story.sign_as("bob@ringwell.example", &story.tenant).await?;
        story.await_open().await?;
        story.await_flag("phi.read.allowed", json!(true)).await?;
        table.push(check(&story, "in force", true, true).await?);

        story.change_plan(json!({ "state": "Suspended" })).await?;
        story.await_condition("PhiUnlocked", "False", "Suspended").await?;
        table.push(check(&story, "suspended", false, true).await?);
        story.change_plan(json!({ "state": "Active" })).await?;
        story.await_open().await?;
        story.terminate().await?;
        story.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
        table.push(check(&story, "terminated", false, true).await?);

        let future = story.neighbour("future").await?;
        future.inventory(1).await?;
        future.agreement(3600, None).await?;
        future.sign().await?;
        future.plan(1).await?;
        future.await_condition("NamespaceFenced", "True", "Fenced").await?;
        future.await_condition("PhiUnlocked", "False", "NotYetEffective").await?;
        table.push(check(&future, "future", false, false).await?);

        let ended = story.neighbour("ended").await?;
        ended.inventory(1).await?;
        ended.agreement(-60, Some(20)).await?;
        ended.sign().await?;
        ended.plan(1).await?;
        ended.await_open().await?;
        ended.await_condition("PhiUnlocked", "False", "AgreementExpired").await?;
        table.push(check(&ended, "ended", false, true).await?);

        print(&table);
        Ok(())
    })
    .await
}

/// Late, clock set back, variable that the engine does not know: the document itself closes.
#[tokio::test]
async fn outside_its_window_a_document_is_restrictive_with_nobody_running() -> Result<()> {
    promise("outside_its_window", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "window", |_| ()).await?;
        story.unlock(1).await?;
        let document: Value = serde_json::from_str(&story.document().await?)?;
        let day = 24 * 3600;
        for (what, change) in [("late", -3 * day - 400), ("clock set back", day)] {
            let mut moved = document.clone();
            shift(&mut moved, change);
            expect(&evaluate(&moved.to_string())?, what, false, false, &story.tenant)?;
        }
        let renamed = document.to_string().replace("$flagd.timestamp", "$flagd.nothing");
        expect(&evaluate(&renamed)?, "variable unknown", false, false, &story.tenant)?;
        expect(&evaluate(&document.to_string())?, "as published", true, true, &story.tenant)
    })
    .await
}

/// Moves every window: the same as moving the reader's clock the other way.
fn shift(value: &mut Value, by: i64) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Array(terms)) = map.get_mut("<") {
                for term in terms.iter_mut().filter(|t| t.is_i64()) {
                    *term = json!(term.as_i64().unwrap_or_default() + by);
                }
            }
            map.values_mut().for_each(|v| shift(v, by));
        }
        Value::Array(list) => list.iter_mut().for_each(|v| shift(v, by)),
        _ => {}
    }
}

async fn check(story: &Scenario, state: &'static str, open: bool, read: bool) -> Result<(&'static str, Values)> {
    let flags = story.flags().await?;
    expect(&flags, state, open, read, &story.tenant)?;
    Ok((state, flags))
}

fn expect(flags: &Values, state: &str, open: bool, read: bool, tenant: &str) -> Result<()> {
    let mut wanted: BTreeMap<String, Value> = fixed().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    wanted.extend(leased().into_iter().map(|(k, (closed, opened))| (k.to_owned(), if open { opened } else { closed })));
    wanted.insert("phi.read.allowed".into(), json!(read));
    for (key, value) in &wanted {
        ensure!(flags.get(key) == Some(value), "{state}: {key} is {:?}, should be {value}", flags.get(key));
    }
    let entities = &flags["covered.entities"];
    let covered = entities.get(tenant).is_some();
    ensure!(covered == open, "{state}: covered.entities is {entities}");
    ensure!(flags.len() == wanted.len() + 1, "{state}: {} flags, {} are known", flags.len(), wanted.len() + 1);
    Ok(())
}

fn print(table: &[(&str, Values)]) {
    let states: Vec<_> = table.iter().map(|(s, _)| format!("{s:>16}")).collect();
    println!("{:44}{}", "flag", states.join(""));
    for key in table[0].1.keys() {
        let values = table.iter().map(|(_, flags)| {
            let value = &flags[key];
            let shown = value.as_object().map_or_else(|| value.to_string(), |o| format!("{} open", o.len()));
            format!("{:>16}", shown.trim_matches('"'))
        });
        println!("{key:44}{}", values.collect::<Vec<_>>().join(""));
    }
}
