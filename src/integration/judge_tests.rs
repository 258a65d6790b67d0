//! Cover × acknowledgement × plan state × asked payload → flag and way out, on the pure core; and what may not be mixed up.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use serde_json::Value;

use super::{
    fixture::{about, crm},
    statement::{cover_statement, warning},
};
use crate::{
    agreement::fixture::{Deal, deal},
    api::{Act, Attestation, Cover, Integration, NameRef, Payload, PhiCategory, PlanState, conditions::Reason},
    fact::Fact,
    names::WAY_OUT,
    plan::{
        fixture::{at, decided, document, edit, evaluate, now, settle, todo, unlocked, words},
        world::World,
    },
};

const TENANT: &str = "acme-dental";

/// What is changed about something.
type Change<T> = fn(&mut T);

/// The CRM of the tenant.
fn own_crm() -> Integration {
    let mut integration = crm();
    integration.metadata.namespace = Some(TENANT.into());
    integration
}

/// The platform's agreement with the vendor.
fn with_vendor() -> Deal {
    deal("salesforce-2026", "ringwell", "salesforce").agency(&[]).services(&["crm-sync"]).located("US")
}

fn add(world: &mut World, integration: &Integration) {
    let Fact::Known(all) = &mut world.integrations else { unreachable!() };
    all.retain(|i| i.name_any() != integration.name_any());
    all.push(Arc::new(integration.clone()));
}

fn conclude(world: &mut World, deal: &Deal) {
    world.baas.push(Arc::new(deal.baa.clone()));
    world.acts.extend(deal.acts.iter().cloned().map(Arc::new));
}

fn acknowledge(world: &mut World, integration: &Integration) {
    let text = warning(integration, "ringwell", &[TENANT.into()]);
    let act = about(integration, Act::Acknowledge, &text, "carol", "2026-11-20T00:00:00Z");
    world.acts.push(Arc::new(act));
}

fn attest(world: &mut World, integration: &Integration, until: &str) {
    let text = cover_statement(integration, &[TENANT.into()]).expect("it is to be attested");
    let mut act = about(integration, Act::AttestCover, &text, "dora", "2026-11-20T00:00:00Z");
    act.spec.expiration_time = Some(Time(at(until)));
    world.acts.push(Arc::new(act));
}

/// The tenant, open, with its CRM covered, accepted and settled.
fn sending() -> World {
    let mut world = unlocked();
    add(&mut world, &own_crm());
    conclude(&mut world, &with_vendor());
    acknowledge(&mut world, &own_crm());
    settle(&mut world, now());
    world
}

fn flag(world: &World, time: Timestamp) -> Value {
    evaluate(&document(world), "integration.crm.payload", Some(time.as_second()))
}

fn ways(world: &World) -> Vec<String> {
    world.policies.known().unwrap().iter().map(|p| p.name_any()).filter(|n| n.starts_with(WAY_OUT)).collect()
}

/// What the flag says and how many ways out there are, once everything is settled.
fn settled(mut world: World, time: Timestamp) -> (Value, usize) {
    settle(&mut world, time);
    (flag(&world, time), ways(&world).len())
}

#[test]
fn the_strictest_of_asked_cover_acceptance_and_plan_is_what_is_sent() {
    let covers = ["none", "baa", "attested", "de-identified", "unsigned", "foreign"];
    for cover in covers {
        for accepted in ["no", "yes", "stale"] {
            for state in [PlanState::Active, PlanState::Suspended] {
                for asked in [Payload::Full, Payload::LinkOnly, Payload::Off] {
                    let mut world = unlocked();
                    let mut integration = own_crm();
                    integration.spec.payload = asked;
                    integration.spec.cover = match cover {
                        "none" => None,
                        "attested" => Some(Cover { baa_ref: None, attested: Some(true), de_identified: None }),
                        "de-identified" => Some(Cover { baa_ref: None, attested: None, de_identified: Some(true) }),
                        "foreign" => Some(named("brite-salesforce")),
                        _ => Some(named("salesforce-2026")),
                    };
                    if cover == "de-identified" {
                        integration.spec.phi_categories = None;
                    }
                    add(&mut world, &integration);
                    match cover {
                        "baa" => conclude(&mut world, &with_vendor()),
                        "unsigned" => conclude(&mut world, &with_vendor().half()),
                        "foreign" => conclude(
                            &mut world,
                            &deal("brite-salesforce", "brite", "salesforce").services(&["crm-sync"]),
                        ),
                        "attested" => attest(&mut world, &integration, "2027-01-01T00:00:00Z"),
                        _ => {}
                    }
                    let mut was = integration.clone();
                    if accepted == "stale" {
                        was.spec.endpoints.as_mut().unwrap()[0].port = 8443;
                    }
                    if accepted != "no" {
                        acknowledge(&mut world, &was);
                    }
                    edit(&mut world.plan, |p| p.spec.state = state);
                    let covered = ["baa", "attested", "de-identified"].contains(&cover);
                    let full = covered && accepted == "yes";
                    let wanted = match (state, asked) {
                        (PlanState::Suspended, _) | (_, Payload::Off) => ("off", 0),
                        (_, Payload::Full) if full => ("full", 1),
                        _ => ("link-only", 0),
                    };
                    let wanted = (Value::from(wanted.0), wanted.1);
                    assert_eq!(settled(world, now()), wanted, "{cover}, {accepted}, {state:?}, {asked:?}");
                }
            }
        }
    }
}

fn named(baa: &str) -> Cover {
    Cover { baa_ref: Some(NameRef { name: baa.into() }), attested: None, de_identified: None }
}

#[test]
fn what_closes_is_written_in_one_round_flag_first() {
    let changes: [(&str, Change<World>); 5] = [
        ("suspended", |w| edit(&mut w.plan, |p| p.spec.state = PlanState::Suspended)),
        ("cover gone", |w| w.baas.retain(|b| b.name_any() != "salesforce-2026")),
        ("acceptance gone", |w| w.acts.retain(|a| a.spec.act != Act::Acknowledge)),
        ("edited", |w| {
            let mut changed = own_crm();
            changed.spec.phi_categories = Some(vec![PhiCategory::CallerID, PhiCategory::Form]);
            add(w, &changed);
        }),
        ("deleted", |w| w.integrations = Fact::Known(vec![])),
    ];
    for (what, change) in changes {
        let mut world = sending();
        assert_eq!((flag(&world, now()), ways(&world).len()), ("full".into(), 1));
        change(&mut world);
        let steps = words(&todo(&world, now()));
        assert_eq!(steps[..2], ["close flags", "close ringfence-integration-crm"], "{what}");
        world.quorum = false;
        settle(&mut world, now());
        assert_eq!(ways(&world), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_way_out_that_was_altered_is_closed_before_it_is_opened_anew() {
    let mut world = sending();
    let Fact::Known(policies) = &mut world.policies else { unreachable!() };
    let way = policies.iter_mut().find(|p| p.name_any().starts_with(WAY_OUT)).unwrap();
    let spec = Arc::make_mut(way).spec.as_mut().unwrap();
    spec.egress.as_mut().unwrap()[0].to = None;
    assert_eq!(words(&todo(&world, now())), ["close ringfence-integration-crm"]);
    assert_eq!(settled(world, now()), ("full".into(), 1));
}

#[test]
fn a_policy_that_no_integration_asks_for_is_closed_and_the_base_is_left_alone() {
    let mut world = sending();
    world.integrations = Fact::Known(vec![]);
    settle(&mut world, now());
    let names: Vec<_> = world.policies.known().unwrap().iter().map(|p| p.name_any()).collect();
    assert!(names.contains(&"ringfence-base".to_owned()) && !names.iter().any(|n| n.starts_with(WAY_OUT)), "{names:?}");
    assert_eq!(evaluate(&document(&world), "capture.recording.allowed", Some(now().as_second())), true);
}

#[test]
fn with_nobody_running_the_flag_falls_back_to_links_when_the_cover_ends() {
    let mut world = unlocked();
    add(&mut world, &own_crm());
    conclude(&mut world, &with_vendor().term("2026-01-01T00:00:00Z", Some("12:10:00")));
    acknowledge(&mut world, &own_crm());
    settle(&mut world, now());
    assert_eq!(flag(&world, at("12:09:59")), "full");
    assert_eq!(flag(&world, at("12:10:00")), "link-only");
    assert_eq!(decided(&world, now()).next, Some(at("12:10:00")), "the operator wakes then, too");
    assert_eq!(settled(world, at("12:10:00")), ("link-only".into(), 0));
}

#[test]
fn while_the_key_service_is_silent_a_way_out_lapses_with_its_window() {
    let mut world = sending();
    for key in world.keys.values_mut() {
        *key = Err(crate::keys::Trouble::Sealed);
    }
    assert_eq!(words(&todo(&world, at("12:30:00"))), Vec::<String>::new(), "nothing is renewed, nothing is closed");
    settle(&mut world, at("13:00:01"));
    assert_eq!((flag(&world, at("13:00:01")), ways(&world).len()), ("off".into(), 0));
}

#[test]
fn an_act_about_another_integration_counts_for_nothing() {
    let changes: [(&str, Change<Attestation>); 5] = [
        ("uid", |a| a.spec.subject_ref.uid = "uid-of-another".into()),
        ("namespace", |a| a.spec.subject_ref.namespace = Some("brite".into())),
        ("name", |a| a.spec.subject_ref.name = "erp".into()),
        ("kind", |a| a.spec.subject_ref.kind = crate::api::SubjectKind::HealthcarePlan),
        ("text", |a| a.spec.text_sha256 = None),
    ];
    for (what, change) in changes {
        let mut world = sending();
        for act in &mut world.acts {
            if act.spec.act == Act::Acknowledge {
                change(Arc::make_mut(act));
            }
        }
        assert_eq!(settled(world, now()), ("link-only".into(), 0), "{what}");
    }
}

#[test]
fn an_attested_cover_ends_when_it_says_and_at_once_when_it_is_taken_back() {
    let mut own = own_crm();
    own.spec.cover = Some(Cover { baa_ref: None, attested: Some(true), de_identified: None });
    let mut world = unlocked();
    add(&mut world, &own);
    acknowledge(&mut world, &own);
    attest(&mut world, &own, "12:20:00");
    settle(&mut world, now());
    assert_eq!((flag(&world, at("12:19:59")), flag(&world, at("12:20:00"))), ("full".into(), "link-only".into()));
    let attested = world.acts.iter().find(|a| a.spec.act == Act::AttestCover).unwrap().clone();
    let mut back = (*attested).clone();
    back.metadata.name = Some("back".into());
    back.metadata.uid = Some("uid-of-back".into());
    back.spec.act = Act::Withdraw;
    back.spec.subject_ref.kind = crate::api::SubjectKind::Attestation;
    back.spec.subject_ref.name = attested.name_any();
    back.spec.subject_ref.uid = attested.metadata.uid.clone().unwrap();
    world.acts.push(Arc::new(back));
    assert_eq!(settled(world, now()), ("link-only".into(), 0));
}

/// What the integration's cover says, with the tenant's own agreement changed.
fn covered(change: impl FnOnce(&mut World), vendor: &Deal) -> (bool, Reason) {
    let mut world = unlocked();
    add(&mut world, &own_crm());
    conclude(&mut world, vendor);
    change(&mut world);
    let cover = decided(&world, now()).integrations[0].cover.clone();
    (cover.open, cover.reason)
}

fn restrict(world: &mut World, restrictions: &str) {
    let own = world.baas.iter_mut().find(|b| b.spec.disclosing.party == TENANT).unwrap();
    Arc::make_mut(own).spec.restrictions = Some(crate::plan::fixture::yaml(restrictions));
}

#[test]
fn what_the_tenants_own_agreements_forbid_closes_the_vendor() {
    let same = |_: &mut World| {};
    assert_eq!(covered(same, &with_vendor()), (true, Reason::InForce));
    assert_eq!(
        covered(|w| restrict(w, "{subcontracting: Deny}"), &with_vendor()),
        (false, Reason::SubcontractingDenied)
    );
    assert_eq!(
        covered(|w| restrict(w, "{subcontracting: Consent}"), &with_vendor()),
        (false, Reason::SubcontractingDenied)
    );
    assert_eq!(covered(|w| restrict(w, "{subcontracting: Notice}"), &with_vendor()), (true, Reason::InForce));
    assert_eq!(covered(|w| restrict(w, "{offshoring: Deny}"), &with_vendor()), (true, Reason::InForce));
    let abroad = with_vendor().located("IE");
    assert_eq!(covered(|w| restrict(w, "{offshoring: Deny}"), &abroad), (false, Reason::OffshoringDenied));
    assert_eq!(covered(same, &with_vendor().services(&["other"])), (false, Reason::VendorNotCovered));
    assert_eq!(covered(same, &with_vendor().categories(&[PhiCategory::Form])), (false, Reason::CategoryNotCovered));
    assert_eq!(
        covered(same, &with_vendor().uses(&[crate::api::PermittedUse::Legal])),
        (false, Reason::UseNotPermitted)
    );
    let other_vendor = deal("salesforce-2026", "ringwell", "hubspot").agency(&[]).services(&["crm-sync"]);
    assert_eq!(covered(same, &other_vendor), (false, Reason::CoverForeign));
    let other_tenant = deal("salesforce-2026", "brite", "salesforce").services(&["crm-sync"]);
    assert_eq!(covered(same, &other_tenant), (false, Reason::CoverForeign));
    let own = deal("salesforce-2026", TENANT, "salesforce").services(&["crm-sync"]);
    assert_eq!(
        covered(|w| restrict(w, "{subcontracting: Deny}"), &own),
        (true, Reason::InForce),
        "it is no subcontractor"
    );
    let two = |w: &mut World| {
        edit(&mut w.plan, |p| p.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() }));
    };
    assert_eq!(covered(two, &own), (false, Reason::CoverForeign), "it speaks for one entity alone");
}

#[test]
fn a_successor_goes_on_covering_and_a_deleted_baa_does_not() {
    let next = deal("salesforce-2027", "ringwell", "salesforce").agency(&[]).services(&["crm-sync"]).located("US");
    let next = next.supersedes("salesforce-2026");
    let with_next = |w: &mut World| conclude(w, &next);
    assert_eq!(covered(with_next, &with_vendor()), (true, Reason::InForce));
    assert_eq!(
        covered(|w| w.baas.retain(|b| b.name_any() != "salesforce-2026"), &with_vendor()),
        (false, Reason::CoverMissing)
    );
}

#[test]
fn destinations_that_are_no_third_partys_are_refused_whatever_covers_them() {
    let with = |change: fn(&mut Integration), names_hosts: bool| {
        let mut integration = own_crm();
        change(&mut integration);
        let mut world = unlocked();
        world.names_hosts = names_hosts;
        if names_hosts {
            world.host_policies = Fact::Known(vec![]);
        }
        world.cluster_networks = Arc::new(["203.0.113.0/24".parse().unwrap()].into());
        add(&mut world, &integration);
        conclude(&mut world, &with_vendor());
        acknowledge(&mut world, &integration);
        let shortfall = decided(&world, now()).integrations[0].shortfall().map(|s| s.0);
        settle(&mut world, now());
        (shortfall, flag(&world, now()), ways(&world).len() + world.host_policies.known().map_or(0, Vec::len))
    };
    let inside: fn(&mut Integration) =
        |i| i.spec.endpoints.as_mut().unwrap()[0].cidrs = Some(vec!["203.0.113.128/25".into()]);
    let private: fn(&mut Integration) =
        |i| i.spec.endpoints.as_mut().unwrap()[0].cidrs = Some(vec!["10.0.0.0/24".into()]);
    let bare: fn(&mut Integration) = |i| i.spec.endpoints.as_mut().unwrap()[0].cidrs = None;
    let refused = |reason| (Some(reason), Value::from("link-only"), 0);
    assert_eq!(with(inside, false), refused(Reason::DestinationRefused));
    assert_eq!(with(private, true), refused(Reason::DestinationRefused));
    assert_eq!(with(bare, false), refused(Reason::HostWithoutCidrs));
    assert_eq!(with(bare, true), (None, "full".into(), 1), "the engine knows host names");
    assert_eq!(with(|i| i.spec.vendor = "ringwell".into(), false).1, "off");
}

#[test]
fn beyond_the_most_the_youngest_are_off() {
    let mut world = sending();
    for n in 0..super::MOST {
        let mut more = own_crm();
        more.metadata.name = Some(format!("more-{n:02}"));
        more.metadata.uid = Some(format!("uid-of-more-{n}"));
        more.metadata.creation_timestamp = Some(Time(at("11:00:00")));
        add(&mut world, &more);
    }
    settle(&mut world, now());
    let said =
        |name: &str| evaluate(&document(&world), &format!("integration.{name}.payload"), Some(now().as_second()));
    assert_eq!((said("crm"), said("more-62"), said("more-63")), ("full".into(), "link-only".into(), "off".into()));
}

#[test]
fn after_a_notice_nothing_is_opened_anew_and_what_is_open_stays() {
    let given = at("11:30:00");
    let mut world = sending();
    let own = world.baas.iter().find(|b| b.spec.disclosing.party == TENANT).unwrap().clone();
    let about = (own.name_any(), own.uid().unwrap());
    let mut notice = crate::plan::fixture::act("Terminate", (&about.0, &about.1), TENANT, "bob", "11:30:00");
    notice.spec.effective_time = Some(Time(at("2026-12-24T00:00:00Z")));
    world.acts.push(Arc::new(notice));
    assert_eq!(settled(world.clone(), now()), ("full".into(), 1), "it was accepted before {given}");
    for act in &mut world.acts {
        if act.spec.act == Act::Acknowledge {
            Arc::make_mut(act).metadata.creation_timestamp = Some(Time(at("11:45:00")));
        }
    }
    assert_eq!(settled(world, now()), ("link-only".into(), 0));
}

#[test]
fn a_pull_needs_no_way_out_and_the_same_rules() {
    let mut api = own_crm();
    api.spec.direction = crate::api::Flow::Pull;
    api.spec.endpoints = None;
    let mut world = unlocked();
    add(&mut world, &api);
    conclude(&mut world, &with_vendor());
    assert_eq!(settled(world.clone(), now()), ("link-only".into(), 0));
    acknowledge(&mut world, &api);
    assert_eq!(settled(world, now()), ("full".into(), 0));
}

#[test]
fn while_nobody_knows_which_integrations_there_are_what_was_granted_ends_by_itself() {
    let mut world = sending();
    world.integrations = Fact::Unknown("silent".into());
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "nothing is closed on silence");
    settle(&mut world, at("12:40:00"));
    let later = Some(at("13:10:00").as_second());
    assert_eq!(evaluate(&document(&world), "capture.form.allowed", later), true, "the rest is renewed");
    assert_eq!((flag(&world, at("12:59:59")), flag(&world, at("13:00:00"))), ("full".into(), "link-only".into()));
    assert_eq!(ways(&world).len(), 1);
    settle(&mut world, at("13:00:00"));
    assert_eq!(ways(&world), Vec::<String>::new());
}

#[test]
fn a_baa_of_the_platform_that_cannot_be_decoded_closes_what_rests_on_them_and_nothing_else() {
    let mut world = sending();
    world.vendor_doubt = Some("BAA bad cannot be decoded".into());
    let decided = decided(&world, now());
    assert_eq!(decided.integrations[0].shortfall().map(|s| s.0), Some(Reason::Undecodable));
    assert!(decided.agreements.any_open() && decided.agreements.features.iter().all(|f| !f.open));
    assert_eq!(settled(world, now()), ("link-only".into(), 0));
}

#[test]
fn an_attested_agreement_says_nothing_of_a_place_and_so_of_no_place_at_home() {
    let mut own = own_crm();
    own.spec.cover = Some(Cover { baa_ref: None, attested: Some(true), de_identified: None });
    let mut world = unlocked();
    add(&mut world, &own);
    acknowledge(&mut world, &own);
    attest(&mut world, &own, "2027-01-01T00:00:00Z");
    assert_eq!(settled(world.clone(), now()), ("full".into(), 1));
    restrict(&mut world, "{offshoring: Deny}");
    assert_eq!(decided(&world, now()).integrations[0].cover.reason, Reason::OffshoringDenied);
    assert_eq!(settled(world, now()), ("link-only".into(), 0));
}

#[test]
fn what_an_opening_rests_on_is_told_from_what_was_once_accepted() {
    let mut world = sending();
    let mut moved = own_crm();
    moved.spec.endpoints.as_mut().unwrap()[0].port = 8443;
    acknowledge(&mut world, &moved);
    let accepted: Vec<_> = world.acts.iter().filter(|a| a.spec.act == Act::Acknowledge).collect();
    let rests: Vec<_> = accepted.iter().map(|a| super::rests_on(&world, a)).collect();
    assert_eq!(rests, [true, false], "the second is of another text");
    let mut of_a_former_one = (**accepted[0]).clone();
    of_a_former_one.spec.subject_ref.uid = "uid-of-a-former-one".into();
    assert!(!super::rests_on(&world, &of_a_former_one));
}

#[test]
fn without_a_valid_tenant_a_way_out_stands_no_longer_than_what_grants_it() {
    let mut world = sending();
    world.class = Fact::Absent;
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "its window runs");
    assert_eq!(words(&todo(&world, at("13:00:00"))), ["close ringfence-integration-crm"]);
    let unreadable = World { flags: Fact::Unknown("silent".into()), ..world.clone() };
    assert_eq!(words(&todo(&unreadable, now())), Vec::<String>::new());
    let deleted = World { flags: Fact::Absent, ..world };
    assert_eq!(words(&todo(&deleted, now())), ["close ringfence-integration-crm"]);
}
