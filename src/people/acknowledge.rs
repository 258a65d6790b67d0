//! `ringfence acknowledge`: accepts the warning of an integration, after it was shown.

use super::{
    Error, How,
    comes_of::{flow, missing, missing_branch},
    deed::{Deed, act},
    perform::record,
    subject::{self, Kind, Place, Seen, Text, condition, shown},
};
use crate::{
    api::{Act, Payload, SubjectKind, conditions::ACKNOWLEDGED},
    explain::tree::Branch,
};

/// Whose warning is accepted.
#[derive(clap::Args, Clone, Debug)]
pub struct Acknowledge {
    /// The integration.
    #[arg(value_name = "NAMESPACE/NAME")]
    pub integration: Place,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn run(options: &Acknowledge) -> Result<String, Error> {
    let read = async |client: &kube::Client| subject::read(client, &options.integration).await;
    record(&options.how, read, |seen, caller| deed(options, seen, caller)).await
}

/// The acceptance, and what it comes to: pure.
pub(super) fn deed(options: &Acknowledge, seen: &Seen, caller: &str) -> Result<Deed, Error> {
    let integration = seen.integration()?;
    let Some(Text { statement, mut warnings }) = seen.text(Kind::Warning)? else {
        return Err(Error::Unknown("the integration has no warning".into()));
    };
    let mut accept = act(Act::Acknowledge, SubjectKind::Integration, integration, caller);
    accept.spec.text_sha256 = Some(statement.text_sha256.clone());
    let told = seen.current().filter(|i| i.status.as_ref().is_some_and(|s| s.warning.as_ref() == Some(&statement)));
    if let Some(done) = told.and_then(|i| condition(i, ACKNOWLEDGED)).filter(|c| c.status == "True") {
        warnings.push(format!("there is nothing to do: {}", done.message));
    }
    if integration.spec.payload != Payload::Full {
        warnings.push(format!(
            "spec.payload is {:?}, which needs no acceptance; once it is Full the text is another, to be accepted anew",
            integration.spec.payload
        ));
    }
    let missing = missing(seen, ACKNOWLEDGED);
    let since = match missing.is_empty() {
        true => "within seconds of this",
        false => "once what is missing below is there",
    };
    let mut sheet = vec![
        shown("The warning that you accept", &statement),
        flow(integration, since),
        missing_branch(&missing),
        Branch::leaf("Any change of what this says makes another text, which is to be accepted anew"),
    ];
    sheet.extend(seen.not_shown());
    let place = &options.integration;
    let then = format!("ringfence status {} shows what is sent; ringfence withdraw takes it back.", place.namespace);
    Ok(Deed { act: accept, about: place.to_string(), sheet, warnings, effects: vec![], then })
}
