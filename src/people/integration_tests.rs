//! R06, R31: what is shown and refused before a person acts about an integration.
//!
//! The sheets are kept in `snapshots`. `RINGFENCE_SNAPSHOTS=write cargo test --lib people` writes them anew: read what changed before it is kept.

use super::{
    deed::Deed,
    perform::sheet,
    subject::{Kind, Place, Seen},
    *,
};
use crate::{
    api::{Act, Attestation, Capacity, Cover, HealthcarePlan, Integration, Payload},
    doctor::Cluster,
    explain::tests::{is_as_it_was_read_in, open},
    fact::Fact,
    integration::{
        cover_statement,
        fixture::{about, crm},
        warning,
    },
    plan::fixture::{at, now, yaml},
};

const CONFIG: &str = include_str!("../../manifests/examples/00-config.yaml");
const TARA: &str = "tara@acme.example";
const MAY_NOT: &str = "you may not read it (403); ask for ClusterRole ringfence-auditor";

fn how() -> How {
    How { cluster: Cluster { kubeconfig: None, context: None }, yes: true, dry_run: false, output: Output::Table }
}

fn place() -> Place {
    "acme-dental/crm".parse().unwrap()
}

fn entities() -> Vec<String> {
    vec!["acme-dental".into()]
}

/// The CRM as the operator left it: `what` holds conditions.
fn own(cover: Option<Cover>, payload: &str, what: &[(&str, &str, &str, &str)]) -> Integration {
    let mut crm = crm();
    crm.metadata.namespace = Some("acme-dental".into());
    crm.metadata.uid = Some("5d0c9a4e-0000-4000-8000-000000000001".into());
    if cover.is_some() {
        crm.spec.cover = cover;
    }
    let said = |(t, s, r, m): &(&str, &str, &str, &str)| {
        format!(
            "{{type: {t}, status: \"{s}\", reason: {r}, message: \"{m}\", lastTransitionTime: \"2026-11-20T00:00:00Z\"}}"
        )
    };
    let conditions: Vec<_> = what.iter().map(said).collect();
    crm.status =
        Some(yaml(&format!("{{observedGeneration: 1, payload: {payload}, conditions: [{}]}}", conditions.join(", "))));
    let status = crm.status.clone();
    crm.status = status.map(|mut s| {
        s.warning = Some(warning(&crm, "ringwell", &entities()));
        s.cover_statement = cover_statement(&crm, &entities());
        s
    });
    crm
}

const NOT_ACCEPTED: (&str, &str, &str, &str) =
    ("Acknowledged", "False", "NotAcknowledged", "Nobody has accepted the warning (status.warning).");
const COVERED: (&str, &str, &str, &str) = ("Covered", "True", "Covered", "BAA salesforce-2026 covers salesforce.");

fn attested() -> Integration {
    let cover = Cover { baa_ref: None, attested: Some(true), de_identified: None };
    let lacks = (
        "Covered",
        "False",
        "CoverNotAttested",
        "nobody attests the customer's own agreement with salesforce: let a person do it (ringfence attest-cover).",
    );
    own(Some(cover), "LinkOnly", &[lacks, NOT_ACCEPTED])
}

fn seen(integration: Integration) -> Seen {
    Seen {
        now: now(),
        place: place(),
        integration: Fact::Known(integration),
        config: Fact::Known(yaml(CONFIG)),
        plan: Fact::Known(open()),
    }
}

/// What a tenant's administrator sees.
fn little(integration: Integration) -> Seen {
    Seen { config: Fact::Unknown(MAY_NOT.into()), plan: Fact::Unknown(MAY_NOT.into()), ..seen(integration) }
}

fn accepting(seen: &Seen) -> Result<Deed, Error> {
    acknowledge::deed(&Acknowledge { integration: place(), how: how() }, seen, TARA)
}

fn attesting(seen: &Seen, until: &str) -> Result<Deed, Error> {
    cover::deed(&AttestCover { integration: place(), until: at(until), how: how() }, seen, TARA)
}

fn refused(deed: Result<Deed, Error>) -> String {
    deed.unwrap_err().to_string()
}

/// What is said when it is done.
fn said(then: &str) -> String {
    let mut page = String::new();
    crate::explain::tree::paragraph(&mut page, "", "", &format!("Recorded: Attestation NAME. {then}"));
    page
}

fn is_as_it_was_read(name: &str, deed: &Deed) {
    is_as_it_was_read_in("people", name, &format!("{}\n{}", sheet(deed, TARA), said(&deed.then)));
}

#[test]
fn the_whole_warning_is_shown_and_its_hash_is_what_is_recorded() {
    let integration = own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]);
    let text = warning(&integration, "ringwell", &entities());
    let deed = accepting(&seen(integration)).unwrap();
    let made = serde_json::to_value(&deed.act).unwrap();
    let wanted = serde_json::json!({
        "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "generateName": "acme-dental-crm-acknowledge-" },
        "spec": {
            "act": "Acknowledge", "by": TARA, "textSHA256": text.text_sha256,
            "subjectRef": { "kind": "Integration", "name": "crm", "namespace": "acme-dental", "uid": "5d0c9a4e-0000-4000-8000-000000000001" },
        },
    });
    assert_eq!(made, wanted);
    assert_eq!(deed.about, "acme-dental/crm");
    assert!(deed.warnings.is_empty(), "{:?}", deed.warnings);
    let page =
        sheet(&deed, TARA).split_whitespace().filter(|w| !["│", "├─", "└─"].contains(w)).collect::<Vec<_>>().join(" ");
    for line in text.text.lines() {
        assert!(page.contains(line), "{line}: {page}");
    }
    is_as_it_was_read("acknowledge", &deed);
}

#[test]
fn while_the_operator_is_behind_the_text_of_the_spec_counts_and_that_is_said() {
    let mut integration = own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]);
    integration.metadata.generation = Some(2);
    integration.spec.vendor = "hubspot".into();
    let text = warning(&integration, "ringwell", &entities());
    let deed = accepting(&seen(integration.clone())).unwrap();
    assert_eq!(deed.act.spec.text_sha256, Some(text.text_sha256));
    assert!(
        deed.warnings[0].starts_with("status.warning is another text: the operator has not caught up"),
        "{:?}",
        deed.warnings
    );
    is_as_it_was_read("acknowledge-operator-behind", &deed);
    assert!(
        refused(accepting(&little(integration))).contains("has not looked at the last change"),
        "an old text is never accepted"
    );
    // The spec is the same, and a covered entity came in.
    let mut more = seen(own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]));
    let Fact::Known(plan) = &mut more.plan else { unreachable!() };
    plan.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() });
    assert!(accepting(&more).unwrap().warnings[0].contains("another text"));
}

#[test]
fn whoever_sees_the_integration_alone_accepts_the_operators_words() {
    let integration = own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]);
    let deed = accepting(&little(integration.clone())).unwrap();
    let same = accepting(&seen(integration.clone())).unwrap();
    assert_eq!(deed.act.spec.text_sha256, same.act.spec.text_sha256);
    assert!(deed.warnings[0].contains("the text is the operator's (status.warning)"), "{:?}", deed.warnings);
    is_as_it_was_read("acknowledge-few-rights", &deed);
    let mut forged = integration.clone();
    forged.status.as_mut().unwrap().warning.as_mut().unwrap().text.push_str("All is well.\n");
    assert!(refused(accepting(&little(forged))).contains("is not that of its hash"));
    let mut new = integration;
    new.status = None;
    assert!(refused(accepting(&little(new))).contains("has not written status.warning yet"));
}

#[test]
fn that_the_plan_is_locked_is_told_whether_it_is_shown_or_not() {
    let ready = ("Ready", "True", "AsCalledFor", "It is off: the plan is locked. See the plan's conditions.");
    let locked = own(None, "Off", &[COVERED, NOT_ACCEPTED, ready]);
    let page = sheet(&accepting(&little(locked.clone())).unwrap(), TARA);
    assert!(page.contains("the plan: It is off: the plan is locked") && !page.contains("Nothing else"), "{page}");
    let mut known = seen(locked);
    known.plan = Fact::Known(crate::explain::tests::closed("Suspended", "The plan asks for Suspended."));
    let page = sheet(&accepting(&known).unwrap(), TARA);
    assert!(page.contains("the plan: The plan asks for Suspended."), "{page}");
}

#[test]
fn what_is_not_there_or_no_tenants_is_refused_by_name() {
    let with = |change: fn(&mut Seen)| {
        let mut seen = seen(own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]));
        change(&mut seen);
        refused(accepting(&seen))
    };
    assert_eq!(
        with(|s| s.integration = Fact::Absent),
        "integration acme-dental/crm does not exist; kubectl -n acme-dental get intg lists what there is"
    );
    assert!(
        with(|s| s.integration = Fact::Unknown(MAY_NOT.into()))
            .starts_with("integration acme-dental/crm cannot be read: you may not")
    );
    assert!(with(|s| s.plan = Fact::Absent).starts_with("namespace acme-dental has no plan"));
    assert!(with(|s| s.config = Fact::Absent).contains("RingfenceConfig cluster does not exist"));
    let deleting = |s: &mut Seen| {
        let Fact::Known(i) = &mut s.integration else { unreachable!() };
        i.metadata.deletion_timestamp = i.metadata.creation_timestamp.clone();
    };
    assert!(with(deleting).contains("is being deleted"));
    let nobodys = own(None, "Off", &[("Ready", "False", "NotATenant", "Namespace acme-dental is no tenant's.")]);
    assert!(refused(accepting(&little(nobodys))).starts_with("namespace acme-dental has no plan"));
    for bad in ["crm", "acme/", "/crm", "acme/crm/x", "acme/Crm", "../x", "acme/..", "acme/c?x=y"] {
        assert!(bad.parse::<Place>().unwrap_err().contains("NAMESPACE/NAME"), "{bad}");
    }
}

#[test]
fn what_needs_no_acceptance_or_has_it_is_said() {
    let done = ("Acknowledged", "True", "Acknowledged", "Its warning was accepted, recorded by tara@acme.example.");
    let deed = accepting(&seen(own(None, "Full", &[COVERED, done]))).unwrap();
    assert_eq!(deed.warnings, ["there is nothing to do: Its warning was accepted, recorded by tara@acme.example."]);
    let mut links = own(None, "LinkOnly", &[NOT_ACCEPTED]);
    links.spec.payload = Payload::LinkOnly;
    links.status.as_mut().unwrap().warning = Some(warning(&links, "ringwell", &entities()));
    assert!(
        accepting(&seen(links)).unwrap().warnings[0].starts_with("spec.payload is LinkOnly, which needs no acceptance")
    );
}

#[test]
fn a_cover_is_attested_in_the_operators_words_until_a_moment() {
    let deed = attesting(&seen(attested()), "2027-11-30T00:00:00Z").unwrap();
    let text = cover_statement(&attested(), &entities()).unwrap();
    let spec = &deed.act.spec;
    assert_eq!((spec.act, &spec.text_sha256), (Act::AttestCover, &Some(text.text_sha256)));
    assert_eq!(spec.expiration_time.as_ref().map(|t| t.0), Some(at("2027-11-30T00:00:00Z")));
    assert_eq!(deed.act.metadata.generate_name.as_deref(), Some("acme-dental-crm-attest-cover-"));
    is_as_it_was_read("attest-cover", &deed);
    let same = attesting(&little(attested()), "2027-11-30T00:00:00Z").unwrap();
    assert_eq!(same.act.spec.text_sha256, spec.text_sha256);
    assert!(refused(attesting(&seen(attested()), "12:00:00")).starts_with("--until is past"));
}

#[test]
fn nobody_attests_what_is_not_attested() {
    let by_baa = refused(attesting(&seen(own(None, "Full", &[COVERED])), "2027-11-30T00:00:00Z"));
    assert!(by_baa.contains("ringfence explain baa/salesforce-2026"), "{by_baa}");
    let mut none = own(None, "LinkOnly", &[]);
    none.spec.cover = None;
    let none = refused(attesting(&seen(none), "2027-11-30T00:00:00Z"));
    assert!(none.contains("set spec.cover.attested to true first"), "{none}");
    let nobody = Cover { baa_ref: None, attested: None, de_identified: Some(true) };
    let nobody = refused(attesting(&little(own(Some(nobody), "Full", &[])), "2027-11-30T00:00:00Z"));
    assert!(nobody.contains("no agreement is needed"), "{nobody}");
}

#[test]
fn a_clinic_that_keeps_its_information_at_home_is_told_that_an_attested_cover_is_none() {
    let mut seen = seen(attested());
    let Fact::Known(plan) = &mut seen.plan else { unreachable!() };
    let plan: &mut HealthcarePlan = plan;
    plan.status.as_mut().unwrap().agreement = Some(yaml(
        "{entities: [{party: acme-dental, open: true, terms: {permittedUses: [], subcontracting: Allow, offshoring: Deny}}]}",
    ));
    let deed = attesting(&seen, "2027-11-30T00:00:00Z").unwrap();
    assert!(deed.warnings[0].contains("it will not count"), "{:?}", deed.warnings);
}

fn taking_back(act: &Attestation, seen: &Seen, caller: &str, privacy_officer: bool) -> Result<Deed, Error> {
    let options = Withdraw { attestation: act.metadata.name.clone().unwrap(), privacy_officer, how: how() };
    withdraw::of_integration(&options, act, seen, caller)
}

#[test]
fn both_are_taken_back_by_who_did_it_or_by_an_officer() {
    let sent = own(None, "Full", &[COVERED]);
    let text = sent.status.as_ref().unwrap().warning.clone().unwrap();
    let act = about(&sent, Act::Acknowledge, &text, TARA, "2026-11-20T00:00:00Z");
    let deed = taking_back(&act, &seen(sent.clone()), TARA, false).unwrap();
    let made = &deed.act.spec;
    assert_eq!((made.act, made.subject_ref.namespace.as_ref()), (Act::Withdraw, None));
    assert_eq!(made.subject_ref.uid, act.metadata.uid.clone().unwrap());
    assert!(
        crate::agreement::takes_back(&deed::recorded_at(&deed.act, now()), &act),
        "it counts as what it is shown to be"
    );
    is_as_it_was_read("withdraw-acknowledge", &deed);
    assert!(refused(taking_back(&act, &seen(sent.clone()), "bob@acme.example", false)).contains("--privacy-officer"));
    let officer = taking_back(&act, &little(sent.clone()), "olga@ringwell.example", true).unwrap();
    assert_eq!(officer.act.spec.capacity, Some(Capacity::PrivacyOfficer));
    let says = |change: fn(&mut Seen), words: &str| {
        let mut seen = seen(sent.clone());
        change(&mut seen);
        let page = sheet(&taking_back(&act, &seen, TARA, false).unwrap(), TARA);
        assert!(page.contains(words), "{words}: {page}");
    };
    says(|s| s.integration = Fact::Absent, "does not exist any more");
    says(|s| s.integration = Fact::Unknown(MAY_NOT.into()), "not known: you may not read it");
    let Fact::Known(mut other) = seen(sent.clone()).integration else { unreachable!() };
    other.metadata.uid = Some("another".into());
    let page = sheet(&taking_back(&act, &seen(other), TARA, false).unwrap(), TARA);
    assert!(page.contains("nothing: it is about a former integration"), "{page}");
}

#[test]
fn the_text_that_is_shown_is_the_one_that_the_operator_judges_by() {
    let integration = own(None, "LinkOnly", &[COVERED, NOT_ACCEPTED]);
    for seen in [seen(integration.clone()), little(integration.clone())] {
        let text = seen.text(Kind::Warning).unwrap().unwrap().statement;
        assert_eq!(Some(text), integration.status.as_ref().unwrap().warning);
    }
}
