//! What an act about an integration comes to, in words: from its spec, and from what the operator last wrote.

use super::subject::{Seen, condition};
use crate::{
    api::{
        Flow, Integration, Payload,
        conditions::{ACKNOWLEDGED, COVERED, PHI_UNLOCKED, READY, STALLED},
    },
    explain::{
        tree::Branch,
        words::{list, time},
    },
};

/// What is sent, to whom, where, until when, and what is sent today.
#[must_use]
pub fn flow(integration: &Integration, since: &str) -> Branch {
    let spec = &integration.spec;
    let data = match spec.payload {
        Payload::Full if spec.categories().is_empty() => "data that identifies no caller".to_owned(),
        Payload::Full => list(spec.categories().iter().map(|c| c.as_str())),
        Payload::LinkOnly => "links that need a login, and nothing else".into(),
        Payload::Off => "nothing: spec.payload is Off".into(),
    };
    let place = |e: &crate::api::Endpoint| {
        let cidrs: Vec<_> = e.cidrs.iter().flatten().cloned().collect();
        let cidrs = if cidrs.is_empty() { "by name alone".to_owned() } else { cidrs.join(", ") };
        format!("{}:{} ({cidrs})", e.host, e.port)
    };
    let places = spec.destinations().iter().map(place);
    let target = match (spec.direction, spec.payload) {
        (Flow::Pull, _) => format!("{} fetches it from the platform; nothing leaves the namespace", spec.vendor),
        (Flow::Push, Payload::Full) => format!("the tenant's own pods send it to {}", list(places)),
        (Flow::Push, _) => "the platform itself sends it".into(),
    };
    let mut lines = vec![
        format!("what: {data}"),
        format!("to whom: {}, for {}", spec.vendor, spec.service),
        format!("where: {target}"),
        format!("since when: {since}"),
    ];
    let status = integration.status.as_ref();
    let ends = status.and_then(|s| s.expiration_time.as_ref()).map(|t| t.0);
    lines.extend(ends.map(|t| format!("until when: its cover ends on {}", time(t))));
    lines.push(match status.and_then(|s| s.payload) {
        Some(Payload::Full) => "today: all of it, as the operator last wrote".into(),
        Some(Payload::LinkOnly) => "today: links that need a login".into(),
        Some(Payload::Off) => "today: nothing".into(),
        None => "today: not known, the operator has not looked at it yet".into(),
    });
    Branch::list("What comes of it", &lines)
}

/// What else keeps it from sending all that is asked, as the operator last wrote, but for what `own` act gives.
#[must_use]
pub fn missing(seen: &Seen, own: &str) -> Vec<String> {
    let Some(integration) = seen.current() else {
        return vec!["not known: the operator has not looked at the last change of the integration".into()];
    };
    let mut found = vec![];
    if let Some(c) = condition(integration, STALLED).filter(|c| c.status == "True") {
        found.push(format!("the spec: {}", c.message));
    }
    for (r#type, what) in [(COVERED, "cover"), (ACKNOWLEDGED, "acceptance of the warning")] {
        if let Some(c) = condition(integration, r#type).filter(|c| c.status != "True" && r#type != own) {
            found.push(format!("{what}: {}", c.message));
        }
    }
    if let Some(plan) = seen.plan.known() {
        let status = plan.status.as_ref();
        let phi = status.and_then(|s| s.conditions.iter().find(|c| c.type_ == PHI_UNLOCKED));
        match phi {
            Some(c) if c.status == "True" => {}
            Some(c) => found.push(format!("the plan: {}", c.message)),
            None => found.push("the plan: the operator has not looked at it yet".into()),
        }
        return found;
    }
    // To whom the plan is not shown, the integration itself says that it is locked.
    let sent = integration.status.as_ref().and_then(|s| s.payload);
    if sent == Some(Payload::Off) && integration.spec.payload != Payload::Off {
        found.extend(condition(integration, READY).map(|c| format!("the plan: {}", c.message)));
    }
    found
}

/// The same as a branch.
#[must_use]
pub fn missing_branch(missing: &[String]) -> Branch {
    if missing.is_empty() {
        return Branch::leaf("Nothing else is missing, as the operator last wrote");
    }
    Branch::list("What else is missing", missing)
}
