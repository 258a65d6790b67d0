//! Why a hop does not stand, and what to do, in words.

use jiff::Timestamp;

use super::{life::Life, path::Hop};
use crate::api::{BAAPhase, conditions::Reason};

/// Why `hop` does not stand at `at`.
pub(super) fn closed(hop: &Hop<'_, '_>, at: Timestamp) -> (Reason, String) {
    match hop {
        Hop::Agreement(life, _) => agreement(life, at),
        Hop::Attested { entity, associate, .. } => (
            Reason::UpstreamNotAttested,
            format!(
                "nobody attests any more that {entity} has a BAA with {associate}; let a signer attest it (an Attestation of act AttestUpstream)"
            ),
        ),
    }
}

fn agreement(life: &Life<'_>, at: Timestamp) -> (Reason, String) {
    let (name, party) = (life.name(), &life.baa.spec.disclosing.party);
    match life.phase(at) {
        BAAPhase::Draft | BAAPhase::PartiallySigned => {
            (Reason::AwaitingSignature, format!("BAA {name} of {party} lacks {}", life.missing()))
        }
        BAAPhase::Terminated => (
            Reason::AgreementTerminated,
            format!("BAA {name} of {party} was terminated; a new BAA that both parties sign opens again"),
        ),
        BAAPhase::Expired => (
            Reason::AgreementExpired,
            format!("BAA {name} of {party} is over; a new BAA that both parties sign opens again"),
        ),
        BAAPhase::Superseded => (
            Reason::AgreementSuperseded,
            format!("BAA {name} of {party} gave way to another; refer to the one that supersedes it"),
        ),
        BAAPhase::Executed | BAAPhase::Active | BAAPhase::Terminating => (
            Reason::NotYetEffective,
            format!("BAA {name} of {party} is signed and takes effect at its spec.term.effectiveTime; wait for it"),
        ),
    }
}
