//! `ringfence attest-cover`: attests that the customer has an agreement of its own with an integration's vendor.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    Error, How,
    comes_of::{flow, missing, missing_branch},
    deed::{Deed, act},
    perform::record,
    subject::{self, Kind, Place, Seen, Text, condition, shown},
};
use crate::{
    api::{Act, Cover, Integration, Offshoring, SubjectKind, conditions::COVERED},
    explain::{
        tree::Branch,
        words::{list, time},
    },
};

/// What is attested, and until when.
#[derive(clap::Args, Clone, Debug)]
pub struct AttestCover {
    /// The integration.
    #[arg(value_name = "NAMESPACE/NAME")]
    pub integration: Place,
    /// Until when, such as 2027-01-31T00:00:00Z: no later than that agreement's own end.
    #[arg(long, value_name = "RFC3339")]
    pub until: Timestamp,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn run(options: &AttestCover) -> Result<String, Error> {
    let read = async |client: &kube::Client| subject::read(client, &options.integration).await;
    record(&options.how, read, |seen, caller| deed(options, seen, caller)).await
}

/// The attestation, and what it comes to: pure.
pub(super) fn deed(options: &AttestCover, seen: &Seen, caller: &str) -> Result<Deed, Error> {
    let integration = seen.integration()?;
    let is_attested = integration.spec.cover.as_ref().is_some_and(|c| c.attested == Some(true));
    let found = if is_attested { seen.text(Kind::Cover)? } else { None };
    let Some(Text { statement, mut warnings }) = found else {
        return Err(not_attested(&options.integration, integration));
    };
    if options.until <= seen.now {
        return Err(Error::flag("--until is past; give a moment to come, no later than the end of that agreement"));
    }
    let mut attest = act(Act::AttestCover, SubjectKind::Integration, integration, caller);
    attest.spec.text_sha256 = Some(statement.text_sha256.clone());
    attest.spec.expiration_time = Some(Time(options.until));
    let vendor = &integration.spec.vendor;
    if let Some(done) = seen.current().and_then(|i| condition(i, COVERED)).filter(|c| c.status == "True") {
        let ends = integration.status.as_ref().and_then(|s| s.expiration_time.as_ref());
        let ends = ends.map_or_else(String::new, |t| format!(" It ends on {} so far.", time(t.0)));
        warnings.push(format!("it is covered already: {}{ends}", done.message));
    }
    let home = stay_at_home(seen);
    if !home.is_empty() {
        warnings.push(format!(
            "an agreement of {} keeps its information in the country, and an attested agreement does not say where {vendor} is: it will not count; give a BAA in spec.cover.baaRef, or use another vendor",
            list(home.into_iter())
        ));
    }
    let missing = missing(seen, COVERED);
    let since = match missing.is_empty() {
        true => "within seconds of this",
        false => "once what is missing below is there",
    };
    let until = time(options.until);
    let said = [
        format!("{caller} stands for that, until {until}"),
        "the agreement itself is not shown to Ringfence, and is shown as attested, never as seen".to_owned(),
    ];
    let mut sheet = vec![
        shown("What you attest", &statement),
        Branch::list("How it counts", &said),
        flow(integration, since),
        missing_branch(&missing),
    ];
    sheet.extend(seen.not_shown());
    let place = &options.integration;
    let then = format!(
        "It counts until {until}; ringfence status {} shows what is sent; ringfence withdraw takes it back.",
        place.namespace
    );
    Ok(Deed { act: attest, about: place.to_string(), sheet, warnings, effects: vec![], then })
}

/// Covered entities whose agreements keep information in the country, as the operator last wrote.
fn stay_at_home(seen: &Seen) -> Vec<&str> {
    let status = seen.plan.known().and_then(|p| p.status.as_ref()).and_then(|s| s.agreement.as_ref());
    let entities = status.into_iter().flat_map(|a| &a.entities);
    let home = entities.filter(|e| e.terms.as_ref().is_some_and(|t| t.offshoring == Offshoring::Deny));
    home.map(|e| e.party.as_str()).collect()
}

/// Why nobody attests anything here, and what to do instead.
fn not_attested(place: &Place, integration: &Integration) -> Error {
    let instead = match &integration.spec.cover {
        Some(Cover { baa_ref: Some(baa), .. }) => {
            format!("BAA {0} is to cover it: ringfence explain baa/{0} says what that lacks", baa.name)
        }
        Some(Cover { de_identified: Some(true), .. }) => {
            "spec.cover.deIdentified says that no agreement is needed".to_owned()
        }
        _ => "it has no cover: set spec.cover.attested to true first, or name a BAA in spec.cover.baaRef".to_owned(),
    };
    Error::flag(format!(
        "integration {place} is not covered by an attested agreement, so there is nothing to attest; {instead}"
    ))
}
