//! What hands information to a vendor, a feature or an integration: open while an agreement with the vendor names the service, and every covered
//! entity's agreements permit the use, the subcontractor and the place (C2, C5, C6).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    book::Book,
    entity::State,
    life::{Life, Place},
    terms::{Terms, strictest_of},
    upstream::Attested,
};
use crate::api::{Offshoring, PartyRole, PermittedUse, PhiCategory, Subcontracting, VendorFeature, conditions::Reason};

/// Where information stays that may not leave the country.
const HOME: &str = "US";

/// Something that hands information to a vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosure {
    /// The flag of a feature, or the name of an integration.
    pub name: String,
    /// Party id of the vendor.
    pub vendor: String,
    /// The service that its agreement must name.
    pub service: String,
    /// The use that every agreement must permit.
    pub r#use: PermittedUse,
    /// The categories that are handed over; `None`: any that is kept.
    pub categories: Option<BTreeSet<PhiCategory>>,
    /// Under which agreement with the vendor.
    pub cover: CoveredBy,
}

/// Under which agreement with the vendor something is handed over.
#[derive(Clone, Debug, PartialEq)]
pub enum CoveredBy {
    /// Any of the platform's: the vendor is its subcontractor.
    Platform,
    /// The BAA of this name, or one that took its place: of the platform, or of the tenant's one covered entity, with the vendor.
    Named(String),
    /// The customer's own, which is attested.
    Attested(Attested),
    /// None is needed: the data identifies nobody (45 CFR 164.514(b)).
    NotNeeded,
    /// There is none.
    Nothing,
}

/// A disclosure at `now`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureVerdict {
    /// The flag of a feature, or the name of an integration.
    pub flag: String,
    /// Whether it is on.
    pub open: bool,
    /// When it goes off, if it is on and does.
    pub closes: Option<Timestamp>,
    /// Why it is off, or that it is on.
    pub reason: Reason,
    /// Why it is off and what to do; when it is on, whom to tell, if an agreement asks for that.
    pub message: String,
}

impl From<&VendorFeature> for Disclosure {
    fn from(feature: &VendorFeature) -> Self {
        Self {
            name: feature.flag.clone(),
            vendor: feature.vendor.clone(),
            service: feature.service.clone(),
            r#use: feature.r#use,
            categories: needs(&feature.flag),
            cover: CoveredBy::Platform,
        }
    }
}

/// The categories that a feature hands to its vendor. Of a feature that is not known here it may be any that is kept.
fn needs(flag: &str) -> Option<BTreeSet<PhiCategory>> {
    match flag {
        "voicemail.transcription.allowed" => Some([PhiCategory::Recording, PhiCategory::Transcript].into()),
        "transcript.ai-summary.allowed" => Some([PhiCategory::Transcript].into()),
        _ => None,
    }
}

/// Why something is closed, in a word and in words.
type Closed = (Reason, String);

/// The agreements with the vendor that may cover something, and whether the vendor is the platform's subcontractor under them.
pub(super) struct Ground<'b, 'a> {
    lives: Result<Vec<&'b Life<'a>>, Closed>,
    subcontractor: bool,
}

impl<'b, 'a> Ground<'b, 'a> {
    /// The agreements of `disclosure`, of `platform` or of the one of `parties`.
    pub fn of(book: &'b Book<'a>, platform: &str, parties: &[String], disclosure: &Disclosure) -> Self {
        let vendor = disclosure.vendor.as_str();
        match &disclosure.cover {
            CoveredBy::Platform => {
                let own = book.lives().filter(|l| l.place == Place::Root && joins(l, platform, vendor));
                Self { lives: Ok(own.collect()), subcontractor: true }
            }
            CoveredBy::Named(name) => {
                let line = named(book, platform, parties, (name, vendor));
                let subcontractor = line.as_ref().is_ok_and(|l| l.iter().any(|l| joins(l, platform, vendor)));
                Self { lives: line, subcontractor }
            }
            CoveredBy::Attested(_) | CoveredBy::NotNeeded | CoveredBy::Nothing => {
                Self { lives: Ok(vec![]), subcontractor: false }
            }
        }
    }

    /// Every moment at which something about them changes; what nobody has signed changes nothing.
    pub fn moments(&self, book: &Book<'_>, disclosure: &Disclosure) -> BTreeSet<Timestamp> {
        let lives = self.lives.iter().flatten().filter(|l| l.counts());
        let attested = match &disclosure.cover {
            CoveredBy::Attested(attested) => attested.spans.as_slice(),
            _ => &[],
        };
        let spans = attested.iter().flat_map(|(from, until)| [*from, *until]);
        lives.flat_map(|l| book.moments(l)).chain(spans).collect()
    }
}

fn joins(life: &Life<'_>, from: &str, vendor: &str) -> bool {
    life.baa.spec.disclosing.party == from && life.baa.spec.receiving.party == vendor
}

/// The BAA of this name and those that took its place, when they join this platform, or this tenant, to this vendor.
fn named<'b, 'a>(
    book: &'b Book<'a>,
    platform: &str,
    parties: &[String],
    (name, vendor): (&str, &str),
) -> Result<Vec<&'b Life<'a>>, Closed> {
    let Some(life) = book.life(name) else {
        let what = format!("BAA {name} (spec.cover.baaRef) does not exist; create and sign it, or name another");
        return Err((Reason::CoverMissing, what));
    };
    let disclosing = &life.baa.spec.disclosing;
    let of_entity = parties.iter().any(|p| joins(life, p, vendor)) && disclosing.role == PartyRole::CoveredEntity;
    if !of_entity && !joins(life, platform, vendor) {
        let what = format!(
            "BAA {name} (spec.cover.baaRef) joins neither the platform nor this tenant to {vendor}; name one that does"
        );
        return Err((Reason::CoverForeign, what));
    }
    if of_entity && parties.len() > 1 {
        let what = format!(
            "BAA {name} (spec.cover.baaRef) is of {} alone, and the plan has other covered entities, too; name one of the platform's",
            disclosing.party
        );
        return Err((Reason::CoverForeign, what));
    }
    Ok(book.line(name))
}

/// Whether `disclosure` may be at `at`, given how each covered entity of the plan stands then; else why not.
pub(super) fn judge(
    book: &Book<'_>,
    disclosure: &Disclosure,
    ground: &Ground<'_, '_>,
    entities: &[(&str, &State)],
    at: Timestamp,
) -> Result<String, Closed> {
    let Disclosure { name, vendor, .. } = disclosure;
    let theirs = theirs(book, disclosure, ground, at)?;
    let mut tell = BTreeSet::new();
    for (party, state) in entities {
        let Some(ours) = &state.terms else {
            return Err((Reason::NoAgreement, format!("{party} is closed: see its agreements")));
        };
        permits(disclosure, party, ours, &theirs, ground.subcontractor)?;
        // Of two agreements with the vendor the older one says since when: nothing opens anew after a notice.
        if state.frozen.is_some_and(|given| theirs.since.is_none_or(|since| since > given)) {
            let what = format!("an agreement of {party} ends by notice: nothing opens anew; make a new BAA");
            return Err((Reason::LooseningFrozen, what));
        }
        if ground.subcontractor && ours.subcontracting == Subcontracting::Notice {
            tell.insert(*party);
        }
    }
    if entities.is_empty() {
        return Err((Reason::NoAgreement, format!("{name} needs a covered entity; name one")));
    }
    let tell: Vec<_> = tell.into_iter().collect();
    let told = format!("{} must be told of {vendor} (spec.restrictions.subcontracting: Notice)", tell.join(", "));
    Ok(if tell.is_empty() { String::new() } else { told })
}

/// What the vendor may do, and where, by the agreements with it that name the service.
struct Theirs {
    /// `None`: the agreement is attested, or none is needed; nothing more is known.
    terms: Option<Terms>,
    /// Whether it may handle the information abroad; unknown counts as abroad.
    away: bool,
    since: Option<Timestamp>,
}

fn theirs(book: &Book<'_>, disclosure: &Disclosure, ground: &Ground<'_, '_>, at: Timestamp) -> Result<Theirs, Closed> {
    let Disclosure { vendor, service, r#use, .. } = disclosure;
    match &disclosure.cover {
        CoveredBy::NotNeeded => return Ok(Theirs { terms: None, away: false, since: Some(Timestamp::MIN) }),
        CoveredBy::Nothing => {
            let what = format!("no agreement with {vendor} is given (spec.cover): give one to send more than links");
            return Err((Reason::NoCover, what));
        }
        CoveredBy::Attested(attested) => {
            return match attested.at(at) {
                Some((since, _)) => Ok(Theirs { terms: None, away: true, since: Some(since) }),
                None => {
                    let what = format!(
                        "nobody attests the customer's own agreement with {vendor}: let a person do it (ringfence attest-cover)"
                    );
                    Err((Reason::CoverNotAttested, what))
                }
            };
        }
        CoveredBy::Platform | CoveredBy::Named(_) => {}
    }
    let lives = ground.lives.as_ref().map_err(Clone::clone)?;
    let in_force = lives.iter().filter(|l| l.in_force(at)).map(|l| (*l, book.terms(l, at)));
    let naming: Vec<_> = in_force.filter(|(_, terms)| terms.services.contains(service)).collect();
    let Some(terms) = strictest_of(naming.iter().map(|(_, terms)| terms.clone())) else {
        let what = format!("no BAA with {vendor} that names the service {service} is in force; sign one");
        return Err((Reason::VendorNotCovered, what));
    };
    if !terms.uses.contains(r#use) {
        let what = format!("the BAA with {vendor} does not list {use:?} in spec.permittedUses; amend it");
        return Err((Reason::UseNotPermitted, what));
    }
    let away = naming.iter().any(|(l, _)| l.baa.spec.receiving.location.as_deref() != Some(HOME));
    Ok(Theirs { terms: Some(terms), away, since: naming.iter().filter_map(|(l, _)| l.since).min() })
}

/// Whether the terms of an entity and of the vendor permit it.
fn permits(
    disclosure: &Disclosure,
    party: &str,
    ours: &Terms,
    theirs: &Theirs,
    subcontractor: bool,
) -> Result<(), Closed> {
    let Disclosure { vendor, r#use, categories, cover, .. } = disclosure;
    if *cover == CoveredBy::NotNeeded {
        return Ok(());
    }
    if !ours.uses.contains(r#use) {
        let what = format!("an agreement of {party} does not list {use:?} in spec.permittedUses; amend it");
        return Err((Reason::UseNotPermitted, what));
    }
    if subcontractor && ours.subcontracting >= Subcontracting::Consent {
        let what = format!(
            "an agreement of {party} says {:?} of subcontractors (spec.restrictions.subcontracting) and so closes {vendor}; amend it once {party} agrees",
            ours.subcontracting
        );
        return Err((Reason::SubcontractingDenied, what));
    }
    let needed = categories.as_ref().unwrap_or(&ours.categories);
    for (terms, who) in [(Some(ours), party), (theirs.terms.as_ref(), vendor.as_str())] {
        let Some(terms) = terms else { continue };
        let lacks: Vec<_> = needed.difference(&terms.categories).map(|c| c.as_str()).collect();
        if !lacks.is_empty() {
            let what = format!(
                "an agreement with {who} does not name {} in spec.scope.phiCategories; amend it",
                lacks.join(", ")
            );
            return Err((Reason::CategoryNotCovered, what));
        }
    }
    if ours.offshoring == Offshoring::Deny && theirs.away {
        let what = format!(
            "an agreement of {party} keeps its information in the country, and no BAA with {vendor} says that spec.receiving.location is {HOME}; use another vendor, or amend it"
        );
        return Err((Reason::OffshoringDenied, what));
    }
    Ok(())
}
