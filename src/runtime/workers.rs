//! Workers: each takes the most urgent item, reconciles it, and says when it is wanted again.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tokio::task::JoinSet;

use crate::{
    agreement,
    context::Context,
    integration,
    metrics::Reconciled,
    outcome::Outcome,
    plan,
    queue::{Backoff, Item, Queue, Urgency},
    stores::in_namespace,
};

/// How long one reconcile may take in all.
const DEADLINE: Duration = Duration::from_secs(120);
/// How long a start waits for the guardrails to be listed. Without the right to, everything that closes is done all the same.
const FOR_GUARDRAILS: Duration = Duration::from_secs(10);
/// How long after a start, at most, before work begins on stores that are not complete.
const PATIENCE: Duration = Duration::from_millis(50);

/// Starts `count` workers; they end when the queue is closed.
pub fn spawn(count: u16, context: &Arc<Context>, queue: &Arc<Queue>) -> JoinSet<()> {
    let backoff = Arc::new(Backoff::default());
    let mut workers = JoinSet::new();
    for _ in 0..count {
        workers.spawn(work(context.clone(), queue.clone(), backoff.clone()));
    }
    workers
}

async fn work(context: Arc<Context>, queue: Arc<Queue>, backoff: Arc<Backoff>) {
    let begun = Instant::now();
    while context.stores.unknown().is_some()
        || (begun.elapsed() < FOR_GUARDRAILS && context.stores.guardrails.missed().is_some())
    {
        if queue.is_closed() {
            return;
        }
        tokio::time::sleep(PATIENCE).await;
    }
    while let Some(item) = queue.next().await {
        // What was asked for while another replica leads is kept, and looked at anew once this one does.
        while !context.lead.holds() {
            if queue.is_closed() {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), context.lead.leading()).await;
        }
        let started = Instant::now();
        let outcome = guarded(&context, &item).await;
        report(&context, &item, outcome, started.elapsed());
        // What the plan's reconcile wrote is what its integrations' statuses tell.
        if let Item::Plan(name) = &item {
            for integration in context.stores.integrations.names_by(&in_namespace(name)) {
                queue.add(Item::Integration(name.clone(), integration), Urgency::Change);
            }
        }
        let again = match outcome {
            Outcome::Ready(delay, urgency) | Outcome::Stalled(delay, urgency) => {
                backoff.succeeded(&item);
                (delay, urgency)
            }
            Outcome::Again => (Duration::from_millis(1), Urgency::Revocation),
            Outcome::Failed(at_most) => (backoff.failed(&item).min(at_most), Urgency::Change),
        };
        queue.done(&item, Some(again));
    }
}

/// A reconcile that panics or hangs is a failed one; the others go on.
async fn guarded(context: &Context, item: &Item) -> Outcome {
    let reconcile = async {
        match item {
            Item::Plan(name) => plan::reconcile::reconcile(context, name).await,
            Item::Agreement(name) => agreement::reconcile::reconcile(context, name).await,
            Item::Integration(namespace, name) => integration::reconcile::reconcile(context, namespace, name).await,
        }
    };
    match tokio::time::timeout(DEADLINE, AssertUnwindSafe(reconcile).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) | Err(_) => Outcome::Failed(context.resync),
    }
}

fn report(context: &Context, item: &Item, outcome: Outcome, took: Duration) {
    let (kind, name) = match item {
        Item::Plan(name) => ("plan", name),
        Item::Agreement(name) => ("agreement", name),
        Item::Integration(_, name) => ("integration", name),
    };
    let outcome = outcome.label();
    context.metrics.reconciles.get_or_create(&Reconciled { kind, outcome }).inc();
    context.metrics.seconds.observe(took.as_secs_f64());
    tracing::info!(
        kind,
        name,
        outcome,
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "reconciled"
    );
}
