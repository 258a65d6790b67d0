//! Events: one a transition, never one a reconcile.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Resource,
    runtime::events::{Event, EventType},
};

use crate::{
    api::{
        HealthcarePlan, HealthcarePlanStatus,
        conditions::{self, NAMESPACE_FENCED, PHI_UNLOCKED, READY, RECONCILING, Reason, STALLED},
    },
    context::Context,
    names::CONFIG_NAME,
};

/// What became true between two statuses: reason, whether it is a warning, note.
fn transitions(was: &HealthcarePlanStatus, is: &HealthcarePlanStatus) -> Vec<(&'static str, bool, String)> {
    let before = |c| conditions::is_true(&was.conditions, c);
    let after = |c| conditions::is_true(&is.conditions, c);
    let message = |t: &str| {
        is.conditions.iter().find(|c| c.type_ == t).map(|c| format!("{}: {}", c.reason, c.message)).unwrap_or_default()
    };
    let closed = is.conditions.iter().any(|c| c.type_ == PHI_UNLOCKED && c.status == "False");
    let mut found = vec![];
    // What is unlocked is fenced: both at once are told as one.
    if !before(PHI_UNLOCKED) && after(PHI_UNLOCKED) {
        found.push(("Unlocked", false, message(PHI_UNLOCKED)));
    } else if !before(NAMESPACE_FENCED) && after(NAMESPACE_FENCED) {
        found.push(("Fenced", false, message(NAMESPACE_FENCED)));
    }
    // Between open and closed it may be said that the document could not be written.
    let failed =
        |c: &Condition| c.type_ == PHI_UNLOCKED && c.status == "Unknown" && c.reason == Reason::WriteFailed.as_str();
    if (before(PHI_UNLOCKED) || was.conditions.iter().any(failed)) && closed {
        found.push(("Locked", true, message(PHI_UNLOCKED)));
    }
    if before(READY) && after(RECONCILING) && repairing(is) {
        found.push(("Repairing", true, message(RECONCILING)));
    }
    if !before(STALLED) && after(STALLED) {
        found.push(("Stalled", true, message(STALLED)));
    }
    found
}

/// Whether somebody altered what is Ringfence's.
fn repairing(is: &HealthcarePlanStatus) -> bool {
    is.conditions.iter().any(|c| c.type_ == RECONCILING && c.reason == Reason::Repairing.as_str())
}

/// Tells on the installation's configuration which guardrails are not as shipped, or that all are again.
pub async fn guardrails(context: &Context, wrong: &[String]) {
    let config = context.stores.configs.get("", CONFIG_NAME);
    let Some(config) = config.known() else { return };
    let named = wrong.join("; ");
    let event = Event {
        type_: if wrong.is_empty() { EventType::Normal } else { EventType::Warning },
        reason: if wrong.is_empty() { "GuardrailsInForce" } else { "GuardrailsWrong" }.into(),
        note: Some(if wrong.is_empty() {
            "Every guardrail is as it is shipped.".to_owned()
        } else {
            format!("Not as shipped: {named}. Apply manifests/guardrails again.").chars().take(1000).collect()
        }),
        action: "Look".into(),
        secondary: None,
    };
    let sent =
        tokio::time::timeout(crate::apply::DEADLINE, context.recorder.publish(&event, &config.object_ref(&()))).await;
    if !matches!(sent, Ok(Ok(()))) {
        tracing::warn!("event of the guardrails not written");
    }
}

/// Publishes the transitions of `plan` to `is`. An Event that cannot be written is logged and left.
pub async fn publish(context: &Context, plan: &HealthcarePlan, is: &HealthcarePlanStatus) {
    let was = plan.status.clone().unwrap_or_default();
    for (reason, warning, note) in transitions(&was, is) {
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason: reason.into(),
            note: Some(note.chars().take(1000).collect()),
            action: "Reconcile".into(),
            secondary: None,
        };
        if let Err(error) = context.recorder.publish(&event, &plan.object_ref(&())).await {
            tracing::warn!(plan = plan.metadata.name, reason, error = %crate::fact::brief(&error), "event not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::conditions::{Said, set_conditions};

    fn status(said: &[Said]) -> HealthcarePlanStatus {
        let mut s = HealthcarePlanStatus::default();
        set_conditions(&mut s.conditions, said, &[], 1, jiff::Timestamp::UNIX_EPOCH);
        s
    }

    #[test]
    fn an_event_is_told_once_for_each_transition() {
        let open = status(&[Said::new(PHI_UNLOCKED, "True", Reason::Unlocked, "")]);
        let unknown = status(&[Said::new(PHI_UNLOCKED, "Unknown", Reason::Unreadable, "")]);
        let closed = status(&[Said::new(PHI_UNLOCKED, "False", Reason::Suspended, "")]);
        let names = |a, b| transitions(a, b).into_iter().map(|t| t.0).collect::<Vec<_>>();
        assert_eq!(names(&closed, &open), ["Unlocked"]);
        assert_eq!(names(&open, &open), Vec::<&str>::new());
        assert_eq!(names(&open, &closed), ["Locked"]);
        assert_eq!(names(&open, &unknown), Vec::<&str>::new());
        let fenced = Said::new(NAMESPACE_FENCED, "True", Reason::Fenced, "");
        let alone = status(std::slice::from_ref(&fenced));
        let both = status(&[fenced, Said::new(PHI_UNLOCKED, "True", Reason::Unlocked, "")]);
        assert_eq!((names(&closed, &alone), names(&alone, &both)), (vec!["Fenced"], vec!["Unlocked"]));
        assert_eq!(names(&closed, &both), ["Unlocked"]);
        let failed = status(&[Said::new(PHI_UNLOCKED, "Unknown", Reason::WriteFailed, "")]);
        assert_eq!((names(&open, &failed), names(&failed, &closed)), (vec![], vec!["Locked"]));
        assert_eq!(names(&unknown, &closed), Vec::<&str>::new());
        let ready = status(&[Said::new(READY, "True", Reason::AsCalledFor, "")]);
        let waits = status(&[Said::new(RECONCILING, "True", Reason::NodesMissing, "")]);
        let repaired = status(&[Said::new(RECONCILING, "True", Reason::Repairing, "")]);
        assert_eq!(names(&ready, &repaired), ["Repairing"]);
        assert_eq!(names(&repaired, &repaired), Vec::<&str>::new());
        assert_eq!(names(&ready, &waits), Vec::<&str>::new());
    }
}
