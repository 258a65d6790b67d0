//! R17, R41, R47: what agreements with vendors, amendments and notices do to one tenant.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::{gates::Gate, world::World};
use crate::{
    api::{Attestation, BAA, PartyRole, PhiCategory, PlanState, conditions::Reason},
    plan::fixture::*,
};

const VOICEMAIL: &str = "voicemail.transcription.allowed";

fn after(minutes: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn add(world: &mut World, baa: BAA) {
    world.acts.extend(signed(&baa, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(baa));
}

/// The platform's agreement with the vendor of the class's voicemail transcription, in force until `until`.
fn vendor(until: Option<&str>) -> BAA {
    let mut baa = baa("deepvoice-2026", "uid-of-deepvoice", "ringwell", ("00:00:00", until));
    baa.spec.disclosing.role = PartyRole::BusinessAssociate;
    baa.spec.receiving.party = "deepvoice".into();
    baa.spec.receiving.location = Some("US".into());
    baa.spec.scope.services = vec!["voicemail-transcription".into()];
    baa.spec.scope.phi_categories = PhiCategory::ALL.to_vec();
    baa
}

/// Signatures of the vendor's agreement are the platform's and the vendor's.
fn with_vendor(until: Option<&str>) -> World {
    let mut world = unlocked();
    let entity = Arc::make_mut(&mut world.baas[0]);
    entity.spec.scope.phi_categories = PhiCategory::ALL.to_vec();
    let theirs = vendor(until);
    let about = ("deepvoice-2026", "uid-of-deepvoice");
    world.acts.push(Arc::new(act("Sign", about, "ringwell", "bob", "02:00:00")));
    world.acts.push(Arc::new(act("Sign", about, "deepvoice", "alice", "02:00:00")));
    world.baas.push(Arc::new(theirs));
    settle(&mut world, now());
    world
}

fn said(world: &World, flag: &str, time: Timestamp) -> serde_json::Value {
    evaluate(&document(world), flag, Some(time.as_second()))
}

#[test]
fn a_vendors_agreement_opens_its_feature_and_its_end_closes_it_though_nobody_runs() {
    assert_eq!(said(&unlocked(), VOICEMAIL, now()), false);
    let world = with_vendor(Some("12:20:00"));
    assert_eq!(said(&world, VOICEMAIL, now()), true);
    assert_eq!((said(&world, VOICEMAIL, after(19)), said(&world, VOICEMAIL, after(20))), (json!(true), json!(false)));
    assert_eq!(said(&world, "capture.recording.allowed", after(20)), true, "the plan goes on");
    let ended = publishes(&todo(&world, after(20))).expect("what ended is taken out");
    assert!(!ended.contains("\"granted\": true,\n        \"restricted\": false\n      }\n    },\n    \"voicemail"));
    assert_eq!(evaluate(&ended, VOICEMAIL, Some(after(20).as_second())), false);
}

#[test]
fn a_feature_that_is_no_permission_of_a_vendor_is_never_opened_by_one() {
    let mut world = with_vendor(None);
    edit(&mut world.class, |c| c.spec.vendor_features[0].flag = "auth.shared-logins.allowed".into());
    settle(&mut world, now());
    assert_eq!(said(&world, "auth.shared-logins.allowed", now()), false);
    edit(&mut world.class, |c| c.spec.vendor_features[0].flag = "conversation.analysis.allowed".into());
    settle(&mut world, now());
    assert_eq!(said(&world, "conversation.analysis.allowed", now()), true, "one of your own");
    world.baas.pop();
    settle(&mut world, now());
    assert_eq!(said(&world, "conversation.analysis.allowed", now()), false, "it is there, and restrictive");
}

#[test]
fn a_category_that_a_later_amendment_takes_ends_at_its_moment_and_the_others_go_on() {
    let mut world = unlocked();
    let mut narrower = baa("acme-dental-a1", "uid-of-a1", "acme-dental", ("12:10:00", None));
    narrower.spec.amends_ref = Some(crate::api::NameRef { name: "acme-dental-2026".into() });
    narrower.spec.scope.phi_categories = vec![PhiCategory::Recording];
    add(&mut world, narrower);
    settle(&mut world, now());
    let open = |minutes| said(&world, "covered.entities", after(minutes));
    assert_eq!(open(9), json!({"acme-dental": ["CallerID", "Recording", "Form"]}));
    assert_eq!(open(10), json!({"acme-dental": ["Recording"]}), "with nobody running");
    assert_eq!(said(&world, "capture.form.allowed", after(10)), false);
    assert_eq!(said(&world, "capture.recording.allowed", after(10)), true);
}

/// A termination that is recorded at half past eleven and counts in the evening.
fn notice() -> Attestation {
    let mut act = act("Terminate", ("acme-dental-2026", BAA_UID), "acme-dental", "bob", "11:30:00");
    act.spec.effective_time = Some(Time(at("20:00:00")));
    act
}

#[test]
fn notice_keeps_the_gate_open_and_renews_it_and_opens_no_plan_that_was_shut() {
    let mut world = unlocked();
    world.acts.push(Arc::new(notice()));
    assert_eq!(decided(&world, now()).gate, Gate::Open);
    let renewal = publishes(&todo(&world, after(40))).expect("it is renewed");
    assert!(opens_anything(&renewal, after(40)));

    let mut shut = world.clone();
    edit(&mut shut.plan, |p| p.spec.state = PlanState::Suspended);
    settle(&mut shut, now());
    edit(&mut shut.plan, |p| p.spec.state = PlanState::Active);
    for minutes in [1, 60] {
        let Gate::Closed(why) = decided(&shut, after(minutes)).gate else { panic!("it opens anew") };
        assert_eq!(why.reason, Reason::LooseningFrozen);
        settle(&mut shut, after(minutes));
    }
    shut.acts.pop();
    assert_eq!(decided(&shut, after(61)).gate, Gate::Open, "without the notice it opens");

    let mut young = world.clone();
    edit(&mut young.plan, |p| p.metadata.creation_timestamp = Some(Time(at("11:45:00"))));
    assert!(matches!(decided(&young, now()).gate, Gate::Closed(why) if why.reason == Reason::LooseningFrozen));
}

#[test]
fn a_risk_that_is_accepted_after_the_notice_does_not_count() {
    let mut world = unlocked();
    edit(&mut world.class, |c| c.spec.floors.as_mut().unwrap().alerts = Some(crate::api::Alerts::Guide));
    edit(&mut world.plan, |p| p.spec.features.as_mut().unwrap().alerts = Some(crate::api::Alerts::Guide));
    let accepted = |time: &str| -> Attestation {
        yaml(&format!(
            "{{apiVersion: ringfence.dev/v1alpha1, kind: Attestation, metadata: {{name: risk, uid: uid-of-risk, creationTimestamp: \"{}\"}},
               spec: {{act: AcceptRisk, by: olga@ringwell.example, setting: alerts.guide, expirationTime: \"{}\",
                 subjectRef: {{kind: HealthcarePlan, name: acme-dental, uid: {PLAN_UID}}}}}}}",
            at(time),
            at("23:00:00")
        ))
    };
    let soft = |world: &World| decided(world, now()).effective.guide_until.is_some();
    for (time, counts) in [("11:00:00", true), ("11:45:00", false)] {
        let mut world = world.clone();
        world.acts.extend([Arc::new(accepted(time)), Arc::new(notice())]);
        assert_eq!(soft(&world), counts, "accepted at {time}");
        world.acts.pop();
        assert!(soft(&world), "without the notice it counts");
    }
}
