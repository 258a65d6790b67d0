//! Who holds which rights, by which binding of which role.

use std::{collections::BTreeSet, fmt};

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::ResourceExt;

use super::{
    right::{Place, RIGHTS, Right},
    rule::{Reach, reach},
};

/// The namespace of Kubernetes' own accounts.
pub const KUBERNETES: &str = "kube-system";

/// The roles and bindings of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Rbac {
    /// All of the cluster's. The rules of aggregated ones are filled in by the controller-manager, and count as they stand.
    pub cluster_roles: Vec<ClusterRole>,
    /// All of the cluster's.
    pub roles: Vec<Role>,
    /// All of the cluster's.
    pub cluster_role_bindings: Vec<ClusterRoleBinding>,
    /// All of the cluster's.
    pub role_bindings: Vec<RoleBinding>,
}

/// One binding of one role to one subject.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    /// Who.
    pub subject: &'a Subject,
    /// Where: a namespace, or everywhere.
    pub namespace: Option<String>,
    /// The binding's name.
    pub binding: String,
    /// Which role.
    pub role: &'a RoleRef,
    /// Its rules; absent when there is no such role.
    pub rules: Option<&'a [PolicyRule]>,
}

/// What somebody may do by one binding.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    /// The binding.
    pub bound: Bound<'a>,
    /// What it gives of what is watched.
    pub rights: Vec<(&'static Right, Reach)>,
}

impl Rbac {
    /// Every subject of every binding.
    #[must_use]
    pub fn bound(&self) -> Vec<Bound<'_>> {
        let everywhere = self.cluster_role_bindings.iter().flat_map(|b| {
            let subjects = b.subjects.iter().flatten();
            subjects.map(|s| self.one(s, None, b.name_any(), &b.role_ref))
        });
        let somewhere = self.role_bindings.iter().flat_map(|b| {
            let subjects = b.subjects.iter().flatten();
            subjects.map(|s| self.one(s, b.namespace(), b.name_any(), &b.role_ref))
        });
        everywhere.chain(somewhere).collect()
    }

    fn one<'a>(
        &'a self,
        subject: &'a Subject,
        namespace: Option<String>,
        binding: String,
        role: &'a RoleRef,
    ) -> Bound<'a> {
        let rules = match role.kind.as_str() {
            "ClusterRole" => {
                let found = self.cluster_roles.iter().find(|r| r.name_any() == role.name);
                found.map(|r| r.rules.as_deref().unwrap_or_default())
            }
            _ => {
                let here = |r: &&Role| r.name_any() == role.name && r.namespace() == namespace;
                self.roles.iter().find(here).map(|r| r.rules.as_deref().unwrap_or_default())
            }
        };
        Bound { subject, namespace, binding, role, rules }
    }

    /// Everybody who holds a watched right where it counts.
    #[must_use]
    pub fn holders(&self, tenants: &BTreeSet<String>, operator: &str) -> Vec<Holder<'_>> {
        let counts = |bound: &Bound<'_>, place| match (&bound.namespace, place) {
            (None, _) => true,
            (Some(namespace), Place::Tenants) => tenants.contains(namespace),
            (Some(namespace), Place::Operator) => namespace == operator,
            (Some(namespace), Place::Kubernetes) => namespace == KUBERNETES,
            (Some(_), Place::Cluster) => false,
        };
        self.bound()
            .into_iter()
            .filter_map(|bound| {
                let rules = bound.rules.unwrap_or_default();
                let here = RIGHTS.iter().filter(|right| counts(&bound, right.place));
                let rights: Vec<_> = here.filter_map(|right| Some((right, reach(rules, right)?))).collect();
                (!rights.is_empty()).then_some(Holder { bound, rights })
            })
            .collect()
    }
}

impl fmt::Display for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, at) = match &self.namespace {
            Some(namespace) => ("RoleBinding", format!("{namespace}/{}", self.binding)),
            None => ("ClusterRoleBinding", self.binding.clone()),
        };
        write!(f, "by {kind} {at} of {} {}", self.role.kind, self.role.name)
    }
}

/// A subject as the API server names it, with its kind.
#[must_use]
pub fn named(subject: &Subject) -> String {
    match subject.kind.as_str() {
        "ServiceAccount" => {
            format!("ServiceAccount {}/{}", subject.namespace.as_deref().unwrap_or_default(), subject.name)
        }
        kind => format!("{kind} {}", subject.name),
    }
}

/// The name by which the API server knows a user, an account or a group.
#[must_use]
pub fn username(subject: &Subject) -> String {
    match subject.kind.as_str() {
        "ServiceAccount" => {
            let namespace = subject.namespace.as_deref().unwrap_or_default();
            format!("system:serviceaccount:{namespace}:{}", subject.name)
        }
        _ => subject.name.clone(),
    }
}
