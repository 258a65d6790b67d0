//! R02, R47: every covered entity has an agreement path of its own; one without is closed alone.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::*;

use super::*;
use crate::{
    agreement::{Question, Verdict, evaluate},
    api::{Attestation, BAA, PartyRole},
    plan::fixture::{act, at, baa, now, signed},
};

/// An agreement that both parties signed at one o'clock.
fn agreed(name: &str, party: &str, term: (&str, Option<&str>)) -> (BAA, Vec<Attestation>) {
    let baa = baa(name, &format!("uid-of-{name}"), party, term);
    let acts = signed(&baa, "01:00:00").to_vec();
    (baa, acts)
}

fn evaluated(parties: &[&str], agreements: &[(BAA, Vec<Attestation>)], now: Timestamp) -> Verdict {
    let parties: Vec<_> = parties.iter().map(|p| (*p).to_owned()).collect();
    let baas: Vec<_> = agreements.iter().map(|a| &a.0).collect();
    let acts: Vec<_> = agreements.iter().flat_map(|a| &a.1).collect();
    evaluate(Question { parties: &parties, platform: "ringwell", features: &[], integrations: &[] }, &baas, &acts, now)
}

#[test]
fn an_entity_without_a_path_is_closed_alone() {
    let agreements = [agreed("one", "acme", ("00:00:00", None)), agreed("two", "brite", ("00:00:00", None))];
    let verdict = evaluated(&["acme", "corner", "brite"], &agreements, now());
    let open: Vec<_> = verdict.entities.iter().map(|e| (e.party.as_str(), e.open, e.reason)).collect();
    let expected =
        [("acme", true, Reason::InForce), ("corner", false, Reason::NoAgreement), ("brite", true, Reason::InForce)];
    assert_eq!(open, expected);
    assert_eq!(verdict.entities[1].missing, "corner has no BAA with ringwell; create one and let both parties sign it");
    assert!(verdict.any_open());
    assert_eq!(verdict.category_until(PhiCategory::Recording), None, "not open for every entity");
}

#[test]
fn an_agreement_of_another_party_another_platform_or_another_role_is_none() {
    let base = agreed("one", "acme", ("00:00:00", None));
    assert!(evaluated(&["acme"], std::slice::from_ref(&base), now()).any_open());
    let spoil: [fn(&mut BAA); 3] = [
        |b| b.spec.disclosing.party = "brite".into(),
        |b| b.spec.receiving.party = "elsewhere".into(),
        |b| b.spec.disclosing.role = PartyRole::BusinessAssociate,
    ];
    for spoil in spoil {
        let mut agreement = base.clone();
        spoil(&mut agreement.0);
        let verdict = evaluated(&["acme"], &[agreement], now());
        assert!(!verdict.any_open() && !verdict.ever_open());
        assert_eq!(verdict.entities[0].reason, Reason::NoAgreement);
    }
}

#[test]
fn each_state_has_its_reason_and_says_what_to_do() {
    let term = ("00:00:00", Some("20:00:00"));
    let reason = |agreement: (BAA, Vec<Attestation>), now| {
        let verdict = evaluated(&["acme"], &[agreement], now).entities.remove(0);
        assert!(!verdict.open && verdict.missing.contains("one"), "{}", verdict.missing);
        (verdict.reason, verdict.ever_open)
    };
    let mut half = agreed("one", "acme", term);
    half.1.pop();
    assert_eq!(reason(half, now()), (Reason::AwaitingSignature, false));
    assert_eq!(reason(agreed("one", "acme", ("15:00:00", None)), now()), (Reason::NotYetEffective, false));
    assert_eq!(reason(agreed("one", "acme", term), at("20:00:00")), (Reason::AgreementExpired, true));
    let mut ended = agreed("one", "acme", term);
    ended.1.push(act("Terminate", ("one", "uid-of-one"), "acme", "alice", "11:00:00"));
    assert_eq!(reason(ended, now()), (Reason::AgreementTerminated, true));
}

#[test]
fn of_several_agreements_in_force_the_one_that_lasts_longest_counts() {
    let agreements = [
        agreed("a-short", "acme", ("00:00:00", Some("13:00:00"))),
        agreed("b-long", "acme", ("00:00:00", Some("18:00:00"))),
        agreed("c-later", "acme", ("14:00:00", None)),
    ];
    let verdict = evaluated(&["acme"], &agreements, now());
    assert_eq!((verdict.entities[0].baa(), verdict.closes()), (Some("b-long"), None), "the later one goes on");
    assert_eq!(verdict.next_change, Some(at("13:00:00")), "the first moment at which any answer changes");
    let verdict = evaluated(&["acme"], &agreements, at("18:00:00"));
    assert_eq!((verdict.entities[0].baa(), verdict.closes()), (Some("c-later"), None));
}

#[test]
fn the_verdict_closes_with_its_last_open_entity() {
    let agreements =
        [agreed("one", "acme", ("00:00:00", Some("13:00:00"))), agreed("two", "brite", ("00:00:00", Some("18:00:00")))];
    assert_eq!(evaluated(&["acme", "brite"], &agreements, now()).closes(), Some(at("18:00:00")));
    let endless = [agreements[0].clone(), agreed("two", "brite", ("00:00:00", None))];
    assert_eq!(evaluated(&["acme", "brite"], &endless, now()).closes(), None);
}

#[test]
fn a_category_is_open_only_for_what_every_entity_may_until_the_first_of_their_ends() {
    let mut agreements =
        [agreed("one", "acme", ("00:00:00", Some("13:00:00"))), agreed("two", "brite", ("00:00:00", Some("18:00:00")))];
    agreements[1].0.spec.scope.phi_categories.push(PhiCategory::Message);
    let verdict = evaluated(&["acme", "brite"], &agreements, now());
    assert_eq!(verdict.category_until(PhiCategory::Recording), Some(Some(at("13:00:00"))));
    assert_eq!(verdict.category_until(PhiCategory::Message), None, "acme's agreement does not name it");
    assert_eq!(verdict.category_until(PhiCategory::Transcript), None, "nobody's agreement names it");
    let alone = evaluated(&["brite"], &agreements[1..], now());
    assert_eq!(alone.category_until(PhiCategory::Message), Some(Some(at("18:00:00"))));
    let endless = evaluated(&["acme"], &[agreed("one", "acme", ("00:00:00", None))], now());
    assert_eq!(endless.category_until(PhiCategory::Form), Some(None));
    assert_eq!(evaluated(&[], &[], now()).category_until(PhiCategory::Form), None, "no entity, no category");
}

/// Agreements that nobody has signed, each with an end of its own within the next hours.
fn unsigned(count: usize, change: impl Fn(&mut BAA)) -> Vec<(BAA, Vec<Attestation>)> {
    let one = |n: usize| {
        let (name, end) = (format!("a-{n}"), format!("{:02}:{:02}:00", 13 + n / 60, n % 60));
        let mut baa = baa(&name, &format!("uid-of-{name}"), "acme", ("00:00:00", Some(&end)));
        change(&mut baa);
        (baa, vec![])
    };
    (0..count).map(one).collect()
}

#[test]
fn what_nobody_has_signed_crowds_out_no_path_and_shortens_no_window() {
    let amends = |b: &mut BAA| b.spec.amends_ref = Some(crate::api::NameRef { name: "one".into() });
    let agencies = |b: &mut BAA| b.spec.disclosing.role = PartyRole::BusinessAssociate;
    for crowd in [unsigned(300, |_| ()), unsigned(300, amends), unsigned(300, agencies)] {
        let mut agreements = crowd;
        agreements.push(agreed("one", "acme", ("00:00:00", None)));
        let verdict = evaluated(&["acme"], &agreements, now());
        let acme = &verdict.entities[0];
        assert!(acme.open && acme.path == ["one"], "{}", acme.missing);
        assert_eq!((acme.closes, acme.categories[&PhiCategory::Recording]), (None, None));
    }
}

/// Layers of agencies, each of whose agreements names all of the layer above: 16 to the power of 5 ways.
#[test]
fn a_maze_that_nobody_has_signed_is_not_walked_to_its_end() {
    let mut agreements = vec![agreed("one", "acme", ("00:00:00", None))];
    for layer in 0..6_usize {
        let party = |n: usize| if n == 0 { "ringwell".to_owned() } else { format!("agency-{n}") };
        for n in 0..16 {
            let mut baa =
                baa(&format!("maze-{layer}-{n}"), &format!("uid-{layer}-{n}"), &party(layer + 1), ("00:00:00", None));
            baa.spec.disclosing.role = PartyRole::BusinessAssociate;
            baa.spec.receiving.party = party(layer);
            let above =
                |n| crate::api::Upstream { baa_ref: crate::api::NameRef { name: format!("maze-{}-{n}", layer + 1) } };
            baa.spec.upstream = Some((0..16).map(above).collect());
            agreements.push((baa, vec![]));
        }
    }
    let began = std::time::Instant::now();
    assert!(evaluated(&["acme"], &agreements, now()).any_open());
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn of_two_amendments_of_one_day_the_one_that_was_signed_last_counts() {
    let amended = |name: &str, signed_at: &str, categories: &[PhiCategory]| {
        let mut baa = baa(name, &format!("uid-of-{name}"), "acme", ("10:00:00", None));
        baa.spec.amends_ref = Some(crate::api::NameRef { name: "one".into() });
        baa.spec.scope.phi_categories = categories.to_vec();
        let acts = signed(&baa, signed_at).to_vec();
        (baa, acts)
    };
    let (wide, narrow) = ([PhiCategory::Recording, PhiCategory::Message], [PhiCategory::Message]);
    let one = agreed("one", "acme", ("00:00:00", None));
    let open = |agreements: &[(BAA, Vec<Attestation>)]| {
        evaluated(&["acme"], agreements, now()).entities[0].categories.keys().copied().collect::<Vec<_>>()
    };
    let later = [one.clone(), amended("z-wide", "02:00:00", &wide), amended("a-narrow", "03:00:00", &narrow)];
    assert_eq!(open(&later), narrow, "whatever their names are");
    let together = [one.clone(), amended("z-wide", "02:00:00", &wide), amended("a-narrow", "02:00:00", &narrow)];
    assert_eq!(open(&together), narrow, "of two of one second, the strictest");
    let base = evaluated(&["acme"], std::slice::from_ref(&one), now()).entities[0].categories.len();
    assert!(
        base > 1 && open(&[one, amended("ahead", "12:00:40", &[PhiCategory::Recording])]) == [PhiCategory::Recording],
        "by a clock ahead of ours"
    );
}

/// Agreements of three entities, with signatures that may be missing and terminations that may have been given.
fn any_agreements() -> impl Strategy<Value = Vec<(BAA, Vec<Attestation>)>> {
    let one =
        (0..3_usize, 0..24_u32, proptest::option::of(0..24_u32), 0..24_u32, 0..4_u8, proptest::option::of(0..24_u32));
    proptest::collection::vec(one, 0..6).prop_map(|all| {
        let agreement = |(n, (party, from, until, created, missing, end)): (usize, _)| {
            let (party, name) = (["acme", "brite", "corner"][party], format!("baa-{n}"));
            let hour = |h: u32| format!("{h:02}:00:00");
            let until: Option<String> = Option::map(until, hour);
            let baa = baa(&name, &format!("uid-of-{name}"), party, (&hour(from), until.as_deref()));
            let mut acts = signed(&baa, &hour(created)).to_vec();
            match missing {
                0 => drop(acts.remove(0)),
                1 => drop(acts.remove(1)),
                _ => {}
            }
            if let Some(end) = end {
                let mut act = act("Terminate", (&name, &format!("uid-of-{name}")), party, "alice", &hour(created));
                act.spec.effective_time = Some(Time(at(&hour(end))));
                acts.push(act);
            }
            (baa, acts)
        };
        all.into_iter().enumerate().map(agreement).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn open_means_an_agreement_of_its_own_that_both_signed_and_that_lasts(agreements in any_agreements(), hour in 0..24_u32) {
        let now = at(&format!("{hour:02}:30:00"));
        let verdict = evaluated(&["acme", "brite", "corner"], &agreements, now);
        for entity in &verdict.entities {
            let own = |(b, acts): &&(BAA, Vec<Attestation>)| {
                let signs = |p: &str| acts.iter().any(|a| a.spec.act == crate::api::Act::Sign
                    && a.spec.on_behalf_of.as_ref().is_some_and(|o| o.party == p)
                    && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= now));
                b.spec.disclosing.party == entity.party
                    && signs(&entity.party)
                    && signs("ringwell")
                    && b.spec.term.effective_time.0 <= now
                    && b.spec.term.expiration_time.as_ref().is_none_or(|t| now < t.0)
            };
            prop_assert!(!entity.open || agreements.iter().any(|a| own(&a)));
            prop_assert!(!entity.open || entity.closes.is_none_or(|c| now < c));
            prop_assert_eq!(entity.open, entity.missing.is_empty());
            prop_assert!(!entity.open || entity.ever_open);
        }
        for category in PhiCategory::ALL {
            if let Some(until) = verdict.category_until(category) {
                prop_assert!(verdict.entities.iter().all(|e| e.open && e.categories.contains_key(&category)));
                prop_assert!(until.is_none_or(|u| verdict.entities.iter().all(|e| e.closes.is_none_or(|c| u <= c))));
            }
        }
    }

    #[test]
    fn the_order_of_what_is_read_counts_for_nothing(agreements in any_agreements(), hour in 0..24_u32) {
        let now = at(&format!("{hour:02}:30:00"));
        let mut reversed = agreements.clone();
        reversed.reverse();
        reversed.iter_mut().for_each(|a| a.1.reverse());
        let parties = ["acme", "brite", "corner"];
        prop_assert_eq!(evaluated(&parties, &agreements, now), evaluated(&parties, &reversed, now));
    }

    #[test]
    fn nothing_changes_before_the_next_change(agreements in any_agreements(), hour in 0..23_u32, later in 1..60_u32) {
        let (now, then) = (at(&format!("{hour:02}:30:00")), at(&format!("{hour:02}:30:00")).saturating_add(jiff::SignedDuration::from_mins(i64::from(later))).unwrap());
        let parties = ["acme", "brite", "corner"];
        let verdict = evaluated(&parties, &agreements, now);
        if verdict.next_change.is_none_or(|t| then < t) {
            let open = |v: &Verdict| v.entities.iter().map(|e| e.open).collect::<Vec<_>>();
            prop_assert_eq!(open(&verdict), open(&evaluated(&parties, &agreements, then)));
        }
    }
}
