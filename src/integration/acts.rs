//! Acts of persons about one integration: accepting its warning, attesting its cover.

use jiff::Timestamp;
use kube::ResourceExt;

use super::statement::{cover_statement, warning};
use crate::{
    agreement::{Attested, takes_back},
    api::{Act, Attestation, Integration, Statement, SubjectKind, conditions::Reason},
    plan::world::World,
};

/// Who accepted a warning, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The person.
    pub by: String,
    /// When it was recorded.
    pub since: Timestamp,
}

/// Who accepted `warning` for this very integration; else why nobody has.
pub(super) fn accepted(
    integration: &Integration,
    warning: &Statement,
    acts: &[&Attestation],
) -> Result<Accepted, (Reason, String)> {
    let live: Vec<_> = live(integration, Act::Acknowledge, acts).collect();
    let found = live.iter().filter(|(a, _)| is_about(a, warning)).min_by_key(|(_, since)| *since);
    if let Some((act, since)) = found {
        return Ok(Accepted { by: act.spec.by.clone(), since: *since });
    }
    let (namespace, name) = (integration.namespace().unwrap_or_default(), integration.name_any());
    let how = format!("read it and accept it (ringfence acknowledge {namespace}/{name})");
    Err(if live.is_empty() {
        (Reason::NotAcknowledged, format!("Nobody has accepted the warning (status.warning); {how}."))
    } else {
        (Reason::AcknowledgementStale, format!("What was accepted was another text than status.warning is now; {how}."))
    })
}

/// Whether an integration of the tenant rests on this act: then whether it was taken back must be known before anything opens.
#[must_use]
pub fn rests_on(world: &World, act: &Attestation) -> bool {
    let (Some(config), Some(plan)) = (world.config.known(), world.plan.known()) else { return false };
    let entities: Vec<_> = plan.spec.covered_entities.iter().map(|e| e.party.clone()).collect();
    let about = |integration: &Integration| {
        integration.metadata.uid.as_ref() == Some(&act.spec.subject_ref.uid)
            && match act.spec.act {
                Act::Acknowledge => is_about(act, &warning(integration, &config.spec.platform_party, &entities)),
                Act::AttestCover => cover_statement(integration, &entities).is_some_and(|s| is_about(act, &s)),
                _ => false,
            }
    };
    world.integrations.known().into_iter().flatten().any(|i| about(i))
}

/// When the cover of this very integration is attested in these words.
pub(super) fn attested(integration: &Integration, statement: &Statement, acts: &[&Attestation]) -> Attested {
    let mut found: Vec<_> = live(integration, Act::AttestCover, acts).filter(|(a, _)| is_about(a, statement)).collect();
    found.sort_by_key(|(_, since)| *since);
    let mut attested = Attested::default();
    for (act, since) in found {
        let Some(until) = act.spec.expiration_time.as_ref().map(|t| t.0).filter(|until| *until > since) else {
            continue;
        };
        match attested.spans.last_mut() {
            Some((_, end)) if since <= *end => *end = until.max(*end),
            _ => attested.spans.push((since, until)),
        }
        attested.last = Some((act.spec.by.clone(), act.name_any()));
    }
    attested
}

/// Acts of this kind about the very integration, by name, namespace and UID, that nobody took back; and when each was stored.
fn live<'a>(
    integration: &Integration,
    act: Act,
    acts: &'a [&'a Attestation],
) -> impl Iterator<Item = (&'a Attestation, Timestamp)> {
    let meta = integration.metadata.clone();
    let about = move |a: &Attestation| {
        let subject = &a.spec.subject_ref;
        a.spec.act == act
            && subject.kind == SubjectKind::Integration
            && Some(&subject.uid) == meta.uid.as_ref()
            && Some(&subject.name) == meta.name.as_ref()
            && subject.namespace == meta.namespace
    };
    let taken_back = |a: &Attestation| acts.iter().any(|w| takes_back(w, a));
    acts.iter()
        .filter(move |a| about(a) && !taken_back(a))
        .filter_map(|a| Some((*a, a.metadata.creation_timestamp.as_ref()?.0)))
}

fn is_about(act: &Attestation, statement: &Statement) -> bool {
    act.spec.text_sha256.as_ref() == Some(&statement.text_sha256)
}
