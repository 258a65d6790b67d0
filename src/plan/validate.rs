//! From facts to a tenant that cannot be wrong, or to what somebody must do about it.

use std::sync::Arc;

use jiff::SignedDuration;
use kube::ResourceExt;

use super::world::World;
use crate::{
    agreement,
    api::{HealthcarePlan, HealthcarePlanClass, PlanState, TenantRecord, conditions::Reason},
    fact::Fact,
    names::TenantName,
};

/// A tenant whose plan, class and configuration fit together.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// UID of the plan.
    pub uid: String,
    /// The plan.
    pub plan: Arc<HealthcarePlan>,
    /// The class.
    pub class: Arc<HealthcarePlanClass>,
    /// The record, if there is one; it is this plan's.
    pub record: Option<Arc<TenantRecord>>,
    /// The platform's legal party.
    pub platform: String,
    /// Party ids of the covered entities.
    pub entities: Vec<String>,
    /// Validity of what the gate opens, without the operator.
    pub lease: SignedDuration,
    /// Validity of reading, without the operator.
    pub read_lease: SignedDuration,
}

/// Why there is no tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Why.
    pub reason: Reason,
    /// In words, with what to do.
    pub message: String,
    /// Whether the author of the spec must act; else it may pass.
    pub stalled: bool,
}

impl Tenant {
    /// What is asked of the agreements, for these integrations.
    #[must_use]
    pub fn question<'q>(&'q self, integrations: &'q [agreement::Disclosure]) -> agreement::Question<'q> {
        let features = &self.class.spec.vendor_features;
        agreement::Question { parties: &self.entities, platform: &self.platform, features, integrations }
    }
}

impl Invalid {
    fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), stalled: true }
    }

    fn unknown(what: &str, why: &str) -> Self {
        Self { reason: Reason::Unreadable, message: format!("{what} cannot be read: {why}"), stalled: false }
    }
}

/// Checks what the schema cannot: references, limits across objects, and what is not built yet.
///
/// # Errors
/// The first thing that is wrong.
pub fn validate(world: &World) -> Result<Tenant, Invalid> {
    let plan = match &world.plan {
        Fact::Known(plan) => plan.clone(),
        other => return Err(Invalid::unknown("the plan", other.doubt().unwrap_or("it is gone"))),
    };
    let name = TenantName::new(&world.name).map_err(|why| Invalid::stalled(Reason::InvalidSpec, why))?;
    let config = match &world.config {
        Fact::Known(config) => config.clone(),
        Fact::Absent => {
            let message = "RingfenceConfig cluster does not exist; a platform engineer must create it";
            return Err(Invalid { reason: Reason::ConfigMissing, message: message.into(), stalled: false });
        }
        other => {
            return Err(Invalid::unknown("RingfenceConfig cluster", other.doubt().unwrap_or_default()));
        }
    };
    let class_name = &plan.spec.plan_class_name;
    let class = match &world.class {
        Fact::Known(class) => class.clone(),
        Fact::Absent => {
            let message = format!(
                "spec.planClassName: HealthcarePlanClass {class_name} does not exist; create it or name another"
            );
            return Err(Invalid::stalled(Reason::ClassMissing, message));
        }
        other => {
            return Err(Invalid::unknown(
                &format!("HealthcarePlanClass {class_name}"),
                other.doubt().unwrap_or_default(),
            ));
        }
    };
    limits(&plan, &class)?;
    let uid = plan.uid().unwrap_or_default();
    Ok(Tenant {
        record: record(world, &uid)?,
        name,
        uid,
        platform: config.spec.platform_party.clone(),
        entities: plan.spec.covered_entities.iter().map(|e| e.party.clone()).collect(),
        lease: duration(&class.spec.flags.lease, "flags.lease")?,
        read_lease: duration(&class.spec.flags.read_lease, "flags.readLease")?,
        plan,
        class,
    })
}

fn limits(plan: &HealthcarePlan, class: &HealthcarePlanClass) -> Result<(), Invalid> {
    let (spec, pool) = (&plan.spec, &class.spec.node_pool);
    if pool.provider.r#static.is_none() {
        let message = format!(
            "HealthcarePlanClass {}: only the static node provider is built yet; use a class with it",
            class.name_any()
        );
        return Err(Invalid::stalled(Reason::ProviderNotBuilt, message));
    }
    if spec.nodes.count > pool.max_nodes {
        let message = format!(
            "spec.nodes.count is {}, class {} allows at most {}; ask for fewer",
            spec.nodes.count,
            class.name_any(),
            pool.max_nodes
        );
        return Err(Invalid::stalled(Reason::InvalidSpec, message));
    }
    if spec.adopt.is_some() || spec.resume.is_some() {
        let message =
            "spec.adopt and spec.resume are not built yet; leave them out and use a name that no namespace has";
        return Err(Invalid::stalled(Reason::InvalidSpec, message));
    }
    if spec.state == PlanState::Offboarding {
        let message =
            "spec.state Offboarding is not built yet: the tenant is locked and kept as it is; use Suspended meanwhile";
        return Err(Invalid::stalled(Reason::OffboardingNotBuilt, message));
    }
    Ok(())
}

/// The record of this name must be of this very plan: a name that was once a tenant's is never another tenant's.
fn record(world: &World, plan_uid: &str) -> Result<Option<Arc<TenantRecord>>, Invalid> {
    match &world.record {
        Fact::Known(record) if record.spec.plan_uid == plan_uid => Ok(Some(record.clone())),
        Fact::Known(_) => Err(Invalid::stalled(
            Reason::NameUsed,
            "a TenantRecord of this name belongs to another plan: names of tenants are never used again; choose another name",
        )),
        Fact::Absent => Ok(None),
        other => Err(Invalid::unknown("the TenantRecord", other.doubt().unwrap_or_default())),
    }
}

fn duration(value: &kube::core::Duration, field: &str) -> Result<SignedDuration, Invalid> {
    let value = SignedDuration::try_from(std::time::Duration::from(*value)).ok();
    value.filter(|d| d.is_positive()).ok_or_else(|| {
        Invalid::stalled(
            Reason::InvalidSpec,
            format!("HealthcarePlanClass: spec.{field} must be a positive duration, such as 1h"),
        )
    })
}
