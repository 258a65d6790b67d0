//! An act that is ready to be shown and recorded.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;

use super::{Error, effects::Effect};
use crate::{
    api::{Act, Attestation, AttestationSpec, BAA, SubjectKind, SubjectRef},
    explain::{Error as ReadError, Ledger, World, tree::Branch, words::party},
};

/// An act, what it is about, and what it comes to.
#[derive(Clone, Debug)]
pub struct Deed {
    /// As it will be created.
    pub act: Attestation,
    /// The name that is typed to go on.
    pub about: String,
    /// What is shown.
    pub sheet: Vec<Branch>,
    /// What the person should know before.
    pub warnings: Vec<String>,
    /// What changes by it.
    pub effects: Vec<Effect>,
    /// What is said when it is done.
    pub then: String,
}

/// The agreement of this name, and everything around it.
///
/// # Errors
/// When it is not there, or what it needs is not known.
pub fn found<'w>(world: &'w World, name: &str) -> Result<(Ledger<'w>, &'w BAA), Error> {
    let Some(ledger) = Ledger::of(world) else { return Err(Error::Unknown(world.unknown().join("; "))) };
    let baa = ledger.baas.iter().copied().find(|b| b.metadata.name.as_deref() == Some(name));
    match (baa, world.odd.iter().find(|o| o.starts_with(&format!("baas/{name} ")))) {
        (Some(baa), _) => Ok((ledger, baa)),
        (None, Some(odd)) => Err(Error::Unknown(odd.clone())),
        (None, None) => Err(ReadError::Absent { kind: "baa", name: name.into(), list: "baa" }.into()),
    }
}

/// Refuses a party that is none of the agreement's.
///
/// # Errors
/// When it is neither.
pub fn is_party(baa: &BAA, name: &str) -> Result<(), Error> {
    let (a, b) = (&baa.spec.disclosing, &baa.spec.receiving);
    if [a, b].iter().any(|p| p.party == name) {
        return Ok(());
    }
    let baa = baa.metadata.name.as_deref().unwrap_or_default();
    Err(Error::flag(format!(
        "--for {name} is neither party of BAA {baa}; give --for {} ({}) or --for {} ({})",
        a.party, a.legal_name, b.party, b.legal_name
    )))
}

/// Longest beginning of a generated name that the API server keeps whole.
const MOST_PREFIX: usize = 58;

/// An act about `subject`, in the name of `by`, with nothing else in it.
#[must_use]
pub fn act<K: Resource<DynamicType = ()>>(act: Act, kind: SubjectKind, subject: &K, by: &str) -> Attestation {
    let meta = subject.meta();
    let (name, uid) = (meta.name.clone().unwrap_or_default(), meta.uid.clone().unwrap_or_default());
    let namespace = meta.namespace.clone().filter(|_| kind == SubjectKind::Integration);
    let prefix = prefix(act, &namespace.iter().chain([&name]).cloned().collect::<Vec<_>>().join("-"));
    let mut made = Attestation::new(
        "",
        AttestationSpec {
            act,
            subject_ref: SubjectRef { kind, name, namespace, uid },
            setting: None,
            by: by.into(),
            on_behalf_of: None,
            text_sha256: None,
            evidence: None,
            covered_entity: None,
            capacity: None,
            effective_time: None,
            expiration_time: None,
        },
    );
    made.metadata.name = None;
    made.metadata.generate_name = Some(prefix);
    made
}

/// The beginning of the act's name: what it is about, as far as there is room, and what is done.
fn prefix(act: Act, subject: &str) -> String {
    let verb = match act {
        Act::Sign => "sign",
        Act::Terminate => "terminate",
        Act::Withdraw => "withdraw",
        Act::AttestUpstream => "attest-upstream",
        Act::AttestCover => "attest-cover",
        Act::Acknowledge => "acknowledge",
        Act::AcceptRisk => "accept-risk",
        Act::AttestControl => "attest-control",
        Act::RequestDestruction => "request-destruction",
        Act::ApproveDestruction => "approve-destruction",
    };
    let room = MOST_PREFIX - verb.len() - 2;
    let subject: String = subject.chars().take(room).collect();
    format!("{}-{verb}-", subject.trim_end_matches(['-', '.']))
}

/// What an act is about, as people name it.
#[must_use]
pub fn subject(of: &SubjectRef) -> String {
    of.namespace.as_ref().map_or_else(|| of.name.clone(), |namespace| format!("{namespace}/{}", of.name))
}

/// The act as it would be if it were recorded now.
#[must_use]
pub fn recorded(act: &Attestation, world: &World) -> Attestation {
    recorded_at(act, world.now)
}

/// The act as it would be if it were recorded at `now`.
#[must_use]
pub fn recorded_at(act: &Attestation, now: Timestamp) -> Attestation {
    let mut act = act.clone();
    act.metadata.name = Some("this-act".into());
    act.metadata.uid = Some("this-act".into());
    act.metadata.creation_timestamp = Some(Time(now));
    act
}

/// Both parties of an agreement.
#[must_use]
pub fn parties(baa: &BAA) -> Branch {
    Branch::list("Parties", &[party(&baa.spec.disclosing), party(&baa.spec.receiving)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_act_tells_what_was_done_however_long_the_subjects_is() {
        assert_eq!(prefix(Act::Acknowledge, "acme-dental-crm"), "acme-dental-crm-acknowledge-");
        assert_eq!(prefix(Act::AttestCover, "acme-dental-crm"), "acme-dental-crm-attest-cover-");
        assert_eq!(prefix(Act::AcceptRisk, "acme-dental"), "acme-dental-accept-risk-");
        let long = prefix(Act::ApproveDestruction, &"a.b-".repeat(60));
        assert!(long.len() <= MOST_PREFIX && long.ends_with("a-approve-destruction-"), "{long}");
    }
}
