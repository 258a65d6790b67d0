//! What the guardrails would refuse of what is already there, in the API server's own words: copies are created in dry runs. Nothing is
//! written.
//!
//! ```text
//! objects ─copy→ dry runs (all in Warn or Deny?) ─verdict→ findings
//! ```

mod copy;
mod labels;
mod ready;
mod sources;
mod verdict;

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use http::Request;
use kube::Client;
use serde_json::Value;

use self::{
    copy::Copy,
    sources::{Judged, Source},
    verdict::Verdict,
};
use super::{
    Error, ask, facts,
    report::{Check, Finding, Level, Report},
    tenants,
};
use crate::fact::Fact;

/// How many dry runs are under way at once.
const AT_ONCE: usize = 8;

/// What a dry run as oneself cannot tell.
const LIMITS: &[&str] = &[
    "Copies are judged as yours. Rules about who acts (on nodes, namespaces, volumes, plans, acts, tokens, exec) are not tried: while the bindings are [Warn, Audit], what they would refuse stands in the API server's audit log under validation.policy.admission.k8s.io/validation_failure.",
    "Only creation is tried, no update and no deletion; of what is made from a template, the template.",
    "RoleBindings, Secrets and what a namespace would lose by becoming a tenant's are not tried.",
];

/// Asks about everything that is there.
///
/// # Errors
/// When the API server does not answer at all.
pub async fn run(client: &Client) -> Result<Report, Error> {
    facts::first(client).await?;
    let unseen = ready::unseen(&facts::stored(client).await);
    let mut rules = ready::grouped(unseen);
    if rules.is_empty() {
        rules.push(Finding::ok("guardrails", "are stored as they are shipped, and tell what they refuse"));
    }
    let checks = vec![Check::new("guardrails", rules), workloads(client).await, standing(client).await];
    Ok(Report::new("preflight", checks, LIMITS))
}

/// Everything that a copy can be made of.
async fn workloads(client: &Client) -> Check {
    let (mut findings, mut unknown, mut asked) = (vec![], vec![], 0);
    let tenants = match ask::list::<Value>(client, "/api/v1/namespaces").await {
        Fact::Known(all) => {
            all.iter().filter(|n| tenants::tenant(n).is_some()).map(|n| tenants::name(n).to_owned()).collect()
        }
        other => {
            unknown.push(("Namespaces".to_owned(), other.doubt().unwrap_or_default().to_owned()));
            BTreeSet::new()
        }
    };
    let mut sources = sources::built_in();
    match sources::served(client).await {
        Ok(more) => sources.extend(more),
        Err(why) => unknown.push(("kinds of gateways, engines and snapshots".to_owned(), why)),
    }
    let rules = ready::rules();
    for source in sources {
        let objects = match ask::list::<Value>(client, source.path(None)).await {
            Fact::Known(objects) => objects,
            other => {
                unknown.push((source.plural, other.doubt().unwrap_or_default().to_owned()));
                continue;
            }
        };
        let copies = copies(&source, &objects, &tenants);
        asked += copies.len();
        eprintln!("preflight: {} {}: {} dry runs", objects.len(), source.plural, copies.len());
        let mut answers = stream::iter(copies).map(|copy| ask(client, copy, &rules)).buffer_unordered(AT_ONCE);
        while let Some((about, verdict)) = answers.next().await {
            match verdict {
                Verdict::Passes => {}
                Verdict::Refused(by) => findings.extend(by.iter().map(|(rule, words)| refused(&about, rule, words))),
                Verdict::NotJudged(why) => unknown.push((about, why)),
            }
        }
    }
    let passed = findings.is_empty() && unknown.is_empty();
    findings.extend(ready::grouped(unknown));
    if passed {
        findings.push(Finding::ok("workloads", format!("no rule refuses any of {asked} copies")));
    }
    Check::new("workloads", findings)
}

fn refused(about: &str, rule: &str, words: &str) -> Finding {
    let what = format!("would be refused by {rule}: {words}");
    Finding::to_do(Level::Wrong, about, what, "Change it as it says, then run the preflight again")
}

fn copies(source: &Source, objects: &[Value], tenants: &BTreeSet<String>) -> Vec<Copy> {
    let here = |object: &&Value| {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        source.judged != Judged::InTenants || tenants.contains(namespace)
    };
    objects.iter().filter(here).filter_map(|object| copy::copy(source, object)).collect()
}

/// One dry run.
async fn ask(client: &Client, copy: Copy, rules: &[String]) -> (String, Verdict) {
    let Copy { about, path, body } = copy;
    let request = Request::post(format!("{path}?dryRun=All&fieldManager=ringfence-preflight"))
        .header("content-type", "application/json")
        .body(body.to_string().into_bytes())
        .expect("names of stored objects make a path");
    let verdict = match ask::send(client, request).await {
        Ok(answer) => verdict::verdict(&answer, rules),
        Err(why) => Verdict::NotJudged(format!("the API server gave no answer ({why}); run the preflight again")),
    };
    (about, verdict)
}

/// What says that it is Ringfence's and is not.
async fn standing(client: &Client) -> Check {
    let ours = |plural: &str| ask::list::<Value>(client, format!("/apis/ringfence.dev/v1alpha1/{plural}"));
    let (plans, records) = (ours("healthcareplans").await, ours("tenantrecords").await);
    let namespaces = ask::list(client, "/api/v1/namespaces").await;
    let mut findings = tenants::judge(&plans, &records, &namespaces).findings;
    findings.retain(|f| f.level >= Level::Unknown);
    match (ask::list::<Value>(client, "/api/v1/nodes").await, &records) {
        (Fact::Known(nodes), Fact::Known(records)) => findings.extend(labels::nodes(&nodes, records)),
        (nodes, _) => findings.extend(nodes.doubt().map(|why| Finding::unknown("Nodes", why))),
    }
    if findings.is_empty() {
        findings.push(Finding::ok("namespaces and nodes", "say nothing of Ringfence's that Ringfence did not write"));
    }
    Check::new("labels", findings)
}
