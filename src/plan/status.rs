//! What is said of a tenant, pure: from the decision, or from what is wrong, to the one status that is written.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    decide::Decision,
    fence::flags,
    gates::{Gate, Standing},
    validate::{Invalid, Tenant},
};
use crate::{
    api::{
        AgreementStatus, EntityStatus, HealthcarePlan, HealthcarePlanStatus, IntegrationsStatus, NodesStatus,
        TermsStatus, VendorFeatureStatus,
        conditions::{
            AGREEMENT_IN_FORCE, AUDIT_VERIFIED, FLAGS_PUBLISHED, KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED,
            NODES_DEDICATED, PHI_UNLOCKED, READY, RECONCILING, Reason, STALLED, Said, WORKLOADS_PLACED, seconds,
            set_conditions,
        },
    },
    integration,
    outcome::Failure,
};

/// Every condition that Ringfence writes on a plan.
const OURS: [&str; 12] = [
    READY,
    RECONCILING,
    STALLED,
    AGREEMENT_IN_FORCE,
    NAMESPACE_FENCED,
    NETWORK_ISOLATED,
    NODES_DEDICATED,
    KEYS_READY,
    FLAGS_PUBLISHED,
    WORKLOADS_PLACED,
    AUDIT_VERIFIED,
    PHI_UNLOCKED,
];

/// The status of a valid tenant. `failure` is what kept a step from being done; `still_open`: the document that is published opens something.
#[must_use]
pub fn status(
    tenant: &Tenant,
    decision: &Decision,
    failure: Option<&Failure>,
    still_open: bool,
    now: Timestamp,
) -> HealthcarePlanStatus {
    let mut said: Vec<_> = decision.verdicts.iter().map(super::gates::Verdict::said).collect();
    said.push(Said::new(
        AUDIT_VERIFIED,
        "Unknown",
        Reason::NotBuilt,
        "Verifying audit is not built yet: see to it yourself.",
    ));
    said.push(phi_unlocked(&decision.gate, failure, still_open, flags::was_told(&tenant.plan, &[PHI_UNLOCKED])));
    said.extend(kstatus(decision, failure));
    let entities = decision.agreements.entities.iter().map(|e| EntityStatus {
        party: e.party.clone(),
        open: e.open,
        path: e.path.clone(),
        expiration_time: e.closes.map(seconds).map(Time),
        phi_categories: e.categories.keys().copied().collect(),
        terms: e.terms.as_ref().map(|t| TermsStatus {
            permitted_uses: t.uses.iter().copied().collect(),
            subcontracting: t.subcontracting,
            offshoring: t.offshoring,
            breach_notice_hours: t.breach_notice_hours,
            incident_notice_hours: t.incident_notice_hours,
        }),
        missing: Some(e.missing.clone()).filter(|m| !m.is_empty()),
        warnings: e.warnings.clone(),
    });
    let vendor_features = decision.agreements.features.iter().map(|f| VendorFeatureStatus {
        flag: f.flag.clone(),
        permitted: f.open,
        expiration_time: f.closes.map(seconds).map(Time),
        message: Some(f.message.clone()).filter(|m| !m.is_empty()),
    });
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let rest = HealthcarePlanStatus {
        effective: Some(decision.effective.shown.clone()),
        agreement: Some(AgreementStatus {
            expiration_time: decision.agreements.closes().map(seconds).map(Time),
            entities: entities.collect(),
            vendor_features: vendor_features.collect(),
        }),
        nodes: Some(NodesStatus {
            asked: tenant.plan.spec.nodes.count,
            assigned: count(decision.nodes.0),
            ready: count(decision.nodes.1),
        }),
        integrations: integrations(decision),
        ..HealthcarePlanStatus::default()
    };
    write(&tenant.plan, &said, rest, now)
}

/// What each integration may carry, as decided: nothing while the gate is closed.
fn integrations(decision: &Decision) -> Option<IntegrationsStatus> {
    let open = !matches!(decision.gate, Gate::Closed(_));
    let mut lists = IntegrationsStatus::default();
    for judged in &decision.integrations {
        let list = match judged.grant(i64::MAX).filter(|_| open) {
            Some(flags::Grant::Full(_)) => &mut lists.full,
            Some(flags::Grant::LinkOnly) => &mut lists.link_only,
            None => &mut lists.off,
        };
        list.push(judged.name());
    }
    for list in [&mut lists.full, &mut lists.link_only, &mut lists.off] {
        list.sort();
        list.truncate(integration::MOST);
    }
    (lists != IntegrationsStatus::default()).then_some(lists)
}

/// The status of a plan that makes no tenant: what stood is still said, with less certainty. `lapsing`: its document still
/// opens something until its window ends.
#[must_use]
pub fn invalid(plan: &HealthcarePlan, invalid: &Invalid, lapsing: bool, now: Timestamp) -> HealthcarePlanStatus {
    let Invalid { reason, message, stalled } = invalid;
    let was = plan.status.clone().unwrap_or_default();
    let unlocked = if *stalled && !lapsing { "False" } else { "Unknown" };
    let mut said: Vec<_> = was.conditions.iter().filter_map(|c| doubted(&c.type_, *reason, message)).collect();
    said.push(Said::new(PHI_UNLOCKED, unlocked, *reason, message));
    said.push(Said::new(READY, "False", *reason, message));
    let kstatus = if *stalled { STALLED } else { RECONCILING };
    said.push(Said::new(kstatus, "True", *reason, message));
    write(plan, &said, HealthcarePlanStatus { conditions: vec![], ..was }, now)
}

/// A fence's condition while nobody can say whether it is as called for.
fn doubted(r#type: &str, reason: Reason, message: &str) -> Option<Said> {
    let fence = OURS.iter().find(|c| **c == r#type)?;
    let own = [READY, RECONCILING, STALLED, PHI_UNLOCKED, AUDIT_VERIFIED].contains(fence);
    (!own).then(|| Said::new(fence, "Unknown", reason, message))
}

/// What could not be written is no longer said to be open, nor said to be closed while the document opens it still; what was never said to
/// be open is not opened by a failure.
fn phi_unlocked(gate: &Gate, failure: Option<&Failure>, still_open: bool, was_told: bool) -> Said {
    match (gate, failure) {
        (Gate::Closed(v), Some(f)) if still_open => {
            let message = format!("To be locked ({}), but not locked yet: {}", v.reason.as_str(), f.message);
            Said::new(PHI_UNLOCKED, "Unknown", f.reason, message)
        }
        (Gate::Closed(v), _) => Said::new(PHI_UNLOCKED, "False", v.reason, &v.message),
        (Gate::Hold(v), _) => Said::new(PHI_UNLOCKED, "Unknown", v.reason, format!("Not renewed: {}", v.message)),
        (Gate::Open, Some(f)) if !f.untidy && !was_told => {
            Said::new(PHI_UNLOCKED, "False", f.reason, format!("Not opened: {}", f.message))
        }
        (Gate::Open, Some(f)) if !f.untidy => {
            Said::new(PHI_UNLOCKED, "Unknown", f.reason, format!("Not renewed: {}", f.message))
        }
        (Gate::Open, _) => {
            Said::new(PHI_UNLOCKED, "True", Reason::Unlocked, "Every fence stands and an agreement is in force.")
        }
    }
}

/// Ready says whether the cluster is as called for, locked or unlocked.
fn kstatus(decision: &Decision, failure: Option<&Failure>) -> Vec<Said> {
    let gate_stall = match &decision.gate {
        Gate::Closed(v) if v.stalled => Some(v),
        _ => None,
    };
    if let Some(v) = decision.verdicts.iter().find(|v| v.stalled).or(gate_stall) {
        return vec![Said::new(READY, "False", v.reason, &v.message), Said::new(STALLED, "True", v.reason, &v.message)];
    }
    if let Some(f) = failure {
        return vec![
            Said::new(READY, "False", f.reason, &f.message),
            Said::new(RECONCILING, "True", f.reason, &f.message),
        ];
    }
    match decision.verdicts.iter().find(|v| !v.settled) {
        Some(v) => {
            let ready = if v.standing == Standing::Unknown { "Unknown" } else { "False" };
            vec![Said::new(READY, ready, v.reason, &v.message), Said::new(RECONCILING, "True", v.reason, &v.message)]
        }
        None => vec![Said::new(READY, "True", Reason::AsCalledFor, "The cluster is as spec and agreements call for.")],
    }
}

fn write(plan: &HealthcarePlan, said: &[Said], rest: HealthcarePlanStatus, now: Timestamp) -> HealthcarePlanStatus {
    let generation = plan.metadata.generation.unwrap_or_default();
    let mut conditions = plan.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default();
    set_conditions(&mut conditions, said, &OURS, generation, now);
    HealthcarePlanStatus { observed_generation: Some(generation), conditions, ..rest }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
