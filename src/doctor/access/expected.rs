//! Whose rights are no surprise: Kubernetes' own parts by their own roles, Ringfence, and the groups that RingfenceConfig lists for it.

use k8s_openapi::api::rbac::v1::Subject;

use super::{
    holder::{Holder, KUBERNETES, username},
    right::{Place, Right},
};
use crate::api::Groups;

/// Why somebody's rights are no surprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `system:masters`.
    Masters,
    /// A part of Kubernetes.
    Kubernetes,
    /// The operator.
    Ringfence,
    /// Of `spec.groups.breakGlass`.
    BreakGlass,
    /// Of `spec.groups.administrators`.
    Administrators,
}

impl Expected {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Masters => "system:masters is above every rule",
            Self::Kubernetes => "parts of Kubernetes, by the roles that it makes for them",
            Self::Ringfence => "Ringfence itself",
            Self::BreakGlass => "listed in spec.groups.breakGlass",
            Self::Administrators => "listed in spec.groups.administrators",
        }
    }
}

const PODS: &[&str] = &["run or enter pods in"];
const SECRETS: &[&str] = &["read Secrets", "take roles, Secrets or the lead"];

/// Controllers of Kubernetes, and how what they may do begins (1.36); nothing: whatever it is. A name alone is anybody's to give.
const CONTROLLERS: &[(&str, &[&str])] = &[
    ("certificate-controller", &["approve or sign certificates"]),
    ("clusterrole-aggregation-controller", &["bind or escalate ClusterRoles"]),
    ("cronjob-controller", PODS),
    ("daemon-set-controller", PODS),
    ("deployment-controller", PODS),
    ("generic-garbage-collector", &[]),
    ("job-controller", PODS),
    ("legacy-service-account-token-cleaner", SECRETS),
    ("namespace-controller", &[]),
    ("persistent-volume-binder", PODS),
    ("replicaset-controller", PODS),
    ("replication-controller", PODS),
    ("resourcequota-controller", SECRETS),
    ("statefulset-controller", PODS),
];

/// Why it is expected that this holder holds what it holds; absent when it is not.
#[must_use]
pub fn expected(holder: &Holder<'_>, operator: &str, groups: Option<&Groups>) -> Option<Expected> {
    let (subject, role) = (holder.bound.subject, holder.bound.role);
    if subject.kind == "Group" && subject.name == "system:masters" {
        return Some(Expected::Masters);
    }
    if role.kind == "ClusterRole" && is_kubernetes(holder, &role.name) {
        return Some(Expected::Kubernetes);
    }
    // What else it holds than is shipped is told by the check of its identity.
    if username(subject) == operator {
        return Some(Expected::Ringfence);
    }
    let groups = groups?;
    let all = |test: &dyn Fn(&Right) -> bool| holder.rights.iter().all(|(right, _)| test(right));
    if listed(subject, &groups.break_glass) && all(&|right| right.place == Place::Tenants) {
        return Some(Expected::BreakGlass);
    }
    if listed(subject, &groups.administrators) && all(&|right| right.place != Place::Tenants) {
        return Some(Expected::Administrators);
    }
    None
}

/// A controller by the role of its own name, as far as it is known to need it, or the controller-manager and the scheduler by theirs.
fn is_kubernetes(holder: &Holder<'_>, role: &str) -> bool {
    let subject = holder.bound.subject;
    match subject.kind.as_str() {
        "ServiceAccount" => {
            let needs = CONTROLLERS.iter().find(|(name, _)| subject.name == *name).map(|(_, needs)| *needs);
            let needed = |needs: &[&str], what: &str| needs.is_empty() || needs.iter().any(|n| what.starts_with(n));
            subject.namespace.as_deref() == Some(KUBERNETES)
                && role.strip_prefix("system:controller:") == Some(subject.name.as_str())
                && needs.is_some_and(|needs| holder.rights.iter().all(|(right, _)| needed(needs, right.what)))
        }
        "User" => matches!(role, "system:kube-controller-manager" | "system:kube-scheduler") && subject.name == role,
        _ => false,
    }
}

/// Whether a list of RingfenceConfig names this subject: a group, an account, or all accounts of its namespace.
fn listed(subject: &Subject, list: &[String]) -> bool {
    let name = username(subject);
    let accounts = subject.namespace.as_ref().map(|n| format!("system:serviceaccounts:{n}"));
    match subject.kind.as_str() {
        "Group" => list.contains(&name),
        "ServiceAccount" => list.contains(&name) || accounts.is_some_and(|a| list.contains(&a)),
        _ => false,
    }
}
