//! `ringfence terminate`: ends an agreement for one of its parties.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    Error, How,
    deed::{Deed, act, found, is_party, recorded},
    effects::{branch, effects, lost},
    perform::perform,
};
use crate::{
    api::{Act, BAAPhase, OnBehalfOf, SubjectKind},
    explain::{World, agreement, tree::Branch, words::time},
};

/// What does not end with an agreement.
const STAYS: [&str; 4] = [
    "calls keep ringing: routing is never touched",
    "what was kept until then can be read by the clinic, for as long as the fences stand",
    "namespace, nodes, network and keys of the tenant stay as they are",
    "the BAA and its signatures are kept for six years (45 CFR 164.316(b)(2)(i))",
];

/// What is terminated, for whom, and from when on.
#[derive(clap::Args, Clone, Debug)]
pub struct Terminate {
    /// The BAA.
    pub baa: String,
    /// The party that terminates.
    #[arg(long = "for", value_name = "PARTY")]
    pub party: String,
    /// When it ends, such as 2027-01-31T00:00:00Z; without it, at once.
    #[arg(long, value_name = "RFC3339")]
    pub effective: Option<Timestamp>,
    /// Who gave notice for that party.
    #[arg(long, value_name = "NAME")]
    pub signatory: Option<String>,
    /// That person's title.
    #[arg(long)]
    pub title: Option<String>,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn run(options: &Terminate) -> Result<String, Error> {
    perform(&options.how, |world, caller| deed(options, world, caller)).await
}

/// The termination, and what it ends: pure.
pub(super) fn deed(options: &Terminate, world: &World, caller: &str) -> Result<Deed, Error> {
    let (ledger, baa) = found(world, &options.baa)?;
    is_party(baa, &options.party)?;
    let book = ledger.book();
    let life = book.life(&options.baa).expect("it was found");
    let phase = life.phase(ledger.now);
    if matches!(phase, BAAPhase::Expired | BAAPhase::Terminated | BAAPhase::Superseded) {
        let end = life.closes().map(time).unwrap_or_default();
        return Err(Error::flag(format!(
            "BAA {} ended on {end} ({phase:?}); there is nothing to terminate",
            options.baa
        )));
    }
    let mut end = act(Act::Terminate, SubjectKind::BAA, baa, caller);
    end.spec.on_behalf_of = Some(OnBehalfOf {
        party: options.party.clone(),
        name: options.signatory.clone(),
        title: options.title.clone(),
    });
    end.spec.effective_time = options.effective.map(Time);
    let mut warnings = vec![];
    if options.effective.is_some_and(|t| t <= ledger.now) {
        warnings.push("--effective is past: it ends at the moment at which this is recorded".into());
    }
    if let Some(closes) = life.closes().filter(|closes| options.effective.is_some_and(|t| *closes <= t)) {
        warnings.push(format!("it ends on {} already, before --effective", time(closes)));
    }
    if !life.was_in_force(ledger.now) {
        warnings.push("it was never in force, so nothing is lost by its end, and it never opens".into());
    }
    let root = ledger.root(baa.metadata.name.as_deref().unwrap_or_default());
    if root != options.baa {
        warnings.push(format!("it amends BAA {root}, which ends with it"));
    }
    let done = recorded(&end, world);
    let after = ledger.with(&done);
    let effects = effects(world, &ledger, &after);
    let at = options.effective.filter(|t| *t > ledger.now);
    let when = at.map_or_else(|| "at once".to_owned(), |t| format!("on {}", time(t)));
    let anew =
        format!("from now on nothing opens anew by BAA {root}, not even before its end; only a new BAA does that");
    let sheet = vec![
        agreement(&ledger, &book, life).branch(),
        Branch::new(format!("What ends {when}"), lost(world, &ledger, root)),
        branch("What changes, and when", &effects, "nothing changes for any plan"),
        Branch::list("What stays", &STAYS),
        Branch::leaf(anew),
    ];
    let then =
        format!("BAA {} ends {when}. ringfence explain baa/{} says what to do to go on.", options.baa, options.baa);
    Ok(Deed { act: end, about: options.baa.clone(), sheet, warnings, effects, then })
}
