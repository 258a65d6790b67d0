//! `ringfence attest-upstream`: attests that a covered entity has a BAA with the agency that discloses under another.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    Error, How,
    deed::{Deed, act, found, parties, recorded},
    effects::{branch, effects},
    perform::perform,
};
use crate::{
    api::{Act, CoveredEntity, OnBehalfOf, PartyRole, SubjectKind},
    explain::{World, tree::Branch, words::time},
};

/// What is attested.
#[derive(clap::Args, Clone, Debug)]
pub struct AttestUpstream {
    /// The BAA of the agency with the platform, or with the agency below.
    pub baa: String,
    /// The covered entity whose agreement with the agency is attested.
    #[arg(long, value_name = "PARTY")]
    pub covered_entity: String,
    /// The agency, which discloses under the BAA.
    #[arg(long = "for", value_name = "PARTY")]
    pub party: String,
    /// Until when, such as 2027-01-31T00:00:00Z; without it, for 12 months.
    #[arg(long, value_name = "RFC3339")]
    pub until: Option<Timestamp>,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn run(options: &AttestUpstream) -> Result<String, Error> {
    perform(&options.how, |world, caller| deed(options, world, caller)).await
}

/// The attestation, and what it opens: pure.
pub(super) fn deed(options: &AttestUpstream, world: &World, caller: &str) -> Result<Deed, Error> {
    let (ledger, baa) = found(world, &options.baa)?;
    let disclosing = &baa.spec.disclosing;
    if disclosing.role != PartyRole::BusinessAssociate || disclosing.party != options.party {
        return Err(Error::flag(format!(
            "--for {} is not the business associate that discloses under BAA {} ({} does, as {:?}); give a BAA of the agency and --for that agency",
            options.party, options.baa, disclosing.party, disclosing.role
        )));
    }
    if options.covered_entity == options.party {
        return Err(Error::flag("--covered-entity is the agency itself; give the clinic whose agreement is attested"));
    }
    if options.until.is_some_and(|t| t <= ledger.now) {
        return Err(Error::flag("--until is past; give a moment to come"));
    }
    let mut attest = act(Act::AttestUpstream, SubjectKind::BAA, baa, caller);
    attest.spec.on_behalf_of = Some(OnBehalfOf { party: options.party.clone(), name: None, title: None });
    attest.spec.covered_entity = Some(CoveredEntity { party: options.covered_entity.clone() });
    attest.spec.expiration_time = options.until.map(Time);
    let done = recorded(&attest, world);
    let effects = effects(world, &ledger, &ledger.with(&done));
    let until = options.until.map_or_else(|| "for 12 months".to_owned(), |t| format!("until {}", time(t)));
    let said = [
        format!("{} has a BAA in force with {}, which Ringfence is not shown", options.covered_entity, options.party),
        format!("{caller} stands for that, {until}"),
    ];
    let opens = branch("What opens by it, and when", &effects, "nothing changes for any plan");
    let sheet = vec![parties(baa), Branch::list("What is attested", &said), opens];
    let then = format!("It counts {until}; ringfence withdraw takes it back.");
    Ok(Deed { act: attest, about: options.baa.clone(), sheet, warnings: vec![], effects, then })
}
