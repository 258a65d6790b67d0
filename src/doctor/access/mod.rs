//! Who may read or enter what is a tenant's, or undo what guards it, as far as RBAC says.

mod expected;
mod holder;
mod right;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    expected::Expected,
    holder::{Holder, KUBERNETES},
    right::{Place, RIGHTS},
    rule::Reach,
};
pub use self::{
    holder::{Bound, Rbac, named, username},
    rule::{names, resources},
};
use super::report::{Check, Finding, Level};
use crate::{api::RingfenceConfig, fact::Fact};

/// Lists who holds the watched rights. Whoever is not expected to is a warning: nothing but RBAC keeps people from reading logs and Secrets.
#[must_use]
pub fn judge(
    rbac: &Fact<Rbac>,
    tenants: &Fact<BTreeSet<String>>,
    operator: (&str, &str),
    config: &Fact<RingfenceConfig>,
) -> Check {
    let (rbac, tenants) = match (rbac, tenants) {
        (Fact::Known(rbac), Fact::Known(tenants)) => (rbac, tenants),
        (rbac, tenants) => {
            let doubts = [rbac.doubt().map(|w| ("roles and bindings", w)), tenants.doubt().map(|w| ("namespaces", w))];
            let unknown = doubts.into_iter().flatten().map(|(about, why)| Finding::unknown(about, why));
            return Check::new("access", unknown.collect());
        }
    };
    let (namespace, account) = operator;
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let groups = config.known().and_then(|c| c.spec.groups.as_ref());
    let holders = rbac.holders(tenants, namespace);
    let judged: Vec<_> = holders.iter().map(|h| (h, expected::expected(h, &user, groups))).collect();
    let (own, others): (Vec<_>, Vec<_>) = judged.into_iter().partition(|(_, e)| *e == Some(Expected::Kubernetes));
    let mut findings: Vec<_> = others.into_iter().map(|(holder, expected)| one(holder, expected)).collect();
    findings.extend(kubernetes(own.into_iter().map(|(holder, _)| holder)));
    findings.extend(rbac.bound().iter().filter(|b| b.rules.is_none()).filter_map(|b| dangling(b, tenants, namespace)));
    findings.extend(config.doubt().map(|why| Finding::unknown("spec.groups of RingfenceConfig/cluster", why)));
    if findings.is_empty() {
        findings.push(Finding::ok("roles and bindings", "nobody holds a watched right"));
    }
    Check::new("access", findings)
}

fn one(holder: &Holder<'_>, expected: Option<Expected>) -> Finding {
    let about = named(holder.bound.subject);
    let what = format!("may {} {}: {}", rights(holder), holder.bound, place(holder));
    match expected {
        Some(why) => Finding::said(Level::Listed, about, format!("{what}. Expected: {}", why.as_str())),
        None => Finding::to_do(
            Level::Warning,
            about,
            what,
            "Unless it is meant, take it out of the binding or narrow the role: no admission rule sees who reads logs and Secrets",
        ),
    }
}

/// Kubernetes' own parts, by what they may do: they are many, and the same everywhere.
fn kubernetes<'a>(holders: impl Iterator<Item = &'a Holder<'a>>) -> Option<Finding> {
    let mut by_right = BTreeMap::<&str, BTreeSet<&str>>::new();
    for holder in holders {
        for (right, _) in &holder.rights {
            by_right.entry(right.what).or_default().insert(holder.bound.subject.name.as_str());
        }
    }
    let all =
        by_right.iter().map(|(what, who)| format!("{what}: {}", who.iter().copied().collect::<Vec<_>>().join(", ")));
    let all = all.collect::<Vec<_>>().join("; ");
    let what = format!("hold by their own roles: {all}. Expected: {}", Expected::Kubernetes.as_str());
    (!by_right.is_empty()).then(|| Finding::said(Level::Listed, "Kubernetes' own controllers", what))
}

fn rights(holder: &Holder<'_>) -> String {
    if holder.rights.len() == RIGHTS.len() && holder.rights.iter().all(|(_, reach)| *reach == Reach::All) {
        return "do everything that is watched".into();
    }
    let one = |(right, reach): &(&right::Right, Reach)| match reach {
        Reach::All => right.what.to_owned(),
        Reach::Named(names) => format!("{} (only named {})", right.what, names.join(", ")),
    };
    holder.rights.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn place(holder: &Holder<'_>) -> String {
    match &holder.bound.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None if holder.rights.iter().all(|(right, _)| right.place == Place::Cluster) => "in the cluster".into(),
        None => "in every namespace, tenants' too".into(),
    }
}

/// A binding of a role that is not there: whoever makes the role decides what it gives.
fn dangling(bound: &Bound<'_>, tenants: &BTreeSet<String>, operator: &str) -> Option<Finding> {
    let here = |namespace: &String| tenants.contains(namespace) || namespace == operator || namespace == KUBERNETES;
    bound.namespace.as_ref().is_none_or(here).then(|| {
        Finding::to_do(
            Level::Warning,
            named(bound.subject),
            format!("is bound {bound}, which does not exist: whoever makes that role decides what it gives"),
            "Take the binding away",
        )
    })
}
