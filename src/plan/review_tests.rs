//! Sequences that once opened, evicted or looped; each must stay shut.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;

use super::{
    decide::Step,
    fixture::{
        baa, decided, document, edit, fresh, now, opens_anything, pod, publishes, settle, signed, todo, unlocked, words,
    },
    gates::Standing,
    world::World,
};
use crate::{
    agreement,
    api::{BAAStatus, KeyPurpose},
    fact::Fact,
    keys::Trouble,
};

fn placement(world: &World) -> Standing {
    decided(world, now()).verdicts.last().expect("placement is judged last").standing
}

#[test]
fn unknown_nodes_evict_nobody_and_lock_nobody() {
    let mut world = unlocked();
    let text = document(&world);
    world.nodes = Fact::Unknown("the watch fails".into());
    assert_eq!(placement(&world), Standing::Unknown);
    assert!(!todo(&world, now()).iter().any(|s| matches!(s, Step::Evict(_) | Step::PublishFlags { .. })));
    assert_eq!(document(&world), text);
}

#[test]
fn a_longer_lease_of_the_class_does_not_revive_a_lapsed_window() {
    let mut world = unlocked();
    world.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed));
    let later = now().saturating_add(SignedDuration::from_hours(3)).unwrap();
    edit(&mut world.class, |c| {
        c.spec.flags.lease = serde_json::from_value(json!("24h")).unwrap();
        c.spec.flags.read_lease = serde_json::from_value(json!("720h")).unwrap();
    });
    let steps = todo(&world, later);
    assert!(!steps.iter().any(Step::is_loosening), "{:?}", words(&steps));
    let said = publishes(&steps).unwrap_or_else(|| document(&world));
    let mut shown: serde_json::Value = serde_json::from_str(&said).unwrap();
    shown["flags"].as_object_mut().unwrap().remove("phi.read.allowed");
    assert!(!opens_anything(&shown.to_string(), later));
}

#[test]
fn a_foreign_pod_holds_while_it_settles_and_a_long_grace_period_gives_it_no_more_time() {
    let mut world = unlocked();
    let node = world.nodes.known().unwrap()[0].metadata.name.clone().unwrap();
    for (created, deletion, standing) in [
        ("11:59:55", None, Standing::Unknown),
        ("11:00:00", None, Standing::Falls),
        ("11:00:00", Some("23:00:00"), Standing::Falls),
    ] {
        let mut foreign = pod("others", "foreign", &node, created);
        foreign.metadata.deletion_timestamp =
            deletion.map(|t| k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(super::fixture::at(t)));
        let Fact::Known(pods) = &mut world.pods else { panic!("pods are known") };
        pods.retain(|p| p.metadata.name.as_deref() != Some("foreign"));
        pods.push(Arc::new(foreign));
        assert_eq!(placement(&world), standing, "{created} {deletion:?}");
    }
}

#[test]
fn an_entity_that_leaves_is_taken_out_by_a_step_that_waits_for_nothing() {
    let mut world = fresh();
    edit(&mut world.plan, |p| p.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() }));
    let other = baa("other", "uid-of-other", "brite", ("00:00:00", None));
    world.acts.extend(signed(&other, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(other));
    settle(&mut world, now());
    assert!(document(&world).contains("brite"));
    world.acts.retain(|a| a.spec.subject_ref.name != "other");
    let steps = todo(&world, now());
    assert!(matches!(steps.first(), Some(Step::PublishFlags { loosening: false, .. })), "{:?}", words(&steps));
    assert!(!publishes(&steps).unwrap().contains("brite"));
}

#[test]
fn an_untidy_repair_stands_behind_the_network_and_what_closes() {
    let mut world = unlocked();
    world.quota = Fact::Absent;
    world.policies = Fact::Known(vec![]);
    let steps = todo(&world, now());
    let at = |found: fn(&Step) -> bool| steps.iter().position(found).unwrap();
    let closes = at(|s| matches!(s, Step::PublishFlags { .. }));
    let untidy = at(Step::is_tidying);
    assert!(
        closes < untidy && steps[..untidy].iter().any(|s| words(std::slice::from_ref(s))[0].contains("ringfence-base"))
    );
}

#[test]
fn a_status_is_what_it_reads_back_as_even_when_an_end_has_fractions() {
    let mut agreement = baa("fraction", "uid", "acme-dental", ("00:00:00", None));
    let end = now().saturating_add(SignedDuration::from_millis(90_500)).unwrap();
    agreement.spec.term.expiration_time = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(end));
    let acts = signed(&agreement, "01:00:00");
    let book = agreement::Book::new(&[&agreement], &acts.iter().collect::<Vec<_>>(), now());
    let said = agreement::status(&book, "fraction", now()).unwrap();
    let back: BAAStatus = serde_json::from_value(json!(said)).unwrap();
    assert_eq!(said, back);
}

#[test]
fn a_signature_that_was_taken_back_before_both_had_signed_does_not_count() {
    let agreement = baa("withdrawn", "uid", "acme-dental", ("00:00:00", None));
    let [mut one, two] = signed(&agreement, "03:00:00");
    (one.metadata.name, one.metadata.uid) = (Some("the-signature".into()), Some("uid-of-the-signature".into()));
    let taken = |by: &str, at: &str| {
        let mut w = super::fixture::act("Withdraw", ("the-signature", "uid-of-the-signature"), "acme-dental", by, at);
        w.spec.on_behalf_of = None;
        w
    };
    let in_force = |w| {
        let book = agreement::Book::new(&[&agreement], &[&one, &two, &w], now());
        book.life("withdrawn").unwrap().in_force(now())
    };
    assert!(!in_force(taken("bob", "02:00:00")));
    assert!(in_force(taken("somebody-else", "02:00:00")), "only the person itself takes it back");
    assert!(in_force(taken("bob", "04:00:00")), "an executed agreement is terminated, not unsigned");
}
