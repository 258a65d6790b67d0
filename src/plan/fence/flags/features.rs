//! Product settings in force: the stricter of class and plan, and below that only what a live AcceptRisk allows.

use jiff::Timestamp;

use crate::{
    agreement::{Setting, accepted_until},
    api::{Alerts, Attestation, EffectiveFeatures, Floors, Mfa, PlanFeatures, Redaction},
    plan::validate::Tenant,
};

/// The least idle time when nobody says anything (45 CFR 164.312(a)(2)(iii)).
const STRICTEST_IDLE_MINUTES: i32 = 15;
/// The most idle minutes that anybody may say.
const MOST_IDLE_MINUTES: i32 = 30;

/// Settings in force, and until when the accepted ones are.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// As status shows them.
    pub shown: EffectiveFeatures,
    /// Until when alerts may show the sender's number.
    pub guide_until: Option<Timestamp>,
    /// Until when redaction may be off.
    pub redaction_off_until: Option<Timestamp>,
}

/// The stricter of class and plan for each setting. `frozen`: when notice was given to every agreement that the plan lives on.
#[must_use]
pub fn effective(tenant: &Tenant, acts: &[&Attestation], frozen: Option<Timestamp>, now: Timestamp) -> Effective {
    let PlanFeatures { alerts, redaction, mfa, max_session_idle_minutes } =
        tenant.plan.spec.features.clone().unwrap_or_default();
    let floors = tenant.class.spec.floors.clone().unwrap_or_default();
    let Floors { alerts: alerts_floor, max_session_idle_minutes: idle_floor, mfa: mfa_floor } = floors;
    let mut notes = vec![];

    let asked = alerts.unwrap_or(Alerts::Strict);
    let floor = alerts_floor.unwrap_or(Alerts::Strict);
    let guide_until = accepted_until(Setting::AlertsGuide, &tenant.uid, acts, frozen, now);
    let shown_alerts = match (asked.max(floor), guide_until) {
        (Alerts::Guide, Some(_)) => Alerts::Guide,
        (Alerts::Guide, None) => {
            notes.push(
                "features.alerts Guide does not count without a live AcceptRisk of setting alerts.guide.".to_owned(),
            );
            Alerts::Strict
        }
        (Alerts::Strict, _) => {
            if asked == Alerts::Guide {
                notes.push("features.alerts Guide is looser than the class allows (floors.alerts).".to_owned());
            }
            Alerts::Strict
        }
    };

    let off_until = accepted_until(Setting::RedactionDisabled, &tenant.uid, acts, frozen, now);
    let off = redaction == Some(Redaction::Disabled);
    if off && off_until.is_none() {
        notes.push(
            "features.redaction Disabled does not count without a live AcceptRisk of setting redaction.disabled."
                .to_owned(),
        );
    }
    let redaction = if off && off_until.is_some() { Redaction::Disabled } else { Redaction::Enabled };

    let most = idle_floor.unwrap_or(MOST_IDLE_MINUTES).clamp(1, MOST_IDLE_MINUTES);
    let asked = max_session_idle_minutes.unwrap_or(STRICTEST_IDLE_MINUTES.min(most)).clamp(1, MOST_IDLE_MINUTES);
    if asked > most {
        notes.push(format!("features.maxSessionIdleMinutes {asked} is more than the class allows ({most})."));
    }
    let mfa_floor = mfa_floor.unwrap_or(Mfa::Required);
    let mfa_asked = mfa.unwrap_or(mfa_floor);
    if mfa_asked < mfa_floor {
        notes.push("features.mfa Recommended is looser than the class allows (floors.mfa).".to_owned());
    }
    Effective {
        shown: EffectiveFeatures {
            alerts: shown_alerts,
            redaction,
            mfa: mfa_asked.max(mfa_floor),
            max_session_idle_minutes: asked.min(most),
            notes,
        },
        guide_until: guide_until.filter(|_| shown_alerts == Alerts::Guide),
        redaction_off_until: off_until.filter(|_| redaction == Redaction::Disabled),
    }
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
