//! Shows a deed, asks, and records it.

use http::{Request, StatusCode};
use kube::Client;
use serde_json::{Value, json};

use super::{
    Error, How, ask,
    deed::{Deed, subject},
};
use crate::{
    api::Attestation,
    doctor::{Output, ask as wire, connect},
    explain::{World, read, read::OURS, tree, tree::Branch},
};

/// Reads everything, lets `deed` say what the caller is about to do, asks, and records it; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn perform(how: &How, deed: impl FnOnce(&World, &str) -> Result<Deed, Error>) -> Result<String, Error> {
    let read = async |client: &Client| Ok(read::everything(client).await?);
    record(how, read, |world: &World, caller| Ok(with_doubts(deed(world, caller)?, &world.unknown()))).await
}

/// The deed, with what could not be read.
pub fn with_doubts(mut deed: Deed, unknown: &[String]) -> Deed {
    if !unknown.is_empty() {
        deed.sheet.push(Branch::list("What could not be read, so that what is said above may be wrong", unknown));
    }
    deed
}

/// Lets `read` read what `deed` needs to say what the caller is about to do, asks, and records it; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn record<W>(
    how: &How,
    read: impl AsyncFnOnce(&Client) -> Result<W, Error>,
    deed: impl FnOnce(&W, &str) -> Result<Deed, Error>,
) -> Result<String, Error> {
    if !how.yes && !how.dry_run {
        ask::somebody()?;
    }
    let client = connect::client(&how.cluster).await?;
    let (world, caller) = tokio::join!(read(&client), caller(&client));
    let (world, caller) = (world?, caller?);
    let deed = deed(&world, &caller)?;
    let sheet = sheet(&deed, &caller);
    match how.output {
        Output::Table => print!("{sheet}"),
        Output::Json => eprint!("{sheet}"),
    }
    if !how.yes && !how.dry_run {
        ask::confirm(&deed.about)?;
    }
    let made = create(&client, &deed.act, how.dry_run).await?;
    let name = made.pointer("/metadata/name").and_then(Value::as_str).filter(|_| !how.dry_run);
    Ok(match how.output {
        Output::Json => tree::json(&program(&deed, name)),
        Output::Table => {
            let mut page = "\n".to_owned();
            let said = match name {
                Some(name) => format!("Recorded: Attestation {name}. {}", deed.then),
                None => format!(
                    "Dry run: the API server would take it, and nothing was recorded. Once it is: {}",
                    deed.then
                ),
            };
            tree::paragraph(&mut page, "", "", &said);
            page
        }
    })
}

/// What the person sees before.
pub fn sheet(deed: &Deed, caller: &str) -> String {
    let spec = &deed.act.spec;
    let party = spec.on_behalf_of.as_ref().map_or_else(String::new, |o| format!(", for {}", o.party));
    let (kind, name) = (spec.subject_ref.kind, subject(&spec.subject_ref));
    let head = format!("{:?} of {kind:?} {name}{party}; you are {caller}", spec.act);
    let mut branches = deed.sheet.clone();
    if !deed.warnings.is_empty() {
        branches.push(Branch::list("Warnings", &deed.warnings));
    }
    Branch::new(head, branches).draw()
}

/// What a program is told.
fn program(deed: &Deed, name: Option<&str>) -> Value {
    let spec = &deed.act.spec;
    json!({
        "act": spec.act,
        "subject": spec.subject_ref.name,
        "namespace": spec.subject_ref.namespace,
        "textSHA256": spec.text_sha256,
        "expirationTime": spec.expiration_time,
        "party": spec.on_behalf_of.as_ref().map(|o| o.party.clone()),
        "by": spec.by,
        "attestation": name,
        "dryRun": name.is_none(),
        "warnings": deed.warnings,
        "effects": deed.effects,
        "then": deed.then,
    })
}

/// Who the API server takes the caller for.
async fn caller(client: &Client) -> Result<String, Error> {
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let request =
        Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews").header("content-type", "application/json");
    let request = request.body(review.to_string().into_bytes()).expect("it is a request");
    let answer = wire::send(client, request).await.map_err(Error::Nobody)?;
    let name =
        answer.body.pointer("/status/userInfo/username").and_then(Value::as_str).filter(|_| answer.status.is_success());
    name.map(str::to_owned).ok_or_else(|| Error::Nobody(message(&answer)))
}

async fn create(client: &Client, act: &Attestation, dry_run: bool) -> Result<Value, Error> {
    let at = format!(
        "{OURS}/attestations?fieldManager=ringfence-cli&fieldValidation=Strict{}",
        if dry_run { "&dryRun=All" } else { "" }
    );
    let body = serde_json::to_vec(act).expect("an act serialises");
    let request = Request::post(at).header("content-type", "application/json").body(body).expect("it is a request");
    let answer = wire::send(client, request).await.map_err(Error::Silent)?;
    if answer.status.is_success() { Ok(answer.body) } else { Err(Error::Refused(refusal(&answer))) }
}

/// Why it was refused, and what to ask for when RBAC alone is in the way; the guardrails say that themselves.
fn refusal(answer: &wire::Answer) -> String {
    let said = message(answer);
    match answer.status {
        StatusCode::FORBIDDEN if said.contains("cannot create resource") => format!(
            "{said}\nAsk for a role that writes acts (manifests/roles): ringfence-acknowledger for acts about integrations, ringfence-signer or ringfence-privacy-officer for others"
        ),
        _ => said,
    }
}

/// The API server's own words.
fn message(answer: &wire::Answer) -> String {
    let said = answer.body["message"].as_str().filter(|m| !m.is_empty());
    let said = said.map_or_else(|| format!("it answered with {}", answer.status), str::to_owned);
    said.lines().map(tree::clean).collect::<Vec<_>>().join("\n")
}
