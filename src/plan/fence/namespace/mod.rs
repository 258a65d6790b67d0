//! The namespace, its quota, its ServiceAccount and who may read the flag document.

mod access;
mod quota;

use std::collections::BTreeMap;

use access::account_is_as_wanted;
use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::ResourceExt;
use quota::quota_is_as_wanted;
pub use {
    access::{readers, service_account},
    quota::quota,
};

use super::{is_as_wanted, labels};
use crate::{
    api::{
        TenantRecord,
        conditions::{NAMESPACE_FENCED, Reason},
    },
    fact::Fact,
    names::{FENCED_LABEL, FINALIZER, RECORD_UID_ANNOTATION, TenantName},
    plan::{
        decide::{Owned, Step},
        gates::Verdict,
        validate::Tenant,
        world::{NamespaceMeta, World},
    },
};

/// Pod Security: the strictest level, enforced (Kubernetes Pod Security Standards).
const POD_SECURITY: [(&str, &str); 4] = [
    ("pod-security.kubernetes.io/enforce", "restricted"),
    ("pod-security.kubernetes.io/enforce-version", "latest"),
    ("pod-security.kubernetes.io/warn", "restricted"),
    ("pod-security.kubernetes.io/audit", "restricted"),
];

/// What the namespace of the tenant's name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// There is none, and none was recorded.
    Bare,
    /// It is the tenant's own.
    Own,
    /// Nothing may be built on it.
    Barred(Reason, &'static str),
    /// It is not known.
    Unknown(String),
}

/// Looks at the namespace and at what the record says of it.
#[must_use]
pub fn ground(world: &World, record: Option<&TenantRecord>) -> Ground {
    let recorded = record.and_then(|r| r.spec.namespace_uid.as_deref());
    let namespace = match &world.namespace {
        Fact::Known(namespace) => namespace,
        Fact::Absent if recorded.is_none() => return Ground::Bare,
        Fact::Absent => {
            return Ground::Barred(
                Reason::NamespaceReplaced,
                "the tenant's namespace is gone; it is not made again by itself: make a plan that resumes the record",
            );
        }
        other => return Ground::Unknown(other.doubt().unwrap_or_default().to_owned()),
    };
    let uid = namespace.uid();
    let made_for = namespace.annotations().get(RECORD_UID_ANNOTATION);
    let ours = match recorded {
        Some(recorded) => uid.as_deref() == Some(recorded),
        None => record.is_some_and(|r| r.uid().as_ref() == made_for && made_for.is_some()),
    };
    // A plan is held before its record is begun: one that is held, on a namespace that was made for a record, had one.
    let held = world.plan.known().is_some_and(|p| p.finalizers().iter().any(|f| f == FINALIZER));
    if record.is_none() && made_for.is_some() && held {
        return Ground::Barred(
            Reason::RecordMissing,
            "the tenant's record is gone; it is not made again by itself: restore the TenantRecord from a backup",
        );
    }
    if !ours && recorded.is_some() {
        return Ground::Barred(
            Reason::NamespaceReplaced,
            "the namespace of this name is not the one that was recorded; see who replaced it, then resume the record",
        );
    }
    if !ours {
        return Ground::Barred(
            Reason::NamespaceExists,
            "a namespace of this name exists and is not this plan's: choose another name; taking over a live namespace (spec.adopt) is not built yet",
        );
    }
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ground::Barred(
            Reason::NamespaceTerminating,
            "the tenant's namespace is being deleted; see who deletes it",
        );
    }
    Ground::Own
}

/// Whether pods and logins are let in.
#[must_use]
pub fn is_fenced(world: &World) -> bool {
    world.namespace.known().is_some_and(|n| n.labels().get(FENCED_LABEL).is_some_and(|v| v == "true"))
}

/// How the namespace stands.
#[must_use]
pub fn judge(tenant: &Tenant, world: &World) -> Verdict {
    match ground(world, tenant.record.as_deref()) {
        Ground::Unknown(why) => {
            Verdict::unknown(NAMESPACE_FENCED, Reason::Unreadable, format!("the namespace cannot be read: {why}"))
        }
        Ground::Bare => Verdict::falls(NAMESPACE_FENCED, Reason::WaitingForFence, "The namespace is being made."),
        Ground::Barred(reason, why) => Verdict::stalls(NAMESPACE_FENCED, reason, why),
        Ground::Own
            if !is_fenced(world)
                && let Some(doubt) = &world.guardrail_doubt =>
        {
            Verdict::falls(NAMESPACE_FENCED, Reason::GuardrailsWrong, doubt.clone())
        }
        Ground::Own if !is_fenced(world) => Verdict::falls(
            NAMESPACE_FENCED,
            Reason::WaitingForFence,
            "The namespace stands; pods are refused until every fence does.",
        ),
        Ground::Own if !repairs(tenant, world).is_empty() => Verdict::repairing(
            NAMESPACE_FENCED,
            Reason::Repairing,
            "Labels, quota, ServiceAccount or RoleBinding are being repaired.",
        ),
        Ground::Own if let Some(doubt) = &world.guardrail_doubt => {
            Verdict::unknown(NAMESPACE_FENCED, Reason::GuardrailsWrong, doubt.clone())
        }
        Ground::Own => {
            Verdict::stands(NAMESPACE_FENCED, Reason::Fenced, "The namespace is the tenant's own and closed.")
        }
    }
}

/// The namespace as it is first made: nothing runs in it yet.
#[must_use]
pub fn unfenced(tenant: &TenantName, record_uid: &str) -> Namespace {
    Namespace {
        metadata: ObjectMeta {
            name: Some(tenant.as_str().to_owned()),
            labels: Some(namespace_labels(tenant)),
            annotations: Some([(RECORD_UID_ANNOTATION.to_owned(), record_uid.to_owned())].into()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

fn namespace_labels(tenant: &TenantName) -> BTreeMap<String, String> {
    let pod_security = POD_SECURITY.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    labels(tenant).into_iter().chain(pod_security).collect()
}

/// What is to be done to labels, quota, ServiceAccount and RoleBinding of a namespace that is the tenant's own.
#[must_use]
pub fn repairs(tenant: &Tenant, world: &World) -> Vec<Step> {
    let Some(namespace) = world.namespace.known() else {
        return vec![];
    };
    let mut steps = vec![];
    steps.extend(label_repair(tenant, namespace));
    if differs(&world.quota, |live| quota_is_as_wanted(&quota(tenant), live)) {
        steps.push(Step::Apply(Owned::ResourceQuota(quota(tenant))));
    }
    if differs(&world.service_account, |live| account_is_as_wanted(&service_account(tenant), live)) {
        steps.push(Step::Apply(Owned::ServiceAccount(service_account(tenant))));
    }
    if let Some(live) = world.readers.known().filter(|l| l.role_ref != readers(tenant).role_ref) {
        steps.push(Step::Delete(Owned::RoleBinding((**live).clone())));
    } else if differs(&world.readers, |live| is_as_wanted(&readers(tenant), live)) {
        steps.push(Step::Apply(Owned::RoleBinding(readers(tenant))));
    }
    steps
}

fn differs<T>(fact: &Fact<std::sync::Arc<T>>, same: impl Fn(&T) -> bool) -> bool {
    match fact {
        Fact::Known(live) => !same(live),
        Fact::Absent => true,
        Fact::Unknown(_) | Fact::Unread => false,
    }
}

fn label_repair(tenant: &Tenant, namespace: &NamespaceMeta) -> Option<Step> {
    let live = namespace.labels();
    let wanted = namespace_labels(&tenant.name);
    let lacking: BTreeMap<_, _> = wanted.into_iter().filter(|(k, v)| live.get(k) != Some(v)).collect();
    (!lacking.is_empty()).then_some(Step::LabelNamespace { labels: lacking, loosening: false })
}

/// The step that lets pods in.
#[must_use]
pub fn fence() -> Step {
    Step::LabelNamespace { labels: [(FENCED_LABEL.to_owned(), "true".to_owned())].into(), loosening: true }
}

#[cfg(test)]
mod tests;
