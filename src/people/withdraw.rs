//! `ringfence withdraw`: takes an act back.

use super::{
    Error, How,
    deed::{Deed, act, recorded},
    effects::{branch, effects},
    perform::perform,
};
use crate::{
    agreement::Life,
    api::{Act, Attestation, Capacity, SubjectKind},
    explain::{Error as ReadError, Ledger, World, tree::Branch, words::time},
};

/// What is taken back, and by which right.
#[derive(clap::Args, Clone, Debug)]
pub struct Withdraw {
    /// The Attestation.
    pub attestation: String,
    /// Take back what somebody else did, as a privacy officer.
    #[arg(long)]
    pub privacy_officer: bool,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When it cannot be taken back, or anything else keeps it from being recorded.
pub async fn run(options: &Withdraw) -> Result<String, Error> {
    perform(&options.how, |world, caller| deed(options, world, caller)).await
}

/// The withdrawal, and what it changes: pure.
pub(super) fn deed(options: &Withdraw, world: &World, caller: &str) -> Result<Deed, Error> {
    let Some(ledger) = Ledger::of(world) else { return Err(Error::Unknown(world.unknown().join("; "))) };
    let name = &options.attestation;
    let odd = world.odd.iter().find(|o| o.starts_with(&format!("attestations/{name} ")));
    let found = ledger.acts.iter().copied().find(|a| a.metadata.name.as_deref() == Some(name));
    let what = match (found, odd) {
        (Some(found), _) => found,
        (None, Some(odd)) => return Err(Error::Unknown(odd.clone())),
        (None, None) => return Err(ReadError::Absent { kind: "attestation", name: name.clone(), list: "att" }.into()),
    };
    refuse(options, &ledger, what, caller)?;
    let mut back = act(Act::Withdraw, SubjectKind::Attestation, what, caller);
    back.spec.capacity = options.privacy_officer.then_some(Capacity::PrivacyOfficer);
    let done = recorded(&back, world);
    let effects = effects(world, &ledger, &ledger.with(&done));
    let spec = &what.spec;
    let party = spec.on_behalf_of.as_ref().map_or_else(String::new, |o| format!(" for {}", o.party));
    let taken = format!(
        "{:?} of {:?} {}{party}, recorded by {}",
        spec.act, spec.subject_ref.kind, spec.subject_ref.name, spec.by
    );
    let sheet = vec![
        Branch::list("What is taken back", &[taken]),
        branch("What changes by it, and when", &effects, "nothing changes for any plan"),
    ];
    let then = format!("Attestation {name} counts no more.");
    Ok(Deed { act: back, about: name.clone(), sheet, warnings: vec![], effects, then })
}

/// What nobody can take back, or the caller cannot.
fn refuse(options: &Withdraw, ledger: &Ledger<'_>, what: &Attestation, caller: &str) -> Result<(), Error> {
    let (name, spec) = (&options.attestation, &what.spec);
    let refuse = |why: String| Err(Error::flag(why));
    if spec.act == Act::Withdraw {
        return refuse(format!("Attestation {name} is itself a withdrawal; do what it took back anew"));
    }
    if spec.by != caller && !options.privacy_officer {
        return refuse(format!(
            "Attestation {name} was recorded by {}, and you are {caller}; let that person withdraw it, or give --privacy-officer if you are one",
            spec.by
        ));
    }
    let book = ledger.book();
    let Some(life) = book.life(&spec.subject_ref.name).filter(|_| spec.subject_ref.kind == SubjectKind::BAA) else {
        return Ok(());
    };
    let counts = |life: &Life<'_>| life.signatures().iter().any(|s| s.attestation == *name);
    if spec.act == Act::Sign && life.is_executed() && counts(life) {
        return refuse(format!(
            "BAA {0} is signed by both parties, and no signature on it is taken back; end it with ringfence terminate {0} --for PARTY",
            life.name()
        ));
    }
    let created = what.metadata.creation_timestamp.as_ref().map(|t| t.0);
    let effective = spec.effective_time.as_ref().map(|t| t.0).max(created);
    match effective.filter(|t| spec.act == Act::Terminate && *t <= ledger.now) {
        Some(at) => {
            refuse(format!("the termination took effect on {}, and nothing takes it back; make a new BAA", time(at)))
        }
        None => Ok(()),
    }
}
