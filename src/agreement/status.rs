//! What is said of one agreement.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::Lifecycle;
use crate::api::{
    BAA, BAAPhase, BAAStatus,
    conditions::{FULLY_EXECUTED, IN_FORCE, READY, Reason, Said, seconds, set_conditions},
};

/// The status of `baa`, from its life at `now`; conditions keep their times where nothing changed.
#[must_use]
pub fn status(baa: &BAA, life: &Lifecycle, now: Timestamp) -> BAAStatus {
    let generation = baa.metadata.generation.unwrap_or_default();
    let executed = life.opens.is_some();
    let in_force = life.in_force(now);
    let (reason, message) = match life.phase {
        BAAPhase::Draft | BAAPhase::PartiallySigned => (Reason::AwaitingSignature, format!("Lacks {}.", life.missing)),
        BAAPhase::Executed => (Reason::NotYetEffective, "Signed; takes effect at spec.term.effectiveTime.".to_owned()),
        BAAPhase::Active => (Reason::InForce, "In force.".to_owned()),
        BAAPhase::Terminating => (Reason::InForce, "In force; a termination takes effect later.".to_owned()),
        BAAPhase::Expired => (Reason::AgreementExpired, "Its term is over; make a new BAA.".to_owned()),
        BAAPhase::Terminated => (Reason::AgreementTerminated, "It was terminated; make a new BAA.".to_owned()),
    };
    let yes = |b| if b { "True" } else { "False" };
    let (executed_reason, executed_message) = if executed {
        (Reason::Executed, "Both parties' signatures are recorded.".to_owned())
    } else {
        (Reason::AwaitingSignature, format!("Lacks {}.", life.missing))
    };
    let said = [
        Said::new(READY, "True", Reason::AsCalledFor, "Evaluated."),
        Said::new(FULLY_EXECUTED, yes(executed), executed_reason, executed_message),
        Said::new(IN_FORCE, yes(in_force), reason, message),
    ];
    let mut conditions = baa.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default();
    set_conditions(&mut conditions, &said, &[READY, FULLY_EXECUTED, IN_FORCE], generation, now);
    BAAStatus {
        observed_generation: Some(generation),
        phase: Some(life.phase),
        conditions,
        signatures: life.signatures.clone(),
        open_time: life.opens.map(seconds).map(Time),
        close_time: life.closes.map(seconds).map(Time),
        ignored: life.ignored.iter().take(16).cloned().collect(),
    }
}
