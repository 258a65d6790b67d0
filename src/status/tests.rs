//! R31, R41: how a tenant stands, as somebody in sales reads it.
//!
//! The pages are kept in `snapshots`. `RINGFENCE_SNAPSHOTS=write cargo test --lib status` writes them anew: read what changed before it is kept.

use serde_json::Value;

use super::*;
use crate::{
    api::{Attestation, BAA, Cover, HealthcarePlan, Integration, Payload, PlanState},
    explain::tests::{both, direct, is_as_it_was_kept, is_as_it_was_read_in, sign, world as around},
    fact::Fact,
    integration::fixture::crm,
    plan::fixture::{at, now, yaml},
};

const PLAN: &str = include_str!("../../manifests/examples/20-plan.yaml");
const TERM: &str = "term: {effectiveTime: \"2026-01-01T00:00:00Z\", expirationTime: \"2028-12-31T00:00:00Z\"}";
const BAA_NAME: &str = "acme-dental-2026";
/// An agreement in force, as the operator writes it.
const IN_FORCE: &str = "{party: acme-dental, open: true, path: [acme-dental-2026], expirationTime: \"2028-12-31T00:00:00Z\", phiCategories: [CallerID, Recording, Form]}";
const UNLOCKED: [&str; 3] = ["True", "Unlocked", "Every fence stands and an agreement is in force."];

fn said(r#type: &str, [status, reason, message]: [&str; 3]) -> String {
    format!(
        "{{type: {type}, status: \"{status}\", reason: {reason}, message: \"{message}\", observedGeneration: 1, lastTransitionTime: \"2026-11-20T00:00:00Z\"}}"
    )
}

/// The example's plan as the operator left it: every fence stands.
fn plan(phi: [&str; 3], entity: &str) -> HealthcarePlan {
    let stands = |r#type: &str| said(r#type, ["True", "AsCalledFor", "It stands."]);
    let fences =
        ["NamespaceFenced", "NetworkIsolated", "NodesDedicated", "KeysReady", "FlagsPublished", "WorkloadsPlaced"];
    let mut conditions: Vec<_> = fences.into_iter().map(stands).collect();
    let audit = ["Unknown", "NotBuilt", "Verifying audit is not built yet: see to it yourself."];
    conditions.extend([said("AuditVerified", audit), said("PhiUnlocked", phi)]);
    let mut plan: HealthcarePlan = yaml(PLAN);
    plan.metadata.generation = Some(1);
    plan.status = Some(yaml(&format!(
        "{{observedGeneration: 1, conditions: [{}], nodes: {{asked: 2, assigned: 2, ready: 2}}, agreement: {{entities: [{entity}], vendorFeatures: [
           {{flag: voicemail.transcription.allowed, permitted: false, message: no BAA with deepvoice that names the service voicemail-transcription is in force; sign one}}]}}}}",
        conditions.join(", ")
    )));
    plan
}

/// An integration as the operator left it.
fn told(mut integration: Integration, payload: &str, conditions: &[(&str, [&str; 3])]) -> Integration {
    integration.metadata.namespace = Some("acme-dental".into());
    let conditions: Vec<_> = conditions.iter().map(|(r#type, what)| said(r#type, *what)).collect();
    integration.status =
        Some(yaml(&format!("{{observedGeneration: 1, payload: {payload}, conditions: [{}]}}", conditions.join(", "))));
    integration
}

/// A CRM that gets all that it asks for, until the end of the vendor's agreement.
fn full() -> Integration {
    let mut crm = told(
        crm(),
        "Full",
        &[
            ("Ready", ["True", "AsCalledFor", "All that is asked for may be sent."]),
            ("Covered", ["True", "Covered", "BAA salesforce-2026 covers salesforce."]),
            ("Acknowledged", ["True", "Acknowledged", "Its warning was accepted, recorded by tara@acme.example."]),
            ("EgressOpen", ["True", "Opened", "Pods of the namespace reach the declared destinations, and no others."]),
        ],
    );
    crm.status.as_mut().unwrap().expiration_time =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at("2027-11-30T00:00:00Z")));
    crm
}

/// A chat of which links alone are asked for.
fn links() -> Integration {
    let mut chat = told(
        crm(),
        "LinkOnly",
        &[
            ("Ready", ["True", "AsCalledFor", "Links alone are sent, as asked."]),
            (
                "Covered",
                [
                    "False",
                    "NoCover",
                    "No agreement with chatter is given (spec.cover): give one to send more than links.",
                ],
            ),
            ("Acknowledged", ["False", "NotAcknowledged", "Nobody has accepted the warning (status.warning)."]),
            ("EgressOpen", ["False", "Closed", "No destination is reached."]),
        ],
    );
    chat.metadata.name = Some("chat".into());
    chat.spec.vendor = "chatter".into();
    chat.spec.service = "alerts".into();
    chat.spec.payload = Payload::LinkOnly;
    chat.spec.endpoints = None;
    chat.spec.cover = None;
    chat
}

fn off(mut integration: Integration) -> Integration {
    let status = integration.status.as_mut().unwrap();
    status.payload = Some(Payload::Off);
    for c in &mut status.conditions {
        match c.type_.as_str() {
            "Ready" => c.message = "It is off: the plan is locked. See the plan's conditions.".into(),
            "EgressOpen" => (c.status, c.reason) = ("False".into(), "Closed".into()),
            _ => {}
        }
    }
    integration
}

fn agreed() -> (Vec<BAA>, Vec<Attestation>) {
    let baa = direct(BAA_NAME, TERM);
    let acts = both(&baa, "2026-11-01T09:30:00Z");
    (vec![baa], acts)
}

fn world(plan: HealthcarePlan, (baas, acts): (Vec<BAA>, Vec<Attestation>), integrations: Vec<Integration>) -> World {
    World {
        now: now(),
        tenant: "acme-dental".into(),
        plan: Fact::Known(plan.clone()),
        around: Some(around(plan, baas, acts)),
        integrations: Fact::Known(integrations),
        odd: vec![],
    }
}

fn whole() -> World {
    world(plan(UNLOCKED, IN_FORCE), agreed(), vec![full(), links()])
}

fn is_as_it_was_read(name: &str, page: &Page) {
    is_as_it_was_read_in("status", name, &page.text());
}

fn commands(page: &Page) -> Vec<&str> {
    page.steps.iter().filter_map(|s| s.command.as_deref()).collect()
}

#[test]
fn a_all_is_open_with_two_integrations() {
    let page = page(&whole());
    assert_eq!((page.result, page.result as u8), (Answer::Open, 0), "{}", page.text());
    assert!(page.steps.is_empty() && page.unknown.is_empty(), "{:?}", page.steps);
    is_as_it_was_read("a-open", &page);
}

#[test]
fn b_a_signature_is_missing() {
    let missing =
        "BAA acme-dental-2026 of acme-dental lacks the signature of acme-dental; record an Attestation of act Sign";
    let entity = format!("{{party: acme-dental, open: false, path: [{BAA_NAME}], missing: {missing}}}");
    let acts = vec![sign(BAA_NAME, "ringwell", "alice", "2026-11-20T09:30:00Z")];
    let baas = vec![direct(BAA_NAME, TERM)];
    let closed = plan(["False", "AwaitingSignature", missing], &entity);
    let page = page(&world(closed, (baas, acts), vec![off(full())]));
    assert_eq!((page.result, page.result as u8), (Answer::Closed, 1));
    assert!(commands(&page)[0].starts_with("ringfence sign acme-dental-2026 --for acme-dental "), "{:?}", page.steps);
    is_as_it_was_read("b-waits-for-a-signature", &page);
}

#[test]
fn c_the_plan_is_suspended() {
    let phi = ["False", "Suspended", "The plan asks for Suspended; set spec.state to Active to open it."];
    let mut suspended = plan(phi, IN_FORCE);
    suspended.spec.state = PlanState::Suspended;
    let page = page(&world(suspended, agreed(), vec![off(full()), off(links())]));
    assert_eq!(page.result, Answer::Closed);
    assert_eq!(commands(&page), ["kubectl patch hp acme-dental --type merge -p '{\"spec\":{\"state\":\"Active\"}}'"]);
    is_as_it_was_read("c-suspended", &page);
}

#[test]
fn d_the_cover_of_an_integration_has_ended() {
    let why = "No BAA with salesforce that names the service crm-sync is in force; sign one.";
    let ready = "Links alone are sent: no BAA with salesforce that names the service crm-sync is in force; sign one.";
    let cut = "New connections are refused. The network engine may let those go on that were open: restart the pods that are older (kubectl -n acme-dental rollout restart deployment).";
    let ended = told(
        crm(),
        "LinkOnly",
        &[
            ("Ready", ["True", "AsCalledFor", ready]),
            ("Covered", ["False", "VendorNotCovered", why]),
            ("Acknowledged", ["True", "Acknowledged", "Its warning was accepted, recorded by tara@acme.example."]),
            ("EgressOpen", ["False", "ClosedForNew", cut]),
        ],
    );
    let page = page(&world(plan(UNLOCKED, IN_FORCE), agreed(), vec![links(), ended]));
    assert_eq!(page.result, Answer::Closed);
    assert_eq!(
        commands(&page),
        ["ringfence explain baa/salesforce-2026", "kubectl -n acme-dental rollout restart deployment"]
    );
    is_as_it_was_read("d-cover-ended", &page);
}

#[test]
fn e_a_host_has_no_networks() {
    let why = "spec.endpoints[login.salesforce.example] has no cidrs, and the network engine here knows no host names; give the vendor's public networks.";
    let mut stalled = told(
        crm(),
        "LinkOnly",
        &[
            ("Ready", ["False", "HostWithoutCidrs", why]),
            ("Stalled", ["True", "HostWithoutCidrs", why]),
            ("Covered", ["True", "Covered", "BAA salesforce-2026 covers salesforce."]),
            (
                "Acknowledged",
                [
                    "False",
                    "NotAcknowledged",
                    "Nobody has accepted the warning (status.warning); read it and accept it (ringfence acknowledge acme-dental/crm).",
                ],
            ),
            ("EgressOpen", ["False", "Closed", "No destination is reached. See the other conditions."]),
        ],
    );
    stalled.spec.endpoints.as_mut().unwrap()[0].cidrs = None;
    let page = page(&world(plan(UNLOCKED, IN_FORCE), agreed(), vec![stalled]));
    assert_eq!(page.result, Answer::Closed);
    assert_eq!(commands(&page), ["kubectl -n acme-dental edit intg crm"]);
    is_as_it_was_read("e-host-without-networks", &page);
}

#[test]
fn f_the_operator_is_behind() {
    let mut world = whole();
    let Fact::Known(plan) = &mut world.plan else { unreachable!() };
    plan.metadata.generation = Some(2);
    let Fact::Known(integrations) = &mut world.integrations else { unreachable!() };
    integrations[0].metadata.generation = Some(2);
    let mut new = crm();
    new.metadata.name = Some("new".into());
    integrations.push(new);
    let page = page(&world);
    assert_eq!((page.result, page.result as u8), (Answer::Unknown, 2));
    assert_eq!(commands(&page), ["ringfence doctor"]);
    is_as_it_was_read("f-operator-behind", &page);
}

#[test]
fn g_two_persons_are_to_act_about_an_attested_cover() {
    let mut own = told(
        crm(),
        "LinkOnly",
        &[
            ("Ready", ["True", "AsCalledFor", "Links alone are sent: nobody attests the customer's own agreement."]),
            (
                "Covered",
                [
                    "False",
                    "CoverNotAttested",
                    "nobody attests the customer's own agreement with salesforce: let a person do it (ringfence attest-cover).",
                ],
            ),
            (
                "Acknowledged",
                [
                    "False",
                    "AcknowledgementStale",
                    "What was accepted was another text than status.warning is now; read it and accept it (ringfence acknowledge acme-dental/crm).",
                ],
            ),
            ("EgressOpen", ["False", "Closed", "No destination is reached. See the other conditions."]),
        ],
    );
    own.spec.cover = Some(Cover { baa_ref: None, attested: Some(true), de_identified: None });
    let mut world = world(plan(UNLOCKED, IN_FORCE), agreed(), vec![own]);
    let hidden =
        || "you may not read attestations (403); ask for ClusterRole ringfence-auditor or ringfence-signer".to_owned();
    world.around.as_mut().unwrap().acts = Fact::Unknown(hidden());
    let page = page(&world);
    assert_eq!(page.result, Answer::Closed, "what is not shown is told by the operator");
    let wanted = ["ringfence attest-cover acme-dental/crm --until TIME", "ringfence acknowledge acme-dental/crm"];
    assert_eq!(commands(&page), wanted);
    is_as_it_was_read("g-to-be-attested", &page);
}

#[test]
fn h_a_tenants_administrator_sees_the_integrations_alone() {
    let mut world = whole();
    world.around = None;
    world.plan = Fact::Unknown(
        "you may not read healthcareplans (403); ask for ClusterRole ringfence-auditor or ringfence-signer".into(),
    );
    let page = page(&world);
    assert_eq!(page.result, Answer::Unknown);
    is_as_it_was_read("h-integrations-alone", &page);
}

#[test]
fn that_a_plan_is_locked_is_told_by_the_integration_to_whom_the_plan_is_not_shown() {
    let mut world = world(plan(UNLOCKED, IN_FORCE), agreed(), vec![off(full())]);
    world.around = None;
    world.plan = Fact::Unknown("you may not read healthcareplans (403)".into());
    let text = page(&world).text();
    assert!(text.contains("It is off: the plan is locked."), "{text}");
}

/// A change, what the page comes to by it, and words that it says.
type Case = (fn(&mut World), Answer, &'static str);

fn first(world: &mut World) -> &mut Integration {
    let Fact::Known(integrations) = &mut world.integrations else { unreachable!() };
    &mut integrations[0]
}

fn status(world: &mut World) -> &mut crate::api::HealthcarePlanStatus {
    let Fact::Known(plan) = &mut world.plan else { unreachable!() };
    plan.status.as_mut().unwrap()
}

#[test]
fn what_is_unknown_is_neither_open_nor_closed() {
    let cases: [Case; 10] = [
        (
            |w| w.integrations = Fact::Unknown("you may not read integrations in acme-dental (403); ask".into()),
            Answer::Unknown,
            "its integrations: you may not",
        ),
        (
            |w| w.odd = vec!["integrations/x cannot be understood (why)".into()],
            Answer::Unknown,
            "integrations/x cannot",
        ),
        (
            |w| first(w).metadata.deletion_timestamp = first(w).metadata.creation_timestamp.clone(),
            Answer::Unknown,
            "integration crm: it is being deleted",
        ),
        (|w| first(w).status = None, Answer::Unknown, "integration crm: the operator has not looked at it yet"),
        (
            |w| first(w).status.as_mut().unwrap().conditions[3].status = "Unknown".into(),
            Answer::Unknown,
            "EgressOpen: ",
        ),
        (
            |w| first(w).status.as_mut().unwrap().conditions[0].status = "False".into(),
            Answer::Closed,
            "LESS THAN ASKED",
        ),
        (|w| w.now = at("2027-11-30T00:00:00Z"), Answer::Unknown, "its cover ended on 2027-11-30 00:00 UTC"),
        (|w| status(w).conditions.clear(), Answer::Unknown, "the operator has not looked at the plan yet"),
        (
            |w| status(w).conditions.last_mut().unwrap().status = "Unknown".into(),
            Answer::Unknown,
            "whether the plan is open",
        ),
        (
            |w| w.around.as_mut().unwrap().baas = Fact::Unknown("you may not read baas (403)".into()),
            Answer::Open,
            "Not shown to you",
        ),
    ];
    for (change, wanted, words) in cases {
        let mut world = whole();
        change(&mut world);
        let page = page(&world);
        let text = page.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(page.result, wanted, "{words}: {text}");
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn an_agreement_that_has_ended_in_silence_is_not_said_to_be_open() {
    let mut world = whole();
    status(&mut world).agreement.as_mut().unwrap().expiration_time =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()));
    let page = page(&world);
    assert_eq!(page.result, Answer::Unknown);
    assert!(page.open.iter().all(|o| !o.contains("may be kept")), "{:?}", page.open);
}

#[test]
fn that_records_can_be_read_is_said_only_while_the_fences_stand_that_reading_needs() {
    let mut suspended = world(plan(["False", "Suspended", "It is suspended."], IN_FORCE), agreed(), vec![]);
    assert!(page(&suspended).text().contains("what was kept can be read"));
    status(&mut suspended).conditions.iter_mut().find(|c| c.type_ == "KeysReady").unwrap().status = "False".into();
    let text = page(&suspended).text();
    assert!(!text.contains("can be read") && text.contains("keys: does not stand"), "{text}");
}

#[test]
fn a_cover_that_ends_soon_is_told_before() {
    let mut world = whole();
    let soon = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at("2026-12-31T00:00:00Z")));
    first(&mut world).status.as_mut().unwrap().expiration_time = soon;
    assert_eq!(commands(&page(&world)), ["ringfence explain baa/salesforce-2026"]);
    first(&mut world).spec.cover = Some(Cover { baa_ref: None, attested: Some(true), de_identified: None });
    let said = page(&world);
    assert_eq!(commands(&said), ["ringfence attest-cover acme-dental/crm --until TIME"]);
    assert_eq!(said.result, Answer::Open, "what ends later is open now");
}

#[test]
fn the_page_for_programs_is_in_order_and_the_same_at_another_time() {
    let mut world = whole();
    let one = page(&world).json();
    world.now = at("12:30:00");
    assert_eq!(page(&world).json(), one);
    is_as_it_was_kept("status", "a-open-json", &one);
    let value: Value = serde_json::from_str(&one).unwrap();
    fn sorted(value: &Value) {
        match value {
            Value::Object(map) => {
                let keys: Vec<_> = map.keys().collect();
                assert!(keys.is_sorted() && keys.iter().all(|k| k.chars().all(char::is_alphanumeric)), "{keys:?}");
                map.values().for_each(sorted);
            }
            Value::Array(all) => all.iter().for_each(sorted),
            _ => {}
        }
    }
    sorted(&value);
    let docs = include_str!("../../docs/status.md");
    for key in value.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{key}`")), "docs/status.md does not explain {key}");
    }
    for key in value["integrations"][0].as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{key}`")), "docs/status.md does not explain {key}");
    }
}

#[test]
fn nothing_that_an_object_holds_steers_a_terminal_or_breaks_the_page() {
    let mut world = whole();
    let evil = format!("a\u{1b}[2J\u{9b}1A\u{202e}{}", "x".repeat(180));
    first(&mut world).status.as_mut().unwrap().conditions[0].message = evil.clone();
    first(&mut world).status.as_mut().unwrap().conditions[0].status = "False".into();
    let Fact::Known(plan) = &mut world.plan else { unreachable!() };
    plan.spec.display_name = Some(evil.clone());
    let page = page(&world);
    let text = page.text();
    assert!(text.lines().all(|l| l.chars().count() <= tree::WIDTH), "{text}");
    for text in [text, page.json()] {
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    }
}
