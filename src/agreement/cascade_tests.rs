//! R02-R04, R17, R41, R47, R54: the cascade rules C1-C10, each by its name.

use jiff::SignedDuration;

use super::fixture::{Deal, ask, deal, voicemail, with_vendor};
use crate::{
    api::{Offshoring, PartyRole, PermittedUse, PhiCategory, Subcontracting, conditions::Reason},
    plan::fixture::{at, now},
};

/// acme → agency → ringwell, both agreements shown.
fn shown() -> [Deal; 2] {
    [deal("acme-agency", "acme", "agency"), deal("agency-ringwell", "agency", "ringwell").agency(&["acme-agency"])]
}

/// acme's agreement with the agency is attested.
fn attested(until: Option<&str>) -> [Deal; 1] {
    [deal("agency-ringwell", "agency", "ringwell").agency(&[]).attest("acme", "02:00:00", until)]
}

fn is_open(deals: &[Deal], time: &str) -> bool {
    ask(&["acme"], &[], deals, at(time)).any_open()
}

fn reason(deals: &[Deal]) -> (Reason, String) {
    let mut verdict = ask(&["acme"], &[], deals, now());
    let entity = verdict.entities.remove(0);
    assert!(!entity.open && entity.terms.is_none() && entity.categories.is_empty());
    (entity.reason, entity.missing)
}

#[test]
fn c1_a_path_counts_only_while_every_hop_is_in_force() {
    assert!(is_open(&shown(), "12:00:00"));
    for hop in 0..2 {
        let mut deals = shown();
        deals[hop] = deals[hop].clone().term("00:00:00", Some("11:00:00"));
        assert!(is_open(&deals, "10:59:59") && !is_open(&deals, "11:00:00"), "hop {hop} ends");
        assert_eq!(reason(&deals).0, Reason::AgreementExpired);
        let mut deals = shown();
        deals[hop] = deals[hop].clone().half();
        let (reason, missing) = reason(&deals);
        assert_eq!(reason, Reason::AwaitingSignature);
        assert!(missing.contains(["acme-agency", "agency-ringwell"][hop]), "{missing}");
        let mut deals = shown().to_vec();
        deals.remove(hop);
        assert!(!is_open(&deals, "12:00:00"), "hop {hop} is missing");
    }
}

#[test]
fn c1_every_agreement_of_the_path_names_the_service_and_permits_to_deliver_it() {
    for hop in 0..2 {
        let mut deals = shown();
        deals[hop] = deals[hop].clone().services(&["recordings"]);
        assert_eq!(reason(&deals).0, Reason::ServiceNotCovered);
        let mut deals = shown();
        deals[hop] = deals[hop].clone().uses(&[PermittedUse::Legal]);
        assert_eq!(reason(&deals).0, Reason::UseNotPermitted);
    }
}

#[test]
fn c1_hops_are_linked_by_what_is_said_and_never_by_matching_names() {
    let mut deals = shown();
    deals[1] = deals[1].clone().agency(&[]);
    assert_eq!(reason(&deals).0, Reason::NoAgreement, "the agency's agreement does not name acme's");
    let mut deals = shown();
    deals[0].baa.spec.receiving.party = "another-agency".into();
    let named = deals[0].clone().signed("01:00:00");
    deals[0] = named;
    assert_eq!(reason(&deals).0, Reason::NoAgreement, "what it names is another agency's");
}

#[test]
fn c2_a_vendor_that_lapses_takes_the_feature_and_not_the_plan() {
    let vendor = with_vendor().term("00:00:00", Some("12:30:00"));
    let own = deal("acme-2026", "acme", "ringwell").categories(&PhiCategory::ALL);
    let deals = [own, vendor];
    let verdict = |time| ask(&["acme"], &[voicemail()], &deals, at(time));
    let on = &verdict("12:00:00").features[0];
    assert_eq!((on.open, on.closes), (true, Some(at("12:30:00"))));
    let off = verdict("12:30:00");
    assert!(off.any_open() && !off.features[0].open);
    assert_eq!(off.features[0].reason, Reason::VendorNotCovered);
}

#[test]
fn c2_a_feature_needs_the_very_service_the_use_and_the_categories_of_every_entity() {
    let own = || deal("acme-2026", "acme", "ringwell").categories(&PhiCategory::ALL);
    let judged = |own: Deal, vendor: Deal| ask(&["acme"], &[voicemail()], &[own, vendor], now()).features.remove(0);
    assert!(judged(own(), with_vendor()).open);
    let cases = [
        (own(), with_vendor().services(&["translation"]), Reason::VendorNotCovered),
        (own(), with_vendor().half(), Reason::VendorNotCovered),
        (own(), with_vendor().uses(&[PermittedUse::Legal]), Reason::UseNotPermitted),
        (own(), with_vendor().categories(&[PhiCategory::Recording]), Reason::CategoryNotCovered),
        (own().categories(&[PhiCategory::Recording]), with_vendor(), Reason::CategoryNotCovered),
        (own().half(), with_vendor(), Reason::NoAgreement),
    ];
    for (own, vendor, reason) in cases {
        let said = judged(own, vendor);
        assert_eq!((said.open, said.reason), (false, reason), "{}", said.message);
    }
    let two = [own(), with_vendor(), deal("brite-2026", "brite", "ringwell").categories(&[PhiCategory::Form])];
    assert!(!ask(&["acme", "brite"], &[voicemail()], &two, now()).features[0].open, "brite's does not name recordings");
    let mut training = voicemail();
    training.r#use = PermittedUse::AITraining;
    let both = [PermittedUse::ServiceDelivery, PermittedUse::AITraining];
    let on = |ours: &[PermittedUse], theirs: &[PermittedUse]| {
        let deals = [own().uses(ours), with_vendor().uses(theirs)];
        ask(&["acme"], std::slice::from_ref(&training), &deals, now()).features[0].open
    };
    assert!(on(&both, &both) && !on(&both[..1], &both) && !on(&both, &both[..1]), "every hop grants the use (R41)");
}

#[test]
fn c3_the_strictest_terms_hold_over_the_hops_of_a_path() {
    use PhiCategory::{CallerID, Form, Recording};
    let [upper, lower] = shown();
    let deals = [
        upper
            .categories(&[Recording, CallerID])
            .restrict(Subcontracting::Allow, Offshoring::Deny)
            .clocks(Some(72), None),
        lower
            .categories(&[CallerID, Form])
            .restrict(Subcontracting::Notice, Offshoring::Allow)
            .clocks(Some(48), Some(24)),
    ];
    let verdict = ask(&["acme"], &[], &deals, now());
    let terms = verdict.entities[0].terms.clone().unwrap();
    assert_eq!(terms.categories.into_iter().collect::<Vec<_>>(), [CallerID]);
    assert_eq!((terms.subcontracting, terms.offshoring), (Subcontracting::Notice, Offshoring::Deny));
    assert_eq!((terms.breach_notice_hours, terms.incident_notice_hours), (Some(48), Some(24)));
    assert_eq!(verdict.entities[0].path, ["acme-agency", "agency-ringwell"]);
}

#[test]
fn c3_of_two_paths_either_carries_and_the_strictest_of_both_holds() {
    use PhiCategory::{CallerID, Form, Recording};
    let direct =
        deal("acme-2026", "acme", "ringwell").categories(&[Recording, Form]).term("00:00:00", Some("13:00:00"));
    let [upper, lower] = shown();
    let agency = [upper, lower.categories(&[CallerID, Recording])];
    let both = [direct.clone(), agency[0].clone(), agency[1].clone()];
    let kept = |deals: &[Deal], time| {
        let verdict = ask(&["acme"], &[], deals, at(time));
        verdict.entities[0].categories.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(kept(&both, "12:00:00"), [Recording]);
    assert_eq!(kept(&both, "13:00:00"), [CallerID, Recording], "the direct one is over, the agency's carries");
    assert_eq!(kept(&both[..1], "12:00:00"), [Recording, Form]);
    assert_eq!(kept(&both[1..], "12:00:00"), [CallerID, Recording]);
    let verdict = ask(&["acme"], &[], &both, now());
    assert_eq!(verdict.entities[0].categories[&Recording], None, "each path permits it, and one has no end");
    assert_eq!(verdict.next_change, Some(at("13:00:00")));
}

#[test]
fn c3_paths_without_a_category_in_common_keep_nothing_and_say_so() {
    let deals = [
        deal("one", "acme", "ringwell").categories(&[PhiCategory::Form]),
        deal("two", "acme", "ringwell").categories(&[PhiCategory::Recording]),
    ];
    let verdict = ask(&["acme"], &[], &deals, now());
    let entity = &verdict.entities[0];
    assert!(entity.open && entity.categories.is_empty());
    assert!(entity.warnings.iter().any(|w| w.contains("no category in common")), "{:?}", entity.warnings);
}

#[test]
fn c4_a_clock_that_is_not_shorter_than_one_above_is_warned_of_and_closes_nothing() {
    let warned = |upper: Option<i32>, lower: Option<i32>| {
        let [a, b] = shown();
        let deals = [a.clocks(upper, Some(100)), b.clocks(lower, Some(99))];
        let entity = ask(&["acme"], &[], &deals, now()).entities.remove(0);
        assert!(entity.open);
        entity.warnings
    };
    assert_eq!(warned(Some(72), Some(48)), Vec::<String>::new());
    assert_eq!(
        warned(Some(72), Some(72)),
        [
            "spec.clocks.breachNoticeHours of BAA agency-ringwell is 72 and must be less than the 72 of BAA acme-agency above it; amend one of them"
        ]
    );
    assert!(warned(Some(72), None)[0].contains("is 1440"), "without a clock the law's sixty days count");
    assert_eq!(warned(None, None).len(), 1);
    let [a, b] = shown();
    let deals = [a.clocks(Some(72), Some(24)), b.clocks(Some(48), None)];
    let warnings = ask(&["acme"], &[], &deals, now()).entities.remove(0).warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("incidentNoticeHours of BAA agency-ringwell is not set"));
}

#[test]
fn c5_what_stays_in_the_country_reaches_no_vendor_that_is_not_known_to() {
    let own = deal("acme-2026", "acme", "ringwell").categories(&PhiCategory::ALL);
    let on =
        |own: &Deal, vendor: Deal| ask(&["acme"], &[voicemail()], &[own.clone(), vendor], now()).features.remove(0);
    let kept = own.clone().restrict(Subcontracting::Allow, Offshoring::Deny);
    let mut unknown = with_vendor();
    unknown.baa.spec.receiving.location = None;
    for away in [unknown, with_vendor().located("IE")] {
        assert!(on(&own, away.clone()).open);
        assert_eq!(on(&kept, away).reason, Reason::OffshoringDenied);
    }
    assert!(on(&kept, with_vendor()).open);
}

#[test]
fn c6_subcontracting_is_told_of_or_closed_for_that_tenant() {
    let judged = |s| {
        let own = deal("acme-2026", "acme", "ringwell").categories(&PhiCategory::ALL).restrict(s, Offshoring::Allow);
        ask(&["acme"], &[voicemail()], &[own, with_vendor()], now()).features.remove(0)
    };
    assert_eq!(judged(Subcontracting::Allow).message, "");
    let told = judged(Subcontracting::Notice);
    assert!(told.open && told.message.contains("acme must be told of deepvoice"), "{}", told.message);
    for s in [Subcontracting::Consent, Subcontracting::Deny] {
        assert_eq!((judged(s).open, judged(s).reason), (false, Reason::SubcontractingDenied));
    }
}

#[test]
fn c7_the_agencys_lapse_closes_all_its_entities_and_one_attestations_lapse_only_its_own() {
    let agency = || {
        deal("agency-ringwell", "agency", "ringwell")
            .agency(&[])
            .attest("acme", "02:00:00", Some("11:00:00"))
            .attest("brite", "02:00:00", None)
    };
    let open = |deal: Deal, time: &str| {
        let verdict = ask(&["acme", "brite"], &[], &[deal], at(time));
        [verdict.entities[0].open, verdict.entities[1].open]
    };
    assert_eq!(open(agency(), "10:00:00"), [true, true]);
    assert_eq!(open(agency(), "11:00:00"), [false, true]);
    assert_eq!(open(agency().term("00:00:00", Some("10:00:00")), "10:00:00"), [false, false]);
    let (reason, missing) = reason(&attested(Some("11:00:00")));
    assert_eq!(reason, Reason::UpstreamNotAttested);
    assert!(missing.contains("acme has a BAA with agency") && missing.contains("AttestUpstream"), "{missing}");
}

#[test]
fn c8_an_attested_agreement_lasts_twelve_months_when_no_end_is_said() {
    let deals = attested(None);
    let end = at("2027-11-24T02:00:00Z");
    let open = |t| ask(&["acme"], &[], &deals, t).any_open();
    assert!(open(end.checked_sub(SignedDuration::from_nanos(1)).unwrap()) && !open(end));
    let leap = [deal("agency-ringwell", "agency", "ringwell").agency(&[]).signed("2024-02-01T00:00:00Z")];
    let mut leap = leap.map(|d| d.term("2024-01-01T00:00:00Z", None).attest("acme", "2024-02-29T10:00:00Z", None));
    leap[0].baa.metadata.creation_timestamp = None;
    let open = |t| ask(&["acme"], &[], &leap, at(t)).any_open();
    assert!(open("2025-02-28T09:59:59Z") && !open("2025-02-28T10:00:00Z"));
}

#[test]
fn c8_attestations_that_touch_are_one_and_one_that_was_taken_back_ends_there() {
    let again = |time| attested(Some("11:00:00")).map(|d| d.attest("acme", time, Some("20:00:00")));
    assert!(is_open(&again("11:00:00"), "11:00:00") && is_open(&again("10:00:00"), "12:00:00"));
    assert!(!is_open(&again("11:30:00"), "11:15:00") && is_open(&again("11:30:00"), "11:30:00"));
    let back = attested(None).map(|d| d.taken_back("carol", "11:00:00"));
    assert!(!is_open(&back, "11:00:00") && !is_open(&back, "10:59:59"), "by a clock ahead: at once");
    let back = attested(None).map(|d| d.taken_back("somebody", "11:00:00"));
    assert!(is_open(&back, "12:00:00"), "another person takes nothing back");
}

#[test]
fn what_was_open_for_a_part_of_a_second_was_open() {
    let ever = |deals: &[Deal]| {
        let entity = ask(&["acme"], &[], deals, now()).entities.remove(0);
        assert!(!entity.open);
        entity.ever_open
    };
    assert!(ever(&attested(None).map(|d| d.taken_back("carol", "02:00:00"))), "attested and taken back in one second");
    assert!(ever(&[deal("acme-2026", "acme", "ringwell").notice("01:00:00", "01:00:00")]), "signed and ended in one");
    assert!(!ever(&[deal("acme-2026", "acme", "ringwell").notice("00:59:59", "00:59:59")]));
    assert!(!ever(&[deal("acme-2026", "acme", "ringwell").half()]));
}

#[test]
fn c9_what_was_attested_of_another_baa_party_or_entity_adds_nothing() {
    let spoil: [fn(&mut crate::api::Attestation); 5] = [
        |a| a.spec.subject_ref.uid = "another".into(),
        |a| a.spec.on_behalf_of.as_mut().unwrap().party = "ringwell".into(),
        |a| a.spec.on_behalf_of = None,
        |a| a.spec.covered_entity.as_mut().unwrap().party = "brite".into(),
        |a| a.metadata.creation_timestamp = None,
    ];
    for spoil in spoil {
        let mut deals = attested(None);
        spoil(deals[0].acts.last_mut().unwrap());
        assert!(!is_open(&deals, "12:00:00"));
    }
    let mut direct = [deal("acme-2026", "acme", "ringwell").attest("brite", "02:00:00", None)];
    direct[0].baa.spec.disclosing.role = PartyRole::CoveredEntity;
    assert!(!ask(&["brite"], &[], &direct, now()).any_open(), "a covered entity attests nothing above itself");
}

#[test]
fn c10_cycles_and_a_party_at_both_ends_never_count() {
    let ring = [
        deal("a-b", "a", "b").agency(&["b-a"]),
        deal("b-a", "b", "a").agency(&["a-b"]),
        deal("b-ringwell", "b", "ringwell").agency(&["a-b"]),
    ];
    assert!(!ask(&["a"], &[], &ring, now()).any_open() && !ask(&["b"], &[], &ring, now()).any_open());
    let itself = [
        deal("ringwell-agency", "ringwell", "agency"),
        deal("agency-ringwell", "agency", "ringwell").agency(&["ringwell-agency"]),
    ];
    assert!(!ask(&["ringwell"], &[], &itself, now()).any_open(), "the platform covers itself by nobody");
    let own = [deal("acme-ringwell", "acme", "ringwell").agency(&[]).attest("acme", "02:00:00", None)];
    assert!(!ask(&["acme"], &[], &own, now()).any_open(), "nobody attests an agreement with itself");
}

#[test]
fn c10_a_covered_entity_may_be_the_business_associate_of_another() {
    let deals = [
        deal("brite-acme", "brite", "acme"),
        deal("acme-own", "acme", "ringwell"),
        deal("acme-for-brite", "acme", "ringwell").agency(&["brite-acme"]),
    ];
    let verdict = ask(&["acme", "brite"], &[], &deals, now());
    assert_eq!(verdict.entities[0].path, ["acme-own"]);
    assert_eq!(verdict.entities[1].path, ["brite-acme", "acme-for-brite"]);
    assert!(verdict.entities.iter().all(|e| e.open));
}

#[test]
fn three_hops_count_and_seven_do_not() {
    let chain = |n: usize| {
        let party = |i: usize| if i == n { "ringwell".to_owned() } else { format!("p{i}") };
        (0..n)
            .map(|i| {
                let one = deal(&format!("hop-{i}"), &party(i), &party(i + 1));
                if i == 0 { one } else { one.agency(&[&format!("hop-{}", i - 1)]) }
            })
            .collect::<Vec<_>>()
    };
    assert!(ask(&["p0"], &[], &chain(3), now()).any_open() && ask(&["p0"], &[], &chain(6), now()).any_open());
    assert!(!ask(&["p0"], &[], &chain(7), now()).any_open());
}
