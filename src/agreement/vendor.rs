//! Features that hand information to a vendor: on while the platform's agreement with the vendor names the service, and every covered entity's
//! agreements permit the use, the subcontractor and the place (C2, C5, C6).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    book::Book,
    entity::State,
    life::{Life, Place},
    terms::{Terms, strictest_of},
};
use crate::api::{Offshoring, PhiCategory, Subcontracting, VendorFeature, conditions::Reason};

/// Where information stays that may not leave the country.
const HOME: &str = "US";

/// A feature at `now`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureVerdict {
    /// The flag.
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

/// The categories that a feature hands to its vendor. Of a feature that is not known here it may be any that is kept.
pub(super) fn needs(flag: &str) -> Option<BTreeSet<PhiCategory>> {
    match flag {
        "voicemail.transcription.allowed" => Some([PhiCategory::Recording, PhiCategory::Transcript].into()),
        "transcript.ai-summary.allowed" => Some([PhiCategory::Transcript].into()),
        _ => None,
    }
}

/// The agreements of the platform with the vendor of `feature`.
pub(super) fn agreements<'b, 'a>(book: &'b Book<'a>, platform: &str, vendor: &str) -> Vec<&'b Life<'a>> {
    let with = |l: &&Life<'_>| {
        let spec = &l.baa.spec;
        l.place == Place::Root && spec.disclosing.party == platform && spec.receiving.party == vendor
    };
    book.lives().filter(with).collect()
}

/// Whether `feature` is on at `at`, given how each covered entity of the plan stands then; else why not.
pub(super) fn judge(
    book: &Book<'_>,
    feature: &VendorFeature,
    vendors: &[&Life<'_>],
    entities: &[(&str, &State)],
    at: Timestamp,
) -> Result<String, (Reason, String)> {
    let VendorFeature { vendor, service, r#use, flag } = feature;
    let in_force = vendors.iter().filter(|l| l.in_force(at)).map(|l| (*l, book.terms(l, at)));
    let naming: Vec<_> = in_force.filter(|(_, terms)| terms.services.contains(service)).collect();
    let Some(theirs) = strictest_of(naming.iter().map(|(_, terms)| terms.clone())) else {
        let what = format!("no BAA with {vendor} that names the service {service} is in force; sign one");
        return Err((Reason::VendorNotCovered, what));
    };
    if !theirs.uses.contains(r#use) {
        let what = format!("the BAA with {vendor} does not list {use:?} in spec.permittedUses; amend it");
        return Err((Reason::UseNotPermitted, what));
    }
    let mut tell = BTreeSet::new();
    for (party, state) in entities {
        let Some(ours) = &state.terms else {
            return Err((Reason::NoAgreement, format!("{party} is closed: see its agreements")));
        };
        permits(feature, party, ours, &theirs)?;
        let away = naming.iter().any(|(l, _)| l.baa.spec.receiving.location.as_deref() != Some(HOME));
        if ours.offshoring == Offshoring::Deny && away {
            let what = format!(
                "an agreement of {party} keeps its information in the country, and the BAA with {vendor} does not say that spec.receiving.location is {HOME}; use another vendor, or amend it"
            );
            return Err((Reason::OffshoringDenied, what));
        }
        // Of two agreements with the vendor the older one says since when: nothing opens anew after a notice.
        let since = naming.iter().filter_map(|(l, _)| l.since).min();
        if state.frozen.is_some_and(|given| since.is_none_or(|since| since > given)) {
            let what = format!("an agreement of {party} ends by notice: nothing opens anew; make a new BAA");
            return Err((Reason::LooseningFrozen, what));
        }
        if ours.subcontracting == Subcontracting::Notice {
            tell.insert(*party);
        }
    }
    if entities.is_empty() {
        return Err((Reason::NoAgreement, format!("{flag} needs a covered entity; name one")));
    }
    let tell: Vec<_> = tell.into_iter().collect();
    let told = format!("{} must be told of {vendor} (spec.restrictions.subcontracting: Notice)", tell.join(", "));
    Ok(if tell.is_empty() { String::new() } else { told })
}

/// Whether the terms of an entity and of the vendor permit the feature.
fn permits(feature: &VendorFeature, party: &str, ours: &Terms, theirs: &Terms) -> Result<(), (Reason, String)> {
    let VendorFeature { vendor, r#use, flag, .. } = feature;
    if !ours.uses.contains(r#use) {
        let what = format!("an agreement of {party} does not list {use:?} in spec.permittedUses; amend it");
        return Err((Reason::UseNotPermitted, what));
    }
    if ours.subcontracting >= Subcontracting::Consent {
        let what = format!(
            "an agreement of {party} says {:?} of subcontractors (spec.restrictions.subcontracting) and so closes {vendor}; amend it once {party} agrees",
            ours.subcontracting
        );
        return Err((Reason::SubcontractingDenied, what));
    }
    let needed = needs(flag).unwrap_or_else(|| ours.categories.clone());
    for (terms, who) in [(ours, party), (theirs, vendor.as_str())] {
        let lacks: Vec<_> = needed.difference(&terms.categories).map(|c| c.as_str()).collect();
        if !lacks.is_empty() {
            let what = format!(
                "an agreement with {who} does not name {} in spec.scope.phiCategories; amend it",
                lacks.join(", ")
            );
            return Err((Reason::CategoryNotCovered, what));
        }
    }
    Ok(())
}
