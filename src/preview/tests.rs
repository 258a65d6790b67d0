//! R42: the differences are a published list, shown before the flip.

use std::collections::BTreeSet;

use super::{documents::parse, *};
use crate::{names::TenantName, plan::fence::flags};

const PLAN: &str = include_str!("../../manifests/examples/20-plan.yaml");
const CLASS: &str = include_str!("../../manifests/examples/10-class.yaml");
const CONFIG: &str = include_str!("../../manifests/examples/00-config.yaml");
const BAA: &str = include_str!("../../manifests/examples/30-baa.yaml");
const SIGNED: [&str; 2] = [
    include_str!("../../manifests/examples/40-sign-ringwell.yaml"),
    include_str!("../../manifests/examples/41-sign-acme.yaml"),
];
const UID: &str = "0a7f2f53-6a3c-4f3a-9a55-0d7c2f2f0001";

fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().unwrap()
}

/// As the API server would show it: with a UID, and dated.
fn stored(text: &str) -> String {
    text.replace("${BAA_UID}", UID).replacen(
        "metadata:\n",
        &format!("metadata:\n  uid: {UID}\n  creationTimestamp: \"2026-11-20T00:00:00Z\"\n"),
        1,
    )
}

fn documents(texts: &[&str]) -> Result<Documents, Error> {
    parse(&texts.iter().enumerate().map(|(n, t)| (format!("{n}.yaml"), (*t).to_owned())).collect::<Vec<_>>())
}

fn card_of(texts: &[&str]) -> Card {
    card(&documents(texts).unwrap(), now())
}

fn refusal(texts: &[&str]) -> String {
    documents(texts).unwrap_err().to_string()
}

fn after(card: &Card, what: &str) -> String {
    card.changes.iter().find(|c| c.what == what).unwrap_or_else(|| panic!("no row {what}")).after.clone()
}

#[test]
fn every_flag_of_the_catalogue_is_one_difference_and_no_other_is() {
    let tenant = TenantName::new("acme-dental").unwrap();
    let document = flags::render(&tenant, &flags::Settings::strictest(), None, None);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let catalogue: BTreeSet<_> = document["flags"].as_object().unwrap().keys().map(String::as_str).collect();
    let listed: Vec<_> = DIFFERENCES.iter().flat_map(|d| d.flags).copied().collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), catalogue);
    assert_eq!(listed.len(), catalogue.len(), "a flag is listed twice");
}

#[test]
fn the_published_page_is_what_the_code_says() {
    let page = include_str!("../../docs/differences.md");
    assert!(page == published(), "write it anew: ringfence preview --differences > docs/differences.md");
}

#[test]
fn a_plan_with_everything_signed_misses_nothing() {
    let texts: Vec<_> = SIGNED.iter().map(|s| stored(s)).collect();
    let card = card_of(&[PLAN, CLASS, CONFIG, &stored(BAA), &texts[0], &texts[1]]);
    assert_eq!(card.missing, Vec::<String>::new());
    assert!(card.agreements[0].in_force && card.nothing_was_changed);
    let tasks: Vec<_> = card.who_must_act.iter().map(|t| format!("{}: {}", t.who, t.what)).collect();
    assert_eq!(
        tasks,
        [
            "administrators (platform-engineers): see that 2 free nodes of the inventory are there",
            "an administrator of the customer's account: promote notification-only users who must go on hearing recordings, by hand",
            "flippers (sales-ops): apply the plan",
        ]
    );
    assert_eq!(
        card.notes,
        [
            "A preview sees files, not the cluster: whether nodes are free and the name is unused shows only after the flip."
        ]
    );
}

#[test]
fn a_missing_signature_is_named_with_who_must_record_it() {
    let card = card_of(&[PLAN, CLASS, CONFIG, &stored(BAA), &stored(SIGNED[0])]);
    let lacks =
        "BAA acme-dental-2026 of acme-dental lacks the signature of acme-dental; record an Attestation of act Sign";
    assert_eq!(card.missing, [lacks]);
    assert!(card.who_must_act.iter().any(|t| t.who == "signers (agreement-signers)" && t.what == lacks));
    assert!(!card.agreements[0].in_force && card.agreements[0].categories.is_empty());
}

#[test]
fn acts_that_were_never_stored_do_not_count_and_it_says_why() {
    let card = card_of(&[PLAN, CLASS, CONFIG, BAA, SIGNED[0]]);
    assert!(card.missing[0].contains("the signature of acme-dental and of ringwell"), "{:?}", card.missing);
    assert!(
        card.notes.iter().any(|n| n.contains("does not count"))
            && card.notes.iter().any(|n| n.contains("kubectl get baa,att"))
    );
}

#[test]
fn without_a_class_the_strictest_is_assumed_and_said() {
    let plan = PLAN
        .replace("maxSessionIdleMinutes: 15", "maxSessionIdleMinutes: 30")
        .replace("mfa: Required", "mfa: Recommended");
    let card = card_of(&[&plan]);
    assert!(!card.class_given);
    assert_eq!(after(&card, "Session timeout"), "people are logged out after 15 idle minutes");
    assert_eq!(after(&card, "Second factor at login"), "required");
    assert!(card.missing[0].contains("HealthcarePlanClass standard-1 is not among the files"), "{:?}", card.missing);
    assert!(text(&card).contains("the strictest settings are assumed"));
    let with = card_of(&[&plan, CLASS]);
    assert_eq!(after(&with, "Session timeout"), "people are logged out after 30 idle minutes");
    assert_eq!(after(&with, "Second factor at login"), "recommended");
}

#[test]
fn more_nodes_than_the_class_allows_are_missing_and_somebody_must_act() {
    let card = card_of(&[&PLAN.replace("count: 2", "count: 12"), CLASS, CONFIG]);
    assert_eq!(card.missing[0], "spec.nodes.count is 12, class standard-1 allows at most 10; ask for fewer");
    assert!(
        card.who_must_act
            .iter()
            .any(|t| t.who == "flippers (sales-ops)" && t.what.starts_with("ask for at most 10 nodes"))
    );
}

#[test]
fn notification_only_users_come_with_the_warning_that_somebody_promotes_them_by_hand() {
    let card = card_of(&[PLAN]);
    let change = card.changes.iter().find(|c| c.rows == "R14").unwrap();
    assert!(change.warning.unwrap().contains("promote users by hand"));
    assert!(text(&card).contains("promote users by hand"), "{}", text(&card));
}

#[test]
fn redaction_is_said_to_be_included_and_on_or_off() {
    let uid = "0a7f2f53-6a3c-4f3a-9a55-0d7c2f2f0002";
    let plan = PLAN.replace("redaction: Enabled", "redaction: Disabled").replacen(
        "metadata:\n",
        &format!("metadata:\n  uid: {uid}\n"),
        1,
    );
    let card = card_of(&[&plan, CLASS, CONFIG]);
    assert_eq!(after(&card, "Redaction"), "included, on");
    assert!(
        card.who_must_act.iter().any(|t| t.who == "signers or privacyOfficers (agreement-signers, privacy-officers)")
    );
    let accepted = format!(
        "apiVersion: ringfence.dev/v1alpha1\nkind: Attestation\nmetadata: {{name: r, creationTimestamp: \"2026-11-20T00:00:00Z\"}}\n\
         spec:\n  act: AcceptRisk\n  by: eve@ringwell.example\n  setting: redaction.disabled\n  expirationTime: \"2027-01-01T00:00:00Z\"\n  \
         subjectRef: {{kind: HealthcarePlan, name: acme-dental, uid: {uid}}}\n"
    );
    assert_eq!(after(&card_of(&[&plan, CLASS, CONFIG, &accepted]), "Redaction"), "included, off");
}

#[test]
fn mistakes_are_named_by_file_document_and_field() {
    let two = format!("{CLASS}\n---\n{}", PLAN.replace("count: 2", "count: 0"));
    assert_eq!(refusal(&[&two]), "0.yaml, document 2: HealthcarePlan: spec.nodes.count must be at least 1");
    let state = PLAN.replace("state: Active", "state: Open");
    assert_eq!(
        refusal(&[&state]),
        "0.yaml, document 1: HealthcarePlan: spec.state must be one of Active, Suspended, Offboarding"
    );
    let class = PLAN.replace("  planClassName: standard-1\n", "");
    assert_eq!(refusal(&[&class]), "0.yaml, document 1: HealthcarePlan: spec.planClassName is missing");
    let spelling = PLAN.replace("displayName", "displayname");
    assert!(refusal(&[&spelling]).contains("spec.displayname is not a field"), "{}", refusal(&[&spelling]));
    let list = PLAN.replace("- party: acme-dental", "- party: 7");
    assert_eq!(
        refusal(&[&list]),
        "0.yaml, document 1: HealthcarePlan: spec.coveredEntities[0].party must be of type string"
    );
    assert!(
        refusal(&[PLAN, &PLAN.replace("name: acme-dental", "name: other")])
            .starts_with("1.yaml, document 1: is a second")
    );
    assert!(
        refusal(&[PLAN, CLASS, CLASS]).contains("2.yaml, document 1: HealthcarePlanClass standard-1 is given twice")
    );
    assert_eq!(refusal(&[CLASS]), "no HealthcarePlan is in the files; give the file that holds the plan");
    assert!(refusal(&["a: ["]).starts_with("0.yaml: is not YAML"));
    assert!(refusal(&[&PLAN.replace("name: acme-dental", "name: kube-system")]).contains("is reserved"));
}

#[test]
fn what_a_preview_does_not_look_at_is_said() {
    let card = card_of(&[PLAN, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"]);
    assert!(card.notes.contains(&"Not looked at: ConfigMap x.".to_owned()), "{:?}", card.notes);
}

#[test]
fn the_card_is_for_people_and_fits_their_screen() {
    let page = text(&card_of(&[PLAN, CLASS, CONFIG]));
    for part in [
        "Preview: Acme Dental Group (acme-dental) on the healthcare plan, class standard-1\n",
        "Nothing was changed by this preview",
        "Calls keep ringing",
        "What is missing\n---------------\n- acme-dental has no BAA with ringwell; create one and let both parties sign it\n",
        "- signers (agreement-signers): write the BAA of acme-dental, then record both parties' signatures\n",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.lines().all(|l| l.chars().count() <= 110), "{page}");
}

#[test]
fn the_whole_page_is_as_it_was_last_read_by_somebody() {
    let page = text(&card_of(&[PLAN, CLASS, CONFIG, &stored(BAA), &stored(SIGNED[0])]));
    assert_eq!(page, include_str!("card.snapshot.txt"), "read it, then put it into src/preview/card.snapshot.txt");
}

#[test]
fn the_card_for_programs_says_the_same() {
    let card = serde_json::to_value(card_of(&[PLAN, CLASS, CONFIG])).unwrap();
    assert_eq!(card["nothingWasChanged"], true);
    assert_eq!(card["effective"]["maxSessionIdleMinutes"], 15);
    assert_eq!(card["whoMustAct"][1]["who"], "signers (agreement-signers)");
    assert_eq!(card["changes"].as_array().unwrap().len(), DIFFERENCES.len());
    assert_eq!(card["changes"][0]["carriedOutBy"], "software");
}
