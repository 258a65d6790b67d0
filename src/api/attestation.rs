//! `Attestation`: one act of one person; it never changes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CoveredEntity;

/// One act of one person, dated by the API server's own clock.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "Attestation",
    plural = "attestations",
    singular = "attestation",
    shortname = "att",
    category = "ringfence",
    doc = "Attestation is one act of one person: to sign or terminate an agreement, to accept a risk, to attest a control. It is immutable, and dated by its creationTimestamp.",
    validation = Rule::new("self.spec == oldSelf.spec").message("spec of an Attestation never changes: take it back with an Attestation of act Withdraw"),
    selectable = ".spec.subjectRef.name",
    selectable = ".spec.subjectRef.namespace",
    selectable = ".spec.coveredEntity.party",
    printcolumn(name = "Act", type_ = "string", json_path = ".spec.act"),
    printcolumn(name = "Kind", type_ = "string", json_path = ".spec.subjectRef.kind"),
    printcolumn(name = "Subject", type_ = "string", json_path = ".spec.subjectRef.name"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.by"),
    printcolumn(name = "For", type_ = "string", json_path = ".spec.onBehalfOf.party"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.subjectRef.namespace) == (self.subjectRef.kind == 'Integration')").message("spec.subjectRef.namespace is given for an Integration, and only for one"))]
#[x_kube(validation = Rule::new("!(self.act in ['Sign', 'Terminate', 'AttestUpstream']) || self.subjectRef.kind == 'BAA'").message("spec.subjectRef.kind must be BAA for the acts Sign, Terminate and AttestUpstream"))]
#[x_kube(validation = Rule::new("!(self.act in ['Acknowledge', 'AttestCover']) || self.subjectRef.kind == 'Integration'").message("spec.subjectRef.kind must be Integration for the acts Acknowledge and AttestCover"))]
#[x_kube(validation = Rule::new("self.act != 'AcceptRisk' || self.subjectRef.kind == 'HealthcarePlan'").message("spec.subjectRef.kind must be HealthcarePlan for the act AcceptRisk"))]
#[x_kube(validation = Rule::new("(self.act == 'Withdraw') == (self.subjectRef.kind == 'Attestation')").message("the act Withdraw is about an Attestation, and only it is"))]
#[x_kube(validation = Rule::new("!(self.act in ['RequestDestruction', 'ApproveDestruction']) || self.subjectRef.kind == 'TenantRecord'").message("spec.subjectRef.kind must be TenantRecord for the acts RequestDestruction and ApproveDestruction"))]
#[x_kube(validation = Rule::new("self.act != 'Sign' || (has(self.evidence) && has(self.onBehalfOf) && has(self.textSHA256))").message("the act Sign needs spec.evidence, spec.onBehalfOf and spec.textSHA256: which text, for whom, and what shows it"))]
#[x_kube(validation = Rule::new("self.act != 'Sign' || !has(self.onBehalfOf) || has(self.onBehalfOf.name)").message("the act Sign needs spec.onBehalfOf.name: the signatory, who is not always the one that records it"))]
#[x_kube(validation = Rule::new("!(self.act in ['Acknowledge', 'AttestCover']) || has(self.textSHA256)").message("the acts Acknowledge and AttestCover need spec.textSHA256: of status.warning or status.coverStatement of the Integration"))]
#[x_kube(validation = Rule::new("self.act != 'Terminate' || has(self.onBehalfOf)").message("the act Terminate needs spec.onBehalfOf: the party that terminates"))]
#[x_kube(validation = Rule::new("(self.act in ['AcceptRisk', 'AttestControl']) == has(self.setting)").message("spec.setting is given for the acts AcceptRisk and AttestControl, and only for them"))]
#[x_kube(validation = Rule::new("self.act != 'AcceptRisk' || (has(self.setting) && self.setting in ['alerts.guide', 'redaction.disabled'])").message("spec.setting of an AcceptRisk must be alerts.guide or redaction.disabled"))]
#[x_kube(validation = Rule::new("!(self.act in ['AttestCover', 'AcceptRisk', 'AttestControl']) || has(self.expirationTime)").message("spec.expirationTime is needed for the acts AttestCover, AcceptRisk and AttestControl: nothing is accepted for ever"))]
#[x_kube(validation = Rule::new("!has(self.expirationTime) || self.act in ['AttestUpstream', 'AttestCover', 'AcceptRisk', 'AttestControl']").message("spec.expirationTime is for the acts AttestUpstream, AttestCover, AcceptRisk and AttestControl"))]
#[x_kube(validation = Rule::new("(self.act == 'AttestUpstream') == has(self.coveredEntity)").message("spec.coveredEntity is given for the act AttestUpstream, and only for it: whose agreement is attested"))]
#[x_kube(validation = Rule::new("self.act != 'AttestUpstream' || (has(self.onBehalfOf) && has(self.coveredEntity) && self.onBehalfOf.party != self.coveredEntity.party)").message("the act AttestUpstream needs spec.onBehalfOf: the business associate that has the agreement, which is not spec.coveredEntity itself"))]
#[x_kube(validation = Rule::new("!has(self.capacity) || self.act == 'Withdraw'").message("spec.capacity is for the act Withdraw; other acts count by their caller's groups"))]
#[x_kube(validation = Rule::new("!has(self.effectiveTime) || self.act == 'Terminate'").message("spec.effectiveTime is for the act Terminate; other acts count from their creation"))]
#[x_kube(validation = Rule::new("[has(self.effectiveTime) ? self.effectiveTime : timestamp('2000-01-01T00:00:00Z'), has(self.expirationTime) ? self.expirationTime : timestamp('2000-01-01T00:00:00Z')].all(t, t < timestamp('9000-01-01T00:00:00Z'))").message("spec.effectiveTime and spec.expirationTime must be before the year 9000"))]
pub struct AttestationSpec {
    /// What is done.
    pub act: Act,
    /// What it is done to.
    pub subject_ref: SubjectRef,
    /// The setting of an AcceptRisk (`alerts.guide`, `redaction.disabled`), or the control of an AttestControl.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub setting: Option<String>,
    /// Who does it: the caller of the API, by admission.
    #[schemars(length(min = 1, max = 253))]
    pub by: String,
    /// The party that it is done for, and who acts for that party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<OnBehalfOf>,
    /// SHA-256 of the text that was signed or accepted, in lower-case hexadecimal.
    #[serde(rename = "textSHA256", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64), regex(pattern = r"^[a-f0-9]{64}$"))]
    pub text_sha256: Option<String>,
    /// What shows that it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The covered entity whose agreement with the business associate of the BAA is attested, with the act AttestUpstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_entity: Option<CoveredEntity>,
    /// The office in which the act is done; admission sees that the caller holds it. A privacy officer may take back another's act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// When a termination takes effect; absent or past: at its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ))]
    pub effective_time: Option<Time>,
    /// When it ceases to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ))]
    pub expiration_time: Option<Time>,
}

/// What a person can do in person.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sign an agreement.
    Sign,
    /// Terminate an agreement.
    Terminate,
    /// Take an own act back.
    Withdraw,
    /// Attest an agreement above one's own.
    AttestUpstream,
    /// Attest that an integration is covered by the customer's own agreement.
    AttestCover,
    /// Accept the warning about an integration.
    Acknowledge,
    /// Accept a setting below the strict one.
    AcceptRisk,
    /// Attest a control that a cluster cannot observe.
    AttestControl,
    /// Ask for the destruction of a tenant's keys.
    RequestDestruction,
    /// Approve the destruction of a tenant's keys.
    ApproveDestruction,
}

/// An office that admission knows by its group.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// A member of `spec.groups.privacyOfficers`.
    PrivacyOfficer,
}

/// What an act is done to.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SubjectRef {
    /// Kind of the object.
    pub kind: SubjectKind,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of an Integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
    /// UID of the object: an act counts for this very object, never for another of its name.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}$')").message("subjectRef.uid must be the UID of the object, as kubectl get … -o jsonpath={.metadata.uid} shows it"))]
    pub uid: String,
}

/// Kinds that acts are about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A BAA.
    BAA,
    /// A HealthcarePlan.
    HealthcarePlan,
    /// A HealthcarePlanClass.
    HealthcarePlanClass,
    /// An Integration.
    Integration,
    /// An Attestation.
    Attestation,
    /// A TenantRecord.
    TenantRecord,
}

/// The party that an act is done for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct OnBehalfOf {
    /// Party id.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub party: String,
    /// The signatory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    /// The signatory's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub title: Option<String>,
}

/// What shows a signature (15 U.S.C. 7001).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The e-signature service, or `paper`.
    #[schemars(length(min = 1, max = 200))]
    pub provider: String,
    /// The envelope that was signed; one envelope may cover both parties.
    #[serde(rename = "envelopeID")]
    #[schemars(length(min = 1, max = 200))]
    pub envelope_id: String,
    /// SHA-256 of the certificate of completion, in lower-case hexadecimal.
    #[serde(rename = "certificateSHA256")]
    #[schemars(length(min = 64, max = 64), regex(pattern = r"^[a-f0-9]{64}$"))]
    pub certificate_sha256: String,
}
