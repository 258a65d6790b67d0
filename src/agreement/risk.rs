//! Acts with an end: accepted risks and attested controls.

use jiff::Timestamp;

use super::acts::takes_back;
use crate::api::{Act, Attestation, SubjectKind};

/// A setting below the strict one, which counts only while somebody has accepted the risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Alerts of forms and text messages show the sender's number.
    AlertsGuide,
    /// Redaction is off.
    RedactionDisabled,
}

impl Setting {
    /// As an Attestation spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlertsGuide => "alerts.guide",
            Self::RedactionDisabled => "redaction.disabled",
        }
    }
}

/// Until when the risk of `setting` is accepted for the plan of this UID; `None` when it is not at `now`.
///
/// `frozen`: when notice was given to every agreement that the plan lives on; what is accepted after that opens nothing anew.
#[must_use]
pub fn accepted_until(
    setting: Setting,
    plan_uid: &str,
    acts: &[&Attestation],
    frozen: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    live(acts, now, |a| {
        let created = a.metadata.creation_timestamp.as_ref().map(|t| t.0);
        let in_time = frozen.is_none_or(|given| created.is_some_and(|created| created <= given));
        a.spec.act == Act::AcceptRisk
            && a.spec.subject_ref.kind == SubjectKind::HealthcarePlan
            && a.spec.subject_ref.uid == plan_uid
            && a.spec.setting.as_deref() == Some(setting.as_str())
            && in_time
    })
}

/// Until when the control is attested by the Attestation of this name; `None` when it is not at `now`.
#[must_use]
pub fn attested_until(control: &str, name: &str, acts: &[&Attestation], now: Timestamp) -> Option<Timestamp> {
    live(acts, now, |a| {
        a.spec.act == Act::AttestControl
            && a.metadata.name.as_deref() == Some(name)
            && a.spec.setting.as_deref() == Some(control)
    })
}

fn live(acts: &[&Attestation], now: Timestamp, fits: impl Fn(&Attestation) -> bool) -> Option<Timestamp> {
    let withdrawn = |a: &Attestation| acts.iter().any(|w| takes_back(w, a));
    acts.iter()
        .filter(|a| a.metadata.creation_timestamp.is_some() && fits(a) && !withdrawn(a))
        .filter_map(|a| a.spec.expiration_time.as_ref().map(|t| t.0))
        .filter(|end| *end > now)
        .max()
}
