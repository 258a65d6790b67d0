//! The trace of a life without faults, and every plan that follows from it.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use ringfence_e2e::{
    faults::{Action, Call, Rule},
    scenario::Scenario,
};

use crate::{
    life::{Life, Phase},
    stage::Stage,
};

/// A call of a phase: what it is, and the how-manieth of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub phase: Phase,
    pub nodes: usize,
    pub template: String,
    pub nth: usize,
}

/// A fault at a call.
#[derive(Clone, Debug)]
pub struct Plan {
    pub key: Key,
    pub action: Action,
    /// How often its moment did not come: another life's fault changed the calls of this one.
    pub missed: usize,
}

impl Plan {
    pub fn is_crash(&self) -> bool {
        matches!(self.action, Action::KillBefore | Action::KillApplied | Action::KillAfter)
    }

    /// The rule for this tenant.
    pub fn rule(&self, names: Vec<String>) -> Rule {
        let template = self.key.template.clone();
        Rule::at(self.key.nth, self.action.clone(), move |c| counts(c, &names) && masked(c, &names) == template)
    }
}

fn counts(call: &Call, names: &[String]) -> bool {
    !call.is_watch() && call.is_about(names)
}

/// Nodes have names of their own.
fn masked(call: &Call, names: &[String]) -> String {
    let template = call.template(names);
    match template.split_once("/api/v1/nodes/") {
        Some((before, _)) => format!("{before}/api/v1/nodes/*"),
        None => template,
    }
}

/// One life without faults, as keys by phase.
async fn trace(stage: &Stage, class: &Scenario, nodes: usize) -> Result<(Vec<Key>, HashMap<Phase, serde_json::Value>)> {
    let life = Life::prepare(stage, class, nodes).await?;
    let (names, mut keys, mut endings) = (life.names(), vec![], HashMap::new());
    for phase in Phase::ALL {
        let mark = stage.proxy.mark();
        life.act(phase).await?;
        life.end(stage, phase).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut seen: HashMap<String, usize> = HashMap::new();
        for call in stage.proxy.calls(mark).iter().filter(|c| counts(c, &names)) {
            let template = masked(call, &names);
            let nth = seen.entry(template.clone()).or_default();
            keys.push(Key { phase, nodes, template, nth: *nth });
            *nth += 1;
        }
        endings.insert(phase, life.ending(stage).await?);
    }
    life.judge(stage, &mut Default::default()).await?;
    Ok((keys, endings))
}

/// Traces and endings of lives with one, two and three nodes.
pub struct Learnt {
    pub keys: Vec<Key>,
    pub endings: HashMap<(usize, Phase), serde_json::Value>,
}

/// Learns what happens without faults, three times: what is not the same each time is left out.
pub async fn learn(stage: &Stage, class: &Scenario) -> Result<Learnt> {
    let mut learnt = Learnt { keys: vec![], endings: HashMap::new() };
    for nodes in [1, 2, 3] {
        let (first, endings) = trace(stage, class, nodes).await?;
        let [(second, _), (third, _)] = [trace(stage, class, nodes).await?, trace(stage, class, nodes).await?];
        learnt.keys.extend(first.into_iter().filter(|k| second.contains(k) && third.contains(k)));
        learnt.endings.extend(endings.into_iter().map(|(p, e)| ((nodes, p), e)));
    }
    Ok(learnt)
}

/// Every call × three points.
pub fn crashes(keys: &[Key]) -> Vec<Plan> {
    let points = [Action::KillBefore, Action::KillApplied, Action::KillAfter];
    keys.iter().flat_map(|k| points.clone().map(|action| Plan { key: k.clone(), action, missed: 0 })).collect()
}

/// Every call × three of these faults, in turn, so that each fault meets each kind of call in the long run.
pub fn faults(keys: &[Key]) -> Vec<Plan> {
    let kinds = [
        Action::Answer(409, None),
        Action::Answer(500, None),
        Action::AppliedAnswer(504),
        Action::Answer(429, Some(1)),
        Action::Reset,
        Action::Garbage,
        Action::Answer(403, None),
        Action::AppliedReset,
        Action::Truncate,
        Action::Answer(503, None),
        Action::Duplicate,
        Action::Answer(429, None),
        Action::AppliedAnswer(500),
        Action::Delay(Duration::from_millis(1500)),
        Action::Answer(404, None),
        Action::Answer(422, None),
    ];
    let pick = |n: usize, turn: usize| kinds[(n * 3 + turn) % kinds.len()].clone();
    let all = keys.iter().enumerate().flat_map(|(n, k)| (0..3).map(move |turn| (n, turn, k)));
    all.map(|(n, turn, k)| Plan { key: k.clone(), action: pick(n, turn), missed: 0 }).collect()
}
