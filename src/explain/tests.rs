//! R01 to R05, R54: six situations, each as a person reads it.
//!
//! The pages are kept in `snapshots`. `RINGFENCE_SNAPSHOTS=write cargo test --lib explain` writes them anew: read what changed before it is kept.

use std::path::Path;

use super::{read::World, tree::WIDTH, *};
use crate::{
    api::{Attestation, BAA, HealthcarePlan, HealthcarePlanClass},
    fact::Fact,
    plan::fixture::{TEXT, at, now, yaml},
};

const CONFIG: &str = include_str!("../../manifests/examples/00-config.yaml");
const CLASS: &str = include_str!("../../manifests/examples/10-class.yaml");
const PLAN: &str = include_str!("../../manifests/examples/20-plan.yaml");

/// An agreement between two parties (id, role, legal name, and place if known), and what else its spec holds.
pub(crate) fn baa(name: &str, from: (&str, &str, &str), to: (&str, &str, &str), rest: &str) -> BAA {
    let party =
        |(id, role, legal): (&str, &str, &str)| format!("{{party: {id}, role: {role}, legalName: \"{legal}\"}}");
    yaml(&format!(
        "{{apiVersion: ringfence.dev/v1alpha1, kind: BAA, metadata: {{name: {name}, uid: uid-of-{name}}}, spec: {{
           disclosing: {}, receiving: {}, document: {{uri: \"s3://legal/{name}.pdf\", sha256: {TEXT}}},
           scope: {{services: [call-tracking], phiCategories: [CallerID, Recording, Form]}},
           permittedUses: [ServiceDelivery, ManagementAdmin], {rest}}}}}",
        party(from),
        party(to)
    ))
}

/// An act about the BAA of this name.
pub(crate) fn act(name: &str, baa: &str, by: &str, created: &str, rest: &str) -> Attestation {
    yaml(&format!(
        "{{apiVersion: ringfence.dev/v1alpha1, kind: Attestation,
          metadata: {{name: {name}, uid: uid-of-{name}, creationTimestamp: \"{}\"}},
          spec: {{by: {by}@ringwell.example, subjectRef: {{kind: BAA, name: {baa}, uid: uid-of-{baa}}}, {rest}}}}}",
        at(created)
    ))
}

/// A signature for `party`.
pub(crate) fn sign(baa: &str, party: &str, by: &str, created: &str) -> Attestation {
    let rest = format!(
        "act: Sign, onBehalfOf: {{party: {party}, name: Somebody}}, textSHA256: {TEXT},
         evidence: {{provider: paper, envelopeID: envelope-of-{by}, certificateSHA256: {TEXT}}}"
    );
    act(&format!("{baa}-sign-{party}"), baa, by, created, &rest)
}

pub(crate) const CLINIC: (&str, &str, &str) = ("acme-dental", "CoveredEntity", "Acme Dental Group, LLC");
pub(crate) const AGENCY: (&str, &str, &str) = ("brightline", "BusinessAssociate", "Brightline Media Agency, Inc.");
pub(crate) const PLATFORM: (&str, &str, &str) = ("ringwell", "BusinessAssociate", "Ringwell, Inc.");

/// The clinic's own agreement with the platform.
pub(crate) fn direct(name: &str, rest: &str) -> BAA {
    baa(name, CLINIC, PLATFORM, rest)
}

/// What both parties' signatures look like, recorded by two people.
pub(crate) fn both(baa: &BAA, created: &str) -> Vec<Attestation> {
    let name = baa.metadata.name.clone().unwrap();
    let (a, b) = (&baa.spec.disclosing.party, &baa.spec.receiving.party);
    vec![sign(&name, a, "bob", created), sign(&name, b, "alice", created)]
}

/// The example's plan, as the operator left it.
pub(crate) fn plan(phi: (&str, &str, &str), more: &str) -> HealthcarePlan {
    let mut plan: HealthcarePlan = yaml(PLAN);
    plan.metadata.generation = Some(1);
    let (status, reason, message) = phi;
    let said = format!(
        "{{type: PhiUnlocked, status: \"{status}\", reason: {reason}, message: \"{message}\", lastTransitionTime: \"2026-11-20T00:00:00Z\"}}"
    );
    plan.status = Some(yaml(&format!("{{observedGeneration: 1, conditions: [{said}{more}]}}")));
    plan
}

pub(crate) fn open() -> HealthcarePlan {
    plan(("True", "Unlocked", "All fences stand and an agreement is in force."), "")
}

pub(crate) fn closed(reason: &str, message: &str) -> HealthcarePlan {
    plan(("False", reason, message), "")
}

pub(crate) fn world(plan: HealthcarePlan, baas: Vec<BAA>, acts: Vec<Attestation>) -> World {
    World {
        now: now(),
        config: Fact::Known(yaml(CONFIG)),
        plans: Fact::Known(vec![plan]),
        classes: Fact::Known(vec![yaml::<HealthcarePlanClass>(CLASS)]),
        baas: Fact::Known(baas),
        acts: Fact::Known(acts),
        odd: vec![],
    }
}

fn page_of(world: &World) -> Page {
    page(world, &world.plans.known().unwrap()[0])
}

/// Compares the page with the one that somebody read, or keeps it.
fn is_as_it_was_read(name: &str, text: &str) {
    is_as_it_was_read_in("explain", name, text);
}

/// The same for a page of another module.
pub(crate) fn is_as_it_was_read_in(module: &str, name: &str, text: &str) {
    assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    is_as_it_was_kept(module, name, text);
}

/// The same for what is no page for people.
pub(crate) fn is_as_it_was_kept(module: &str, name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{module}/snapshots/{name}.txt"));
    if std::env::var("RINGFENCE_SNAPSHOTS").is_ok_and(|v| v == "write") {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "RINGFENCE_SNAPSHOTS=write cargo test --lib {module} writes {name} anew; read it then");
}

/// A change that leaves something unknown.
type Spoil = fn(&mut World);

const TERM: &str = "term: {effectiveTime: \"2026-01-01T00:00:00Z\", expirationTime: \"2028-12-31T00:00:00Z\"}";

#[test]
fn a_open_by_a_direct_agreement() {
    let rest = format!(
        "restrictions: {{subcontracting: Notice, offshoring: Deny}}, clocks: {{breachNoticeHours: 48, incidentNoticeHours: 72}}, {TERM}"
    );
    let baa = direct("acme-dental-2026", &rest);
    let acts = both(&baa, "2026-11-20T09:30:00Z");
    let page = page_of(&world(open(), vec![baa], acts));
    assert_eq!((page.result, page.result as u8, page.steps.len()), (Answer::Open, 0, 0));
    is_as_it_was_read("a-open", &page.text());
}

#[test]
fn b_waits_for_one_signature() {
    let baa = direct("acme-dental-2026", TERM);
    let acts = vec![sign("acme-dental-2026", "ringwell", "alice", "2026-11-20T09:30:00Z")];
    let plan = closed(
        "AwaitingSignature",
        "BAA acme-dental-2026 of acme-dental lacks the signature of acme-dental; record an Attestation of act Sign",
    );
    let page = page_of(&world(plan, vec![baa], acts));
    assert_eq!((page.result, page.result as u8), (Answer::Closed, 1));
    assert!(
        page.steps[0].command.as_deref().unwrap().starts_with("ringfence sign acme-dental-2026 --for acme-dental ")
    );
    is_as_it_was_read("b-one-signature", &page.text());
}

#[test]
fn c_an_agency_whose_agreement_is_attested_no_more() {
    let baa = baa("brightline-2026", AGENCY, PLATFORM, TERM);
    let mut acts = both(&baa, "2026-11-01T09:30:00Z");
    let rest = "act: AttestUpstream, onBehalfOf: {party: brightline}, coveredEntity: {party: acme-dental}, expirationTime: \"2026-11-20T00:00:00Z\"";
    acts.push(act("brightline-upstream-acme", "brightline-2026", "carol", "2026-11-02T08:00:00Z", rest));
    let plan = closed("UpstreamNotAttested", "nobody attests any more that acme-dental has a BAA with brightline");
    let page = page_of(&world(plan, vec![baa], acts));
    assert_eq!(page.result, Answer::Closed);
    assert_eq!(
        page.steps[0].command.as_deref(),
        Some("ringfence attest-upstream brightline-2026 --covered-entity acme-dental --for brightline")
    );
    is_as_it_was_read("c-attestation-lapsed", &page.text());
}

#[test]
fn d_directly_and_through_an_agency_under_the_stricter_terms() {
    let own = direct(
        "acme-dental-2026",
        &format!("restrictions: {{offshoring: Deny}}, clocks: {{breachNoticeHours: 72}}, {TERM}"),
    );
    let above = baa(
        "acme-brightline",
        CLINIC,
        AGENCY,
        &format!("restrictions: {{subcontracting: Consent}}, clocks: {{breachNoticeHours: 24}}, {TERM}"),
    );
    let below = baa(
        "brightline-ringwell",
        AGENCY,
        PLATFORM,
        &format!("upstream: [{{baaRef: {{name: acme-brightline}}}}], clocks: {{breachNoticeHours: 48}}, {TERM}"),
    );
    let acts = [&own, &above, &below].into_iter().flat_map(|b| both(b, "2026-11-01T09:30:00Z")).collect();
    let page = page_of(&world(open(), vec![own, above, below], acts));
    assert_eq!((page.result, page.entities[0].paths.len(), page.entities[0].warnings.len()), (Answer::Open, 2, 1));
    is_as_it_was_read("d-two-paths", &page.text());
}

#[test]
fn e_notice_was_given() {
    let baa = direct("acme-dental-2026", TERM);
    let mut acts = both(&baa, "2026-11-01T09:30:00Z");
    let rest = "act: Terminate, onBehalfOf: {party: acme-dental}, effectiveTime: \"2026-12-31T00:00:00Z\"";
    acts.push(act("acme-terminate", "acme-dental-2026", "bob", "2026-11-23T16:00:00Z", rest));
    let page = page_of(&world(open(), vec![baa], acts));
    assert_eq!(page.result, Answer::Open);
    assert!(
        page.steps.iter().any(|s| s.command.as_deref() == Some("ringfence withdraw acme-terminate")),
        "{:?}",
        page.steps
    );
    is_as_it_was_read("e-notice", &page.text());
}

#[test]
fn f_a_renewal_that_leaves_a_gap_and_a_plan_that_is_suspended() {
    let old = direct(
        "acme-dental-2024",
        "term: {effectiveTime: \"2024-11-01T00:00:00Z\", expirationTime: \"2026-11-01T00:00:00Z\"}",
    );
    let new = direct(
        "acme-dental-2026",
        "supersedesRef: {name: acme-dental-2024}, term: {effectiveTime: \"2026-12-01T00:00:00Z\"}",
    );
    let acts = [both(&old, "2024-10-30T10:00:00Z"), both(&new, "2026-11-20T10:00:00Z")].concat();
    let mut plan = closed("Suspended", "The plan asks for Suspended; set spec.state to Active to open it.");
    plan.spec.state = crate::api::PlanState::Suspended;
    let page = page_of(&world(plan, vec![old, new], acts));
    assert_eq!(page.result, Answer::Closed);
    is_as_it_was_read("f-gap-and-suspended", &page.text());
}

#[test]
fn what_is_unknown_is_neither_open_nor_closed() {
    let baa = direct("acme-dental-2026", TERM);
    let acts = both(&baa, "2026-11-01T09:30:00Z");
    let whole = world(open(), vec![baa], acts);
    assert_eq!(page_of(&whole).result, Answer::Open);
    let spoil: [(&str, Spoil); 6] = [
        ("Attestations: you may not", |w| w.acts = Fact::Unknown("you may not read attestations (403); ask".into())),
        ("BAAs: you may not", |w| w.baas = Fact::Unknown("you may not read baas (403); ask".into())),
        ("RingfenceConfig cluster does not exist", |w| w.config = Fact::Absent),
        ("HealthcarePlanClasses: no answer", |w| w.classes = Fact::Unknown("no answer".into())),
        ("attestations/x cannot be understood", |w| w.odd = vec!["attestations/x cannot be understood (why)".into()]),
        ("whether the plan is unlocked", |w| {
            w.plans = Fact::Known(vec![plan(("Unknown", "NotObserved", "Not observed yet"), "")])
        }),
    ];
    for (words, spoil) in spoil {
        let mut world = whole.clone();
        spoil(&mut world);
        let page = page_of(&world);
        assert_eq!((page.result, page.result as u8), (Answer::Unknown, 2), "{words}");
        let text = page.text();
        assert!(text.contains("\nUNKNOWN: ") && text.contains(words), "{text}");
        assert!(!text.contains("No path") && !text.contains("Draft"), "unknown is not absent: {text}");
    }
}

#[test]
fn a_plan_that_its_own_fences_keep_closed_says_so() {
    let baa = direct("acme-dental-2026", TERM);
    let acts = both(&baa, "2026-11-01T09:30:00Z");
    let fence = ", {type: KeysReady, status: \"False\", reason: KeyLost, message: \"The phi key is gone; find a backup.\", lastTransitionTime: \"2026-11-20T00:00:00Z\"}";
    let page = page_of(&world(plan(("False", "KeyLost", "A fence does not stand."), fence), vec![baa], acts));
    assert_eq!(page.result, Answer::Closed);
    let text = page.text();
    assert!(text.contains("CLOSED: the agreements are in force, and the plan itself keeps PHI closed."), "{text}");
    assert!(
        text.contains("KeysReady is False (KeyLost)") && text.contains("$ kubectl describe hp acme-dental"),
        "{text}"
    );
}

#[test]
fn nothing_that_a_party_is_called_steers_a_terminal_or_breaks_the_page() {
    let evil = format!("Acme\\x1b[2J\\u009b{}\\u202e", "x".repeat(180));
    let baa = baa("acme-dental-2026", ("acme-dental", "CoveredEntity", &evil), PLATFORM, TERM);
    let page = page_of(&world(open(), vec![baa], vec![]));
    let text = page.text();
    assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
    assert!(text.contains('\u{FFFD}') && !text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
}

#[test]
fn an_agreement_alone_says_who_lives_on_it() {
    let baa = direct("acme-dental-2026", TERM);
    let world = world(open(), vec![baa], vec![sign("acme-dental-2026", "ringwell", "alice", "2026-11-20T09:30:00Z")]);
    let page = about(&world, "acme-dental-2026").unwrap();
    assert_eq!(page.result, Answer::Closed);
    assert_eq!(
        page.used_by,
        ["plan acme-dental, covered entity acme-dental: its path by acme-dental-2026 does not count"]
    );
    is_as_it_was_read("baa-one-signature", &page.text());
    assert_eq!(
        about(&world, "other").unwrap_err().to_string(),
        "baa/other does not exist; kubectl get baa lists what there is"
    );
}

#[test]
fn the_page_for_programs_says_the_same() {
    let baa = direct("acme-dental-2026", TERM);
    let acts = both(&baa, "2026-11-01T09:30:00Z");
    let page = page_of(&world(open(), vec![baa], acts));
    let page: serde_json::Value = serde_json::from_str(&tree::json(&page)).unwrap();
    assert_eq!((&page["result"], &page["subject"]), (&"Open".into(), &"plan/acme-dental".into()));
    let hop = &page["entities"][0]["paths"][0]["hops"][0];
    assert_eq!((&hop["name"], &hop["stands"]), (&"BAA acme-dental-2026".into(), &true.into()));
    assert_eq!(hop["signatures"][0]["recordedBy"], "bob@ringwell.example");
}

#[test]
fn a_subject_is_a_plan_or_an_agreement() {
    assert_eq!(subject("plan/acme").unwrap(), Subject::Plan("acme".into()));
    assert_eq!(subject("acme").unwrap(), Subject::Plan("acme".into()));
    assert_eq!(subject("baa/acme-2026").unwrap(), Subject::Agreement("acme-2026".into()));
    for bad in ["", "plan/", "pod/acme", "plan/../x", "baa/a/b", "plan/A", "plan/a?b"] {
        assert!(subject(bad).unwrap_err().to_string().contains("plan/NAME or baa/NAME"), "{bad}");
    }
}

#[test]
fn what_does_not_bear_on_a_plan_changes_nothing_and_what_does_is_never_left_out() {
    let above = baa("acme-brightline", CLINIC, AGENCY, TERM);
    let amends = baa("amendment", CLINIC, AGENCY, &format!("amendsRef: {{name: acme-brightline}}, {TERM}"));
    let below = baa(
        "brightline-ringwell",
        AGENCY,
        PLATFORM,
        &format!("upstream: [{{baaRef: {{name: acme-brightline}}}}], {TERM}"),
    );
    let media = ("media-two", "BusinessAssociate", "Media Two, Inc.");
    let attested = baa("media-ringwell", media, PLATFORM, TERM);
    let vendor = baa("ringwell-deepvoice", PLATFORM, ("deepvoice", "Subcontractor", "Deep Voice, Inc."), TERM);
    let foreign = baa("brite-2026", ("brite", "CoveredEntity", "Brite, LLC"), PLATFORM, TERM);
    let baas = vec![above, amends, below, attested, vendor, foreign];
    let mut acts: Vec<_> = baas.iter().flat_map(|b| both(b, "2026-11-01T09:30:00Z")).collect();
    let rest = "act: AttestUpstream, onBehalfOf: {party: media-two}, coveredEntity: {party: acme-dental}";
    acts.push(act("upstream", "media-ringwell", "carol", "2026-11-02T08:00:00Z", rest));
    let world = world(open(), baas, acts);
    let (ledger, plan) = (Ledger::of(&world).unwrap(), &world.plans.known().unwrap()[0]);
    let vendors = features(&world, plan).unwrap();
    let question = crate::agreement::Question {
        parties: &["acme-dental".to_owned()],
        platform: "ringwell",
        features: vendors,
        integrations: &[],
    };
    for hours in [0, 24, 24 * 365, 24 * 365 * 3] {
        let at = now().checked_add(jiff::SignedDuration::from_hours(hours)).unwrap();
        let whole = crate::agreement::evaluate(question, &ledger.baas, &ledger.acts, at);
        let around = ledger.verdict(plan, vendors, at);
        assert_eq!((&around.entities, &around.features), (&whole.entities, &whole.features), "in {hours} hours");
    }
    assert_eq!(page_of(&world).entities[0].paths.len(), 2);
}
