//! What was observed of a tenant.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Redaction;
use crate::api::{Alerts, Mfa, PhiCategory};

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
}

/// One covered entity.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EntityStatus {
    /// Party id.
    pub party: String,
    /// Whether an agreement of this entity is in force.
    pub open: bool,
    /// The agreement that counts, or that is nearest to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baa: Option<String>,
    /// When it closes, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Time>,
    /// The categories that may be kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phi_categories: Vec<PhiCategory>,
    /// What is missing, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
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
