//! What is said of a tenant: one status from facts, without a clock of its own.

use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::*;
use crate::{
    api::KeyPurpose,
    fact::Fact,
    keys::Trouble,
    plan::{fixture::*, validate::validate, world::World},
};

fn said_with(world: &World, failure: Option<&Failure>, now: Timestamp) -> HealthcarePlanStatus {
    status(&tenant(world), &decided(world, now), failure, false, now)
}

fn said(world: &World) -> HealthcarePlanStatus {
    said_with(world, None, now())
}

/// Status and reason of a condition.
fn of<'a>(status: &'a HealthcarePlanStatus, condition: &str) -> Option<(&'a str, &'a str)> {
    let found = status.conditions.iter().find(|c| c.type_ == condition);
    found.map(|c| (c.status.as_str(), c.reason.as_str()))
}

fn failure(untidy: bool) -> Failure {
    Failure { reason: Reason::WriteFailed, message: "A write was refused.".into(), raced: false, untidy }
}

fn sealed() -> World {
    let mut world = unlocked();
    world.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed));
    world
}

#[test]
fn a_status_does_not_tick() {
    let world = unlocked();
    let later = now().saturating_add(SignedDuration::from_mins(10)).unwrap();
    assert_eq!(Some(&said_with(&world, None, later)), world.plan.known().unwrap().status.as_ref());
}

#[test]
fn an_unlocked_tenant_is_ready_and_says_until_when() {
    let status = said(&unlocked());
    assert_eq!(of(&status, READY), Some(("True", "AsCalledFor")));
    assert_eq!(of(&status, PHI_UNLOCKED), Some(("True", "Unlocked")));
    assert_eq!(of(&status, AUDIT_VERIFIED), Some(("Unknown", "NotBuilt")));
    assert_eq!((of(&status, RECONCILING), of(&status, STALLED)), (None, None));
    assert_eq!(status.agreement.unwrap().expiration_time.unwrap().0, at("2028-12-31T00:00:00Z"));
    assert_eq!(status.nodes, Some(NodesStatus { asked: 2, assigned: 2, ready: 2 }));
}

#[test]
fn waiting_for_a_signature_or_suspended_is_locked_and_ready() {
    let mut world = fresh();
    world.acts.clear();
    settle(&mut world, now());
    let waiting = said(&world);
    assert_eq!(of(&waiting, READY), Some(("True", "AsCalledFor")));
    assert_eq!(of(&waiting, PHI_UNLOCKED), Some(("False", "AwaitingSignature")));
    let mut world = unlocked();
    edit(&mut world.plan, |p| p.spec.state = crate::api::PlanState::Suspended);
    settle(&mut world, now());
    let suspended = said(&world);
    assert_eq!(
        (of(&suspended, READY).unwrap().0, of(&suspended, PHI_UNLOCKED)),
        ("True", Some(("False", "Suspended")))
    );
}

#[test]
fn what_is_not_known_is_said_to_be_unknown_and_not_renewed() {
    let status = said(&sealed());
    assert_eq!(of(&status, PHI_UNLOCKED), Some(("Unknown", "KeyServiceSealed")));
    assert_eq!(of(&status, READY), Some(("Unknown", "KeyServiceSealed")));
    let unlocked = status.conditions.iter().find(|c| c.type_ == PHI_UNLOCKED).unwrap();
    assert!(unlocked.message.starts_with("Not renewed: "), "{}", unlocked.message);
}

#[test]
fn a_write_that_fails_takes_ready_away_and_what_is_merely_untidy_closes_nothing() {
    let world = unlocked();
    let failed = said_with(&world, Some(&failure(false)), now());
    assert_eq!(of(&failed, PHI_UNLOCKED), Some(("Unknown", "WriteFailed")));
    assert_eq!((of(&failed, READY).unwrap().0, of(&failed, RECONCILING).unwrap().0), ("False", "True"));
    let untidy = said_with(&world, Some(&failure(true)), now());
    assert_eq!((of(&untidy, PHI_UNLOCKED).unwrap().0, of(&untidy, READY).unwrap().0), ("True", "False"));
    let locked = said_with(&sealed(), Some(&failure(true)), now());
    assert_eq!(of(&locked, PHI_UNLOCKED).unwrap().0, "Unknown", "a failure never opens");
}

#[test]
fn what_is_being_repaired_is_not_ready_and_closes_nothing() {
    let mut world = unlocked();
    world.quota = Fact::Absent;
    let status = said(&world);
    assert_eq!(of(&status, READY), Some(("False", "Repairing")));
    assert_eq!((of(&status, RECONCILING).unwrap().0, of(&status, PHI_UNLOCKED).unwrap().0), ("True", "True"));
}

#[test]
fn a_plan_that_makes_no_tenant_is_stalled_and_its_fences_are_doubted() {
    let mut world = unlocked();
    world.class = Fact::Absent;
    let invalid = validate(&world).unwrap_err();
    let plan = world.plan.known().unwrap();
    let (lapsing, closed) = (super::invalid(plan, &invalid, true, now()), super::invalid(plan, &invalid, false, now()));
    assert_eq!(
        of(&lapsing, PHI_UNLOCKED),
        Some(("Unknown", "ClassMissing")),
        "its document is open until its window ends"
    );
    assert_eq!(of(&closed, PHI_UNLOCKED), Some(("False", "ClassMissing")));
    assert_eq!((of(&closed, STALLED).unwrap().0, of(&closed, READY).unwrap().0), ("True", "False"));
    assert_eq!(of(&closed, NETWORK_ISOLATED), Some(("Unknown", "ClassMissing")));
    assert_eq!(closed.effective, plan.status.as_ref().unwrap().effective, "what was said is still shown");
}

#[test]
fn a_document_is_said_to_be_open_only_when_it_opens_something() {
    let mut world = unlocked();
    assert!(flags::opens(&world) && !flags::opens(&fresh()));
    edit(&mut world.plan, |p| p.spec.state = crate::api::PlanState::Suspended);
    settle(&mut world, now());
    assert!(!flags::opens(&world), "only reading is left");
}

#[test]
fn every_condition_names_its_generation_and_foreign_ones_stay() {
    let mut world = unlocked();
    let foreign = Condition {
        type_: "Theirs".into(),
        status: "True".into(),
        reason: "X".into(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(now()),
    };
    edit(&mut world.plan, |p| {
        p.metadata.generation = Some(7);
        p.status.as_mut().unwrap().conditions.push(foreign.clone());
    });
    let status = said(&world);
    assert!(status.conditions.contains(&foreign) && status.observed_generation == Some(7));
    assert!(status.conditions.iter().filter(|c| c.type_ != "Theirs").all(|c| c.observed_generation == Some(7)));
}

#[test]
fn messages_are_sentences_without_times_or_generated_names() {
    let mut stray = node("stray", "a");
    stray.metadata.labels.as_mut().unwrap().insert(crate::names::POOL_LABEL.into(), "acme-dental".into());
    let mut worlds = vec![fresh(), unlocked(), sealed()];
    for change in [
        (|w: &mut World| w.acts.clear()) as fn(&mut World),
        |w| w.keys.values_mut().for_each(|k| *k = Ok(Fact::Absent)),
        |w| w.policies = Fact::Known(vec![]),
        |w| w.pods = Fact::Known(vec![Arc::new(pod("shop", "web-7d9f8", "node-1", "11:00:00"))]),
        |w| w.inventory.clear(),
        |w| edit(&mut w.plan, |p| p.spec.nodes.count = 9),
    ] {
        let mut world = unlocked();
        change(&mut world);
        worlds.push(world);
    }
    let mut world = unlocked();
    put_node(&mut world, stray);
    worlds.push(world);
    for status in worlds.iter().map(said) {
        for c in &status.conditions {
            assert!(c.message.ends_with('.') || !c.message.contains(". "), "{}: {}", c.type_, c.message);
            assert!(
                !c.message.is_empty() && !c.message.contains("2026-11") && !c.message.contains("web-7d9f8"),
                "{}",
                c.message
            );
        }
    }
}

#[test]
fn a_lock_whose_document_could_not_be_written_is_not_said_to_be_done() {
    let mut world = unlocked();
    world.policies = crate::fact::Fact::Known(vec![]);
    let failure = Failure { reason: Reason::WriteFailed, message: "away".into(), raced: false, untidy: false };
    let said = |open| {
        let status = status(&tenant(&world), &decided(&world, now()), Some(&failure), open, now());
        let phi = status.conditions.into_iter().find(|c| c.type_ == PHI_UNLOCKED).unwrap();
        (phi.status, phi.message)
    };
    assert_eq!(said(false).0, "False");
    let (status, message) = said(true);
    assert!(status == "Unknown" && message.contains("not locked yet: away"), "{status} {message}");
}
