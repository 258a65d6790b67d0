//! R05, R47, R49, R51: renewal, amendment, notice, gaps; §2.7 and the edge cases that concern one agreement.

use super::{
    Book,
    fixture::{Deal, ask, deal},
};
use crate::{
    api::{BAAPhase, BAAStatus, PhiCategory, conditions::Reason},
    plan::fixture::{at, now},
};

fn old() -> Deal {
    deal("acme-2024", "acme", "ringwell").term("00:00:00", Some("14:00:00"))
}

fn renewal(from: &str) -> Deal {
    deal("acme-2026", "acme", "ringwell").term(from, None).supersedes("acme-2024")
}

fn is_open(deals: &[Deal], time: &str) -> bool {
    ask(&["acme"], &[], deals, at(time)).any_open()
}

fn said(deals: &[Deal], name: &str, time: &str) -> BAAStatus {
    let baas: Vec<_> = deals.iter().map(|d| &d.baa).collect();
    let acts: Vec<_> = deals.iter().flat_map(|d| &d.acts).collect();
    super::status(&Book::new(&baas, &acts, at(time)), name, at(time)).unwrap()
}

fn phase(deals: &[Deal], name: &str, time: &str) -> BAAPhase {
    said(deals, name, time).phase.unwrap()
}

fn condition(status: &BAAStatus, t: &str) -> (String, String) {
    let found = status.conditions.iter().find(|c| c.type_ == t).unwrap_or_else(|| panic!("{t}"));
    (found.status.clone(), found.reason.clone())
}

fn kept(deals: &[Deal], time: &str) -> Vec<PhiCategory> {
    ask(&["acme"], &[], deals, at(time)).entities[0].categories.keys().copied().collect()
}

#[test]
fn a_renewal_before_the_end_leaves_no_gap() {
    let deals = [old(), renewal("13:00:00")];
    for time in ["12:00:00", "12:59:59", "13:00:00", "14:00:00", "20:00:00"] {
        assert!(is_open(&deals, time), "{time}");
    }
    assert_eq!(ask(&["acme"], &[], &deals, now()).closes(), None, "nothing ends it");
    assert_eq!(phase(&deals, "acme-2024", "12:59:59"), BAAPhase::Active);
    assert_eq!(phase(&deals, "acme-2024", "13:00:00"), BAAPhase::Superseded);
    assert_eq!(condition(&said(&deals, "acme-2026", "13:00:00"), "GapFound").0, "False");
    assert_eq!(condition(&said(&deals, "acme-2024", "12:00:00"), "ExpiringSoon").0, "False", "another goes on");
    let exact = [old(), renewal("14:00:00")];
    assert!(is_open(&exact, "13:59:59") && is_open(&exact, "14:00:00"));
    assert_eq!(phase(&exact, "acme-2024", "14:00:00"), BAAPhase::Superseded);
}

#[test]
fn a_renewal_after_the_end_leaves_a_gap_with_two_ends() {
    let deals = [old(), renewal("13:00:00").signed("16:00:00")];
    assert!(is_open(&deals, "13:59:59") && !is_open(&deals, "14:00:00") && !is_open(&deals, "15:59:59"));
    assert!(is_open(&deals, "16:00:00"));
    assert_eq!(phase(&deals, "acme-2024", "17:00:00"), BAAPhase::Expired, "it was over before another came");
    let status = said(&deals, "acme-2026", "17:00:00");
    let gap = status.gap.clone().unwrap();
    assert_eq!((gap.from.0, gap.until.0), (at("14:00:00"), at("16:00:00")));
    assert_eq!(condition(&status, "GapFound"), ("True".into(), Reason::Gap.as_str().into()));
}

#[test]
fn a_backdated_agreement_says_for_what_it_does_not_cover() {
    let deals = [deal("acme-2026", "acme", "ringwell").term("2026-01-01T00:00:00Z", None).signed("10:00:00")];
    assert!(!is_open(&deals, "09:59:59") && is_open(&deals, "10:00:00"));
    let gap = said(&deals, "acme-2026", "12:00:00").gap.unwrap();
    assert_eq!((gap.from.0, gap.until.0), (at("2026-01-01T00:00:00Z"), at("10:00:00")));
}

#[test]
fn a_superseded_agreement_never_comes_back() {
    let short = renewal("11:00:00").term("11:00:00", Some("11:30:00"));
    let deals = [deal("acme-2024", "acme", "ringwell"), short.clone()];
    assert!(is_open(&deals, "11:15:00") && !is_open(&deals, "11:30:00") && !is_open(&deals, "23:00:00"));
    let ended = [deal("acme-2024", "acme", "ringwell"), renewal("11:00:00").notice("11:10:00", "11:20:00")];
    assert!(!is_open(&ended, "12:00:00"));
}

#[test]
fn who_supersedes_without_signatures_or_between_other_parties_takes_nobodys_place() {
    let theirs = deal("brite-2026", "brite", "ringwell").term("11:00:00", None).supersedes("acme-2024");
    let half = renewal("11:00:00").half();
    let role = renewal("11:00:00").agency(&[]);
    for other in [theirs.clone(), half, renewal("11:00:00").unsigned(), role] {
        let deals = [old(), other];
        assert!(is_open(&deals, "12:00:00"));
        assert_eq!(phase(&deals, "acme-2024", "12:00:00"), BAAPhase::Active);
    }
    let status = said(&[old(), theirs], "brite-2026", "12:00:00");
    assert!(status.ignored[0].contains("between other parties"), "{:?}", status.ignored);
}

#[test]
fn agreements_that_supersede_each_other_in_a_circle_open_nothing_that_lasts() {
    let a = deal("acme-2024", "acme", "ringwell").term("02:00:00", None).supersedes("acme-2026");
    let deals = [a, renewal("03:00:00")];
    assert!(!is_open(&deals, "12:00:00"));
    let own = deal("acme-2026", "acme", "ringwell").supersedes("acme-2026");
    assert!(is_open(&[own], "12:00:00"), "admission refuses it; it takes nobody's place");
}

#[test]
fn a_narrower_amendment_counts_at_its_time_even_half_signed_and_a_wider_one_only_signed_by_both() {
    use PhiCategory::{CallerID, Form, Message, Recording};
    let base = deal("acme-2026", "acme", "ringwell");
    let change =
        |categories: &[PhiCategory]| deal("acme-a1", "acme", "ringwell").amends("acme-2026").categories(categories);
    let narrow = change(&[Recording]).term("11:00:00", None);
    assert_eq!(kept(&[base.clone(), narrow.clone()], "10:59:59"), [CallerID, Recording, Form]);
    assert_eq!(kept(&[base.clone(), narrow.clone()], "11:00:00"), [Recording]);
    assert_eq!(kept(&[base.clone(), narrow.clone().half()], "11:00:00"), [Recording]);
    assert_eq!(kept(&[base.clone(), narrow.unsigned()], "11:00:00"), [CallerID, Recording, Form], "a draft is nothing");
    let wide = change(&[Recording, Message]);
    assert_eq!(kept(&[base.clone(), wide.clone()], "12:00:00"), [Recording, Message]);
    assert_eq!(kept(&[base.clone(), wide.clone().half()], "12:00:00"), [Recording], "half signed it only narrows");
    let theirs = deal("brite-a1", "brite", "ringwell").amends("acme-2026").categories(&[Recording]);
    assert_eq!(kept(&[base.clone(), theirs.clone()], "12:00:00"), [CallerID, Recording, Form]);
    let status = said(&[base, theirs], "brite-a1", "12:00:00");
    assert_eq!(condition(&status, "InForce"), ("False".into(), "AmendsNothing".into()));
}

#[test]
fn an_amendment_is_no_agreement_of_its_own_and_its_end_is_the_agreements() {
    let base = deal("acme-2026", "acme", "ringwell");
    let change = deal("acme-a1", "acme", "ringwell").amends("acme-2026").term("11:00:00", Some("12:30:00"));
    assert!(!is_open(std::slice::from_ref(&change), "12:00:00"), "what it amends is not there");
    let deals = [base.clone(), change];
    assert!(is_open(&deals, "12:29:59") && !is_open(&deals, "12:30:00"));
    let longer = [base.term("00:00:00", Some("12:00:00")), deal("acme-a1", "acme", "ringwell").amends("acme-2026")];
    assert!(!is_open(&longer, "12:00:00"), "an amendment makes nothing last longer");
}

#[test]
fn of_several_amendments_the_newest_counts_and_amendments_of_amendments_amend_the_agreement() {
    use PhiCategory::{Form, Recording};
    let base = deal("acme-2026", "acme", "ringwell");
    let a1 = deal("acme-a1", "acme", "ringwell").amends("acme-2026").term("02:00:00", None).categories(&[Recording]);
    let a2 = deal("acme-a2", "acme", "ringwell").amends("acme-a1").term("11:00:00", None).categories(&[Form]);
    let deals = [base, a1, a2];
    assert_eq!((kept(&deals, "10:00:00"), kept(&deals, "11:00:00")), (vec![Recording], vec![Form]));
    let verdict = ask(&["acme"], &[], &deals, at("10:00:00"));
    assert_eq!(verdict.entities[0].categories[&Recording], Some(at("11:00:00")), "until the next amendment");
    assert_eq!(verdict.next_change, Some(at("11:00:00")));
}

#[test]
fn notice_keeps_open_what_is_open_and_lets_nothing_begin() {
    use PhiCategory::{CallerID, Form, Message, Recording};
    let ending = deal("acme-2026", "acme", "ringwell").notice("11:00:00", "18:00:00");
    let deals = [ending.clone()];
    assert_eq!(phase(&deals, "acme-2026", "11:00:00"), BAAPhase::Terminating);
    assert_eq!(phase(&deals, "acme-2026", "10:59:59"), BAAPhase::Terminating, "by a clock ahead: at once");
    let verdict = ask(&["acme"], &[], &deals, now());
    assert_eq!(
        (verdict.any_open(), verdict.frozen(), verdict.closes()),
        (true, Some(at("11:00:00")), Some(at("18:00:00")))
    );
    assert!(!is_open(&deals, "18:00:00"));
    let wide =
        deal("acme-a1", "acme", "ringwell").amends("acme-2026").categories(&[Recording, Message]).signed("11:30:00");
    assert_eq!(kept(&[ending.clone(), wide], "12:00:00"), [Recording], "an amendment after it only narrows");
    assert_eq!(kept(&deals, "12:00:00"), [CallerID, Recording, Form]);
    let late = [deal("agency-ringwell", "agency", "ringwell")
        .agency(&[])
        .notice("11:00:00", "18:00:00")
        .attest("acme", "11:30:00", None)];
    let entity = ask(&["acme"], &[], &late, now()).entities.remove(0);
    assert_eq!(
        (entity.open, entity.reason),
        (false, Reason::LooseningFrozen),
        "a clinic that comes after it does not begin"
    );
    let both = [ending, deal("other", "acme", "ringwell")];
    assert_eq!(ask(&["acme"], &[], &both, now()).frozen(), None, "another path goes on");
}

#[test]
fn a_renewal_further_down_is_no_new_beginning() {
    let agency = |name: &str| deal(name, "agency", "ringwell").agency(&["acme-agency"]);
    let deals = [
        deal("acme-agency", "acme", "agency").notice("11:00:00", "18:00:00"),
        agency("agency-1").term("00:00:00", Some("12:00:00")),
        agency("agency-2").term("12:00:00", None).supersedes("agency-1"),
    ];
    assert!(is_open(&deals, "11:59:59") && is_open(&deals, "12:00:00") && is_open(&deals, "17:59:59"));
    assert!(!is_open(&deals, "18:00:00"));
}

#[test]
fn notice_that_is_taken_back_in_time_is_none_and_later_it_is_too_late() {
    let ending = || deal("acme-2026", "acme", "ringwell").notice("11:00:00", "18:00:00");
    let cured = [ending().taken_back("bob", "11:30:00")];
    assert_eq!(phase(&cured, "acme-2026", "12:00:00"), BAAPhase::Active);
    assert!(is_open(&cured, "19:00:00"));
    assert!(!is_open(&[ending().taken_back("bob", "18:00:00")], "19:00:00"), "it has ended");
    assert!(!is_open(&[ending().taken_back("mallory", "11:30:00")], "19:00:00"), "only the person itself");
    let mut officer = ending().taken_back("olga", "11:30:00");
    officer.acts.last_mut().unwrap().spec.capacity = Some(crate::api::Capacity::PrivacyOfficer);
    assert!(is_open(&[officer], "19:00:00"), "or a privacy officer");
    let ahead = [ending().taken_back("bob", "12:30:00")];
    assert_eq!(phase(&ahead, "acme-2026", "12:00:00"), BAAPhase::Terminating, "a withdrawal of the future is none yet");
}

#[test]
fn one_more_notice_frees_nothing() {
    let late = deal("acme-2026", "acme", "ringwell").signed("09:00:00").notice("08:00:00", "21:00:00");
    assert!(!is_open(std::slice::from_ref(&late), "12:00:00"), "it was signed after the notice");
    assert!(!is_open(&[late.notice("10:00:00", "20:00:00")], "12:00:00"));
}

#[test]
fn an_end_is_told_of_step_by_step() {
    let deals = [deal("acme-2026", "acme", "ringwell")
        .term("2026-01-01T00:00:00Z", Some("2026-12-31T00:00:00Z"))
        .signed("2026-01-01T00:00:00Z")];
    let told = |time| condition(&said(&deals, "acme-2026", time), "ExpiringSoon").1;
    for (time, reason) in [
        ("2026-10-01T00:00:00Z", Reason::NotSoon),
        ("2026-10-02T00:00:00Z", Reason::EndsWithin90Days),
        ("2026-11-01T00:00:00Z", Reason::EndsWithin60Days),
        ("2026-12-01T00:00:00Z", Reason::EndsWithin30Days),
        ("2026-12-17T00:00:00Z", Reason::EndsWithin14Days),
        ("2026-12-24T00:00:00Z", Reason::EndsWithin7Days),
        ("2026-12-30T00:00:00Z", Reason::EndsWithin1Day),
        ("2026-12-31T00:00:00Z", Reason::NotSoon),
    ] {
        assert_eq!(told(time), reason.as_str(), "{time}");
    }
    let baas: Vec<_> = deals.iter().map(|d| &d.baa).collect();
    let acts: Vec<_> = deals.iter().flat_map(|d| &d.acts).collect();
    let next = |time| super::status::next_change(&Book::new(&baas, &acts, at(time)), "acme-2026", at(time)).unwrap();
    assert_eq!(next("2026-10-01T00:00:00Z"), at("2026-10-02T00:00:00Z"), "each step has its timer");
    assert_eq!(next("2026-12-24T00:00:00Z"), at("2026-12-30T00:00:00Z"));
}

#[test]
fn what_was_in_force_is_kept_for_six_years_after_the_two_last_had_an_agreement() {
    let long = |d: Deal, from: &str, until: Option<&str>| {
        let mut d = d.term(from, until).signed(from);
        d.baa.metadata.creation_timestamp = None;
        d
    };
    let first = long(deal("acme-1", "acme", "ringwell"), "2020-01-01T00:00:00Z", Some("2022-03-01T00:00:00Z"));
    let alone = [first.clone()];
    let until = |deals: &[Deal], name: &str, time: &str| said(deals, name, time).retain_until.map(|t| t.0);
    assert_eq!(until(&alone, "acme-1", "2023-01-01T00:00:00Z"), Some(at("2028-03-01T00:00:00Z")));
    let second = long(deal("acme-2", "acme", "ringwell"), "2023-01-01T00:00:00Z", Some("2024-02-29T12:00:00Z"));
    let both = [first.clone(), second];
    assert_eq!(
        until(&both, "acme-1", "2025-01-01T00:00:00Z"),
        Some(at("2030-03-01T12:00:00Z")),
        "29 February: the day after"
    );
    let releasable = |deals: &[Deal], name: &str, time: &str| condition(&said(deals, name, time), "Releasable").0;
    assert_eq!(releasable(&both, "acme-1", "2030-03-01T11:59:59Z"), "False");
    assert_eq!(releasable(&both, "acme-1", "2030-03-01T12:00:00Z"), "True");
    let endless = [first, long(deal("acme-2", "acme", "ringwell"), "2023-01-01T00:00:00Z", None)];
    assert_eq!(until(&endless, "acme-1", "2040-01-01T00:00:00Z"), None);
    assert_eq!(releasable(&endless, "acme-1", "2040-01-01T00:00:00Z"), "False", "they still have an agreement");
}

#[test]
fn what_was_created_after_its_end_is_kept_from_its_creation_and_what_was_never_executed_may_go() {
    let mut late = deal("acme-1", "acme", "ringwell")
        .term("2020-01-01T00:00:00Z", Some("2020-06-01T00:00:00Z"))
        .signed("2020-01-02T00:00:00Z");
    late.baa.metadata.creation_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at("2021-01-01T00:00:00Z")));
    let until = said(&[late], "acme-1", "12:00:00").retain_until.unwrap().0;
    assert_eq!(until, at("2027-01-01T00:00:00Z"));
    let releasable = |deal: Deal| condition(&said(&[deal], "acme-2026", "12:00:00"), "Releasable").0;
    let one = || deal("acme-2026", "acme", "ringwell");
    assert_eq!(releasable(one().unsigned()), "True");
    assert_eq!(releasable(one().half()), "True", "it was never executed");
    assert_eq!(releasable(one().term("13:00:00", None)), "False", "it is still to come");
    assert_eq!(releasable(one().term("00:00:00", Some("00:30:00"))), "False", "both have signed it, after its end");
    assert_eq!(releasable(one()), "False");
}
