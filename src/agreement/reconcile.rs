//! Reconciles one BAA: its status, its Events and metric, and the moment at which it changes by time alone.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kube::ResourceExt;

use super::{Book, status, status::next_change};
use crate::{
    api::{Attestation, BAA},
    apply::written_status,
    context::Context,
    guarded::Guarded,
    outcome::Outcome,
    queue::Urgency,
    stores::Stores,
    transition,
};

/// Reconciles the BAA of this name: read its life, write its status if it changed, wake at its next change.
pub async fn reconcile(context: &Context, name: &str) -> Outcome {
    let rest = Outcome::Ready(context.resync, Urgency::Resync);
    let found = context.stores.baas.get("", name);
    let Some(Ok(baa)) = found.known().map(|b| &b.object) else {
        // What is merely unknown keeps its end in the metric.
        if found.is_absent() {
            context.metrics.agreement_gone(name);
        }
        return rest;
    };
    let (baas, acts) = around(baa, &context.stores);
    let (baas, acts): (Vec<_>, Vec<_>) =
        (baas.iter().map(AsRef::as_ref).collect(), acts.iter().map(AsRef::as_ref).collect());
    let now = context.clock.now();
    let book = Book::new(&baas, &acts, now);
    let Some(said) = status(&book, name, now) else { return rest };
    let next = next_change(&book, name, now);
    context.metrics.agreement(name, said.open_time.as_ref().and(said.close_time.as_ref()).map(|t| t.0));
    if baa.status.as_ref() != Some(&said) {
        match written_status(&context.client, BAA { status: Some(said.clone()), ..(**baa).clone() }).await {
            Ok(written) => context.stores.baas.put(Guarded::ok(written)),
            Err(_) => return Outcome::Failed(context.resync),
        }
        transition::agreement(context, baa, &said).await;
    }
    let until = next.map(|t| Duration::try_from(t.duration_since(now)).unwrap_or_default());
    Outcome::Ready(until.unwrap_or(context.resync).min(context.resync), Urgency::Change)
}

/// The BAA, those of the same disclosing party, those that it amends or supersedes, whosever they are, those that it names above itself with theirs,
/// and the acts about them all.
fn around(baa: &Arc<BAA>, stores: &Stores) -> (Vec<Arc<BAA>>, Vec<Arc<Attestation>>) {
    let mut found: BTreeMap<String, Arc<BAA>> = BTreeMap::from([(baa.name_any(), baa.clone())]);
    let add = |party: &str, found: &mut BTreeMap<String, Arc<BAA>>| {
        let theirs = stores.baas.by(party);
        found.extend(theirs.iter().filter_map(|b| b.object.as_ref().ok()).map(|b| (b.name_any(), b.clone())));
    };
    add(&baa.spec.disclosing.party, &mut found);
    for near in [&baa.spec.supersedes_ref, &baa.spec.amends_ref].into_iter().flatten() {
        let named = stores.baas.get("", &near.name);
        found.extend(named.known().and_then(|b| b.object.as_ref().ok()).map(|b| (b.name_any(), b.clone())));
    }
    let own = |b: &&Arc<BAA>| b.spec.receiving.party == baa.spec.receiving.party;
    let above: Vec<_> = found.values().filter(own).flat_map(|b| b.spec.upstream.iter().flatten()).cloned().collect();
    for up in above {
        if let Some(Ok(up)) = stores.baas.get("", &up.baa_ref.name).known().map(|b| &b.object) {
            add(&up.spec.disclosing.party, &mut found);
        }
    }
    let mut acts: Vec<_> = found.keys().flat_map(|name| stores.acts.by(name)).collect();
    acts.extend(acts.clone().iter().flat_map(|a| stores.acts.by(&a.name_any())));
    let acts = acts.iter().filter_map(|a| a.object.as_ref().ok().cloned()).collect();
    (found.into_values().collect(), acts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::NameRef, plan::fixture::baa};

    #[test]
    fn what_is_between_other_parties_is_not_said_to_be_missing() {
        let theirs = baa("theirs", "uid-of-theirs", "brite", ("00:00:00", None));
        for amends in [true, false] {
            let mut ours = baa("ours", "uid-of-ours", "acme", ("00:00:00", None));
            let target = Some(NameRef { name: "theirs".into() });
            *(if amends { &mut ours.spec.amends_ref } else { &mut ours.spec.supersedes_ref }) = target;
            let stores = Stores::default();
            stores.baas.relist([Guarded::ok(theirs.clone()), Guarded::ok(ours.clone())]);
            let (baas, _) = around(&Arc::new(ours), &stores);
            let book = Book::new(&baas.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &[], crate::plan::fixture::now());
            let said = book.life("ours").unwrap().ignored();
            assert!(said[0].contains("between other parties"), "{said:?}");
        }
    }
}
