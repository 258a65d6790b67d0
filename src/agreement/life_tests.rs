//! R01, R05: when an agreement counts.

use kube::ResourceExt;
use proptest::prelude::*;

use super::*;
use crate::{
    agreement::Book,
    api::{Act, Attestation, SubjectKind},
    plan::fixture::{BAA_UID, act, at, baa, now, signed},
};

/// A change that takes a signature its force.
type Spoil = fn(&mut Attestation);

const NAME: &str = "acme-2026";
const ABOUT: (&str, &str) = (NAME, BAA_UID);

fn agreement(from: &str, until: Option<&str>) -> BAA {
    baa(NAME, BAA_UID, "acme", (from, until))
}

fn life<'a>(baa: &'a BAA, acts: &'a [Attestation], now: Timestamp) -> Life<'a> {
    let book = Book::new(&[baa], &acts.iter().collect::<Vec<_>>(), now);
    book.life(NAME).expect("it is in the book").clone()
}

#[test]
fn one_signature_never_opens() {
    let baa = agreement("00:00:00", None);
    for party in ["acme", "ringwell"] {
        let acts = [act("Sign", ABOUT, party, "alice", "01:00:00")];
        let life = life(&baa, &acts, now());
        assert_eq!((life.phase(now()), life.opens()), (BAAPhase::PartiallySigned, None));
        let other = if party == "acme" { "ringwell" } else { "acme" };
        assert_eq!(life.missing(), format!("the signature of {other}; record an Attestation of act Sign"));
    }
    assert_eq!(life(&baa, &[], now()).phase(now()), BAAPhase::Draft);
}

#[test]
fn one_party_that_signs_twice_does_not_open() {
    let baa = agreement("00:00:00", None);
    let acts = ["alice", "bob"].map(|by| act("Sign", ABOUT, "acme", by, "01:00:00"));
    assert!(!life(&baa, &acts, now()).in_force(now()));
}

#[test]
fn one_recorder_for_both_parties_needs_one_envelope() {
    let baa = agreement("00:00:00", None);
    let mut acts = ["acme", "ringwell"].map(|party| act("Sign", ABOUT, party, "alice", "01:00:00"));
    assert!(life(&baa, &acts, now()).in_force(now()), "one envelope covers both");
    acts[1].spec.evidence.as_mut().unwrap().envelope_id = "another".into();
    let life = life(&baa, &acts, now());
    assert_eq!((life.phase(now()), life.opens()), (BAAPhase::PartiallySigned, None));
    assert!(life.missing().contains("recorded by one person under two envelopes"), "{}", life.missing());
}

#[test]
fn a_backdated_agreement_opens_at_the_last_signature() {
    let baa = agreement("2020-01-01T00:00:00Z", None);
    let acts = [act("Sign", ABOUT, "acme", "bob", "08:00:00"), act("Sign", ABOUT, "ringwell", "alice", "10:30:00")];
    let before = life(&baa, &acts, at("10:29:59"));
    assert_eq!((before.opens(), before.in_force(at("10:29:59"))), (Some(at("10:30:00")), false));
    assert!(life(&baa, &acts, now()).in_force(at("10:30:00")));
}

#[test]
fn a_later_date_counts_from_that_date() {
    let baa = agreement("15:00:00", None);
    let acts = signed(&baa, "01:00:00");
    let life = life(&baa, &acts, now());
    assert_eq!(
        (life.phase(now()), life.opens(), life.next_change(now())),
        (BAAPhase::Executed, Some(at("15:00:00")), Some(at("15:00:00")))
    );
    assert!(!life.in_force(at("14:59:59")) && life.in_force(at("15:00:00")));
}

#[test]
fn an_act_that_was_never_stored_counts_for_nothing() {
    let baa = agreement("00:00:00", None);
    let mut acts = signed(&baa, "01:00:00");
    acts[0].metadata.creation_timestamp = None;
    let life = life(&baa, &acts, now());
    assert!(!life.in_force(now()) && life.ignored()[0].contains("creationTimestamp"));
}

#[test]
fn a_signature_of_another_uid_text_or_party_is_ignored_with_a_reason() {
    let baa = agreement("00:00:00", None);
    let spoil: [(&str, Spoil); 4] = [
        ("spec.subjectRef.uid", |a| a.spec.subject_ref.uid = "another".into()),
        ("spec.textSHA256", |a| a.spec.text_sha256 = Some("0".repeat(64))),
        ("spec.onBehalfOf.party", |a| a.spec.on_behalf_of.as_mut().unwrap().party = "stranger".into()),
        ("spec.evidence", |a| a.spec.evidence = None),
    ];
    for (field, spoil) in spoil {
        let mut acts = signed(&baa, "01:00:00");
        spoil(&mut acts[0]);
        let life = life(&baa, &acts, now());
        assert_eq!((life.phase(now()), life.opens()), (BAAPhase::PartiallySigned, None), "{field}");
        assert!(life.ignored().len() == 1 && life.ignored()[0].contains(field), "{:?}", life.ignored());
    }
}

#[test]
fn acts_about_other_objects_are_passed_over_without_a_word() {
    let baa = agreement("00:00:00", None);
    let mut acts = signed(&baa, "01:00:00");
    acts[0].spec.subject_ref.name = "other".into();
    let life = life(&baa, &acts, now());
    assert!(life.ignored().is_empty() && life.opens().is_none());
}

#[test]
fn a_termination_closes_at_its_creation_when_its_date_is_past() {
    let baa = agreement("00:00:00", None);
    let mut acts = signed(&baa, "01:00:00").to_vec();
    let mut end = act("Terminate", ABOUT, "acme", "alice", "11:00:00");
    end.spec.effective_time = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at("05:00:00")));
    acts.push(end);
    let life = life(&baa, &acts, now());
    assert_eq!(
        (life.phase(now()), life.closes(), life.notice().is_some()),
        (BAAPhase::Terminated, Some(at("11:00:00")), true)
    );
    assert!(life.in_force(at("10:59:59")) && !life.in_force(at("11:00:00")));
    assert!(life.was_in_force(now()), "a clinic keeps its records");
}

#[test]
fn a_termination_of_the_future_is_announced_and_closes_then() {
    let baa = agreement("00:00:00", Some("20:00:00"));
    let mut acts = signed(&baa, "01:00:00").to_vec();
    let mut end = act("Terminate", ABOUT, "ringwell", "alice", "11:00:00");
    end.spec.effective_time = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at("18:00:00")));
    acts.push(end);
    let life = life(&baa, &acts, now());
    assert_eq!(
        (life.phase(now()), life.closes(), life.next_change(now())),
        (BAAPhase::Terminating, Some(at("18:00:00")), Some(at("18:00:00")))
    );
    assert!(life.in_force(at("17:59:59")) && !life.in_force(at("18:00:00")));
}

#[test]
fn a_termination_after_the_term_changes_nothing() {
    let baa = agreement("00:00:00", Some("11:00:00"));
    let mut acts = signed(&baa, "01:00:00").to_vec();
    acts.push(act("Terminate", ABOUT, "acme", "alice", "11:30:00"));
    let life = life(&baa, &acts, now());
    assert_eq!((life.phase(now()), life.closes()), (BAAPhase::Expired, Some(at("11:00:00"))));
}

#[test]
fn a_termination_by_a_stranger_or_of_another_uid_is_ignored_with_a_reason() {
    let baa = agreement("00:00:00", None);
    for (about, party, field) in
        [((NAME, "another"), "acme", "subjectRef.uid"), (ABOUT, "stranger", "onBehalfOf.party")]
    {
        let mut acts = signed(&baa, "01:00:00").to_vec();
        acts.push(act("Terminate", about, party, "alice", "11:00:00"));
        let life = life(&baa, &acts, now());
        assert!(life.in_force(now()) && life.ignored()[0].contains(field), "{:?}", life.ignored());
    }
}

#[test]
fn it_is_open_strictly_before_its_end_and_closed_at_it() {
    let baa = agreement("00:00:00", Some("13:00:00"));
    let acts = signed(&baa, "01:00:00");
    let end = at("13:00:00");
    let before = at("2026-11-24T12:59:59.999999999Z");
    assert!(life(&baa, &acts, before).in_force(before));
    assert!(!life(&baa, &acts, end).in_force(end));
    assert_eq!(life(&baa, &acts, end).phase(end), BAAPhase::Expired);
    assert_eq!(life(&baa, &acts, end).next_change(end), None);
}

#[test]
fn what_was_signed_after_its_end_was_never_in_force() {
    let baa = agreement("00:00:00", Some("06:00:00"));
    for signed_at in ["07:00:00", "06:00:00"] {
        let acts = signed(&baa, signed_at);
        let life = life(&baa, &acts, now());
        assert!(!life.in_force(now()) && !life.was_in_force(now()), "{signed_at}");
    }
}

#[test]
fn who_recorded_is_said_and_never_who_signed() {
    let baa = agreement("00:00:00", None);
    let acts = signed(&baa, "01:00:00");
    let life = life(&baa, &acts, now());
    assert_eq!((life.signatures().len(), life.phase(now())), (2, BAAPhase::Active));
    for (said, act) in life.signatures().iter().zip(&acts) {
        assert_eq!((&said.recorded_by, &said.attestation), (&act.spec.by, &act.name_any()));
    }
}

/// Acts of every kind that may be about the agreement, or nearly.
fn any_act() -> impl Strategy<Value = Attestation> {
    let kind = prop_oneof![3 => Just("Sign"), 1 => Just("Terminate")];
    let party = prop_oneof![Just("acme"), Just("ringwell"), Just("stranger")];
    let by = prop_oneof![Just("alice"), Just("bob")];
    let uid = prop_oneof![4 => Just(BAA_UID), 1 => Just("another")];
    (kind, party, by, uid, 0..24_u32, proptest::option::of(0..24_u32), proptest::option::of(0..2_u8), any::<bool>())
        .prop_map(|(kind, party, by, uid, hour, effective, envelope, text)| {
            let mut act = act(kind, (NAME, uid), party, by, &format!("{hour:02}:00:00"));
            act.metadata.name = Some(format!("{kind}-{party}-{by}-{hour}"));
            act.spec.effective_time = effective
                .filter(|_| kind == "Terminate")
                .map(|h| k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(&format!("{h:02}:00:00"))));
            if let Some(e) = envelope {
                act.spec.evidence.as_mut().unwrap().envelope_id = format!("envelope-{e}");
            }
            if !text && hour % 5 == 0 {
                act.spec.text_sha256 = None;
            }
            act
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn open_means_that_both_signed_and_that_it_is_after_its_date_and_before_its_end(
        acts in proptest::collection::vec(any_act(), 0..8),
        from in 0..24_u32,
        until in proptest::option::of(0..24_u32),
        hour in 0..24_u32,
    ) {
        let until = until.map(|h| format!("{h:02}:30:00"));
        let baa = agreement(&format!("{from:02}:00:00"), until.as_deref());
        let now = at(&format!("{hour:02}:15:00"));
        let life = life(&baa, &acts, now);
        let turned: Vec<_> = acts.iter().rev().cloned().collect();
        let other = self::life(&baa, &turned, now);
        prop_assert_eq!((&life.own, life.end), (&other.own, other.end), "the order of acts counts for nothing");
        if life.in_force(now) {
            let fits = |party: &str| acts.iter().any(|a| {
                let s = &a.spec;
                s.act == Act::Sign
                    && s.subject_ref.uid == BAA_UID
                    && s.on_behalf_of.as_ref().is_some_and(|o| o.party == party)
                    && s.text_sha256.as_ref() == Some(&baa.spec.document.sha256)
                    && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= now)
            });
            prop_assert!(fits("acme") && fits("ringwell"));
            prop_assert!(baa.spec.term.effective_time.0 <= now);
            prop_assert!(baa.spec.term.expiration_time.as_ref().is_none_or(|t| now < t.0));
            let ended = acts.iter().any(|a| a.spec.act == Act::Terminate
                && a.spec.subject_ref.uid == BAA_UID
                && a.spec.on_behalf_of.as_ref().is_some_and(|o| o.party != "stranger")
                && a.spec.effective_time.as_ref().is_none_or(|t| t.0 <= now)
                && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= now));
            prop_assert!(!ended);
        }
        if let Some(next) = life.next_change(now) {
            let soon = now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
            if soon < next {
                prop_assert_eq!(self::life(&baa, &acts, soon).in_force(soon), life.in_force(now));
            }
        }
    }

    #[test]
    fn nothing_that_is_added_but_a_signature_ever_opens(
        acts in proptest::collection::vec(any_act(), 0..6),
        more in any_act(),
        hour in 0..24_u32,
    ) {
        let baa = agreement("00:00:00", Some("20:00:00"));
        let now = at(&format!("{hour:02}:15:00"));
        let before = life(&baa, &acts, now);
        let mut all = acts.clone();
        let is_signature = more.spec.act == Act::Sign;
        all.push(more);
        let after = life(&baa, &all, now);
        if !before.in_force(now) && after.in_force(now) {
            prop_assert!(is_signature && before.opens() != after.opens());
        }
    }
}

/// `by` takes back the act of this UID at `created`.
fn withdraw(uid: &str, by: &str, created: &str) -> Attestation {
    let mut act = act("Withdraw", ABOUT, "acme", by, created);
    act.spec.subject_ref.kind = SubjectKind::Attestation;
    act.spec.subject_ref.name = uid.replace("uid-of-", "");
    act.spec.subject_ref.uid = uid.into();
    act
}

/// Signatures with UIDs: of the clinic at one o'clock by bob, of the platform at `second` by alice.
fn two(baa: &BAA, second: &str) -> Vec<Attestation> {
    let mut acts = signed(baa, "01:00:00").to_vec();
    acts[1].metadata.creation_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(second)));
    for (n, act) in acts.iter_mut().enumerate() {
        (act.metadata.name, act.metadata.uid) = (Some(format!("sign-{n}")), Some(format!("uid-of-sign-{n}")));
    }
    acts
}

#[test]
fn a_signature_that_was_taken_back_before_both_had_signed_does_not_count() {
    let baa = agreement("00:00:00", None);
    let mut acts = two(&baa, "03:00:00");
    acts.push(withdraw("uid-of-sign-0", "bob", "02:00:00"));
    let life = life(&baa, &acts, now());
    assert_eq!((life.phase(now()), life.opens()), (BAAPhase::PartiallySigned, None));
    assert!(life.ignored().iter().any(|i| i.contains("withdrawn")), "{:?}", life.ignored());
}

#[test]
fn nothing_takes_back_a_signature_of_an_agreement_that_both_have_signed() {
    let baa = agreement("00:00:00", None);
    let mut acts = two(&baa, "03:00:00");
    acts.push(withdraw("uid-of-sign-0", "bob", "04:00:00"));
    assert!(life(&baa, &acts, now()).in_force(now()), "it ends by Terminate, which is dated and has a party");
}

#[test]
fn a_signature_stays_taken_back_when_the_other_one_is_given_anew() {
    let baa = agreement("00:00:00", None);
    let mut acts = two(&baa, "05:00:00");
    acts.push(withdraw("uid-of-sign-0", "bob", "03:00:00"));
    acts.push(withdraw("uid-of-sign-1", "alice", "06:00:00"));
    acts.push(act("Sign", ABOUT, "acme", "carol", "07:00:00"));
    let life = life(&baa, &acts, now());
    assert_eq!(
        (life.phase(now()), life.opens()),
        (BAAPhase::PartiallySigned, None),
        "the platform had withdrawn at six"
    );
}

#[test]
fn what_is_taken_back_in_the_second_of_the_last_signature_does_not_count() {
    let baa = agreement("00:00:00", None);
    let mut acts = two(&baa, "03:00:00");
    acts.push(withdraw("uid-of-sign-0", "bob", "03:00:00"));
    assert_eq!(life(&baa, &acts, now()).opens(), None, "nobody knows which came first");
}

#[test]
fn a_withdrawal_names_its_act_by_name_and_uid() {
    let baa = agreement("00:00:00", None);
    let mut acts = two(&baa, "03:00:00");
    let mut other = withdraw("uid-of-sign-0", "bob", "02:00:00");
    other.spec.subject_ref.name = NAME.into();
    acts.push(other);
    assert!(life(&baa, &acts, now()).in_force(now()), "it is found only by chance, so it never counts");
}

#[test]
fn one_envelope_has_one_service_and_one_certificate() {
    let baa = agreement("00:00:00", None);
    let spoil: [Spoil; 2] = [
        |a| a.spec.evidence.as_mut().unwrap().provider = "another".into(),
        |a| a.spec.evidence.as_mut().unwrap().certificate_sha256 = "0".repeat(64),
    ];
    for spoil in spoil {
        let mut acts = ["acme", "ringwell"].map(|party| act("Sign", ABOUT, party, "alice", "01:00:00"));
        spoil(&mut acts[1]);
        assert_eq!(life(&baa, &acts, now()).opens(), None);
    }
}

#[test]
fn a_second_termination_takes_nothing_back_of_the_first() {
    let baa = agreement("00:00:00", None);
    let mut acts = signed(&baa, "01:00:00").to_vec();
    for (by, given, effective) in [("alice", "02:00:00", "20:00:00"), ("bob", "06:00:00", "18:00:00")] {
        let mut end = act("Terminate", ABOUT, "acme", by, given);
        end.spec.effective_time = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(effective)));
        acts.push(end);
    }
    let life = life(&baa, &acts, now());
    let notice = life.notice().unwrap();
    assert_eq!((notice.given, notice.effective), (at("02:00:00"), at("18:00:00")), "frozen since the first of them");
    assert!(life.is_terminating(at("04:00:00")) && !life.in_force(at("18:00:00")));
}

#[test]
fn what_a_clock_ahead_of_ours_has_dated_closes_at_once_and_opens_then() {
    let baa = agreement("00:00:00", None);
    let ahead = "12:00:40";
    assert!(
        !life(&baa, &signed(&baa, ahead), now()).in_force(now())
            && life(&baa, &signed(&baa, ahead), now()).opens() == Some(at(ahead))
    );
    let mut acts = signed(&baa, "01:00:00").to_vec();
    acts.push(act("Terminate", ABOUT, "acme", "alice", ahead));
    assert_eq!(life(&baa, &acts, now()).phase(now()), BAAPhase::Terminated, "it is there, so it was given");
    let mut acts = two(&baa, "12:00:30");
    acts.push(withdraw("uid-of-sign-0", "bob", ahead));
    assert_eq!(life(&baa, &acts, now()).opens(), None, "taken back before the other one counts");
}
