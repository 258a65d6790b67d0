//! R01-R04, S1, S9: what holds in any world of agreements. `make worlds` judges a million of them; a test run some thousands.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::{
    Verdict,
    fixture::{Deal, ask, deal, voicemail},
};
use crate::{
    api::{Act, Offshoring, PartyRole, PermittedUse, PhiCategory, Subcontracting},
    plan::fixture::at,
};

/// How many worlds are judged when nothing else is said.
const WORLDS: u64 = 400;
const ENTITIES: [&str; 2] = ["acme", "brite"];
const PARTIES: [&str; 6] = ["acme", "brite", "agency", "reseller", "ringwell", "deepvoice"];
const NAMES: [&str; 7] = ["deal-0", "deal-1", "deal-2", "deal-3", "deal-4", "deal-5", "deal-6"];

/// A small generator of numbers (SplitMix64): the same seed makes the same world.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % n as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A moment of the day: few, so that things coincide.
    fn time(&mut self) -> String {
        format!("{:02}:00:00", self.below(24))
    }

    fn some<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        let mut found: Vec<_> = all.iter().copied().filter(|_| !self.one_in(3)).collect();
        if found.is_empty() {
            found.push(self.of(all));
        }
        found
    }
}

/// One agreement as it may come: between whom it may, signed or not, ended or not, about others or not.
fn any_deal(dice: &mut Dice, name: &str) -> Deal {
    let (from, to) = match dice.below(8) {
        0..=2 => (dice.of(&ENTITIES), "ringwell"),
        3 => (dice.of(&ENTITIES), "agency"),
        4 => ("agency", dice.of(&["ringwell", "reseller"])),
        5 => ("reseller", "ringwell"),
        6 => ("ringwell", "deepvoice"),
        _ => {
            let from = dice.of(&PARTIES);
            let others: Vec<_> = PARTIES.into_iter().filter(|p| *p != from).collect();
            (from, dice.of(&others))
        }
    };
    let until = (!dice.one_in(3)).then(|| dice.time());
    let mut one = deal(name, from, to).signed(&dice.time()).term(&dice.time(), until.as_deref());
    if !ENTITIES.contains(&from) || dice.one_in(8) {
        let named = dice.below(3);
        let up: Vec<_> = (0..named).map(|_| dice.of(&NAMES)).filter(|n| *n != name).collect();
        one = one.agency(&up);
        while dice.one_in(2) {
            let until = dice.one_in(2).then(|| dice.time());
            let entity = dice.of(&ENTITIES);
            one = one.attest(entity, &dice.time(), until.as_deref());
        }
    } else {
        one.baa.spec.disclosing.role = PartyRole::CoveredEntity;
    }
    match dice.below(6) {
        0 => one = one.supersedes(dice.of(&NAMES)),
        1 => one = one.amends(dice.of(&NAMES)),
        _ => {}
    }
    if !dice.one_in(4) {
        one = one.categories(&dice.some(&PhiCategory::ALL[..4]));
    }
    let services = dice.some(&["call-tracking", "voicemail-transcription", "call-tracking"]);
    let uses = dice.some(&[PermittedUse::ServiceDelivery, PermittedUse::Legal, PermittedUse::ServiceDelivery]);
    one = one.services(&services).uses(&uses);
    if dice.one_in(2) {
        let subcontracting = dice.of(&[Subcontracting::Allow, Subcontracting::Notice, Subcontracting::Deny]);
        one = one.restrict(subcontracting, dice.of(&[Offshoring::Allow, Offshoring::Deny])).located("US");
    }
    if dice.one_in(4) {
        one = one.notice(&dice.time(), &dice.time());
        if dice.one_in(3) {
            one = one.taken_back("bob", &dice.time());
        }
    }
    match dice.below(12) {
        0 => one.half(),
        1 => one.unsigned(),
        _ => one,
    }
}

fn any_world(dice: &mut Dice) -> Vec<Deal> {
    let n = 1 + dice.below(NAMES.len() - 1);
    NAMES[..n].iter().map(|name| any_deal(dice, name)).collect()
}

fn judged(world: &[Deal], now: Timestamp) -> Verdict {
    ask(&ENTITIES, &[voicemail()], world, now)
}

/// Judges worlds of many seeds; says which one it was when `hold` panics.
fn in_every_world(salt: u64, hold: impl Fn(&mut Dice, &[Deal], Timestamp)) {
    let worlds = std::env::var("RINGFENCE_WORLDS").ok().and_then(|n| n.parse().ok()).unwrap_or(WORLDS);
    for seed in 0..worlds {
        let mut dice = Dice(seed.wrapping_mul(0x0001_0000_0001).wrapping_add(salt));
        let world = any_world(&mut dice);
        let now = at(&format!("{:02}:30:00", dice.below(24)));
        let judge = std::panic::AssertUnwindSafe(|| hold(&mut dice, &world, now));
        if let Err(panic) = std::panic::catch_unwind(judge) {
            println!("seed {seed}, salt {salt}, now {now}:");
            world.iter().for_each(|d| println!("{}", serde_json::to_string(&d.baa.spec).unwrap()));
            let acts = world.iter().flat_map(|d| &d.acts);
            acts.for_each(|a| {
                println!("{:?} {}", a.metadata.creation_timestamp, serde_json::to_string(&a.spec).unwrap())
            });
            std::panic::resume_unwind(panic);
        }
    }
}

/// A notice of the future, which only a clock ahead can have dated, counts as given now: since when is then not compared.
fn dated(world: &[Deal], mut verdict: Verdict, now: Timestamp) -> Verdict {
    let ahead = |a: &crate::api::Attestation| {
        a.spec.act == Act::Terminate && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 > now)
    };
    if world.iter().any(|d| d.acts.iter().any(ahead)) {
        verdict.entities.iter_mut().for_each(|e| e.frozen = None);
    }
    verdict
}

#[test]
fn nothing_changes_before_the_next_change_and_no_category_outlives_its_end() {
    in_every_world(1, |_, world, now| {
        let verdict = judged(world, now);
        if let Some(next) = verdict.next_change {
            assert!(next > now);
            let before = next.checked_sub(SignedDuration::from_nanos(1)).unwrap();
            assert_eq!(dated(world, judged(world, before), now), dated(world, verdict.clone(), now), "just before it");
        }
        // What a clock ahead has dated closes now and opens then: ends may turn out later than they look.
        let ahead = |a: &crate::api::Attestation| {
            matches!(a.spec.act, Act::Withdraw | Act::Terminate)
                && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 > now)
        };
        if world.iter().any(|d| d.acts.iter().any(ahead)) {
            return;
        }
        for (n, entity) in verdict.entities.iter().enumerate() {
            for (category, end) in &entity.categories {
                let Some(end) = end else { continue };
                let (before, after) = (end.checked_sub(SignedDuration::from_nanos(1)).unwrap(), *end);
                assert!(judged(world, before).entities[n].categories.contains_key(category), "until its end");
                assert!(!judged(world, after).entities[n].categories.contains_key(category), "and not at it");
            }
            if let Some(end) = entity.closes {
                assert!(!judged(world, end).entities[n].open, "it closes when it says");
            }
        }
        if let Some(end) = verdict.features[0].closes {
            assert!(!judged(world, end).features[0].open, "a feature goes off when it says");
        }
    });
}

#[test]
fn the_order_in_which_things_arrive_counts_for_nothing() {
    in_every_world(2, |dice, world, now| {
        let mut other = world.to_vec();
        for n in (1..other.len()).rev() {
            other.swap(n, dice.below(n + 1));
        }
        other.iter_mut().for_each(|d| d.acts.reverse());
        assert_eq!(judged(&other, now), judged(world, now));
    });
}

#[test]
fn adding_a_path_never_loosens() {
    in_every_world(3, |dice, world, now| {
        let mut more = any_deal(dice, "deal-new");
        more.baa.spec.supersedes_ref = None;
        more.baa.spec.amends_ref = None;
        let grown: Vec<_> = world.iter().cloned().chain([more]).collect();
        let (before, after) = (judged(world, now), judged(&grown, now));
        for (before, after) in before.entities.iter().zip(&after.entities) {
            if let Some(terms) = &before.terms {
                let now = after.terms.as_ref().expect("another path closes nothing");
                assert!(now.is_within(terms), "{now:?} is not within {terms:?}");
            }
        }
    });
}

#[test]
fn less_agreement_opens_no_entity() {
    in_every_world(4, |dice, world, now| {
        // Whose place is taken, or what is amended, is another matter: its successor's end does not bring it back, but that it never came would.
        let plain = world.iter().cloned().map(|mut d| {
            d.baa.spec.supersedes_ref = None;
            d.baa.spec.amends_ref = None;
            d.acts.retain(|a| a.spec.act != Act::Withdraw);
            d
        });
        let plain: Vec<_> = plain.collect();
        let mut less = plain.clone();
        let victim = dice.below(less.len());
        match dice.below(3) {
            0 => drop(less.remove(victim)),
            1 => {
                let kept = |a: &crate::api::Attestation| !matches!(a.spec.act, Act::Sign | Act::AttestUpstream);
                let lost = less[victim].acts.iter().position(|a| !kept(a));
                lost.map(|n| less[victim].acts.remove(n));
            }
            _ => less[victim] = less[victim].clone().notice(&dice.time(), &dice.time()),
        }
        let (before, after) = (judged(&plain, now), judged(&less, now));
        for (before, after) in before.entities.iter().zip(&after.entities) {
            assert!(before.open || !after.open, "{} opens by less", after.party);
        }
    });
}

#[test]
fn narrower_terms_permit_no_more() {
    in_every_world(5, |dice, world, now| {
        let mut narrower = world.to_vec();
        let victim = dice.below(narrower.len());
        let spec = &mut narrower[victim].baa.spec;
        match dice.below(3) {
            0 => drop(spec.scope.phi_categories.pop()),
            1 => spec.permitted_uses.retain(|u| *u == PermittedUse::ServiceDelivery),
            _ => narrower[victim] = narrower[victim].clone().restrict(Subcontracting::Deny, Offshoring::Deny),
        }
        let (before, after) = (judged(world, now), judged(&narrower, now));
        for (before, after) in before.entities.iter().zip(&after.entities) {
            assert_eq!(
                before.open, after.open,
                "what is permitted decides what is kept, not whether there is an agreement"
            );
            if let (Some(before), Some(after)) = (&before.terms, &after.terms) {
                assert!(after.is_within(before));
            }
        }
        assert!(before.features[0].open || !after.features[0].open);
    });
}

/// Written down a second time and plainly: both signed by two people or in one envelope, in its term, not terminated, its place not taken.
fn plainly_in_force(world: &[Deal], n: usize, now: Timestamp) -> bool {
    let Deal { baa, acts } = &world[n];
    let spec = &baa.spec;
    let signed = |party: &str| {
        acts.iter().any(|a| {
            a.spec.act == Act::Sign
                && a.spec.on_behalf_of.as_ref().is_some_and(|o| o.party == party)
                && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= now)
        })
    };
    let taken_back = |uid: Option<&String>| {
        acts.iter().any(|a| {
            a.spec.act == Act::Withdraw
                && Some(&a.spec.subject_ref.uid) == uid
                && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= now)
        })
    };
    let ended = acts.iter().any(|a| {
        let given = a.metadata.creation_timestamp.as_ref().unwrap().0;
        a.spec.act == Act::Terminate
            && a.spec.effective_time.as_ref().is_none_or(|t| t.0.max(given) <= now)
            && !taken_back(a.metadata.uid.as_ref())
    });
    spec.amends_ref.is_none()
        && signed(&spec.disclosing.party)
        && signed(&spec.receiving.party)
        && spec.term.effective_time.0 <= now
        && spec.term.expiration_time.as_ref().is_none_or(|t| now < t.0)
        && !ended
}

/// Whether a chain of agreements in force, or an attested one, leads from `entity` to `to`.
fn plainly_reaches(world: &[Deal], entity: &str, to: &str, hops: usize, now: Timestamp) -> bool {
    hops > 0
        && (0..world.len()).any(|n| {
            let (spec, acts) = (&world[n].baa.spec, &world[n].acts);
            let attested = acts.iter().any(|a| a.spec.covered_entity.as_ref().is_some_and(|e| e.party == entity))
                || world
                    .iter()
                    .any(|d| d.acts.iter().any(|a| a.spec.covered_entity.as_ref().is_some_and(|e| e.party == entity)));
            spec.receiving.party == to
                && plainly_in_force(world, n, now)
                && (spec.disclosing.party == entity
                    || (spec.disclosing.role == PartyRole::BusinessAssociate
                        && (attested || plainly_reaches(world, entity, &spec.disclosing.party, hops - 1, now))))
        })
}

#[test]
fn open_means_that_a_chain_in_force_is_there_when_it_is_looked_for_plainly() {
    let mut open = std::cell::Cell::new(0_u64);
    in_every_world(6, |_, world, now| {
        for entity in judged(world, now).entities {
            if entity.open {
                open.set(open.get() + 1);
                assert!(
                    plainly_reaches(world, &entity.party, "ringwell", 6, now),
                    "{} by {:?}",
                    entity.party,
                    entity.path
                );
                assert!(entity.ever_open && entity.missing.is_empty() && entity.closes.is_none_or(|c| now < c));
                for name in entity.path.iter().filter(|n| !n.starts_with("Attestation/")) {
                    let n = world.iter().position(|d| d.baa.name_any() == *name).expect("it is known");
                    assert!(plainly_in_force(world, n, now), "{name} is on the path");
                }
            } else {
                assert!(!entity.missing.is_empty() && entity.categories.is_empty() && entity.terms.is_none());
            }
        }
    });
    assert!(*open.get_mut() > 20, "worlds in which nothing is open show nothing");
}
