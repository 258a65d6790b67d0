//! Reconciles one BAA: its status, and the moment at which it changes by time alone.

use std::time::Duration;

use kube::ResourceExt;

use super::{lifecycle, status};
use crate::{api::BAA, apply::written_status, context::Context, guarded::Guarded, outcome::Outcome, queue::Urgency};

/// Reconciles the BAA of this name: read its life, write its status if it changed, wake at its next change.
pub async fn reconcile(context: &Context, name: &str) -> Outcome {
    let rest = Outcome::Ready(context.resync, Urgency::Resync);
    let found = context.stores.baas.get("", name);
    let Some(Ok(baa)) = found.known().map(|b| &b.object) else {
        return rest;
    };
    let mut acts = context.stores.acts.by(name);
    acts.extend(acts.clone().iter().flat_map(|a| context.stores.acts.by(&a.name_any())));
    let acts: Vec<_> = acts.iter().filter_map(|a| a.object.as_deref().ok()).collect();
    let now = context.clock.now();
    let life = lifecycle(baa, &acts, now);
    let said = status(baa, &life, now);
    if baa.status.as_ref() != Some(&said) {
        match written_status(&context.client, BAA { status: Some(said), ..(**baa).clone() }).await {
            Ok(written) => context.stores.baas.put(Guarded::ok(written)),
            Err(_) => return Outcome::Failed(context.resync),
        }
    }
    let until = life.next_change(now).map(|t| Duration::try_from(t.duration_since(now)).unwrap_or_default());
    Outcome::Ready(until.unwrap_or(context.resync).min(context.resync), Urgency::Change)
}
