//! What was observed of a tenant.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Redaction;
use crate::api::{Alerts, Mfa, Offshoring, PermittedUse, PhiCategory, Subcontracting};

/// What was observed of a tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HealthcarePlanStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Reconciling, Stalled (kstatus), one condition a fence, and PhiUnlocked.
    #[serde(default)]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Settings in force: the stricter of class and plan, and what a live AcceptRisk allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<EffectiveFeatures>,
    /// The agreements of the covered entities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementStatus>,
    /// The tenant's nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<NodesStatus>,
    /// The tenant's integrations, by what they may carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrations: Option<IntegrationsStatus>,
}

/// Product settings in force.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveFeatures {
    /// What alerts may show.
    pub alerts: Alerts,
    /// Redaction, which is always on offer: "included, off" is said of Disabled.
    pub redaction: Redaction,
    /// Second factor at login.
    pub mfa: Mfa,
    /// Idle minutes until a person is logged out.
    pub max_session_idle_minutes: i32,
    /// Why a value differs from what the plan asks for, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The agreements of a tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AgreementStatus {
    /// When the last covered entity that is open closes; absent when nothing ends or nothing is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Time>,
    /// The covered entities, in the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityStatus>,
    /// The class's features that need a vendor, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendor_features: Vec<VendorFeatureStatus>,
}

/// One covered entity.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EntityStatus {
    /// Party id.
    pub party: String,
    /// Whether an agreement of this entity is in force.
    pub open: bool,
    /// The path that counts, or that is nearest to it: names of BAAs, the entity's first; `Attestation/NAME` where one is attested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// When it closes, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Time>,
    /// The categories that may be kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phi_categories: Vec<PhiCategory>,
    /// What all paths that count permit: the strictest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsStatus>,
    /// What is missing, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What somebody should put right although it is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The strictest terms of the paths that count.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TermsStatus {
    /// Uses that are permitted.
    pub permitted_uses: Vec<PermittedUse>,
    /// Whether subcontractors may be used.
    pub subcontracting: Subcontracting,
    /// Whether the information may leave the country.
    pub offshoring: Offshoring,
    /// Hours until a breach must have been told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach_notice_hours: Option<i32>,
    /// Hours until a security incident must have been told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_notice_hours: Option<i32>,
}

/// A feature that needs a vendor.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct VendorFeatureStatus {
    /// The flag.
    pub flag: String,
    /// Whether agreements permit it.
    pub permitted: bool,
    /// When it ceases to be permitted, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Time>,
    /// Why it is not, and what to do; or whom to tell of the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Names of integrations by what they may carry, each list in order; at most 64 of each.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationsStatus {
    /// All that they ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full: Vec<String>,
    /// Links that need a login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_only: Vec<String>,
    /// Nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<String>,
}

/// The tenant's nodes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NodesStatus {
    /// Asked for.
    pub asked: i32,
    /// Assigned to the tenant, label and taint observed.
    pub assigned: i32,
    /// Assigned and Ready.
    pub ready: i32,
}
