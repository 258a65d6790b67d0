//! All agreements that are known, and how they bear on each other: which amends which, which took whose place.
//!
//! An agreement is a BAA that amends nothing, together with the BAAs that amend it. It is over when its term or a termination ends it, when
//! one of its amendments ends, or when a BAA that supersedes it opens: whatever comes first, and for good.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    acts::Acts,
    life::{Ended, Life, Place},
    own::{Notice, Own},
    terms::Terms,
};
use crate::api::{Attestation, BAA, NameRef};

/// Every agreement that is known, by name.
pub struct Book<'a> {
    lives: BTreeMap<&'a str, Life<'a>>,
    /// By the name of an agreement: those that amend it.
    amended_by: HashMap<String, Vec<&'a str>>,
    /// By the name of an agreement: those that say they take its place, signed or not.
    replaced_by: HashMap<String, Vec<&'a str>>,
    pub(super) acts: Acts<'a>,
}

impl<'a> Book<'a> {
    /// Reads agreements and the acts about them. `now` decides only which withdrawals of terminations are already there,
    /// and since when what closes counts that a clock ahead of one's own has dated later.
    #[must_use]
    pub fn new(baas: &[&'a BAA], acts: &[&'a Attestation], now: Timestamp) -> Self {
        let acts = Acts::new(acts, now);
        let named = baas.iter().filter_map(|b| Some((b.metadata.name.as_deref()?, *b)));
        let lives = named.map(|(name, baa)| (name, Life::new(baa, Own::read(baa, &acts, now)))).collect();
        let mut book = Self { lives, amended_by: HashMap::new(), replaced_by: HashMap::new(), acts };
        book.place();
        book.succeed();
        book.end();
        book.join();
        book
    }

    /// The agreement of this name.
    #[must_use]
    pub fn life(&self, name: &str) -> Option<&Life<'a>> {
        self.lives.get(name)
    }

    /// Every agreement, amendments included, by name.
    pub fn lives(&self) -> impl Iterator<Item = &Life<'a>> {
        self.lives.values()
    }

    /// The BAAs that amend the agreement of this name.
    pub fn amendments(&self, root: &str) -> impl Iterator<Item = &Life<'a>> {
        self.amended_by.get(root).into_iter().flatten().filter_map(|name| self.life(name))
    }

    /// The agreement of this name and every one that took its place, one after the other.
    #[must_use]
    pub fn line(&self, name: &str) -> Vec<&Life<'a>> {
        let mut names: Vec<String> = vec![];
        let mut next: Vec<String> = self.root_of(name).into_iter().collect();
        while let Some(name) = next.pop() {
            if !names.contains(&name) {
                let after = self.replaced_by.get(&name).into_iter().flatten().filter_map(|n| self.life(n));
                next.extend(after.filter(|l| l.own.ever_counts()).map(|l| l.name().to_owned()));
                names.push(name);
            }
        }
        names.iter().filter_map(|n| self.life(n)).collect()
    }

    /// The agreement of this name and every one whose place it took.
    pub(super) fn ancestors(&self, name: &str) -> Vec<&Life<'a>> {
        let (mut found, mut seen) = (vec![], BTreeSet::new());
        let mut next = self.life(name);
        while let Some(life) = next.filter(|l| seen.insert(l.name().to_owned())) {
            found.push(life);
            next = life.replaces.as_deref().and_then(|r| self.life(r));
        }
        found
    }

    /// What the agreement of this name permits at `at`: its newest amendment in force says it all; of several that open at once, the one that was
    /// signed last; of several that were signed at once, the strictest. One that only one party has signed may narrow it; one that opens after a
    /// termination was recorded cannot widen it.
    #[must_use]
    pub fn terms(&self, root: &Life<'_>, at: Timestamp) -> Terms {
        let mut terms = Terms::of(&root.baa.spec);
        let frozen = root.notice().map(|n| n.given).filter(|given| *given <= at);
        let (mut whole, mut half) = (vec![], vec![]);
        for amendment in self.amendments(root.name()) {
            match amendment.own.opens {
                Some(opens) if opens <= at && amendment.own.ever_counts() => {
                    whole.push(((opens, amendment.own.executed), amendment));
                }
                _ if amendment.narrows(at) => half.push(amendment),
                _ => {}
            }
        }
        whole.sort_by_key(|(since, amendment)| (*since, amendment.name()));
        let mut before = None;
        for (since, amendment) in whole {
            let said = Terms::of(&amendment.baa.spec);
            let narrows = frozen.is_some_and(|given| since.0 > given) || before == Some(since);
            terms = if narrows { terms.strictest(&said) } else { said };
            before = Some(since);
        }
        half.into_iter().fold(terms, |terms, amendment| terms.strictest(&Terms::of(&amendment.baa.spec)))
    }

    /// Every moment at which something about the agreement of this name changes; an amendment that nobody has signed changes nothing.
    pub(super) fn moments(&self, root: &Life<'_>) -> BTreeSet<Timestamp> {
        let own = root.moments();
        let bears = |l: &&Life<'_>| l.own.ever_counts() || l.narrows_from().is_some();
        self.amendments(root.name()).filter(bears).flat_map(Life::moments).chain(own).collect()
    }

    /// The agreements above this one that it names, and from when on it does.
    pub(super) fn upstream(&self, root: &Life<'_>) -> Vec<(String, Option<Timestamp>)> {
        let named = |baa: &BAA| baa.spec.upstream.iter().flatten().map(|u| u.baa_ref.name.clone()).collect::<Vec<_>>();
        let mut found: Vec<_> = named(root.baa).into_iter().map(|n| (n, None)).collect();
        for amendment in self.amendments(root.name()).filter(|a| a.own.ever_counts()) {
            found.extend(named(amendment.baa).into_iter().map(|n| (n, amendment.own.opens)));
        }
        found
    }

    /// The agreement that this one amends at last, or is.
    fn root_of(&self, name: &str) -> Option<String> {
        match &self.lives.get(name)?.place {
            Place::Root => Some(name.to_owned()),
            Place::Amends(root) => Some(root.clone()),
            Place::Adrift(_) => None,
        }
    }

    /// Which BAA amends which agreement.
    fn place(&mut self) {
        let places: Vec<_> = self.lives.values().map(|l| self.placed(l.baa)).collect();
        for ((name, life), place) in self.lives.iter_mut().zip(places) {
            if let Place::Amends(root) = &place {
                self.amended_by.entry(root.clone()).or_default().push(name);
            }
            if let Place::Adrift(why) = &place {
                life.findings.push(format!("spec.amendsRef has no effect: {why}"));
            }
            life.place = place;
        }
    }

    fn placed(&self, baa: &BAA) -> Place {
        let (mut seen, mut at) = (BTreeSet::from([baa.name_any()]), baa);
        while let Some(NameRef { name }) = &at.spec.amends_ref {
            let Some(target) = self.lives.get(name.as_str()) else {
                return Place::Adrift(format!("BAA {name} does not exist; create it, or amend another"));
            };
            if !same_parties(baa, target.baa) {
                return Place::Adrift(format!("BAA {name} is between other parties; amend one of the same two"));
            }
            if !seen.insert(name.clone()) {
                return Place::Adrift(format!("BAA {name} leads back to this one; amend the first agreement"));
            }
            at = target.baa;
        }
        if at.name_any() == baa.name_any() { Place::Root } else { Place::Amends(at.name_any()) }
    }

    /// Whose place each agreement takes, and which one took its own.
    fn succeed(&mut self) {
        let mut replaces: BTreeMap<String, Result<String, String>> = BTreeMap::new();
        for life in self.lives.values().filter(|l| l.place == Place::Root) {
            let Some(NameRef { name }) = &life.baa.spec.supersedes_ref else { continue };
            let found = match (self.lives.get(name.as_str()), self.root_of(name)) {
                (None, _) => Err(format!("BAA {name} does not exist; it may have been given another name")),
                (Some(target), _) if !same_parties(life.baa, target.baa) => {
                    Err(format!("BAA {name} is between other parties; supersede one of the same two"))
                }
                (_, Some(root)) if root != life.name() => Ok(root),
                _ => Err(format!("BAA {name} is no agreement of its own; name the one that it amends")),
            };
            replaces.insert(life.name().to_owned(), found);
        }
        let mut successors: BTreeMap<String, (Timestamp, String)> = BTreeMap::new();
        for (name, root) in &replaces {
            let own = &self.lives[name.as_str()].own;
            if let (Ok(root), Some(opens), true) = (root, own.opens, own.ever_counts()) {
                let new = (opens, name.clone());
                let first = successors.entry(root.clone()).or_insert_with(|| new.clone());
                *first = new.min(first.clone());
            }
        }
        for (name, life) in &mut self.lives {
            match replaces.remove(*name) {
                Some(Ok(root)) => {
                    self.replaced_by.entry(root.clone()).or_default().push(name);
                    life.replaces = Some(root);
                }
                Some(Err(why)) => life.findings.push(format!("spec.supersedesRef has no effect: {why}")),
                None => {}
            }
            life.successor = successors.remove(life.name());
        }
    }

    /// When each agreement is over, and by what. Where two things end it at once, the successor is named, then the termination.
    fn end(&mut self) {
        let mut ends: BTreeMap<String, (Timestamp, Ended)> = BTreeMap::new();
        for root in self.lives.values().filter(|l| l.place == Place::Root) {
            let parts = || self.amendments(root.name()).filter(|a| a.own.ever_counts()).chain([root]);
            let notice = parts().filter_map(|part| part.own.notice).reduce(Notice::and);
            let notice = notice.map(|n| (n.effective, Ended::Terminated(n)));
            let expires = parts().filter_map(|part| part.own.expires).map(|t| (t, Ended::Expired));
            let successor = root.successor.as_ref().map(|(opens, _)| (*opens, Ended::Superseded));
            let first = expires.chain(notice).chain(successor).min();
            ends.extend(first.map(|end| (root.name().to_owned(), end)));
        }
        for life in self.lives.values_mut() {
            let own = |life: &Life<'_>| {
                let notice = life.own.notice.map(|n| (n.effective, Ended::Terminated(n)));
                life.own.expires.map(|t| (t, Ended::Expired)).into_iter().chain(notice).min()
            };
            life.end = match &life.place {
                Place::Root => ends.get(life.name()).copied(),
                Place::Amends(root) => own(life).into_iter().chain(ends.get(root).copied()).min(),
                Place::Adrift(_) => own(life),
            };
        }
    }

    /// From when on each agreement has gone on without a gap, and the gaps.
    fn join(&mut self) {
        let joined: Vec<_> = self.lives.values().map(|l| (self.since(l), self.gap(l))).collect();
        for (life, (since, gap)) in self.lives.values_mut().zip(joined) {
            life.since = since;
            life.gap = gap;
        }
    }

    fn since(&self, life: &Life<'_>) -> Option<Timestamp> {
        let line = self.ancestors(life.name());
        let joins =
            |pair: &&[&Life<'_>]| pair[1].counts() && pair[1].closes().is_some_and(|c| Some(c) == pair[0].own.opens);
        let unbroken = line.windows(2).take_while(joins).count();
        line.get(unbroken).and_then(|l| l.own.opens)
    }

    /// Between the end of the agreement whose place this one takes and its opening; or, of one that was signed after its effective time,
    /// from then until it was signed.
    fn gap(&self, life: &Life<'_>) -> Option<(Timestamp, Timestamp)> {
        let opens = life.own.opens.filter(|_| life.counts())?;
        let before = life.replaces.as_deref().and_then(|r| self.life(r)).filter(|p| p.counts());
        let from = match before {
            Some(before) => before.closes()?,
            None => life.baa.spec.term.effective_time.0,
        };
        (from < opens).then_some((from, opens))
    }
}

fn same_parties(a: &BAA, b: &BAA) -> bool {
    let (a, b) = (&a.spec, &b.spec);
    a.disclosing.party == b.disclosing.party
        && a.receiving.party == b.receiving.party
        && a.disclosing.role == b.disclosing.role
}
