//! One hop of a path, as it is shown: an agreement, or an attestation in its place.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ledger::Ledger,
    tree::Branch,
    words::{self, time, until},
};
use crate::{
    agreement::{self, Attested, Book, Life},
    api::{Act, Attestation, BAAPhase, SignatureStatus},
};

/// One hop.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// `BAA NAME`, or `Attestation NAME`.
    pub name: String,
    /// Whether it stands now.
    pub stands: bool,
    /// How it stands, in words.
    pub state: String,
    /// From whom to whom.
    pub parties: [String; 2],
    /// Since when, until when, in words.
    pub term: String,
    /// Since when it has stood without a gap, or when it opens; absent when nobody can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it ends or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Signatures: of which party, recorded by whom. The recorder is not the signatory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureStatus>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Hop {
    /// As a tree.
    #[must_use]
    pub fn branch(&self) -> Branch {
        let [from, to] = &self.parties;
        let parties = [format!("discloses: {from}"), format!("receives: {to}")];
        let mut under: Vec<_> = parties.into_iter().chain([self.term.clone()]).map(Branch::leaf).collect();
        let signed = |s: &SignatureStatus| {
            format!("signature of {}: recorded by {} ({})", s.party, s.recorded_by, s.attestation)
        };
        under.extend(self.signatures.iter().map(signed).map(Branch::leaf));
        under.extend(self.notes.iter().map(Branch::leaf));
        Branch::new(format!("{}: {}", self.name, self.state), under)
    }
}

/// A hop of a path.
#[must_use]
pub fn hop(ledger: &Ledger<'_>, book: &Book<'_>, hop: &agreement::Hop<'_, '_>) -> Hop {
    match hop {
        agreement::Hop::Agreement(life, from) => {
            let mut shown = agreement(ledger, book, life);
            if let Some(from) = from.filter(|from| *from > ledger.now) {
                shown.stands = false;
                shown.notes.push(format!("the agreement below names it from {} on", time(from)));
            }
            shown
        }
        agreement::Hop::Attested { entity, associate, attested } => upstream(ledger, entity, associate, attested),
    }
}

/// An agreement.
#[must_use]
pub fn agreement(ledger: &Ledger<'_>, book: &Book<'_>, life: &Life<'_>) -> Hop {
    let (now, spec) = (ledger.now, &life.baa.spec);
    Hop {
        name: format!("BAA {}", life.name()),
        stands: life.in_force(now),
        state: words::phase(life.phase(now)).into(),
        parties: [words::party(&spec.disclosing), words::party(&spec.receiving)],
        term: term(life, now),
        since: life.opens().and(life.since),
        until: life.closes(),
        signatures: life.signatures().to_vec(),
        notes: notes(ledger, book, life),
    }
}

fn term(life: &Life<'_>, now: Timestamp) -> String {
    let (since, end) = (life.since.map(time).unwrap_or_default(), until(life.closes()));
    match life.opens() {
        None => format!("meant to count from {} on, {end}", time(life.baa.spec.term.effective_time.0)),
        Some(_) if !life.counts() => "it never counts: it ends before it opens".into(),
        Some(opens) if opens > now => format!("opens on {}, {end}", time(opens)),
        Some(_) if life.in_force(now) => format!("in force since {since}, {end}"),
        Some(_) => format!("was in force from {since} {end}"),
    }
}

fn notes(ledger: &Ledger<'_>, book: &Book<'_>, life: &Life<'_>) -> Vec<String> {
    let now = ledger.now;
    let mut notes = vec![];
    if !life.missing().is_empty() {
        notes.push(words::lacks(life.missing()));
    }
    notes.extend(life.replaces.iter().map(|name| format!("takes the place of BAA {name}")));
    let amended = book.amendments(life.name());
    notes.extend(amended.map(|a| format!("amended by BAA {} ({})", a.name(), words::phase(a.phase(now)))));
    if let Some(notice) = life.notice().filter(|n| n.given <= now) {
        let told = ledger
            .termination(life)
            .map_or_else(String::new, |act| format!(", recorded by {}{}", act.spec.by, whose(act)));
        notes.push(match life.phase(now) {
            BAAPhase::Terminating => format!(
                "notice was given on {}{told}: it ends on {}; until then what is open stays open, and nothing opens anew",
                time(notice.given),
                time(notice.effective)
            ),
            _ => format!("terminated on {}{told}", time(notice.effective)),
        });
    }
    notes.extend(life.gap.map(|(from, opens)| gap(life, (from, opens), now)));
    notes.extend(life.ignored());
    notes
}

/// A time without an agreement, or one that a late signature does not cover.
fn gap(life: &Life<'_>, (from, opens): (Timestamp, Timestamp), now: Timestamp) -> String {
    let span = format!("{} until {}", time(from), time(opens));
    match (life.replaces.is_some(), from <= now) {
        (false, _) => format!("signed after it was meant to count: it does not cover {span}; see what was kept then"),
        (true, true) => {
            format!("gap: no agreement from {span}; list what was kept then and assess it as a breach (45 CFR 164.402)")
        }
        (true, false) => format!("gap: there will be no agreement from {span}"),
    }
}

fn whose(act: &Attestation) -> String {
    act.spec.on_behalf_of.as_ref().map_or_else(String::new, |o| format!(" for {}", o.party))
}

/// What a person attested in the place of an agreement that the platform need not hold.
fn upstream(ledger: &Ledger<'_>, entity: &str, associate: &str, attested: &Attested) -> Hop {
    let now = ledger.now;
    let stands = attested.at(now);
    let span = stands.or(attested.spans.last().copied());
    let (by, name) = attested.last.clone().unwrap_or_default();
    let mut notes = vec![format!("attested by {by}; the agreement itself is not shown to Ringfence")];
    notes.extend(ledger.withdrawn(&name).map(|by| format!("taken back by {by}")));
    Hop {
        name: format!("Attestation {name}"),
        stands: stands.is_some(),
        state: if stands.is_some() { "attested".into() } else { "attested no more, it has lapsed".into() },
        parties: [format!("{entity} (covered entity)"), format!("{associate} (business associate)")],
        term: match span {
            Some((from, end)) if stands.is_some() => format!("attested since {}, until {}", time(from), time(end)),
            Some((from, end)) => format!("was attested from {} until {}", time(from), time(end)),
            None => "never attested for any time".into(),
        },
        since: span.map(|(from, _)| from),
        until: span.map(|(_, end)| end),
        signatures: vec![],
        notes,
    }
}

impl Ledger<'_> {
    /// The act that ends the agreement.
    #[must_use]
    pub fn termination(&self, life: &Life<'_>) -> Option<&Attestation> {
        let notice = life.notice()?;
        let names: Vec<_> = self.family(life.name());
        self.acts.iter().copied().find(|a| {
            a.spec.act == Act::Terminate
                && names.contains(&a.spec.subject_ref.name.as_str())
                && a.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 == notice.given)
        })
    }

    /// Who took the Attestation of this name back.
    fn withdrawn(&self, name: &str) -> Option<&str> {
        let back = |a: &&&Attestation| a.spec.act == Act::Withdraw && a.spec.subject_ref.name == name;
        self.acts.iter().find(back).map(|a| a.spec.by.as_str())
    }
}
