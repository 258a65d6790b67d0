//! The life of one agreement: who has signed, from when until when it counts (45 CFR 164.504(e), 164.308(b)).

use jiff::Timestamp;
use kube::ResourceExt;

use crate::api::{Act, Attestation, BAA, BAAPhase, SignatureStatus, SubjectKind};

/// What is known of one agreement at `now`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// The state in one word.
    pub phase: BAAPhase,
    /// The signatures that count.
    pub signatures: Vec<SignatureStatus>,
    /// From when it counts; `None` until both parties have signed.
    pub opens: Option<Timestamp>,
    /// Until when it counts; `None` if nothing ends it.
    pub closes: Option<Timestamp>,
    /// Whether the end is a termination, not the end of the term.
    pub terminated: bool,
    /// What is missing, in words; empty when both parties have signed.
    pub missing: String,
    /// Attestations about this agreement that do not count, and why.
    pub ignored: Vec<String>,
}

impl Lifecycle {
    /// Whether it counts at `now`: never before it opens, never from its end on.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.opens.is_some_and(|t| t <= now) && self.closes.is_none_or(|t| now < t)
    }

    /// Whether it has counted at any moment up to `now`.
    #[must_use]
    pub fn was_in_force(&self, now: Timestamp) -> bool {
        self.opens.is_some_and(|o| o <= now && self.closes.is_none_or(|c| o < c))
    }

    /// The next moment at which the answer changes.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        [self.opens, self.closes].into_iter().flatten().filter(|t| *t > now).min()
    }
}

/// One signature that fits the agreement.
struct Signature<'a> {
    party: &'a str,
    by: &'a str,
    envelope: &'a str,
    name: String,
    uid: String,
    created: Timestamp,
}

/// Whether `act` takes back the act of this UID, by the same person.
pub(super) fn takes_back(act: &Attestation, uid: &str, by: &str) -> bool {
    act.spec.act == Act::Withdraw && act.spec.subject_ref.uid == uid && act.spec.by == by
}

/// Reads the life of `baa` out of the acts about it. Acts about other objects are passed over.
#[must_use]
pub fn lifecycle(baa: &BAA, acts: &[&Attestation], now: Timestamp) -> Lifecycle {
    let about: Vec<_> = acts.iter().copied().filter(|a| is_about(a, baa)).collect();
    let mut ignored = vec![];
    let mut signatures = signatures(baa, &about, &mut ignored);
    let (disclosing, receiving) = (baa.spec.disclosing.party.as_str(), baa.spec.receiving.party.as_str());
    // A signature that its recorder took back before both had signed does not count; after that nothing takes it back.
    let all = executed_at(&signatures, disclosing, receiving);
    signatures.retain(|s| {
        let back = acts.iter().filter(|w| takes_back(w, &s.uid, s.by)).filter_map(|w| created(w)).min();
        let counts = back.is_none_or(|b| all.is_some_and(|a| a <= b));
        if !counts {
            ignored.push(format!("Attestation {} does not count: it was withdrawn", s.name));
        }
        counts
    });
    let executed = executed_at(&signatures, disclosing, receiving);
    let opens = executed.map(|t| t.max(baa.spec.term.effective_time.0));
    let terminated = about.iter().filter_map(|a| termination(a, baa, &mut ignored)).min();
    ignored.sort();
    let expires = baa.spec.term.expiration_time.as_ref().map(|t| t.0);
    let closes = [expires, terminated].into_iter().flatten().min();
    let by_termination = terminated.is_some() && closes == terminated;
    let phase = match (opens, closes) {
        (_, Some(c)) if c <= now && by_termination => BAAPhase::Terminated,
        (_, Some(c)) if c <= now => BAAPhase::Expired,
        (None, _) if signatures.is_empty() => BAAPhase::Draft,
        (None, _) => BAAPhase::PartiallySigned,
        (Some(o), _) if o > now => BAAPhase::Executed,
        _ if by_termination => BAAPhase::Terminating,
        _ => BAAPhase::Active,
    };
    Lifecycle {
        phase,
        missing: missing(&signatures, disclosing, receiving, executed.is_some()),
        signatures: signatures
            .into_iter()
            .map(|s| SignatureStatus { party: s.party.into(), recorded_by: s.by.into(), attestation: s.name })
            .collect(),
        opens,
        closes,
        terminated: by_termination,
        ignored,
    }
}

fn is_about(act: &Attestation, baa: &BAA) -> bool {
    act.spec.subject_ref.kind == SubjectKind::BAA && act.spec.subject_ref.name == baa.name_any()
}

/// When the API server stored the act; an act that was never stored counts for nothing.
fn created(act: &Attestation) -> Option<Timestamp> {
    act.metadata.creation_timestamp.as_ref().map(|t| t.0)
}

fn signatures<'a>(baa: &'a BAA, about: &[&'a Attestation], ignored: &mut Vec<String>) -> Vec<Signature<'a>> {
    let mut found: Vec<Signature<'a>> = vec![];
    for act in about.iter().filter(|a| a.spec.act == Act::Sign) {
        match signature(baa, act) {
            Ok(s) => found.push(s),
            Err(why) => ignored.push(format!("Attestation {} does not count: {why}", act.name_any())),
        }
    }
    found.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    found
}

fn signature<'a>(baa: &BAA, act: &'a Attestation) -> Result<Signature<'a>, String> {
    let spec = &act.spec;
    if Some(&spec.subject_ref.uid) != baa.metadata.uid.as_ref() {
        return Err("spec.subjectRef.uid is not this BAA's metadata.uid; sign anew with the right one".into());
    }
    if spec.text_sha256.as_deref() != Some(baa.spec.document.sha256.as_str()) {
        return Err("spec.textSHA256 is not the BAA's spec.document.sha256; sign the text of this BAA".into());
    }
    let party = spec.on_behalf_of.as_ref().map_or("", |o| o.party.as_str());
    if party != baa.spec.disclosing.party && party != baa.spec.receiving.party {
        return Err("spec.onBehalfOf.party is neither party of this BAA; name one of them".into());
    }
    let evidence = spec.evidence.as_ref().ok_or("spec.evidence is missing; sign anew with it")?;
    let created = created(act).ok_or("metadata.creationTimestamp is missing")?;
    Ok(Signature {
        party,
        by: &spec.by,
        envelope: &evidence.envelope_id,
        name: act.name_any(),
        uid: act.uid().unwrap_or_default(),
        created,
    })
}

/// The earliest moment at which both parties had signed: two recorders, or one envelope that covers both.
fn executed_at(signatures: &[Signature<'_>], disclosing: &str, receiving: &str) -> Option<Timestamp> {
    let of = |party| signatures.iter().filter(move |s: &&Signature<'_>| s.party == party);
    of(disclosing)
        .flat_map(|d| of(receiving).map(move |r| (d, r)))
        .filter(|(d, r)| d.by != r.by || d.envelope == r.envelope)
        .map(|(d, r)| d.created.max(r.created))
        .min()
}

fn missing(signatures: &[Signature<'_>], disclosing: &str, receiving: &str, executed: bool) -> String {
    let absent: Vec<_> =
        [disclosing, receiving].into_iter().filter(|p| !signatures.iter().any(|s| s.party == *p)).collect();
    match absent.as_slice() {
        [] if executed => String::new(),
        [] => "both signatures were recorded by one person under two envelopes; let another signer record one".into(),
        parties => format!("the signature of {}; record an Attestation of act Sign", parties.join(" and of ")),
    }
}

/// When a termination by a party takes effect; a past moment means the moment of the act. The UID must be this BAA's.
fn termination(act: &Attestation, baa: &BAA, ignored: &mut Vec<String>) -> Option<Timestamp> {
    if act.spec.act != Act::Terminate {
        return None;
    }
    let party = act.spec.on_behalf_of.as_ref().map_or("", |o| o.party.as_str());
    let reason = if Some(&act.spec.subject_ref.uid) != baa.metadata.uid.as_ref() {
        "spec.subjectRef.uid is not this BAA's metadata.uid; terminate anew with the right one"
    } else if party != baa.spec.disclosing.party && party != baa.spec.receiving.party {
        "spec.onBehalfOf.party is neither party of this BAA; name one of them"
    } else {
        let created = created(act)?;
        return Some(act.spec.effective_time.as_ref().map_or(created, |t| t.0.max(created)));
    };
    ignored.push(format!("Attestation {} does not count: {reason}", act.name_any()));
    None
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
