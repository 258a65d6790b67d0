//! `ringfence withdraw`: takes an act back.

use kube::Client;

use super::{
    Error, How,
    deed::{Deed, act, recorded, subject as subject_of},
    effects::{branch, effects},
    perform::{record, with_doubts},
    subject::{self, Place, Seen},
};
use crate::{
    agreement::Life,
    api::{Act, Attestation, Capacity, Payload, SubjectKind, SubjectRef},
    explain::{Error as ReadError, Ledger, World, is_name, read, tree::Branch, words::time},
    fact::Fact,
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
    let read = async |client: &Client| found(client, &options.attestation).await;
    record(&options.how, read, |found, caller| match found {
        Found::About(act, seen) => of_integration(options, act, seen, caller),
        Found::Everything(world) => Ok(with_doubts(deed(options, world, caller)?, &world.unknown())),
    })
    .await
}

/// What was read: about an integration the act and that integration alone, which is all that a tenant's administrator may read.
enum Found {
    About(Box<Attestation>, Box<Seen>),
    Everything(Box<World>),
}

async fn found(client: &Client, name: &str) -> Result<Found, Error> {
    let about: Fact<Attestation> = match is_name(name) {
        true => read::one(client, "attestations", name).await,
        false => Fact::Unread,
    };
    if let Fact::Known(act) = about {
        let SubjectRef { kind, name, namespace, .. } = act.spec.subject_ref.clone();
        if let (SubjectKind::Integration, Some(namespace)) = (kind, namespace) {
            let seen = subject::read(client, &Place { namespace, name }).await?;
            return Ok(Found::About(Box::new(act), Box::new(seen)));
        }
    }
    Ok(Found::Everything(Box::new(read::everything(client).await?)))
}

/// The withdrawal of an act about an integration, and what it changes: pure.
pub(super) fn of_integration(options: &Withdraw, what: &Attestation, seen: &Seen, caller: &str) -> Result<Deed, Error> {
    refuse_strangers(options, what, caller)?;
    let mut back = act(Act::Withdraw, SubjectKind::Attestation, what, caller);
    back.spec.capacity = options.privacy_officer.then_some(Capacity::PrivacyOfficer);
    let spec = &what.spec;
    let since = what.metadata.creation_timestamp.as_ref().map_or_else(String::new, |t| format!(" on {}", time(t.0)));
    let taken =
        format!("{:?} of Integration {}, recorded by {}{since}", spec.act, subject_of(&spec.subject_ref), spec.by);
    let mut sheet = vec![
        Branch::list("What is taken back", &[taken]),
        Branch::list("What changes by it", &[what_ends(what, seen)]),
    ];
    sheet.extend(seen.not_shown());
    let name = &options.attestation;
    let then =
        format!("Attestation {name} counts no more; ringfence status {} shows what is sent.", seen.place.namespace);
    Ok(Deed { act: back, about: name.clone(), sheet, warnings: vec![], effects: vec![], then })
}

/// What ends with the act, as far as the operator's words tell.
fn what_ends(what: &Attestation, seen: &Seen) -> String {
    let (spec, place) = (&what.spec, &seen.place);
    let integration = match &seen.integration {
        Fact::Known(integration) => integration,
        Fact::Absent => return format!("nothing: integration {place} does not exist any more"),
        other => return format!("not known: {}", other.doubt().unwrap_or_default()),
    };
    if integration.metadata.uid.as_deref() != Some(&spec.subject_ref.uid) {
        return format!("nothing: it is about a former integration of the name {place}");
    }
    let ended = spec.expiration_time.as_ref().filter(|t| t.0 <= seen.now);
    if let Some(end) = ended {
        return format!("nothing: it ended on {}", time(end.0));
    }
    let Some(status) = seen.current().and_then(|i| i.status.as_ref()) else {
        return "not known: the operator has not looked at the last change of the integration".into();
    };
    let told = if spec.act == Act::AttestCover { &status.cover_statement } else { &status.warning };
    if told.as_ref().map(|t| &t.text_sha256) != spec.text_sha256.as_ref() {
        return "nothing: it is about another text than the operator shows now".into();
    }
    match status.payload {
        Some(Payload::Full) => format!(
            "unless another act stands for the same, links alone are sent to {} within seconds, and no pod reaches it",
            integration.spec.vendor
        ),
        _ => "nothing is sent less at once, and it is one thing more that is missing before all is sent".into(),
    }
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

/// What is itself a withdrawal, or somebody else's act.
fn refuse_strangers(options: &Withdraw, what: &Attestation, caller: &str) -> Result<(), Error> {
    let (name, spec) = (&options.attestation, &what.spec);
    if spec.act == Act::Withdraw {
        return Err(Error::flag(format!("Attestation {name} is itself a withdrawal; do what it took back anew")));
    }
    if spec.by != caller && !options.privacy_officer {
        return Err(Error::flag(format!(
            "Attestation {name} was recorded by {}, and you are {caller}; let that person withdraw it, or give --privacy-officer if you are one",
            spec.by
        )));
    }
    Ok(())
}

/// What nobody can take back, or the caller cannot.
fn refuse(options: &Withdraw, ledger: &Ledger<'_>, what: &Attestation, caller: &str) -> Result<(), Error> {
    refuse_strangers(options, what, caller)?;
    let (name, spec) = (&options.attestation, &what.spec);
    let refuse = |why: String| Err(Error::flag(why));
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
