//! What holds of every world, whatever is wrong with it (S1, S5, S9, S11, S16).

use proptest::prelude::*;

use super::*;
use crate::{api::PhiCategory, names::FENCED_LABEL};

/// A world in which any fact may be other than it must be.
fn any_world() -> impl Strategy<Value = World> {
    let faults = FALLS.iter().chain(&UNKNOWN).map(|(_, c)| *c).collect::<Vec<Change>>();
    let more: Vec<Change> = vec![
        |w| w.acts.push(Arc::new(act("Terminate", ("acme-dental-2026", BAA_UID), "ringwell", "bob", "11:59:00"))),
        |w| edit(&mut w.namespace, |n| drop(n.metadata.labels.as_mut().unwrap().remove(FENCED_LABEL))),
        |w| w.flags = Fact::Absent,
        |w| edit(&mut w.plan, |p| p.status = None),
        |w| edit(&mut w.plan, |p| p.spec.state = PlanState::Suspended),
        |w| edit(&mut w.plan, |p| p.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() })),
        |w| edit(&mut w.plan, |p| p.spec.nodes.count = 3),
        |w| w.keys.clear(),
        |w| drop(w.keys.insert(KeyPurpose::Lookup, Ok(Fact::Unread))),
        |w| w.namespace = Fact::Absent,
        |w| w.inventory.clear(),
        |w| w.quota = Fact::Unknown("away".into()),
        |w| w.class = Fact::Absent,
        |w| w.plan = Fact::Absent,
        |w| {
            let other = baa("other", "uid-of-other", "brite", ("00:00:00", Some("12:45:00")));
            w.acts.extend(signed(&other, "01:00:00").map(Arc::new));
            w.baas.push(Arc::new(other));
        },
    ];
    let faults: Vec<Change> = faults.into_iter().chain(more).collect();
    let start = prop_oneof![3 => Just(true), 1 => Just(false)];
    // A change of a fact that is not there in this world is no change.
    (start, proptest::sample::subsequence(faults.clone(), 0..=4)).prop_map(|(built, faults)| {
        let mut world = if built { unlocked() } else { fresh() };
        for fault in faults {
            fault(&mut world);
        }
        world
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(160) })]

    #[test]
    fn no_world_with_a_gate_condition_that_does_not_stand_opens_anything(world in any_world(), minutes in 0..180_i64) {
        let now = after(minutes);
        let steps = todo(&world, now);
        let Ok(tenant) = crate::plan::validate::validate(&world) else {
            prop_assert!(!loosens(&steps), "no tenant, and yet {:?}", words(&steps));
            return Ok(());
        };
        let decision = decide(&tenant, &world, now);
        let stand = |conditions: &[&str]| conditions.iter().all(|c| standing(&decision, c) == Standing::Stands);
        let live = flags::published(&world).map(str::to_owned);
        if let Some(said) = publishes(&steps) {
            if !is_open(&decision) {
                for (flag, _, until) in windows(&without_reading(&said)) {
                    let before = live.as_deref().map(windows).unwrap_or_default();
                    prop_assert!(before.iter().any(|(f, _, u)| *f == flag && until <= *u), "{flag} is opened or prolonged: {:?}", decision.gate);
                }
            }
            let fences = stand(&[NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY, NAMESPACE_FENCED]);
            let reading = windows(&said).iter().filter(|w| w.0 == "phi.read.allowed").map(|w| w.2).max();
            let read = live.as_deref().map(windows).unwrap_or_default().iter().filter(|w| w.0 == "phi.read.allowed").map(|w| w.2).max();
            prop_assert!(fences || reading <= read, "reading is opened or prolonged");
        }
        if steps.iter().any(|s| matches!(s, Step::LabelNamespace { loosening: true, .. })) {
            prop_assert!(stand(&[NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY]));
        }
        prop_assert!(!loosens(&steps) || stand(&[NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY]), "{:?}", words(&steps));
    }

    #[test]
    fn every_window_ends_within_its_lease_and_its_agreement(world in any_world(), minutes in 0..180_i64) {
        let now = after(minutes);
        let Some(said) = publishes(&todo(&world, now)) else { return Ok(()) };
        let lease = now.as_second() + 3600;
        let Ok(tenant) = crate::plan::validate::validate(&world) else { return Ok(()) };
        let verdict = decide(&tenant, &world, now).agreements;
        let end = verdict.closes().map_or(i64::MAX, |t| t.as_second());
        for (flag, from, until) in windows(&said) {
            prop_assert!(from < now.as_second());
            if flag == "phi.read.allowed" {
                prop_assert!(until <= now.as_second() + 72 * 3600);
            } else {
                prop_assert!(until <= lease && until <= end, "{flag} until {until}, lease {lease}, agreement {end}");
            }
            if let Some(category) = PhiCategory::ALL.into_iter().find(|c| flag == format!("capture.{}.allowed", c.flag_part())) {
                let category = verdict.category_until(category);
                prop_assert!(category.is_some_and(|t| t.is_none_or(|t| until <= t.as_second())));
            }
        }
    }

    #[test]
    fn the_same_world_gives_the_same_decision(world in any_world(), minutes in 0..180_i64) {
        let now = after(minutes);
        prop_assert_eq!(format!("{:?}", todo(&world, now)), format!("{:?}", todo(&world, now)));
        let mut shuffled = world.clone();
        shuffled.baas.reverse();
        shuffled.acts.reverse();
        shuffled.inventory.reverse();
        if let Fact::Known(nodes) = &mut shuffled.nodes { nodes.reverse(); }
        let sorted = |w: &World| { let mut s = words(&todo(w, now)); s.sort(); (s, publishes(&todo(w, now))) };
        prop_assert_eq!(sorted(&world), sorted(&shuffled));
    }

    #[test]
    fn a_key_is_made_only_after_it_was_recorded_and_a_lost_one_never(world in any_world(), minutes in 0..180_i64) {
        for step in todo(&world, after(minutes)) {
            if let Step::CreateKey { purpose, .. } = step {
                let record = world.record.known().expect("a record stands before a key is made");
                prop_assert!(record.spec.keys.iter().any(|k| k.purpose == purpose && k.fingerprint.is_none()));
                prop_assert!(matches!(world.keys.get(&purpose), Some(Ok(Fact::Absent))));
            }
        }
    }

    #[test]
    fn a_record_only_grows(world in any_world()) {
        for step in todo(&world, now()) {
            if let Step::UpdateRecord(new) = step {
                let old = world.record.known().unwrap();
                prop_assert!(old.spec.nodes.iter().all(|n| new.spec.nodes.contains(n)));
                prop_assert!(old.spec.keys.iter().all(|k| new.spec.keys.iter().any(|n| n.purpose == k.purpose && (k.fingerprint.is_none() || n.fingerprint == k.fingerprint))));
                prop_assert!(old.spec.namespace_uid.is_none() || old.spec.namespace_uid == new.spec.namespace_uid);
                prop_assert_eq!((&old.spec.plan_uid, &old.spec.pool), (&new.spec.plan_uid, &new.spec.pool));
            }
        }
    }

    #[test]
    fn every_world_comes_to_rest(world in any_world()) {
        let mut world = world;
        for round in 0..30 {
            let steps = todo(&world, now());
            if steps.iter().all(|s| matches!(s, Step::Evict(_))) {
                return Ok(());
            }
            prop_assert!(round < 29, "it goes on for ever: {:?}", words(&steps));
            steps.iter().for_each(|s| perform(&mut world, s, now()));
        }
    }
}
