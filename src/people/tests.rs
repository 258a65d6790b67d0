//! R04, R05: what is shown and refused before a person acts.

use std::path::PathBuf;

use super::{deed::Deed, sign, terminate, upstream, withdraw, *};
use crate::{
    agreement::Book,
    api::{Attestation, Capacity},
    doctor::Cluster,
    explain::{
        World,
        tests::{AGENCY, CLINIC, PLATFORM, act, baa, both, closed, direct, open, sign as signed, world},
        tree::Branch,
    },
    plan::fixture::{TEXT, at, now},
};

const NAME: &str = "acme-dental-2026";
const TERM: &str = "term: {effectiveTime: \"2026-01-01T00:00:00Z\", expirationTime: \"2028-12-31T00:00:00Z\"}";
const ALICE: &str = "alice@ringwell.example";
const BOB: &str = "bob@ringwell.example";
const OTHER: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn how() -> How {
    How { cluster: Cluster { kubeconfig: None, context: None }, yes: true, dry_run: false, output: Output::Table }
}

fn to_sign(party: &str) -> Sign {
    Sign {
        baa: NAME.into(),
        party: party.into(),
        signatory: "Dr. A. Miller".into(),
        title: Some("Owner".into()),
        document: PathBuf::from("baa.pdf"),
        provider: "coss".into(),
        envelope: "envelope-1".into(),
        certificate: PathBuf::from("certificate.pdf"),
        how: how(),
    }
}

fn waiting(acts: Vec<Attestation>) -> World {
    world(closed("AwaitingSignature", "waits"), vec![direct(NAME, TERM)], acts)
}

fn signing(world: &World, options: &Sign, text: &str, caller: &str) -> Result<Deed, Error> {
    sign::deed(options, (text, OTHER), world, caller)
}

fn shown(deed: &Deed) -> String {
    Branch::new("sheet", deed.sheet.clone()).draw()
}

#[test]
fn nobody_signs_a_text_that_they_did_not_fetch() {
    let refused = signing(&waiting(vec![]), &to_sign("acme-dental"), OTHER, BOB).unwrap_err().to_string();
    for words in ["--document baa.pdf", OTHER, TEXT, "fetch s3://legal/acme-dental-2026.pdf"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
}

#[test]
fn a_party_of_another_agreement_a_signed_one_and_an_absent_one_are_refused_by_name() {
    let refused = |world: &World, options: &Sign| signing(world, options, TEXT, BOB).unwrap_err().to_string();
    let stranger = refused(&waiting(vec![]), &to_sign("stranger"));
    assert!(
        stranger.starts_with("--for stranger is neither party") && stranger.contains("--for acme-dental (Acme"),
        "{stranger}"
    );
    let executed = waiting(both(&direct(NAME, TERM), "2026-11-01T00:00:00Z"));
    assert!(refused(&executed, &to_sign("acme-dental")).contains("signed by both parties already"));
    let absent = world(open(), vec![], vec![]);
    assert_eq!(
        refused(&absent, &to_sign("acme-dental")),
        "baa/acme-dental-2026 does not exist; kubectl get baa lists what there is"
    );
    let mut odd = absent.clone();
    odd.odd = vec!["baas/acme-dental-2026 cannot be understood (why)".into()];
    assert!(refused(&odd, &to_sign("acme-dental")).contains("cannot be understood"), "what is odd is not absent");
    let mut blind = waiting(vec![]);
    blind.acts = crate::fact::Fact::Unknown("you may not read attestations (403)".into());
    assert!(refused(&blind, &to_sign("acme-dental")).contains("you may not read attestations"));
}

#[test]
fn the_first_signature_opens_nothing_and_the_second_says_what_opens() {
    let first = signing(&waiting(vec![]), &to_sign("ringwell"), TEXT, ALICE).unwrap();
    assert!(first.effects.is_empty() && first.warnings.is_empty(), "{:?}", first.warnings);
    assert_eq!(
        first.then,
        "BAA acme-dental-2026 lacks the signature of acme-dental; ringfence explain baa/acme-dental-2026 says what to do."
    );
    let half = waiting(vec![signed(NAME, "ringwell", "alice", "2026-11-20T00:00:00Z")]);
    let second = signing(&half, &to_sign("acme-dental"), TEXT, BOB).unwrap();
    assert_eq!(second.effects[0].changes[0].what, "acme-dental opens, for CallerID, Recording, Form");
    assert_eq!(second.effects[0].changes[0].at, now());
    let page = shown(&second);
    for words in [
        "recorded by alice@ringwell.example",
        "of Dr. A. Miller for acme-dental: Owner",
        "recorded by bob@ringwell.example",
        "SHA-256",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(second.then.contains("is in force"), "{}", second.then);
}

#[test]
fn what_is_made_is_what_the_rules_ask_for() {
    let deed = signing(&waiting(vec![]), &to_sign("acme-dental"), TEXT, BOB).unwrap();
    let made = serde_json::to_value(&deed.act).unwrap();
    let wanted = serde_json::json!({
        "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "generateName": "acme-dental-2026-sign-" },
        "spec": {
            "act": "Sign", "by": BOB, "subjectRef": { "kind": "BAA", "name": NAME, "uid": format!("uid-of-{NAME}") },
            "onBehalfOf": { "party": "acme-dental", "name": "Dr. A. Miller", "title": "Owner" }, "textSHA256": TEXT,
            "evidence": { "provider": "coss", "envelopeID": "envelope-1", "certificateSHA256": OTHER },
        },
    });
    assert_eq!(made, wanted);
}

#[test]
fn one_recorder_for_both_is_warned_unless_one_envelope_covers_both() {
    let half = waiting(vec![signed(NAME, "ringwell", "bob", "2026-11-20T00:00:00Z")]);
    let deed = signing(&half, &to_sign("acme-dental"), TEXT, BOB).unwrap();
    assert!(
        deed.warnings[0].contains("you recorded the signature of ringwell under envelope envelope-of-bob of paper"),
        "{:?}",
        deed.warnings
    );
    assert!(
        deed.effects.is_empty() && deed.then.contains("recorded by one person under two envelopes"),
        "{}",
        deed.then
    );
    let one = Sign { provider: "paper".into(), envelope: "envelope-of-bob".into(), ..to_sign("acme-dental") };
    let deed = signing(&half, &one, TEXT, BOB).unwrap();
    assert_eq!(deed.warnings.len(), 1, "another certificate is another envelope's");
    let mut theirs = signed(NAME, "ringwell", "bob", "2026-11-20T00:00:00Z");
    theirs.spec.evidence.as_mut().unwrap().certificate_sha256 = OTHER.into();
    let deed = signing(&waiting(vec![theirs]), &one, TEXT, BOB).unwrap();
    assert!(deed.warnings.is_empty() && deed.effects.len() == 1, "{:?}", deed.warnings);
    let again = signing(&half, &to_sign("ringwell"), TEXT, ALICE).unwrap();
    assert_eq!(again.warnings, ["the signature of ringwell is recorded already, by bob@ringwell.example"]);
}

fn to_end(effective: Option<&str>) -> Terminate {
    let effective = effective.map(at);
    Terminate { baa: NAME.into(), party: "acme-dental".into(), effective, signatory: None, title: None, how: how() }
}

#[test]
fn a_termination_says_what_closes_when_and_what_stays() {
    let own = direct(NAME, TERM);
    let acts = both(&own, "2026-11-01T00:00:00Z");
    let alone = world(open(), vec![own.clone()], acts.clone());
    let deed = terminate::deed(&to_end(None), &alone, BOB).unwrap();
    let page = shown(&deed);
    for words in [
        "loses its path by acme-dental-2026",
        "so it closes",
        "2026-11-24 12:00 UTC: acme-dental closes",
        "calls keep ringing",
        "nothing opens anew",
        "What ends at once",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let later = terminate::deed(&to_end(Some("2027-01-31T00:00:00Z")), &alone, BOB).unwrap();
    let whats: Vec<_> = later.effects[0].changes.iter().map(|c| (c.at, c.what.as_str())).collect();
    assert!(whats[0].1.contains("nothing opens anew") && whats[0].0 == now(), "{whats:?}");
    assert!(whats[1].1.starts_with("acme-dental closes") && whats[1].0 == at("2027-01-31T00:00:00Z"), "{whats:?}");
    assert_eq!(later.act.spec.effective_time.as_ref().map(|t| t.0), Some(at("2027-01-31T00:00:00Z")));

    let below = baa("brightline-2026", AGENCY, PLATFORM, &format!("upstream: [{{baaRef: {{name: above}}}}], {TERM}"));
    let above = baa("above", CLINIC, AGENCY, TERM);
    let more = [&below, &above].into_iter().flat_map(|b| both(b, "2026-11-01T00:00:00Z")).chain(acts).collect();
    let two = world(open(), vec![own, below, above], more);
    let deed = terminate::deed(&to_end(None), &two, BOB).unwrap();
    let page = shown(&deed);
    assert!(page.contains("keeps its path by above, then brightline-2026") && !page.contains("so it closes"), "{page}");
}

#[test]
fn what_has_ended_is_not_ended_again_and_a_past_date_is_warned_of() {
    let own = direct(NAME, "term: {effectiveTime: \"2026-01-01T00:00:00Z\", expirationTime: \"2026-11-01T00:00:00Z\"}");
    let acts = both(&own, "2026-01-01T00:00:00Z");
    let over = terminate::deed(&to_end(None), &world(open(), vec![own], acts), BOB).unwrap_err().to_string();
    assert!(over.contains("ended on 2026-11-01 00:00 UTC (Expired)"), "{over}");
    let own = direct(NAME, TERM);
    let acts = both(&own, "2026-01-01T00:00:00Z");
    let deed = terminate::deed(&to_end(Some("2026-11-01T00:00:00Z")), &world(open(), vec![own], acts), BOB).unwrap();
    assert!(deed.warnings[0].starts_with("--effective is past"), "{:?}", deed.warnings);
}

#[test]
fn an_attestation_of_an_agency_opens_and_is_refused_for_another() {
    let below = baa("brightline-2026", AGENCY, PLATFORM, TERM);
    let acts = both(&below, "2026-11-01T00:00:00Z");
    let world = world(closed("NoAgreement", "none"), vec![below], acts);
    let mut options = AttestUpstream {
        baa: "brightline-2026".into(),
        covered_entity: "acme-dental".into(),
        party: "brightline".into(),
        until: Some(at("2027-06-01T00:00:00Z")),
        how: how(),
    };
    let deed = upstream::deed(&options, &world, "carol@ringwell.example").unwrap();
    assert!(deed.effects[0].changes[0].what.starts_with("acme-dental opens"), "{:?}", deed.effects);
    assert!(deed.effects[0].changes[1].at == at("2027-06-01T00:00:00Z"), "{:?}", deed.effects);
    options.until = Some(now());
    assert!(upstream::deed(&options, &world, BOB).unwrap_err().to_string().starts_with("--until is past"));
    options.party = "ringwell".into();
    assert!(
        upstream::deed(&options, &world, BOB)
            .unwrap_err()
            .to_string()
            .starts_with("--for ringwell is not the business associate")
    );
}

#[test]
fn a_withdrawal_is_for_the_one_who_acted_or_an_officer_and_never_for_a_signature_of_both() {
    let own = direct(NAME, TERM);
    let rest = "act: Terminate, onBehalfOf: {party: acme-dental}, effectiveTime: \"2027-01-31T00:00:00Z\"";
    let notice = act("notice", NAME, "bob", "2026-11-20T00:00:00Z", rest);
    let acts = both(&own, "2026-11-01T00:00:00Z").into_iter().chain([notice]).collect();
    let world = world(open(), vec![own], acts);
    let of = |name: &str, privacy_officer| Withdraw { attestation: name.into(), privacy_officer, how: how() };
    let deed = withdraw::deed(&of("notice", false), &world, BOB).unwrap();
    assert!(deed.effects[0].changes.iter().any(|c| c.what.contains("may open anew")), "{:?}", deed.effects);
    let refused = withdraw::deed(&of("notice", false), &world, ALICE).unwrap_err().to_string();
    assert!(
        refused.contains("was recorded by bob@ringwell.example") && refused.contains("--privacy-officer"),
        "{refused}"
    );
    let officer = withdraw::deed(&of("notice", true), &world, ALICE).unwrap();
    assert_eq!(officer.act.spec.capacity, Some(Capacity::PrivacyOfficer));
    let refused = withdraw::deed(&of("acme-dental-2026-sign-ringwell", false), &world, ALICE).unwrap_err().to_string();
    assert!(refused.contains("ringfence terminate acme-dental-2026"), "{refused}");
    assert!(withdraw::deed(&of("none", false), &world, BOB).unwrap_err().to_string().contains("does not exist"));
}

#[test]
fn what_is_shown_is_what_the_operator_will_find() {
    // The act as it will be created, once stored, executes the agreement exactly as the sheet said.
    let half = waiting(vec![signed(NAME, "ringwell", "alice", "2026-11-20T00:00:00Z")]);
    let deed = signing(&half, &to_sign("acme-dental"), TEXT, BOB).unwrap();
    let stored = deed::recorded(&deed.act, &half);
    let (baas, mut acts) = (half.baas.known().unwrap(), half.acts.known().unwrap().clone());
    acts.push(stored);
    let book = Book::new(&baas.iter().collect::<Vec<_>>(), &acts.iter().collect::<Vec<_>>(), now());
    assert!(book.life(NAME).unwrap().in_force(now()));
}

#[test]
fn among_many_tenants_only_the_one_that_opens_is_told() {
    let (mut plans, mut baas, mut acts) = (vec![], vec![], vec![]);
    for n in 0..300 {
        let (party, name) = (format!("clinic-{n}"), format!("clinic-{n}-2026"));
        let mut plan = open();
        plan.metadata.name = Some(party.clone());
        plan.spec.covered_entities[0].party = party.clone();
        let one = baa(&name, (&party, "CoveredEntity", "Clinic"), PLATFORM, TERM);
        acts.extend(both(&one, "2026-11-01T00:00:00Z"));
        plans.push(plan);
        baas.push(one);
    }
    acts.retain(|a| a.metadata.name.as_deref() != Some("clinic-7-2026-sign-clinic-7"));
    let mut world = world(open(), baas, acts);
    world.plans = crate::fact::Fact::Known(plans);
    let options = Sign { baa: "clinic-7-2026".into(), ..to_sign("clinic-7") };
    let began = std::time::Instant::now();
    let deed = signing(&world, &options, TEXT, BOB).unwrap();
    println!("a signature among 300 tenants was judged in {:?}", began.elapsed());
    assert_eq!(deed.effects.iter().map(|e| e.plan.as_str()).collect::<Vec<_>>(), ["clinic-7"]);
}
