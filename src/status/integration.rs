//! What the operator last wrote of one integration: what is asked, what is sent, and why less.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use super::plan::Plan;
use crate::{
    api::{
        Flow, Integration, Payload, PhiCategory,
        conditions::{ACKNOWLEDGED, COVERED, EGRESS_OPEN, READY, Reason, STALLED},
    },
    explain::{Answer, words::time},
};

/// One integration.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its name.
    pub name: String,
    /// The third party.
    pub vendor: String,
    /// What it does.
    pub service: String,
    /// Which way data flows.
    pub direction: Flow,
    /// The categories in it.
    pub phi_categories: Vec<PhiCategory>,
    /// What is asked for.
    pub asked: Payload,
    /// What its flag says, as the operator last wrote.
    pub sent: Option<Payload>,
    /// Open: as it is asked for, also when that is little. Closed: less is sent.
    pub result: Answer,
    /// Why less is sent than is asked.
    pub why: Vec<String>,
    /// What nobody knows of it.
    pub unknown: Vec<String>,
    /// When the cover ends.
    pub cover_until: Option<Timestamp>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// A condition of the integration.
pub fn condition<'i>(integration: &'i Integration, r#type: &str) -> Option<&'i Condition> {
    integration.status.as_ref()?.conditions.iter().find(|c| c.type_ == r#type)
}

/// The condition, if it says that something is not so.
pub fn lacks<'i>(integration: &'i Integration, r#type: &str) -> Option<&'i Condition> {
    condition(integration, r#type).filter(|c| c.status == "False")
}

/// What is said of the integration.
pub fn of(integration: &Integration, plan: Option<&Plan>, now: Timestamp) -> Line {
    let (meta, spec, status) = (&integration.metadata, &integration.spec, integration.status.as_ref());
    let sent = status.and_then(|s| s.payload);
    let cover_until = status.and_then(|s| s.expiration_time.as_ref()).map(|t| t.0);
    let unknown = doubts(integration, sent, cover_until, now);
    let ready = condition(integration, READY).is_some_and(|c| c.status == "True");
    let result = match unknown.is_empty() {
        false => Answer::Unknown,
        true if ready && sent == Some(spec.payload) => Answer::Open,
        true => Answer::Closed,
    };
    let mut notes = vec![];
    if result != Answer::Closed && sent == Some(Payload::Full) {
        notes.push(match cover_until {
            Some(t) => format!("its cover ends on {}", time(t)),
            None => "its cover has no end date".into(),
        });
    }
    let cut = lacks(integration, EGRESS_OPEN).filter(|c| c.reason == Reason::ClosedForNew.as_str());
    notes.extend(cut.map(|c| c.message.clone()));
    Line {
        name: meta.name.clone().unwrap_or_default(),
        vendor: spec.vendor.clone(),
        service: spec.service.clone(),
        direction: spec.direction,
        phi_categories: spec.categories().into_iter().collect(),
        asked: spec.payload,
        sent,
        result,
        why: if result == Answer::Closed { shortfalls(integration, plan) } else { vec![] },
        unknown,
        cover_until,
        notes,
    }
}

/// What nobody knows of it.
fn doubts(
    integration: &Integration,
    sent: Option<Payload>,
    cover_until: Option<Timestamp>,
    now: Timestamp,
) -> Vec<String> {
    let Some(status) = integration.status.as_ref().filter(|s| s.payload.is_some()) else {
        return vec!["the operator has not looked at it yet".into()];
    };
    let mut found = vec![];
    if integration.metadata.deletion_timestamp.is_some() {
        found.push("it is being deleted, and nothing is sent by it once the operator has seen that".to_owned());
    }
    if status.observed_generation != integration.metadata.generation {
        found.push("the operator has not looked at its last change yet".to_owned());
    }
    for r#type in [READY, COVERED, ACKNOWLEDGED, EGRESS_OPEN] {
        let in_doubt = condition(integration, r#type).filter(|c| c.status == "Unknown");
        found.extend(in_doubt.map(|c| format!("{type}: {}", c.message)));
    }
    if let Some(end) = cover_until.filter(|t| *t <= now && sent == Some(Payload::Full)) {
        found.push(format!(
            "its cover ended on {}, and the operator has not said what came of it; the flag says by itself that links alone are sent from then on",
            time(end)
        ));
    }
    found
}

/// Why less is sent than is asked for, all of it.
fn shortfalls(integration: &Integration, plan: Option<&Plan>) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    if let Some(plan) = plan.filter(|p| p.result == Answer::Closed && integration.spec.payload != Payload::Off) {
        found.push(format!("the plan is locked ({})", plan.reason));
    }
    // To whom the plan is not shown, the integration itself says that it is locked.
    let sent = integration.status.as_ref().and_then(|s| s.payload);
    if plan.is_none() && sent == Some(Payload::Off) && integration.spec.payload != Payload::Off {
        found.extend(condition(integration, READY).map(|c| c.message.clone()));
    }
    let stalled = condition(integration, STALLED).filter(|c| c.status == "True");
    found.extend(stalled.map(|c| c.message.clone()));
    if integration.spec.payload == Payload::Full {
        for r#type in [COVERED, ACKNOWLEDGED] {
            found.extend(lacks(integration, r#type).map(|c| c.message.clone()));
        }
    }
    // What stalls it may be its cover, said twice.
    let mut once: Vec<String> = vec![];
    for why in found {
        let bare = |text: &str| text.trim_end_matches('.').to_owned();
        if !once.iter().any(|o| bare(o) == bare(&why)) {
            once.push(why);
        }
    }
    if once.is_empty() {
        once.extend(condition(integration, READY).map(|c| c.message.clone()));
    }
    once
}
