//! `HealthcarePlan`: one tenant on a healthcare plan.

mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::status::*;
use super::{Alerts, Mfa};

/// One tenant on a healthcare plan; its name is the tenant's, the namespace's, the pool's and the keys' name.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "HealthcarePlan",
    plural = "healthcareplans",
    singular = "healthcareplan",
    shortname = "hp",
    category = "ringfence",
    status = "HealthcarePlanStatus",
    doc = "HealthcarePlan is one tenant on a healthcare plan. Its name is the name of the tenant, of its namespace, its node pool and its keys.",
    validation = Rule::new("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be a DNS label of at most 40 characters that starts with a letter: it names the namespace, the pool and the keys"),
    validation = Rule::new("!self.metadata.name.startsWith('kube-') && !self.metadata.name.startsWith('ringfence-') && !(self.metadata.name in ['default', 'unassigned'])").message("metadata.name is reserved for the platform; choose the tenant's own name"),
    printcolumn(name = "Class", type_ = "string", json_path = ".spec.planClassName"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Unlocked", type_ = "string", json_path = r#".status.conditions[?(@.type=="PhiUnlocked")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="PhiUnlocked")].reason"#),
    printcolumn(name = "Agreement ends", type_ = "string", json_path = ".status.agreement.expirationTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="PhiUnlocked")].message"#, priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.offboarding) == (self.state == 'Offboarding')").message("spec.offboarding is given with spec.state Offboarding, and only with it"))]
#[x_kube(validation = Rule::new("!(has(self.adopt) && has(self.resume))").message("spec.adopt takes over a live namespace and spec.resume a former record: give one of them"))]
pub struct HealthcarePlanSpec {
    /// The HealthcarePlanClass that says how this tenant is fenced.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub plan_class_name: String,
    /// What is asked for: Active, Suspended (locked, nothing is taken down) or Offboarding.
    pub state: PlanState,
    /// The tenant's name for people.
    #[schemars(length(max = 200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The covered entities of this account; each is open only while an agreement of its own is in force.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["party".into()]))]
    pub covered_entities: Vec<CoveredEntity>,
    /// Nodes of the tenant's own.
    pub nodes: PlanNodes,
    /// Product settings; the effective value is the stricter of class and plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<PlanFeatures>,
    /// Take over a namespace that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Take up the record of a plan that was lost, or of a namespace that was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// How the service ends, with state Offboarding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offboarding: Option<Offboarding>,
}

/// What is asked of a tenant.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// Open as far as agreements and fences allow.
    Active,
    /// Locked: capture, exports and integrations stop; calls keep ringing.
    Suspended,
    /// The service ends.
    Offboarding,
}

/// A company of the account that is a covered entity (45 CFR 160.103).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CoveredEntity {
    /// Party id, as agreements name it.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub party: String,
}

/// How many nodes a tenant has.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct PlanNodes {
    /// Number of nodes, at most the class's `nodePool.maxNodes`.
    #[schemars(range(min = 1, max = 100))]
    pub count: i32,
}

/// Product settings of one tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct PlanFeatures {
    /// What alerts may show. Guide needs an AcceptRisk of setting alerts.guide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// Redaction of transcripts and audio. Disabled needs an AcceptRisk of setting redaction.disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
    /// Second factor at login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
    /// Idle minutes until a person is logged out (45 CFR 164.312(a)(2)(iii)).
    #[schemars(range(min = 1, max = 30))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session_idle_minutes: Option<i32>,
}

/// Redaction of identifying details in transcripts and audio.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// On.
    Enabled,
    /// Off, which counts only while a person has accepted the risk.
    Disabled,
}

/// Takes over a namespace that exists.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Adopt {
    /// UID of the namespace.
    #[serde(rename = "namespaceUID")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$')").message("adopt.namespaceUID must be the UID of the object, as kubectl get namespace NAME -o jsonpath={.metadata.uid} shows it"))]
    pub namespace_uid: String,
}

/// Takes up a former record.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Resume {
    /// UID of the TenantRecord.
    #[serde(rename = "recordUID")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$')").message("resume.recordUID must be the UID of the object, as kubectl get trec NAME -o jsonpath={.metadata.uid} shows it"))]
    pub record_uid: String,
    /// UID of the namespace.
    #[serde(rename = "namespaceUID")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$')").message("resume.namespaceUID must be the UID of the object, as kubectl get namespace NAME -o jsonpath={.metadata.uid} shows it"))]
    pub namespace_uid: String,
}

/// How the service ends (45 CFR 164.504(e)(2)(ii)(J)).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Offboarding {
    /// Return, Destroy, or ExtendProtections.
    pub action: OffboardingAction,
}

/// What becomes of the data when the service ends.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffboardingAction {
    /// Given back to the covered entity.
    Return,
    /// Destroyed by destroying the keys.
    Destroy,
    /// Kept under the same protections because neither is feasible.
    ExtendProtections,
}
