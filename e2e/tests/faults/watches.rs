//! Watches that lie or fall silent, of each kind that is watched: nothing is deleted or opened, and what happens afterwards is seen.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    faults::{Action, Call, Rule},
    promise::explained,
    scenario::Scenario,
};
use serde_json::json;

use crate::{
    life::{Life, Phase},
    stage::{Stage, all},
};

/// What is watched.
const PLURALS: [&str; 14] = [
    "healthcareplans",
    "configmaps",
    "networkpolicies",
    "attestations",
    "tenantrecords",
    "nodes",
    "namespaces",
    "baas",
    "pods",
    "healthcareplanclasses",
    "ringfenceconfigs",
    "resourcequotas",
    "serviceaccounts",
    "rolebindings",
];

/// What is done to the first watch and to the list that follows it.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// The watch is refused by closing the connection.
    Dropped,
    /// The watch says nothing for a while and breaks off.
    Silent,
    /// 410 Gone.
    Gone,
    /// 410 Gone, and then an empty list with 200.
    Empty,
    /// 410 Gone, and then a list of some seconds ago.
    Old,
}

const LIES: [Lie; 5] = [Lie::Dropped, Lie::Silent, Lie::Gone, Lie::Empty, Lie::Old];

fn watches(plural: &'static str) -> impl Fn(&Call) -> bool + Send + Sync {
    move |c| c.is_watch() && c.path.contains(&format!("/{plural}?"))
}

fn lists(plural: &'static str) -> impl Fn(&Call) -> bool + Send + Sync {
    move |c| !c.is_watch() && c.method == "GET" && c.path.contains(&format!("/{plural}?")) && c.path.contains("limit=")
}

fn rules(lie: Lie, plural: &'static str, now: &str, before: &str) -> Vec<Rule> {
    let gone = json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired",
        "message": "too old resource version", "code": 410}});
    let gone = || Rule::at(0, Action::Say(gone.to_string()), watches(plural));
    // The first list is the operator's own at its start, and is answered well.
    let second = |action| Rule::at(1, action, lists(plural));
    match lie {
        Lie::Dropped => vec![Rule::at(0, Action::Reset, watches(plural))],
        Lie::Silent => vec![Rule::at(0, Action::Hold(Duration::from_secs(2)), watches(plural))],
        Lie::Gone => vec![gone()],
        Lie::Empty => {
            let empty = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": now}, "items": []});
            vec![gone(), second(Action::Say(empty.to_string()))]
        }
        Lie::Old => vec![gone(), second(Action::ListAt(before.to_owned()))],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_lies_opens_and_deletes_nothing_and_is_found_out() -> Result<()> {
    let stage = Stage::set().await?;
    let test = async {
        let class = Scenario::new(stage.bed, "lied", |_| ()).await?;
        let life = Life::prepare(&stage, &class, 1).await?;
        life.act(Phase::Flip).await?;
        life.end(&stage, Phase::Flip).await?;
        let (began, mut played) = (Instant::now(), 0);
        for (n, plural) in PLURALS.into_iter().enumerate() {
            for (m, lie) in LIES.into_iter().enumerate() {
                if !all() && (n + m) % 8 != 4 {
                    continue;
                }
                round(&stage, &life, lie, plural).await.with_context(|| format!("{lie:?} {plural}"))?;
                played += 1;
                println!("{played:>3} {lie:?} {plural}: {:.0} s", began.elapsed().as_secs_f64());
            }
        }
        life.judge(&stage, &mut Default::default()).await?;
        println!("{played} watch plans, 0 violations, each fired, {:.0} s", began.elapsed().as_secs_f64());
        stage.nothing_is_told_on().await
    };
    explained(stage.bed, "a_watch_that_lies", test).await
}

async fn round(stage: &Stage, life: &Life, lie: Lie, plural: &'static str) -> Result<()> {
    let before = life.story.read_plan().await?.metadata.resource_version.unwrap_or_default();
    life.act(Phase::Suspend).await?;
    life.end(stage, Phase::Suspend).await?;
    let now = life.story.read_plan().await?.metadata.resource_version.unwrap_or_default();
    let rules: Vec<_> = rules(lie, plural, &now, &before).into_iter().map(|r| stage.proxy.rule(r)).collect();
    stage.proxy.kill();
    for _ in 0..200 {
        if rules.iter().all(|r| r.has_fired()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What happens while the operator is misled is seen, in the end.
    life.act(Phase::Resume).await?;
    life.end(stage, Phase::Resume).await?;
    for rule in &rules {
        ensure!(rule.has_fired(), "its moment never came: {}", rule.action);
        stage.proxy.lift(rule);
    }
    Ok(())
}
