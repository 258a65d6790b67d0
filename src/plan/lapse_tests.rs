//! R01, R55: what is done when there is no valid tenant.

use super::*;

#[test]
fn a_missing_class_keeps_what_stands_and_opens_nothing() {
    let mut world = changed(|w| w.class = Fact::Absent);
    for minutes in [0, 31, 59, 24 * 60] {
        assert_eq!(words(&todo(&world, after(minutes))), Vec::<String>::new(), "after {minutes} min");
    }
    assert!(!opens_anything(&without_reading(&document(&world)), after(60)), "it lapses by itself");
    world.class = Fact::Unknown("away".into());
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new());
    let mut never = fresh();
    never.class = Fact::Absent;
    assert_eq!(words(&todo(&never, now())), Vec::<String>::new());
}

#[test]
fn with_a_missing_class_what_may_not_stay_open_is_closed_all_the_same() {
    let closing: [Change; 3] = [
        |w| edit(&mut w.plan, |p| p.spec.state = PlanState::Suspended),
        |w| edit(&mut w.plan, |p| p.metadata.deletion_timestamp = Some(Time(now()))),
        |w| drop(w.acts.pop()),
    ];
    for (n, close) in closing.into_iter().enumerate() {
        let world = changed(|w| {
            w.class = Fact::Absent;
            close(w);
        });
        let steps = todo(&world, now());
        assert_eq!(words(&steps), ["close flags"], "case {n}");
        let published = publishes(&steps).unwrap();
        assert!(restricts(&published) && reads(&published, now()), "locked, and a clinic keeps its records");
    }
}

#[test]
fn a_plan_that_is_gone_leaves_its_tenant_locked() {
    let world = changed(|w| (w.plan, w.class, w.baas, w.acts) = (Fact::Absent, Fact::Unread, vec![], vec![]));
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["close flags"]);
    let published = publishes(&steps).unwrap();
    assert!(restricts(&published) && reads(&published, now()));
}

#[test]
fn a_plan_whose_store_is_silent_lapses_and_one_that_cannot_be_decoded_locks() {
    let mut world = changed(|w| {
        (w.plan, w.class, w.baas, w.acts) = (Fact::Unknown("no news".into()), Fact::Unread, vec![], vec![]);
    });
    assert_eq!(words(&todo(&world, now())), ["close flags"]);
    world.agreement_doubt = Some("HealthcarePlans cannot be watched".into());
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new());
}

#[test]
fn a_name_that_another_plan_had_is_locked_and_never_used() {
    let world = changed(|w| edit(&mut w.plan, |p| p.metadata.uid = Some("another".into())));
    assert_eq!(validate_reason(&world), Some(Reason::NameUsed));
    assert_eq!(words(&todo(&world, now())), ["close flags"]);
}

fn validate_reason(world: &World) -> Option<Reason> {
    crate::plan::validate::validate(world).err().map(|i| i.reason)
}

#[test]
fn what_is_not_built_yet_or_cannot_be_is_said_by_reason() {
    let reasons: [(Change, Reason); 5] = [
        (|w| edit(&mut w.plan, |p| p.spec.nodes.count = 11), Reason::InvalidSpec),
        (|w| edit(&mut w.plan, |p| p.spec.state = PlanState::Offboarding), Reason::OffboardingNotBuilt),
        (|w| edit(&mut w.class, |c| c.spec.node_pool.provider.r#static = None), Reason::ProviderNotBuilt),
        (|w| w.config = Fact::Absent, Reason::ConfigMissing),
        (|w| w.record = Fact::Unknown("away".into()), Reason::Unreadable),
    ];
    for (change, reason) in reasons {
        assert_eq!(validate_reason(&changed(change)), Some(reason));
    }
}

#[test]
fn a_fence_that_is_seen_to_be_gone_locks_reading_too_also_without_a_class() {
    let falling: [Change; 4] = [
        |w| w.policies = Fact::Known(vec![]),
        |w| drop(w.keys.insert(KeyPurpose::Phi, Ok(Fact::Absent))),
        |w| drop(w.keys.insert(KeyPurpose::Phi, Err(Trouble::MountMissing("ringfence-phi".into())))),
        |w| drop(w.keys.insert(KeyPurpose::Phi, Ok(Fact::Known(key(KeyPurpose::Phi, after(1)))))),
    ];
    for (n, fall) in falling.into_iter().enumerate() {
        let world = changed(|w| {
            w.class = Fact::Absent;
            fall(w);
        });
        let steps = todo(&world, now());
        assert_eq!(words(&steps), ["close flags"], "case {n}");
        let published = publishes(&steps).unwrap();
        assert!(restricts(&published) && !reads(&published, now()), "case {n}");
    }
    let unknown = changed(|w| {
        w.class = Fact::Absent;
        w.policies = Fact::Unknown("away".into());
    });
    assert_eq!(words(&todo(&unknown, now())), Vec::<String>::new(), "what is not known lapses");
    let sealed = changed(|w| {
        w.class = Fact::Absent;
        w.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed));
    });
    assert_eq!(words(&todo(&sealed, now())), Vec::<String>::new(), "a key service that tells nothing lapses");
}
