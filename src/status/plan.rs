//! What the operator last wrote of the plan itself.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Serialize;

use crate::{
    api::{
        HealthcarePlan, NodesStatus, PlanState,
        conditions::{
            AUDIT_VERIFIED, FLAGS_PUBLISHED, KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED,
            PHI_UNLOCKED, STALLED, WORKLOADS_PLACED,
        },
    },
    explain::{Answer, words::time},
};

/// The fences that keep a plan closed when they fall, by condition and in a word.
const FENCES: [(&str, &str); 6] = [
    (NAMESPACE_FENCED, "namespace"),
    (NETWORK_ISOLATED, "network"),
    (NODES_DEDICATED, "nodes"),
    (KEYS_READY, "keys"),
    (FLAGS_PUBLISHED, "flags"),
    (WORKLOADS_PLACED, "placement"),
];

/// The plan itself.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its class.
    pub class: String,
    /// What is asked for.
    pub state: PlanState,
    /// Whether it is open.
    pub result: Answer,
    /// Since when the operator has said so.
    pub since: Option<Timestamp>,
    /// Why, in a word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
    /// Its fences.
    pub fences: Vec<Fence>,
    /// Its nodes.
    pub nodes: Option<NodesStatus>,
    /// What nobody knows of it.
    pub unknown: Vec<String>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// One fence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fence {
    /// Name in a word.
    pub name: &'static str,
    /// Whether it stands; `None`: nobody knows.
    pub stands: Option<bool>,
    /// Why, in a word.
    pub reason: String,
    /// Why, in words.
    pub message: String,
}

/// A condition of the plan.
pub fn condition<'p>(plan: &'p HealthcarePlan, r#type: &str) -> Option<&'p Condition> {
    plan.status.as_ref()?.conditions.iter().find(|c| c.type_ == r#type)
}

/// What is said of the plan.
pub fn of(plan: &HealthcarePlan, now: Timestamp) -> Plan {
    let status = plan.status.clone().unwrap_or_default();
    let told = condition(plan, PHI_UNLOCKED);
    let mut unknown = vec![];
    match told {
        None => unknown.push("the operator has not looked at the plan yet".to_owned()),
        Some(_) if status.observed_generation != plan.metadata.generation => {
            unknown.push("the operator has not looked at the last change of the plan yet".into());
        }
        Some(c) if c.status == "Unknown" => unknown.push(format!("whether the plan is open: {}", c.message)),
        Some(_) => {}
    }
    let ended = status.agreement.as_ref().and_then(|a| a.expiration_time.as_ref()).filter(|t| t.0 <= now);
    if let Some(end) = ended.filter(|_| told.is_some_and(|c| c.status == "True")) {
        unknown.push(format!(
            "the agreements ended on {}, and the operator has not said what came of it; the flags close by themselves then",
            time(end.0)
        ));
    }
    let result = match told {
        _ if !unknown.is_empty() => Answer::Unknown,
        Some(c) if c.status == "True" => Answer::Open,
        _ => Answer::Closed,
    };
    let mut notes: Vec<_> = status.effective.iter().flat_map(|e| e.notes.clone()).collect();
    if let Some(c) = condition(plan, STALLED).filter(|c| c.status == "True") {
        notes.push(format!("the plan cannot be carried out as it is written: {}", c.message));
    }
    let audit = condition(plan, AUDIT_VERIFIED).filter(|c| c.status != "True");
    notes.extend(audit.map(|c| format!("audit is not looked at by Ringfence: {}", c.message)));
    let text = |of: fn(&Condition) -> &String| told.map(|c| of(c).clone()).unwrap_or_default();
    Plan {
        class: plan.spec.plan_class_name.clone(),
        state: plan.spec.state,
        result,
        since: told.map(|c| c.last_transition_time.0),
        reason: text(|c| &c.reason),
        message: text(|c| &c.message),
        fences: FENCES.iter().map(|(r#type, name)| fence(plan, r#type, name)).collect(),
        nodes: status.nodes,
        unknown,
        notes,
    }
}

fn fence(plan: &HealthcarePlan, r#type: &str, name: &'static str) -> Fence {
    let Some(c) = condition(plan, r#type) else {
        let message = "the operator has not said anything of it yet".to_owned();
        return Fence { name, stands: None, reason: "NotObserved".into(), message };
    };
    let stands = match c.status.as_str() {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    };
    Fence { name, stands, reason: c.reason.clone(), message: c.message.clone() }
}
