//! R15, R16, R18, R20, R28: settings in force, the stricter of class and plan.

use proptest::prelude::*;

use super::*;
use crate::plan::fixture::{PLAN_UID, at, edit, now, tenant, unlocked, yaml};

fn with(features: PlanFeatures, floors: Floors, acts: &[Attestation]) -> Effective {
    let mut world = unlocked();
    edit(&mut world.plan, |p| p.spec.features = Some(features));
    edit(&mut world.class, |c| c.spec.floors = Some(floors));
    effective(&tenant(&world), &acts.iter().collect::<Vec<_>>(), None, now())
}

/// A risk that was accepted for the plan of this UID, until this time.
fn accepted(setting: &str, uid: &str, until: &str) -> Attestation {
    let until = at(until);
    yaml(&format!(
        "{{metadata: {{name: {setting}, uid: uid-of-{setting}, creationTimestamp: \"2026-11-20T00:00:00Z\"}}, spec: {{act: AcceptRisk, by: eve,
          setting: {setting}, subjectRef: {{kind: HealthcarePlan, name: acme-dental, uid: {uid}}}, expirationTime: \"{until}\"}}}}"
    ))
}

fn asked(alerts: Option<Alerts>, idle: Option<i32>, mfa: Option<Mfa>) -> PlanFeatures {
    PlanFeatures { alerts, redaction: None, mfa, max_session_idle_minutes: idle }
}

fn floors(alerts: Option<Alerts>, max_session_idle_minutes: Option<i32>, mfa: Option<Mfa>) -> Floors {
    Floors { alerts, max_session_idle_minutes, mfa }
}

#[test]
fn what_nobody_says_is_strict() {
    let shown = with(PlanFeatures::default(), Floors::default(), &[]).shown;
    assert_eq!((shown.alerts, shown.redaction, shown.mfa), (Alerts::Strict, Redaction::Enabled, Mfa::Required));
    assert_eq!((shown.max_session_idle_minutes, shown.notes), (15, vec![]));
}

#[test]
fn the_shorter_timeout_of_class_and_plan_holds_and_thirty_minutes_are_the_most() {
    let cases = [
        (Some(15), Some(30), 15, false),
        (Some(30), Some(15), 15, true),
        (None, Some(30), 15, false),
        (None, Some(10), 10, false),
        (Some(30), None, 30, false),
        (Some(500), Some(500), 30, false),
        (Some(0), Some(0), 1, false),
    ];
    for (plan, class, minutes, noted) in cases {
        let shown = with(asked(None, plan, None), floors(None, class, None), &[]).shown;
        assert_eq!((shown.max_session_idle_minutes, !shown.notes.is_empty()), (minutes, noted), "{plan:?} {class:?}");
    }
}

#[test]
fn a_second_factor_that_class_or_plan_requires_is_required() {
    use Mfa::{Recommended, Required};
    let cases = [
        (Some(Required), Some(Recommended), Required),
        (Some(Recommended), Some(Required), Required),
        (Some(Recommended), Some(Recommended), Recommended),
        (None, Some(Recommended), Recommended),
        (Some(Recommended), None, Required),
    ];
    for (plan, class, expected) in cases {
        assert_eq!(
            with(asked(None, None, plan), floors(None, None, class), &[]).shown.mfa,
            expected,
            "{plan:?} {class:?}"
        );
    }
}

#[test]
fn alerts_are_softer_only_when_class_plan_and_a_named_person_say_so() {
    let live = accepted("alerts.guide", PLAN_UID, "18:00:00");
    let guide = || asked(Some(Alerts::Guide), None, None);
    let allows = || floors(Some(Alerts::Guide), None, None);
    let open = with(guide(), allows(), std::slice::from_ref(&live));
    assert_eq!((open.shown.alerts, open.guide_until), (Alerts::Guide, Some(at("18:00:00"))));
    let no_acts: &[Attestation] = &[];
    let strict = [
        with(guide(), allows(), no_acts),
        with(guide(), floors(Some(Alerts::Strict), None, None), std::slice::from_ref(&live)),
        with(guide(), Floors::default(), std::slice::from_ref(&live)),
        with(PlanFeatures::default(), allows(), std::slice::from_ref(&live)),
        with(guide(), allows(), &[accepted("alerts.guide", "another", "18:00:00")]),
        with(guide(), allows(), &[accepted("redaction.disabled", PLAN_UID, "18:00:00")]),
        with(guide(), allows(), &[accepted("alerts.guide", PLAN_UID, "12:00:00")]),
    ];
    for (n, effective) in strict.iter().enumerate() {
        assert_eq!((effective.shown.alerts, effective.guide_until), (Alerts::Strict, None), "case {n}");
    }
    assert!(strict[0].shown.notes[0].contains("AcceptRisk") && strict[1].shown.notes[0].contains("floors.alerts"));
}

#[test]
fn an_acceptance_that_was_withdrawn_counts_no_more() {
    let live = accepted("redaction.disabled", PLAN_UID, "18:00:00");
    let off = || PlanFeatures { redaction: Some(Redaction::Disabled), ..PlanFeatures::default() };
    assert_eq!(with(off(), Floors::default(), std::slice::from_ref(&live)).shown.redaction, Redaction::Disabled);
    let withdraw: Attestation = yaml(
        "{metadata: {name: w, creationTimestamp: \"2026-11-21T00:00:00Z\"}, spec: {act: Withdraw, by: eve,
          subjectRef: {kind: Attestation, name: redaction.disabled, uid: uid-of-redaction.disabled}}}",
    );
    let back = with(off(), Floors::default(), &[live, withdraw]);
    assert_eq!((back.shown.redaction, back.redaction_off_until), (Redaction::Enabled, None));
}

#[test]
fn redaction_is_off_only_until_the_acceptance_ends_and_it_says_so() {
    let off = PlanFeatures { redaction: Some(Redaction::Disabled), ..PlanFeatures::default() };
    let on = with(off.clone(), Floors::default(), &[]);
    assert_eq!(on.shown.redaction, Redaction::Enabled);
    assert!(on.shown.notes[0].contains("redaction.disabled"));
    let live = [accepted("redaction.disabled", PLAN_UID, "18:00:00")];
    assert_eq!(with(off, Floors::default(), &live).redaction_off_until, Some(at("18:00:00")));
    assert_eq!(with(PlanFeatures::default(), Floors::default(), &live).redaction_off_until, None, "nobody asks for it");
}

fn any_of<T: Clone + std::fmt::Debug + 'static>(values: [T; 2]) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(proptest::sample::select(values.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn in_force_is_never_looser_than_the_class_and_never_more_than_thirty_minutes(
        (alerts, alerts_floor) in (any_of([Alerts::Guide, Alerts::Strict]), any_of([Alerts::Guide, Alerts::Strict])),
        (idle, idle_floor) in (proptest::option::of(-5..60_i32), proptest::option::of(-5..60_i32)),
        (mfa, mfa_floor) in (any_of([Mfa::Recommended, Mfa::Required]), any_of([Mfa::Recommended, Mfa::Required])),
        risk in any::<bool>(),
    ) {
        let acts: Vec<_> = risk.then(|| accepted("alerts.guide", PLAN_UID, "18:00:00")).into_iter().collect();
        let shown = with(asked(alerts, idle, mfa), floors(alerts_floor, idle_floor, mfa_floor), &acts).shown;
        prop_assert!(shown.alerts >= alerts_floor.unwrap_or(Alerts::Strict) && (risk || shown.alerts == Alerts::Strict));
        prop_assert!((1..=30).contains(&shown.max_session_idle_minutes));
        prop_assert!(shown.max_session_idle_minutes <= idle_floor.unwrap_or(30).max(1));
        prop_assert!(shown.mfa >= mfa_floor.unwrap_or(Mfa::Required) && shown.mfa >= mfa.unwrap_or(Mfa::Recommended));
    }
}
