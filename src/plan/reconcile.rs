//! Reconciles one tenant: observe → validate → decide → apply → status. A table of contents.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use super::{
    decide::{Decision, Step, decide, decide_invalid},
    fence::flags,
    gates::Gate,
    observe::observe,
    quorum::{Reading, quorum},
    status,
    validate::{Invalid, Tenant, validate},
    world::World,
};
use crate::{
    api::{
        HealthcarePlan, HealthcarePlanStatus,
        conditions::{PHI_UNLOCKED, READY, Reason, is_true},
    },
    apply::{Writer, written_status},
    context::Context,
    guarded::Guarded,
    keys::KeyService,
    names::FLAGS,
    outcome::{Failure, Outcome},
    queue::Urgency,
    transition,
};

/// Most rounds of observing and writing in one reconcile; what is left is done in the next.
const ROUNDS: usize = 12;

/// What one or more rounds came to.
enum Settled {
    Tenant(Box<(Tenant, Decision)>),
    Invalid(Invalid),
}

/// Reconciles the tenant of this name:
/// 1. observe, validate, decide, apply, again until no step is left or one fails;
/// 2. one status write, one Event a transition; a lock that a later round heals is told first;
/// 3. when to look again.
///
/// A plan is said to be unknown from its creation on, by the default of its status.
pub async fn reconcile(context: &Context, name: &str) -> Outcome {
    let keys = context.key_service();
    let (settled, world, failure) = settle(context, name, keys.as_deref()).await;
    if let Settled::Invalid(invalid) = &settled {
        tracing::warn!(plan = name, reason = invalid.reason.as_str(), message = invalid.message, "no valid tenant");
    }
    let written = tell(context, &settled, &world, failure.as_ref()).await;
    outcome(context, &settled, failure.or(written.as_ref().err().cloned()), written.unwrap_or(false))
}

/// Rounds of observe → validate → decide → apply.
async fn settle<K: KeyService>(context: &Context, name: &str, keys: Option<&K>) -> (Settled, World, Option<Failure>) {
    let writer = Writer { client: &context.client, stores: &context.stores, lead: &context.lead, keys, tenant: name };
    let mut round = 0;
    loop {
        round += 1;
        let mut world = observe(name, &context.stores, keys, context.resync).await;
        let (now, doubt) = context.clock.look();
        world.clock_doubt = doubt;
        let mut failure = None;
        let mut decided = look(&world, now);
        // What closes waits for no reading: what opens beside it is done in the next round.
        if decided.1.iter().any(Step::is_closing) {
            decided.1.retain(|s| !s.is_loosening());
        }
        if decided.1.iter().any(Step::is_loosening) {
            match quorum(&world, &context.client, &context.stores, keys).await {
                Ok(mut fresh) => {
                    let (now, doubt) = context.clock.look();
                    fresh.clock_doubt = doubt;
                    decided = look(&fresh, now);
                    world = fresh;
                }
                Err(f) => {
                    decided.1.retain(|s| !s.is_loosening());
                    failure = Some(f);
                }
            }
        }
        let (settled, steps) = decided;
        let mut ended = false;
        for group in steps.chunk_by(|a, b| a.is_beside_others() && b.is_beside_others()) {
            // What closes is tried whatever failed before it.
            if ended && !group.iter().all(Step::is_closing) {
                continue;
            }
            let done = futures::future::join_all(group.iter().map(|step| writer.perform(step))).await;
            let failed = group.iter().zip(done).filter_map(|(step, done)| Some((step, done.err()?)));
            let (untidy, ends): (Vec<_>, Vec<_>) = failed.partition(|(step, _)| step.is_tidying());
            if let Some((_, f)) = ends.into_iter().next() {
                failure = Some(f);
                ended = true;
                continue;
            }
            if let Some((_, f)) = untidy.into_iter().next() {
                failure.get_or_insert(Failure { untidy: true, ..f });
            }
        }
        let raced = failure.as_ref().is_some_and(|f| f.raced);
        if (steps.is_empty() || (failure.is_some() && !raced))
            || round == ROUNDS
            || only_evicts(&steps)
            || world.flags.doubt().is_some()
        {
            return (settled, world, failure);
        }
        if is_news(&settled, &world)
            && let Err(f) = tell(context, &settled, &world, failure.as_ref()).await
        {
            return (settled, world, Some(f));
        }
    }
}

/// Whether what was said to be open is locked now, or what was said to be as called for is being repaired. It is said even when
/// the next round heals it: people must learn of it, and nothing opens again before status has said that it may.
fn is_news(settled: &Settled, world: &World) -> bool {
    let (Settled::Tenant(both), Some(status)) = (settled, world.plan.known().and_then(|p| p.status.as_ref())) else {
        return false;
    };
    let closed = matches!(both.1.gate, Gate::Closed(_));
    let repairing = both.1.verdicts.iter().any(|v| v.reason == Reason::Repairing);
    (closed && is_true(&status.conditions, PHI_UNLOCKED)) || (repairing && is_true(&status.conditions, READY))
}

fn only_evicts(steps: &[Step]) -> bool {
    steps.iter().all(|s| matches!(s, Step::Evict(_)))
}

fn look(world: &World, now: Timestamp) -> (Settled, Vec<Step>) {
    match validate(world) {
        Ok(tenant) => {
            let mut decision = decide(&tenant, world, now);
            let steps = std::mem::take(&mut decision.steps);
            (Settled::Tenant(Box::new((tenant, decision))), steps)
        }
        Err(invalid) => {
            let steps = decide_invalid(world, &invalid, now);
            (Settled::Invalid(invalid), steps)
        }
    }
}

async fn tell(context: &Context, settled: &Settled, world: &World, failure: Option<&Failure>) -> Result<bool, Failure> {
    match world.plan.known() {
        Some(plan) => {
            // As it is after what was written, not as it was when it was looked at.
            let flags = context.stores.flags.get(&world.name, FLAGS);
            let open = failure.is_some() && flags::opens(&World { flags, ..world.clone() });
            let said = said(settled, plan, world, (failure, open), context.clock.now());
            write_status(context, plan, &said).await
        }
        None => Ok(false),
    }
}

fn said(
    settled: &Settled,
    plan: &HealthcarePlan,
    world: &World,
    (failure, open): (Option<&Failure>, bool),
    now: Timestamp,
) -> HealthcarePlanStatus {
    match settled {
        Settled::Tenant(both) => status::status(&both.0, &both.1, failure, open, now),
        Settled::Invalid(invalid) => status::invalid(plan, invalid, flags::opens(world), now),
    }
}

/// Writes a status that differs from the one that was seen, and one Event for each transition. Whether it wrote.
async fn write_status(context: &Context, plan: &HealthcarePlan, said: &HealthcarePlanStatus) -> Result<bool, Failure> {
    if plan.status.as_ref() == Some(said) {
        return Ok(false);
    }
    let asked = Instant::now();
    let written =
        written_status(&context.client, HealthcarePlan { status: Some(said.clone()), ..plan.clone() }).await?;
    context.stores.plans.put(Guarded::ok(written));
    context.stores.readings.note(Reading::Plan(plan.name_any()), asked);
    transition::publish(context, plan, said).await;
    Ok(true)
}

fn outcome(context: &Context, settled: &Settled, failure: Option<Failure>, wrote: bool) -> Outcome {
    let next = match settled {
        Settled::Tenant(both) => both.1.next,
        Settled::Invalid(_) => None,
    };
    let until = next.map(|t| Duration::try_from(t.duration_since(context.clock.now())).unwrap_or(Duration::ZERO));
    let (delay, urgency) = match until {
        Some(delay) if delay <= context.resync => (delay, Urgency::Revocation),
        _ => (context.resync, Urgency::Resync),
    };
    match (failure, settled) {
        (Some(_), _) => Outcome::Failed(delay),
        (None, _) if wrote => Outcome::Again,
        (None, Settled::Tenant(both))
            if both.1.verdicts.iter().any(|v| v.standing == super::gates::Standing::Unknown) =>
        {
            Outcome::Failed(delay)
        }
        (None, Settled::Invalid(invalid)) if invalid.stalled => Outcome::Stalled(delay, urgency),
        _ => Outcome::Ready(delay, urgency),
    }
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
