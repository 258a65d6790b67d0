//! Events: one a transition, never one a reconcile.

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Resource,
    runtime::events::{Event, EventType},
};

use crate::{
    api::{
        BAA, BAAStatus, HealthcarePlan, HealthcarePlanStatus, Integration, IntegrationStatus, Payload,
        conditions::{
            self, EXPIRING_SOON, GAP_FOUND, IN_FORCE, NAMESPACE_FENCED, PHI_UNLOCKED, READY, RECONCILING, Reason,
            STALLED,
        },
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

/// What became of an agreement between two statuses: reason, whether it is a warning, note. One a notice before its end.
fn of_agreement(was: &BAAStatus, is: &BAAStatus) -> Vec<(&'static str, bool, String)> {
    let find = |status: &BAAStatus, t: &str| {
        let found = status.conditions.iter().find(|c| c.type_ == t);
        found.map(|c| (c.status == "True", c.reason.clone(), c.message.clone())).unwrap_or_default()
    };
    let note = |(_, reason, message): &(bool, String, String)| format!("{reason}: {message}");
    let mut found = vec![];
    let (before, now) = (find(was, IN_FORCE), find(is, IN_FORCE));
    match (before.0, now.0) {
        (false, true) => found.push(("InForce", false, note(&now))),
        (true, false) => found.push(("Ended", true, note(&now))),
        (true, true) if before.1 != now.1 => found.push(("Changed", true, note(&now))),
        _ => {}
    }
    let (before, now) = (find(was, EXPIRING_SOON), find(is, EXPIRING_SOON));
    if now.0 && before.1 != now.1 {
        found.push(("ExpiringSoon", true, note(&now)));
    }
    let (before, now) = (find(was, GAP_FOUND), find(is, GAP_FOUND));
    if now.0 && !before.0 {
        found.push(("GapFound", true, note(&now)));
    }
    found
}

/// Publishes what became of `baa`. An Event that cannot be written is logged and left.
pub async fn agreement(context: &Context, baa: &BAA, is: &BAAStatus) {
    let was = baa.status.clone().unwrap_or_default();
    for found in of_agreement(&was, is) {
        tell(context, &baa.object_ref(&()), found).await;
    }
}

/// What became of an integration between two statuses.
fn of_integration(was: &IntegrationStatus, is: &IntegrationStatus) -> Vec<(&'static str, bool, String)> {
    let (before, now) = (was.payload.unwrap_or(Payload::Off), is.payload.unwrap_or(Payload::Off));
    let note = |t: &str| {
        let found = is.conditions.iter().find(|c| c.type_ == t);
        found.map(|c| format!("{}: {}", c.reason, c.message)).unwrap_or_default()
    };
    let mut found = vec![];
    match (before, now) {
        (Payload::Off | Payload::LinkOnly, Payload::Full) => found.push(("Opened", false, note(READY))),
        (Payload::Full, Payload::Off | Payload::LinkOnly) => found.push(("Restricted", true, note(READY))),
        _ => {}
    }
    let stalled = |s: &IntegrationStatus| conditions::is_true(&s.conditions, STALLED);
    if !stalled(was) && stalled(is) {
        found.push(("Stalled", true, note(STALLED)));
    }
    found
}

/// Publishes what became of `integration`. An Event that cannot be written is logged and left.
pub async fn integration(context: &Context, integration: &Integration, is: &IntegrationStatus) {
    let was = integration.status.clone().unwrap_or_default();
    for found in of_integration(&was, is) {
        tell(context, &integration.object_ref(&()), found).await;
    }
}

/// Publishes the transitions of `plan` to `is`. An Event that cannot be written is logged and left.
pub async fn publish(context: &Context, plan: &HealthcarePlan, is: &HealthcarePlanStatus) {
    let was = plan.status.clone().unwrap_or_default();
    for found in transitions(&was, is) {
        tell(context, &plan.object_ref(&()), found).await;
    }
}

async fn tell(context: &Context, about: &ObjectReference, (reason, warning, note): (&str, bool, String)) {
    let event = Event {
        type_: if warning { EventType::Warning } else { EventType::Normal },
        reason: reason.into(),
        note: Some(note.chars().take(1000).collect()),
        action: "Reconcile".into(),
        secondary: None,
    };
    if let Err(error) = context.recorder.publish(&event, about).await {
        tracing::warn!(name = about.name, reason, error = %crate::fact::brief(&error), "event not written");
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
