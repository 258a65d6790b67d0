//! What is done when there is no valid tenant: close what may not be known to be allowed, or let it lapse.

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    decide::publish_step,
    fence::{
        flags,
        namespace::{self, Ground},
    },
    step::Step,
    validate::Invalid,
    world::World,
};
use crate::{
    agreement,
    api::{PlanState, RecordedKey, conditions::Reason},
    fact::Fact,
    integration,
    keys::Trouble,
    names::{BASE_POLICY, TenantName},
};

/// What is done when there is no valid tenant: what may not be known to be allowed is closed, or left to lapse.
#[must_use]
pub fn decide_invalid(world: &World, invalid: &Invalid, now: Timestamp) -> Vec<Step> {
    let Ok(name) = TenantName::new(&world.name) else {
        return vec![];
    };
    let own = world.record.known().is_some_and(|r| namespace::ground(world, Some(r)) == Ground::Own);
    let Some(live) = flags::published(world) else {
        // Without a document nothing is granted; one that cannot be read may grant it still.
        let ungranted = own && world.flags.doubt().is_none();
        return if ungranted { integration::lapsing(world, None, now.as_second()) } else { vec![] };
    };
    let plan = world.plan.known();
    let asked = plan.is_none_or(|p| p.spec.state != PlanState::Active || p.metadata.deletion_timestamp.is_some());
    let gone = world.plan.is_absent();
    let fell = has_fallen(world);
    let closed = fell
        || gone
        || (plan.is_some() && asked)
        || invalid.reason == Reason::NameUsed
        || has_closed(world, &name, live, now);
    let reading = flags::Live::parse(&name, live).and_then(|l| l.reading).filter(|_| !fell);
    let restrictive = flags::render(&name, &flags::Settings::strictest(), None, reading.as_ref());
    let publish = (own && closed && live != restrictive).then(|| publish_step(&name, &restrictive, false));
    // A way out stands no longer than the flag that it serves; what the integrations say by now nobody knows.
    let granted = flags::Live::parse(&name, live).and_then(|l| l.opening).filter(|_| !closed);
    let ways = integration::lapsing(world, granted.as_ref(), now.as_second());
    publish.into_iter().chain(ways.into_iter().filter(|_| own)).collect()
}

/// Whether a fence is seen to be gone that no class is needed to judge: the base policy, or a recorded key or its mount.
fn has_fallen(world: &World) -> bool {
    let wall = world.policies.known().is_none_or(|p| p.iter().any(|p| p.name_any() == BASE_POLICY));
    let recorded = world.record.known().into_iter().flat_map(|r| &r.spec.keys).filter(|k| k.fingerprint.is_some());
    let lost = |k: &RecordedKey| match world.keys.get(&k.purpose) {
        Some(Ok(Fact::Known(key))) => k.fingerprint.as_ref() != Some(&key.fingerprint),
        Some(told) => matches!(told, Ok(Fact::Absent) | Err(Trouble::MountMissing(_))),
        None => false,
    };
    !wall || recorded.into_iter().any(lost)
}

/// Whether the document opens an entity, or a category of one, that no agreement in force covers any more.
fn has_closed(world: &World, name: &TenantName, live: &str, now: Timestamp) -> bool {
    let (Some(config), Some(open)) = (world.config.known(), flags::Live::parse(name, live)) else {
        return false;
    };
    // A plan whose store is silent has agreements that nobody can see: its document lapses. One that cannot be decoded closes.
    if world.plan.known().is_none() && world.agreement_doubt.is_some() {
        return false;
    }
    let acts: Vec<_> = world.acts.iter().map(AsRef::as_ref).collect();
    let baas: Vec<_> = world.baas.iter().map(AsRef::as_ref).collect();
    let parties: Vec<_> = open.entities().into_iter().collect();
    let question = agreement::Question {
        parties: &parties,
        platform: &config.spec.platform_party,
        features: &[],
        integrations: &[],
    };
    let verdict = agreement::evaluate(question, &baas, &acts, now);
    let kept = |party: &str| verdict.entities.iter().find(|e| e.party == party).map(|e| &e.categories);
    let opened = open.opening.iter().flat_map(|o| &o.entities);
    opened.into_iter().any(|(party, seen)| kept(party).is_none_or(|now| seen.keys().any(|c| !now.contains_key(c))))
}
