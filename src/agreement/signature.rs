//! Which signatures count, and when both parties had signed (15 U.S.C. 7001; 45 CFR 164.504(e)).

use jiff::Timestamp;
use kube::ResourceExt;

use super::acts::{Acts, created};
use crate::api::{Act, Attestation, BAA, SignatureStatus};

/// One signature that fits the agreement.
pub(super) struct Signature<'a> {
    pub name: String,
    pub created: Timestamp,
    /// When it was taken back, if it was.
    pub back: Option<Timestamp>,
    party: &'a str,
    by: &'a str,
    /// The service, the envelope and its certificate: one envelope has one of each.
    envelope: (&'a str, &'a str, &'a str),
}

impl Signature<'_> {
    /// As status shows it.
    pub fn shown(&self) -> SignatureStatus {
        SignatureStatus { party: self.party.into(), recorded_by: self.by.into(), attestation: self.name.clone() }
    }
}

/// The signatures that fit, in order of time; what does not fit is named in `ignored`.
pub(super) fn signatures<'a>(baa: &BAA, acts: &Acts<'a>, ignored: &mut Vec<String>) -> Vec<Signature<'a>> {
    let mut found: Vec<Signature<'_>> = vec![];
    for act in acts.about(baa).filter(|a| a.spec.act == Act::Sign) {
        match signature(baa, act) {
            Ok(s) => found.push(Signature { back: acts.taken_back(act), ..s }),
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
    let envelope = (evidence.provider.as_str(), evidence.envelope_id.as_str(), evidence.certificate_sha256.as_str());
    Ok(Signature { name: act.name_any(), created, back: None, party, by: &spec.by, envelope })
}

/// The earliest moment at which both parties had signed and neither had taken it back: two recorders, or one envelope that covers both.
/// What was taken back in the same second does not count: the API server's clock does not say which came first.
pub(super) fn executed_at(signatures: &[Signature<'_>], disclosing: &str, receiving: &str) -> Option<Timestamp> {
    let of = |party| signatures.iter().filter(move |s: &&Signature<'_>| s.party == party);
    of(disclosing)
        .flat_map(|d| of(receiving).map(move |r| (d, r)))
        .filter(|(d, r)| d.by != r.by || d.envelope == r.envelope)
        .map(|(d, r)| (d.created.max(r.created), [d.back, r.back]))
        .filter(|(both, back)| back.iter().flatten().all(|back| both < back))
        .map(|(both, _)| both)
        .min()
}

/// What is missing, in words.
pub(super) fn missing(signatures: &[Signature<'_>], disclosing: &str, receiving: &str, executed: bool) -> String {
    let absent: Vec<_> =
        [disclosing, receiving].into_iter().filter(|p| !signatures.iter().any(|s| s.party == *p)).collect();
    match absent.as_slice() {
        [] if executed => String::new(),
        [] => "both signatures were recorded by one person under two envelopes; let another signer record one".into(),
        parties => format!("the signature of {}; record an Attestation of act Sign", parties.join(" and of ")),
    }
}
