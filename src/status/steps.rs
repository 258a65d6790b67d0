//! What to do next about a tenant: who, what, and the command to run.

use super::{
    integration::{condition, lacks},
    plan::Plan,
    read::World,
};
use crate::{
    api::{
        Cover, HealthcarePlan, Integration, Payload, PlanState,
        conditions::{ACKNOWLEDGED, COVERED, EGRESS_OPEN, READY, RECONCILING, Reason, STALLED},
    },
    explain::{
        self, Ledger, SOON, Step,
        words::{self, time},
    },
};

/// The steps: plan and agreements first, then integrations, the operator last.
pub fn steps(world: &World, plan: Option<&Plan>, integrations: &[&Integration]) -> Vec<Step> {
    let config = world.around.as_ref().and_then(|w| w.config.known());
    let mut all = of_plan(world, plan);
    for why in [world.plan.doubt(), world.integrations.doubt()].into_iter().flatten() {
        all.push(Step { who: "you".into(), what: format!("to see the whole: {why}"), command: None });
    }
    for integration in integrations {
        all.extend(of_integration(world, integration, &words::who(config, "signers")));
    }
    let behind = |i: &&Integration| {
        i.status.as_ref().is_none_or(|s| s.payload.is_none() || s.observed_generation != i.metadata.generation)
    };
    if plan.is_some_and(|p| !p.unknown.is_empty()) || integrations.iter().any(behind) {
        all.push(Step {
            who: words::who(config, "administrators"),
            what: "see that the operator runs and answers, if this page stays as it is for a minute".into(),
            command: Some("ringfence doctor".into()),
        });
    }
    let mut once: Vec<Step> = vec![];
    for step in all {
        if !once.contains(&step) {
            once.push(step);
        }
    }
    once
}

/// What the plan and its agreements need: by the agreements themselves where they are shown, else in the operator's words.
fn of_plan(world: &World, plan: Option<&Plan>) -> Vec<Step> {
    let (Some(object), Some(around)) = (world.plan.known(), &world.around) else { return vec![] };
    if Ledger::of(around).is_some() {
        return explain::page(around, object).steps;
    }
    let (name, config) = (&world.tenant, around.config.known());
    let mut steps = entities(object, name, &words::who(config, "signers"));
    match object.spec.state {
        PlanState::Suspended => steps.push(Step {
            who: words::who(config, "flippers"),
            what: "the plan is suspended: set it to Active when it is to open".into(),
            command: Some(format!("kubectl patch hp {name} --type merge -p '{{\"spec\":{{\"state\":\"Active\"}}}}'")),
        }),
        PlanState::Active if steps.is_empty() => {
            steps.extend(plan.filter(|p| p.result == explain::Answer::Closed).map(|p| Step {
                who: words::who(config, "administrators"),
                what: format!("{} ({}: see docs/reasons.md)", p.message.trim_end_matches('.'), p.reason),
                command: Some(format!("kubectl describe hp {name}")),
            }));
        }
        PlanState::Active | PlanState::Offboarding => {}
    }
    steps
}

fn entities(plan: &HealthcarePlan, name: &str, signers: &str) -> Vec<Step> {
    let told = plan.status.as_ref().and_then(|s| s.agreement.as_ref());
    let missing = told.into_iter().flat_map(|a| &a.entities).filter(|e| !e.open);
    let step =
        |what: String| Step { who: signers.to_owned(), what, command: Some(format!("ringfence explain plan/{name}")) };
    missing
        .map(|e| step(format!("{}: {}", e.party, e.missing.as_deref().unwrap_or("no agreement is in force"))))
        .collect()
}

/// What one integration needs.
fn of_integration(world: &World, integration: &Integration, signers: &str) -> Vec<Step> {
    let (tenant, name) = (&world.tenant, integration.metadata.name.as_deref().unwrap_or_default());
    let editor = format!("whoever may update integrations in {tenant}");
    let step = |who: &str, what: String, command: String| Step {
        who: who.to_owned(),
        what: format!("{name}: {what}"),
        command: Some(command),
    };
    let edit = format!("kubectl -n {tenant} edit intg {name}");
    let mut steps = vec![];
    if let Some(c) = condition(integration, STALLED).filter(|c| c.status == "True") {
        return vec![step(&editor, c.message.clone(), edit)];
    }
    let is_wanted = integration.spec.payload == Payload::Full;
    let baa = integration.spec.cover.as_ref().and_then(|c| c.baa_ref.as_ref());
    let attest = format!("ringfence attest-cover {tenant}/{name} --until TIME");
    if let Some(c) = lacks(integration, COVERED).filter(|_| is_wanted) {
        let is = |reason: Reason| c.reason == reason.as_str();
        let (who, command) = match baa {
            _ if is(Reason::CoverNotAttested) => (editor.as_str(), attest.clone()),
            _ if is(Reason::NoCover) => (editor.as_str(), edit),
            _ if is(Reason::CoverMissing) => (signers, "kubectl create -f BAA.yaml".to_owned()),
            Some(baa) => (signers, format!("ringfence explain baa/{}", baa.name)),
            None => (signers, format!("ringfence explain plan/{tenant}")),
        };
        steps.push(step(who, c.message.clone(), command));
    }
    if let Some(c) = lacks(integration, ACKNOWLEDGED).filter(|_| is_wanted) {
        let what = match c.reason == Reason::AcknowledgementStale.as_str() {
            true => "its warning has changed since it was accepted: read it and accept it anew",
            false => "read its warning and accept it",
        };
        steps.push(step(&editor, what.into(), format!("ringfence acknowledge {tenant}/{name}")));
    }
    if lacks(integration, EGRESS_OPEN).is_some_and(|c| c.reason == Reason::ClosedForNew.as_str()) {
        let what = format!("restart the pods that may still be connected to {}", integration.spec.vendor);
        steps.push(step(&editor, what, format!("kubectl -n {tenant} rollout restart deployment")));
    }
    let waits = condition(integration, RECONCILING).filter(|c| c.reason == Reason::Repairing.as_str());
    if let Some(c) = waits.filter(|c| c.status == "True" && lacks(integration, READY).is_some() && steps.is_empty()) {
        steps.push(Step { who: "nobody".into(), what: format!("{name}: wait: {}", c.message), command: None });
    }
    steps.extend(renewal(world, integration, (&editor, signers), attest));
    steps
}

/// A cover that ends within 90 days.
fn renewal(world: &World, integration: &Integration, (editor, signers): (&str, &str), attest: String) -> Option<Step> {
    let soon = world.now.saturating_add(SOON).unwrap_or(jiff::Timestamp::MAX);
    let status = integration.status.as_ref().filter(|s| s.payload == Some(Payload::Full))?;
    let end = status.expiration_time.as_ref().map(|t| t.0).filter(|t| *t <= soon)?;
    let (name, vendor) = (integration.metadata.name.as_deref().unwrap_or_default(), &integration.spec.vendor);
    match &integration.spec.cover {
        Some(Cover { baa_ref: Some(baa), .. }) => Some(Step {
            who: signers.into(),
            what: format!(
                "{name}: its cover ends on {}: see which agreement ends then, and let one be signed that takes its place",
                time(end)
            ),
            command: Some(format!("ringfence explain baa/{}", baa.name)),
        }),
        Some(Cover { attested: Some(true), .. }) => Some(Step {
            who: editor.into(),
            what: format!(
                "{name}: before {}: attest again that the customer has an agreement with {vendor}",
                time(end)
            ),
            command: Some(attest),
        }),
        _ => None,
    }
}
