//! Condition types, and how a condition is written.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

pub use super::reason::Reason;

/// `Ready`: the cluster is as spec and agreements call for, locked or unlocked.
pub const READY: &str = "Ready";
/// `Reconciling`: there is work to do or to wait for (kstatus).
pub const RECONCILING: &str = "Reconciling";
/// `Stalled`: the author of the spec must act (kstatus).
pub const STALLED: &str = "Stalled";
/// An agreement of at least one covered entity is in force.
pub const AGREEMENT_IN_FORCE: &str = "AgreementInForce";
/// The namespace is the tenant's own and closed.
pub const NAMESPACE_FENCED: &str = "NamespaceFenced";
/// The base NetworkPolicy stands.
pub const NETWORK_ISOLATED: &str = "NetworkIsolated";
/// The tenant has nodes of its own.
pub const NODES_DEDICATED: &str = "NodesDedicated";
/// The tenant's keys are the recorded ones.
pub const KEYS_READY: &str = "KeysReady";
/// The flag document is published as called for.
pub const FLAGS_PUBLISHED: &str = "FlagsPublished";
/// The tenant's pods run on its pool and nobody else's do.
pub const WORKLOADS_PLACED: &str = "WorkloadsPlaced";
/// Audit devices are on; not built yet.
pub const AUDIT_VERIFIED: &str = "AuditVerified";
/// The gate is open: what `PhiUnlocked` opens may be used.
pub const PHI_UNLOCKED: &str = "PhiUnlocked";
/// Both parties of an agreement have signed.
pub const FULLY_EXECUTED: &str = "FullyExecuted";
/// An agreement is in force.
pub const IN_FORCE: &str = "InForce";
/// An agreement ends within 90 days, and none goes on from there.
pub const EXPIRING_SOON: &str = "ExpiringSoon";
/// Notice clocks get shorter from the covered entity to the platform (45 CFR 164.410).
pub const CLOCKS_FLOW_DOWN: &str = "ClocksFlowDown";
/// For some time there was no agreement, although one might be thought to have been.
pub const GAP_FOUND: &str = "GapFound";
/// An agreement covers an integration, or none is needed.
pub const COVERED: &str = "Covered";
/// A person has accepted an integration's warning.
pub const ACKNOWLEDGED: &str = "Acknowledged";
/// Pods reach an integration's destinations.
pub const EGRESS_OPEN: &str = "EgressOpen";
/// An agreement may be deleted.
pub const RELEASABLE: &str = "Releasable";

/// What is said of one condition, before it is compared with what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Condition type.
    pub r#type: &'static str,
    /// `True`, `False` or `Unknown`.
    pub status: &'static str,
    /// Why.
    pub reason: Reason,
    /// For people; ends with what to do, holds no times and no generated names.
    pub message: String,
}

impl Said {
    /// Shorthand.
    #[must_use]
    pub fn new(r#type: &'static str, status: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { r#type, status, reason, message: message.into() }
    }
}

/// Writes `said` into `conditions`: types that are not said go, foreign types stay, times change only with the status.
pub fn set_conditions(conditions: &mut Vec<Condition>, said: &[Said], ours: &[&str], generation: i64, now: Timestamp) {
    conditions.retain(|c| !ours.contains(&c.type_.as_str()) || said.iter().any(|s| s.r#type == c.type_));
    for s in said {
        let old = conditions.iter_mut().find(|c| c.type_ == s.r#type);
        let since = match &old {
            Some(o) if o.status == s.status => o.last_transition_time.clone(),
            _ => Time(seconds(now)),
        };
        let new = Condition {
            type_: s.r#type.to_owned(),
            status: s.status.to_owned(),
            reason: s.reason.as_str().to_owned(),
            message: s.message.clone(),
            observed_generation: Some(generation),
            last_transition_time: since,
        };
        match old {
            Some(o) => *o = new,
            None => conditions.push(new),
        }
    }
}

/// Whether `conditions` hold `type` with status `True`.
#[must_use]
pub fn is_true(conditions: &[Condition], r#type: &str) -> bool {
    conditions.iter().any(|c| c.type_ == r#type && c.status == "True")
}

/// `now` without fractions of a second, as the API server stores times.
#[must_use]
pub fn seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let (t0, t1) = (Timestamp::from_second(100).unwrap(), Timestamp::from_second(200).unwrap());
        let mut c = vec![];
        set_conditions(&mut c, &[Said::new(READY, "False", Reason::NoAgreement, "a")], &[READY], 1, t0);
        set_conditions(&mut c, &[Said::new(READY, "False", Reason::InForce, "b")], &[READY], 2, t1);
        assert_eq!(
            (c[0].last_transition_time.0, c[0].reason.as_str(), c[0].observed_generation),
            (t0, "InForce", Some(2))
        );
        set_conditions(&mut c, &[Said::new(READY, "True", Reason::InForce, "b")], &[READY], 2, t1);
        assert_eq!(c[0].last_transition_time.0, t1);
    }

    #[test]
    fn foreign_conditions_stay_and_own_ones_that_are_not_said_go() {
        let now = Timestamp::from_second(100).unwrap();
        let mut c = vec![];
        set_conditions(&mut c, &[Said::new("Theirs", "True", Reason::InForce, "")], &[], 1, now);
        set_conditions(&mut c, &[Said::new(STALLED, "True", Reason::InvalidSpec, "")], &[STALLED, READY], 1, now);
        set_conditions(&mut c, &[], &[STALLED, READY], 1, now);
        assert_eq!(c.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["Theirs"]);
    }
}
