//! Words for what agreements hold, as a person reads them.

use jiff::Timestamp;

use crate::{
    agreement::Terms,
    api::{BAAPhase, Offshoring, Party, PartyRole, RingfenceConfig, Subcontracting},
};

/// A moment, to the minute, or to the second where it has seconds.
#[must_use]
pub fn time(at: Timestamp) -> String {
    let pattern = if at.as_second() % 60 == 0 { "%Y-%m-%d %H:%M UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    at.strftime(pattern).to_string()
}

/// Until when.
#[must_use]
pub fn until(end: Option<Timestamp>) -> String {
    end.map_or_else(|| "without an end date".to_owned(), |t| format!("until {}", time(t)))
}

/// A party by its name in the text, its id and its role.
#[must_use]
pub fn party(party: &Party) -> String {
    let role = match party.role {
        PartyRole::CoveredEntity => "covered entity",
        PartyRole::BusinessAssociate => "business associate",
        PartyRole::Subcontractor => "subcontractor",
    };
    let place = party.location.as_ref().map_or_else(String::new, |l| format!(", in {l}"));
    format!("{} ({}, {role}{place})", party.legal_name, party.party)
}

/// The state of an agreement.
#[must_use]
pub const fn phase(phase: BAAPhase) -> &'static str {
    match phase {
        BAAPhase::Draft => "nobody has signed (Draft)",
        BAAPhase::PartiallySigned => "waits for a signature (PartiallySigned)",
        BAAPhase::Executed => "signed, takes effect later (Executed)",
        BAAPhase::Active => "in force (Active)",
        BAAPhase::Terminating => "in force, notice was given (Terminating)",
        BAAPhase::Expired => "over, its term has ended (Expired)",
        BAAPhase::Terminated => "over, a party ended it (Terminated)",
        BAAPhase::Superseded => "over, another took its place (Superseded)",
    }
}

/// What an agreement lacks, without what to do about it: the steps say that.
#[must_use]
pub fn lacks(missing: &str) -> String {
    let what = missing.split("; ").next().unwrap_or_default();
    if what.starts_with("the signature of") { format!("lacks {what}") } else { what.to_owned() }
}

/// What is permitted, one line each.
#[must_use]
pub fn terms(terms: &Terms) -> Vec<String> {
    let hours = |h: Option<i32>, without: &str| h.map_or_else(|| without.to_owned(), |h| format!("within {h} hours"));
    vec![
        format!("services: {}", list(terms.services.iter())),
        format!("categories that may be kept: {}", list(terms.categories.iter().map(|c| c.as_str()))),
        format!("uses: {}", list(terms.uses.iter().map(|u| format!("{u:?}")))),
        format!("subcontractors: {}", subcontracting(terms.subcontracting)),
        format!("outside the country: {}", offshoring(terms.offshoring)),
        format!("notice of a breach: {}", hours(terms.breach_notice_hours, "as the law says (at most 60 days)")),
        format!("notice of a security incident: {}", hours(terms.incident_notice_hours, "no time is set")),
    ]
}

const fn subcontracting(rule: Subcontracting) -> &'static str {
    match rule {
        Subcontracting::Allow => "allowed (Allow)",
        Subcontracting::Notice => "allowed after notice (Notice)",
        Subcontracting::Consent => "only after consent (Consent)",
        Subcontracting::Deny => "not allowed (Deny)",
    }
}

const fn offshoring(rule: Offshoring) -> &'static str {
    match rule {
        Offshoring::Allow => "allowed (Allow)",
        Offshoring::Deny => "not allowed (Deny)",
    }
}

/// Words in a row.
pub fn list<T: ToString>(words: impl Iterator<Item = T>) -> String {
    let words: Vec<_> = words.map(|w| w.to_string()).collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

/// Who may do it: the list of RingfenceConfig, and the groups that it holds.
#[must_use]
pub fn who(config: Option<&RingfenceConfig>, list: &str) -> String {
    let groups = config.and_then(|c| c.spec.groups.clone()).unwrap_or_default();
    let named = match list {
        "administrators" => groups.administrators,
        "signers" => groups.signers,
        "flippers" => groups.flippers,
        _ => groups.privacy_officers,
    };
    if named.is_empty() { format!("{list} of RingfenceConfig") } else { format!("{list} ({})", named.join(", ")) }
}
