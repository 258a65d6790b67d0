//! Reconciles one Integration: its status and its Events. Flag and ways out are the plan's to write.

use super::{status, status::without_tenant};
use crate::{
    api::IntegrationStatus,
    apply::written_status_in,
    context::Context,
    guarded::Guarded,
    outcome::Outcome,
    plan::{decide::decide, observe::from_stores, validate::validate, world::World},
    queue::Urgency,
    transition,
};
use kube::ResourceExt;

/// Reconciles the Integration of this namespace and name: look, say, write if it changed. What changes by time alone is the plan's to wake for.
pub async fn reconcile(context: &Context, namespace: &str, name: &str) -> Outcome {
    let rest = Outcome::Ready(context.resync, Urgency::Resync);
    let found = context.stores.integrations.get(namespace, name);
    let Some(Ok(integration)) = found.known().map(|i| &i.object) else { return rest };
    let mut world = from_stores(namespace, &context.stores);
    let (now, doubt) = context.clock.look();
    world.clock_doubt = doubt;
    let Some(said) = said(&world, name, now) else { return rest };
    if integration.status.as_ref() == Some(&said) {
        return rest;
    }
    let mut wanted = (**integration).clone();
    wanted.status = Some(said.clone());
    match written_status_in(&context.client, namespace, wanted).await {
        Ok(written) => context.stores.integrations.put(Guarded::ok(written)),
        Err(_) => return Outcome::Failed(context.resync),
    }
    transition::integration(context, integration, &said).await;
    rest
}

/// What is said of the integration of this name; `None` while too little is known to say anything.
fn said(world: &World, name: &str, now: jiff::Timestamp) -> Option<IntegrationStatus> {
    let integration = world.integrations.known()?.iter().find(|i| i.name_any() == name)?;
    if world.plan.is_absent() {
        return Some(without_tenant(integration, None, world, now));
    }
    match validate(world) {
        Err(invalid) => Some(without_tenant(integration, Some(&invalid), world, now)),
        Ok(tenant) => {
            let decision = decide(&tenant, world, now);
            let judged = decision.integrations.iter().find(|j| j.name() == name)?;
            Some(status(judged, world, now))
        }
    }
}
