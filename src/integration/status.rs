//! What is said of an integration, pure: from what was decided and what is observed to stand.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{egress::Way, judge::Judged, steps::standing};
use crate::{
    api::{
        Flow, Integration, IntegrationStatus, Payload,
        conditions::{
            ACKNOWLEDGED, COVERED, EGRESS_OPEN, READY, RECONCILING, Reason, STALLED, Said, seconds, set_conditions,
        },
    },
    plan::{
        fence::flags::{self, Grant, Live, Opening},
        validate::Invalid,
        world::World,
    },
};

/// Every condition that Ringfence writes on an integration.
const OURS: [&str; 6] = [READY, RECONCILING, STALLED, COVERED, ACKNOWLEDGED, EGRESS_OPEN];

/// The status of an integration of a valid tenant.
#[must_use]
pub fn status(judged: &Judged, world: &World, now: Timestamp) -> IntegrationStatus {
    let opening = published(world);
    let payload = payload(opening.as_ref(), &judged.name(), now);
    let (egress, as_called_for) = egress(judged, world, payload, now);
    let said = [covered(judged), acknowledged(judged), egress];
    let said: Vec<_> = said.into_iter().chain(kstatus(judged, opening.as_ref(), (payload, as_called_for))).collect();
    let rest = IntegrationStatus {
        payload: Some(payload),
        expiration_time: judged.cover.closes.map(seconds).map(Time),
        warning: Some(judged.warning.clone()),
        cover_statement: judged.cover_statement.clone(),
        ..IntegrationStatus::default()
    };
    write(&judged.integration, &said, rest, now)
}

/// The status of an integration where there is no valid tenant.
#[must_use]
pub fn without_tenant(
    integration: &Integration,
    invalid: Option<&Invalid>,
    world: &World,
    now: Timestamp,
) -> IntegrationStatus {
    let name = integration.metadata.name.as_deref().unwrap_or_default();
    let payload = payload(published(world).as_ref(), name, now);
    let said = match invalid {
        None => {
            let what = format!(
                "Namespace {} is no tenant's: an Integration belongs into the namespace of a HealthcarePlan. Delete it, or create the plan.",
                world.name
            );
            vec![
                Said::new(READY, "False", Reason::NotATenant, &what),
                Said::new(STALLED, "True", Reason::NotATenant, what),
            ]
        }
        Some(Invalid { reason, message, .. }) => {
            let what = format!("See the HealthcarePlan {}: {message}", world.name);
            vec![Said::new(READY, "False", *reason, &what), Said::new(RECONCILING, "True", *reason, what)]
        }
    };
    let was = integration.status.clone().unwrap_or_default();
    let rest = IntegrationStatus { payload: Some(payload), conditions: vec![], ..was };
    write(integration, &said, rest, now)
}

fn write(integration: &Integration, said: &[Said], rest: IntegrationStatus, now: Timestamp) -> IntegrationStatus {
    let generation = integration.metadata.generation.unwrap_or_default();
    let mut conditions = integration.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default();
    set_conditions(&mut conditions, said, &OURS, generation, now);
    IntegrationStatus { observed_generation: Some(generation), conditions, ..rest }
}

fn published(world: &World) -> Option<Opening> {
    let name = crate::names::TenantName::new(&world.name).ok()?;
    flags::published(world).and_then(|t| Live::parse(&name, t))?.opening
}

/// What the published flag says at `now`.
fn payload(opening: Option<&Opening>, name: &str, now: Timestamp) -> Payload {
    match opening.and_then(|o| o.integrations.get(name)) {
        Some(Grant::Full(until)) if *until > now.as_second() => Payload::Full,
        Some(_) => Payload::LinkOnly,
        None => Payload::Off,
    }
}

fn covered(judged: &Judged) -> Said {
    let cover = &judged.cover;
    if !cover.open {
        return Said::new(COVERED, "False", cover.reason, sentence(&cover.message));
    }
    let vendor = &judged.integration.spec.vendor;
    let said = match (&judged.cover_statement, judged.integration.spec.cover.as_ref().and_then(|c| c.baa_ref.as_ref()))
    {
        (Some(_), _) => (
            Reason::CoverAttested,
            format!("The customer's own agreement with {vendor} is attested. It is not shown to Ringfence."),
        ),
        (None, Some(baa)) => (Reason::Covered, format!("BAA {} covers {vendor}.", baa.name)),
        (None, None) => (Reason::DeIdentified, "The data identifies nobody; no agreement is needed.".to_owned()),
    };
    let told = if cover.message.is_empty() { String::new() } else { format!(" {}", sentence(&cover.message)) };
    Said::new(COVERED, "True", said.0, format!("{}{told}", said.1))
}

fn acknowledged(judged: &Judged) -> Said {
    match &judged.accepted {
        Ok(accepted) => {
            let what = format!("Its warning was accepted, recorded by {}.", accepted.by);
            Said::new(ACKNOWLEDGED, "True", Reason::Acknowledged, what)
        }
        Err((reason, message)) => Said::new(ACKNOWLEDGED, "False", *reason, message),
    }
}

/// Whether the ways out stand, and whether that is as the published flag calls for.
fn egress(judged: &Judged, world: &World, payload: Payload, now: Timestamp) -> (Said, bool) {
    let said = |status, reason, message: String| Said::new(EGRESS_OPEN, status, reason, message);
    if judged.integration.spec.direction == Flow::Pull {
        let what = "With direction Pull nothing leaves the namespace: the third party calls the platform.".to_owned();
        return (said("False", Reason::NotNeeded, what), true);
    }
    if world.policies.known().is_none() || (world.names_hosts && world.host_policies.known().is_none()) {
        let what = "The policies of the namespace cannot be read; see the operator's log.".to_owned();
        return (said("Unknown", Reason::Unreadable, what), false);
    }
    let name = format!("{}{}", crate::names::WAY_OUT, judged.name());
    let standing: Vec<Way> = standing(world).into_iter().filter(|w| w.name() == name).collect();
    let full = payload == Payload::Full && judged.shortfall().is_none();
    if let Ok(ways) = &judged.ways
        && full
    {
        let all = ways.iter().all(|w| standing.iter().any(|s| w.is(s) && w.is_as(s)));
        if all && standing.len() == ways.len() {
            let what = "Pods of the namespace reach the declared destinations, and no others.".to_owned();
            return (said("True", Reason::Opened, what), true);
        }
        let what = "The ways out are being opened.".to_owned();
        return (said("False", Reason::Repairing, what), false);
    }
    if !standing.is_empty() {
        let what = "The ways out are being closed.".to_owned();
        return (said("True", Reason::Repairing, what), false);
    }
    (closed(judged, world, now), true)
}

/// A way out that stood: what of the connections that were open?
fn closed(judged: &Judged, world: &World, now: Timestamp) -> Said {
    let said = |reason, message: String| Said::new(EGRESS_OPEN, "False", reason, message);
    let mut conditions = judged.integration.status.iter().flat_map(|s| &s.conditions);
    let was = conditions.find(|c| c.type_ == EGRESS_OPEN);
    let since = match was {
        Some(c) if c.status == "True" => Some(seconds(now)),
        Some(c) if tells_of_connections(c) => Some(c.last_transition_time.0),
        _ => None,
    };
    let Some(since) = since else {
        let why =
            judged.shortfall().map_or("The plan is locked, or less was asked for.", |_| "See the other conditions.");
        return said(Reason::Closed, format!("No destination is reached. {why}"));
    };
    if world.names_hosts {
        let what = "No destination is reached; the network engine cut connections that were open.".to_owned();
        return said(Reason::ClosedAndCut, what);
    }
    let namespace = &world.name;
    let older = |p: &k8s_openapi::api::core::v1::Pod| {
        p.metadata.namespace.as_ref() == Some(namespace)
            && p.metadata.creation_timestamp.as_ref().is_none_or(|t| t.0 <= since)
    };
    if world.pods.known().is_some_and(|pods| !pods.iter().any(|p| older(p))) {
        let what = "No destination is reached: every pod is younger than the closing.".to_owned();
        return said(Reason::Closed, what);
    }
    let what = format!(
        "New connections are refused. The network engine may let those go on that were open: restart the pods that are older (kubectl -n {namespace} rollout restart deployment)."
    );
    said(Reason::ClosedForNew, what)
}

/// Whether it was told of connections that were open when it was closed.
fn tells_of_connections(condition: &Condition) -> bool {
    let told = [Reason::ClosedForNew.as_str(), Reason::ClosedAndCut.as_str()];
    condition.status == "False" && told.contains(&condition.reason.as_str())
}

/// Ready says whether flag and ways out are as spec, agreements and the plan call for; to carry less than asked is no failure.
fn kstatus(judged: &Judged, opening: Option<&Opening>, (payload, as_called_for): (Payload, bool)) -> Vec<Said> {
    let stalls = |reason: &Reason| {
        [
            Reason::HostWithoutCidrs,
            Reason::DestinationRefused,
            Reason::CoverForeign,
            Reason::InvalidSpec,
            Reason::TooMany,
        ]
        .contains(reason)
    };
    let asked = judged.integration.spec.payload;
    if let Some((reason, message)) =
        judged.shortfall().filter(|(r, _)| stalls(r) && (asked == Payload::Full || judged.off.is_some()))
    {
        let message = sentence(message);
        return vec![Said::new(READY, "False", reason, &message), Said::new(STALLED, "True", reason, message)];
    }
    let wanted = match opening.and_then(|_| judged.grant(i64::MAX)) {
        Some(Grant::Full(_)) => Payload::Full,
        Some(Grant::LinkOnly) => Payload::LinkOnly,
        None => Payload::Off,
    };
    if wanted != payload || !as_called_for {
        let what = "Flag and ways out are being made as called for; if it stays so, see the plan's conditions.";
        return vec![
            Said::new(READY, "False", Reason::Repairing, what),
            Said::new(RECONCILING, "True", Reason::Repairing, what),
        ];
    }
    let what = match (payload, judged.shortfall().filter(|_| asked == Payload::Full)) {
        (Payload::Full, _) => "All that is asked for may be sent.".to_owned(),
        (Payload::LinkOnly, Some((_, why))) => format!("Links alone are sent: {}", sentence(why)),
        (Payload::LinkOnly, None) => "Links alone are sent, as asked.".to_owned(),
        (Payload::Off, _) if asked == Payload::Off => "It is off, as asked.".to_owned(),
        (Payload::Off, _) => "It is off: the plan is locked. See the plan's conditions.".to_owned(),
    };
    vec![Said::new(READY, "True", Reason::AsCalledFor, what)]
}

/// With a full stop.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}
