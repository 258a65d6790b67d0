//! Plays the plans: each tenant's life meets one fault in each phase; the observer judges the whole life.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    time::Instant,
};

use anyhow::{Result, ensure};
use ringfence_e2e::{faults::judge::Exercised, promise::explained, scenario::Scenario};

use crate::{
    life::{Life, Phase},
    plans::{Learnt, Plan, crashes, faults, learn},
    stage::{Stage, all},
};

/// Lives that are lived at once.
const LANES: usize = 3;

/// Tenants are never deleted, and each start of the operator looks at all of them: a new bed is made when there are many.
const PLANS_A_BED: usize = 160;
/// How often a plan whose moment did not come is played again.
const AGAIN: usize = 6;

/// What came of the plans.
#[derive(Default)]
struct Ledger {
    played: BTreeMap<(String, String), usize>,
    unfired: Vec<String>,
    wrong: Vec<String>,
    exercised: Exercised,
}

struct Campaign {
    stage: Stage,
    learnt: Learnt,
    todo: Mutex<BTreeMap<(usize, Phase), VecDeque<Plan>>>,
    ledger: Mutex<Ledger>,
    began: Instant,
    count: usize,
}

impl Campaign {
    fn next(&self, nodes: usize, phase: Phase) -> Option<Plan> {
        self.todo.lock().expect("no panic").get_mut(&(nodes, phase)).and_then(VecDeque::pop_front)
    }

    /// Whether plans are left, and for how many nodes.
    fn left(&self) -> Option<usize> {
        let todo = self.todo.lock().expect("no panic");
        todo.iter().find(|(_, plans)| !plans.is_empty()).map(|((nodes, _), _)| *nodes)
    }

    async fn lane(&self, lane: usize) -> Result<()> {
        let class = Scenario::new(self.stage.bed, &format!("lane-{lane}"), |_| ()).await?;
        while let Some(nodes) = self.left() {
            self.live(&class, nodes).await?;
        }
        Ok(())
    }

    async fn live(&self, class: &Scenario, nodes: usize) -> Result<()> {
        let life = Life::prepare(&self.stage, class, nodes).await?;
        let mut met = vec![];
        let lived = self.phases(&life, nodes, &mut met).await;
        let mut ledger_exercised = Exercised::new();
        let judged = match lived {
            Ok(()) => life.judge(&self.stage, &mut ledger_exercised).await,
            Err(why) => Err(why),
        };
        let mut ledger = self.ledger.lock().expect("no panic");
        for (what, n) in ledger_exercised {
            *ledger.exercised.entry(what).or_default() += n;
        }
        if let Err(why) = judged {
            println!("VIOLATION {met:?}: {why:#}");
            ledger.wrong.push(format!("{met:?}: {why:#}"));
        }
        let done: usize = ledger.played.values().sum();
        println!(
            "{done:>4} of {} plans, {} unfired, {} violations, {:.0} s",
            self.count,
            ledger.unfired.len(),
            ledger.wrong.len(),
            self.began.elapsed().as_secs_f64()
        );
        drop(ledger);
        self.stage.history.forget(&life.story.tenant);
        Ok(())
    }

    async fn phases(&self, life: &Life, nodes: usize, met: &mut Vec<String>) -> Result<()> {
        for phase in Phase::ALL {
            let plan = self.next(nodes, phase);
            let rule = plan.as_ref().map(|p| self.stage.proxy.rule(p.rule(life.names())));
            if let Some(plan) = &plan {
                met.push(format!("{phase} {} #{}: {}", plan.key.template, plan.key.nth, plan.action));
            }
            life.act(phase).await?;
            let ended = life.end(&self.stage, phase).await;
            if let (Some(plan), Some(rule)) = (plan, &rule) {
                // Some calls come after all has ended, such as an Event.
                for _ in 0..40 {
                    if rule.has_fired() {
                        break;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                self.note(plan, rule.has_fired());
                self.stage.proxy.lift(rule);
            }
            ended?;
            life.end(&self.stage, phase).await?;
            let expected = &self.learnt.endings[&(nodes, phase)];
            let ending = self.settled(life, expected).await?;
            ensure!(ending == *expected, "{phase} ended otherwise: {ending:#} instead of {expected:#}");
        }
        Ok(())
    }

    /// A plan counts once its moment came; until then it is played again, some times.
    fn note(&self, mut plan: Plan, fired: bool) {
        let mut ledger = self.ledger.lock().expect("no panic");
        if fired {
            let (kind, family) = if plan.is_crash() {
                ("crash", format!("{}: {}", plan.key.phase, plan.action))
            } else {
                ("fault", plan.action.to_string())
            };
            *ledger.played.entry((kind.into(), family)).or_default() += 1;
        } else if plan.missed < AGAIN {
            plan.missed += 1;
            let mut todo = self.todo.lock().expect("no panic");
            todo.entry((plan.key.nodes, plan.key.phase)).or_default().push_back(plan);
        } else {
            let what = format!("{} {} #{}", plan.key.phase, plan.key.template, plan.key.nth);
            println!("UNFIRED {what}: {}", plan.action);
            ledger.unfired.push(format!("{what}: {}", plan.action));
        }
    }

    /// A last status or label may still be under way.
    async fn settled(&self, life: &Life, expected: &serde_json::Value) -> Result<serde_json::Value> {
        let mut ending = life.ending(&self.stage).await?;
        for _ in 0..100 {
            if ending == *expected {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            ending = life.ending(&self.stage).await?;
        }
        Ok(ending)
    }
}

/// A selection that is spread over all, unless all are asked for.
fn select(plans: Vec<Plan>, count: usize) -> Vec<Plan> {
    if all() {
        return plans;
    }
    // Odd, so that with an even number of faults in turn each of them is met.
    let step = (plans.len() / count) | 1;
    plans.into_iter().step_by(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_nothing_opens_or_is_lost_and_all_ends_as_it_would_have() -> Result<()> {
    let began = Instant::now();
    let stage = Stage::set().await?;
    let class = Scenario::new(stage.bed, "learnt", |_| ()).await?;
    let learnt = explained(stage.bed, "the_trace_without_faults", learn(&stage, &class)).await?;
    stage.clear();
    let (crashes, faults) = (crashes(&learnt.keys), faults(&learnt.keys));
    println!("{} calls: {} crash plans, {} fault plans", learnt.keys.len(), crashes.len(), faults.len());
    let mut chosen: Vec<Plan> = select(crashes, 40).into_iter().chain(select(faults, 32)).collect();
    chosen.sort_by_key(|p| (p.key.nodes, p.key.phase));
    let (count, mut ledger, mut learnt) = (chosen.len(), Ledger::default(), learnt);
    // Every n-th plan goes to the n-th bed: each has its share of every phase.
    let beds = count.div_ceil(PLANS_A_BED);
    for n in 0..beds {
        let mut todo: BTreeMap<_, VecDeque<Plan>> = BTreeMap::new();
        for plan in chosen.iter().skip(n).step_by(beds) {
            todo.entry((plan.key.nodes, plan.key.phase)).or_default().push_back(plan.clone());
        }
        let stage = Stage::set().await?;
        let bed = stage.bed;
        let campaign = Campaign { stage, learnt, todo: Mutex::new(todo), ledger: Mutex::new(ledger), began, count };
        let played = async {
            futures::future::try_join_all((0..LANES).map(|n| campaign.lane(n))).await?;
            campaign.stage.nothing_is_told_on().await
        };
        explained(bed, "whatever_breaks", played).await?;
        campaign.stage.clear();
        (learnt, ledger) = (campaign.learnt, campaign.ledger.into_inner().expect("no panic"));
    }
    let table = table(&ledger, began.elapsed().as_secs());
    println!("{table}");
    if all() {
        std::fs::write(ringfence_e2e::tools::repository().join("docs/faults.md"), table)?;
    }
    ensure!(ledger.wrong.is_empty(), "{} violations: {:#?}", ledger.wrong.len(), ledger.wrong);
    ensure!(ledger.unfired.is_empty(), "{} plans whose moment never came: {:#?}", ledger.unfired.len(), ledger.unfired);
    ensure!(ledger.exercised.values().all(|n| *n > 0) && ledger.exercised.len() >= 12, "{:?}", ledger.exercised);
    Ok(())
}

/// What the campaign led to, and what it does not judge.
const FOUND: &str = "
Watches of each kind that is watched are dropped, held, answered 410, followed by an empty or an old list, in plans of their own.
Three lives are lived at once on one operator: a kill meets all of them. A plan whose moment does not come, because another life's fault changed
the calls of this one, is played again until it does.

What was found by it and put right: libraries logged answers that did not decode, names of signatories included; `PhiUnlocked=False` was said although
the restrictive document could not be written; a wrong clock closed a document whose window it took for one of the future.

At the end of each bed the log, the metrics, every Event, every status, record and flag document are searched for the canaries that stand in every text
of every plan, agreement and act, in every garbled answer, and for tokens.

Not judged here: S2 with pods (`e2e/tests/operator/placement.rs` shows it) and S12 (`e2e/tests/same_second.rs`).
";

fn table(ledger: &Ledger, seconds: u64) -> String {
    let sum = |kind: &str| ledger.played.iter().filter(|((k, _), _)| k == kind).map(|(_, n)| n).sum::<usize>();
    let mut text = format!(
        "# Faults that were played\n\nWritten by `make faults`: a trace of a tenant's life (flip; base policy deleted; quota, account and readers deleted; suspend, resume, terminate; with one, \
         two and three nodes) is learnt, then the operator is killed at each call, before it, once it was applied, and after the answer; and each call meets \
         three of sixteen faults, in turn. An observer that shares no code with the operator judges every version of every object, \
         what was made how often, and how each phase ended.\n\n\
         {} crash plans and {} fault plans in {seconds} s; {} whose moment never came; {} violations.\n\n| plans | at | number |\n|---|---|---|\n",
        sum("crash"),
        sum("fault"),
        ledger.unfired.len(),
        ledger.wrong.len()
    );
    for ((kind, family), n) in &ledger.played {
        text.push_str(&format!("| {kind} | {family} | {n} |\n"));
    }
    text.push_str("\n| invariant | times that it had something to say |\n|---|---|\n");
    for (what, n) in &ledger.exercised {
        text.push_str(&format!("| {what} | {n} |\n"));
    }
    text.push_str(FOUND);
    text
}
