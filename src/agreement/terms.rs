//! What an agreement permits, and the strictest of several (45 CFR 164.504(e)(2)(ii)(D): the same restrictions flow down).

use std::collections::BTreeSet;

use crate::api::{BAASpec, Offshoring, PermittedUse, PhiCategory, Subcontracting};

/// The service of the platform itself, which every agreement of a path must name.
pub const SERVICE: &str = "call-tracking";

/// What is permitted, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Services.
    pub services: BTreeSet<String>,
    /// Categories of protected health information.
    pub categories: BTreeSet<PhiCategory>,
    /// Uses.
    pub uses: BTreeSet<PermittedUse>,
    /// Whether subcontractors may be used.
    pub subcontracting: Subcontracting,
    /// Whether the information may leave the country.
    pub offshoring: Offshoring,
    /// Hours until a breach must have been told of; `None`: no sooner than the law says.
    pub breach_notice_hours: Option<i32>,
    /// Hours until a security incident must have been told of; `None`: the agreement sets none.
    pub incident_notice_hours: Option<i32>,
}

impl Terms {
    /// The terms as one agreement states them. A restriction that it does not state is none.
    #[must_use]
    pub fn of(spec: &BAASpec) -> Self {
        let restrictions = spec.restrictions.as_ref();
        Self {
            services: spec.scope.services.iter().cloned().collect(),
            categories: spec.scope.phi_categories.iter().copied().collect(),
            uses: spec.permitted_uses.iter().copied().collect(),
            subcontracting: restrictions.and_then(|r| r.subcontracting).unwrap_or(Subcontracting::Allow),
            offshoring: restrictions.and_then(|r| r.offshoring).unwrap_or(Offshoring::Allow),
            breach_notice_hours: spec.clocks.as_ref().and_then(|c| c.breach_notice_hours),
            incident_notice_hours: spec.clocks.as_ref().and_then(|c| c.incident_notice_hours),
        }
    }

    /// What both permit, under the stricter conditions (C3).
    #[must_use]
    pub fn strictest(&self, other: &Self) -> Self {
        let sooner = |a: Option<i32>, b: Option<i32>| a.into_iter().chain(b).min();
        Self {
            services: self.services.intersection(&other.services).cloned().collect(),
            categories: self.categories.intersection(&other.categories).copied().collect(),
            uses: self.uses.intersection(&other.uses).copied().collect(),
            subcontracting: self.subcontracting.max(other.subcontracting),
            offshoring: self.offshoring.max(other.offshoring),
            breach_notice_hours: sooner(self.breach_notice_hours, other.breach_notice_hours),
            incident_notice_hours: sooner(self.incident_notice_hours, other.incident_notice_hours),
        }
    }

    /// Whether nothing is permitted here that `other` does not permit.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.strictest(other) == *self
    }
}

/// The strictest of all; `None` of none.
pub(super) fn strictest_of(all: impl IntoIterator<Item = Terms>) -> Option<Terms> {
    all.into_iter().reduce(|a, b| a.strictest(&b))
}
