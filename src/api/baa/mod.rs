//! `BAA`: the terms of one business associate agreement; its spec never changes.

mod status;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::status::*;
use super::{NameRef, PermittedUse, PhiCategory};

/// The terms of one agreement between two parties (45 CFR 164.504(e)).
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "BAA",
    plural = "baas",
    singular = "baa",
    category = "ringfence",
    status = "BAAStatus",
    doc = "BAA is one business associate agreement between two parties. It counts once both have signed (Attestations of act Sign) and while its term lasts.",
    validation = Rule::new("self.spec == oldSelf.spec").message("spec of a BAA never changes: make a new BAA that names this one in supersedesRef or amendsRef"),
    validation = Rule::new("self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be a DNS label of at most 63 characters"),
    validation = Rule::new("[has(self.spec.supersedesRef) ? self.spec.supersedesRef.name : '', has(self.spec.amendsRef) ? self.spec.amendsRef.name : ''].all(n, n != self.metadata.name)").message("spec.supersedesRef and spec.amendsRef must name another BAA than this one"),
    validation = Rule::new("!has(self.spec.upstream) || self.spec.upstream.all(u, u.baaRef.name != self.metadata.name)").message("spec.upstream must name other BAAs than this one"),
    printcolumn(name = "Disclosing", type_ = "string", json_path = ".spec.disclosing.party"),
    printcolumn(name = "Receiving", type_ = "string", json_path = ".spec.receiving.party"),
    selectable = ".spec.disclosing.party",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Opens", type_ = "string", json_path = ".status.openTime"),
    printcolumn(name = "Ends", type_ = "string", json_path = ".status.closeTime"),
    printcolumn(name = "Covers", type_ = "string", json_path = ".spec.scope.phiCategories"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="InForce")].message"#, priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.disclosing.party != self.receiving.party").message("spec.disclosing.party and spec.receiving.party must be two parties"))]
#[x_kube(validation = Rule::new("self.receiving.role != 'CoveredEntity'").message("spec.receiving.role must be BusinessAssociate or Subcontractor: a covered entity discloses"))]
#[x_kube(validation = Rule::new("self.disclosing.role != 'Subcontractor'").message("spec.disclosing.role must be CoveredEntity or BusinessAssociate"))]
#[x_kube(validation = Rule::new("!has(self.upstream) || self.disclosing.role == 'BusinessAssociate'").message("spec.upstream is given only when spec.disclosing.role is BusinessAssociate"))]
#[x_kube(validation = Rule::new("!has(self.term.expirationTime) || self.term.expirationTime > self.term.effectiveTime").message("spec.term.expirationTime must be after spec.term.effectiveTime"))]
#[x_kube(validation = Rule::new("!(has(self.supersedesRef) && has(self.amendsRef))").message("give one of spec.supersedesRef and spec.amendsRef"))]
#[x_kube(validation = Rule::new("self.term.effectiveTime < timestamp('9000-01-01T00:00:00Z') && (!has(self.term.expirationTime) || self.term.expirationTime < timestamp('9000-01-01T00:00:00Z'))").message("spec.term must lie before the year 9000: leave expirationTime out for an agreement without end"))]
pub struct BAASpec {
    /// The party that discloses protected health information.
    pub disclosing: Party,
    /// The party that receives it.
    pub receiving: Party,
    /// The agreements above this one, when the disclosing party is itself a business associate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub upstream: Option<Vec<Upstream>>,
    /// The signed text.
    pub document: Document,
    /// What the agreement covers.
    pub scope: Scope,
    /// What the receiving party may do with it.
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub permitted_uses: Vec<PermittedUse>,
    /// What it may not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<Restrictions>,
    /// Deadlines of notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Clocks>,
    /// From when until when.
    pub term: Term,
    /// The agreement that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes_ref: Option<NameRef>,
    /// The agreement that this one changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends_ref: Option<NameRef>,
}

/// A party to an agreement.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// Party id.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub party: String,
    /// Role under 45 CFR 160.103.
    pub role: PartyRole,
    /// Name in the signed text.
    #[schemars(length(min = 1, max = 200))]
    pub legal_name: String,
    /// Country where the party handles the information (ISO 3166-1 alpha-2); unknown counts as abroad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Z]{2}$"))]
    pub location: Option<String>,
}

/// Role of a party (45 CFR 160.103).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyRole {
    /// A health care provider, plan or clearinghouse.
    CoveredEntity,
    /// Works for a covered entity.
    BusinessAssociate,
    /// Works for a business associate.
    Subcontractor,
}

/// An agreement above this one.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Upstream {
    /// The agreement.
    pub baa_ref: NameRef,
}

/// The signed text, which lies in an archive.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Document {
    /// Where it lies.
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^[a-z][a-z0-9+.-]*://.+"))]
    pub uri: String,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    #[schemars(length(min = 64, max = 64), regex(pattern = r"^[a-f0-9]{64}$"))]
    pub sha256: String,
}

/// What an agreement covers.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Services by name.
    #[schemars(
        length(min = 1, max = 64),
        inner(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))
    )]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub services: Vec<String>,
    /// Categories of protected health information.
    #[schemars(length(min = 1, max = 7))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub phi_categories: Vec<PhiCategory>,
}

/// Restrictions that flow down.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct Restrictions {
    /// Whether subcontractors may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcontracting: Option<Subcontracting>,
    /// Whether the information may leave the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offshoring: Option<Offshoring>,
}

/// Whether subcontractors may be used.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subcontracting {
    /// Freely.
    Allow,
    /// After notice.
    Notice,
    /// After consent.
    Consent,
    /// Not at all.
    Deny,
}

/// Whether the information may leave the country.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offshoring {
    /// Freely.
    Allow,
    /// Not at all.
    Deny,
}

/// Deadlines of notices, in hours.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Clocks {
    /// Notice of a breach (45 CFR 164.410: at most 60 days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1440))]
    pub breach_notice_hours: Option<i32>,
    /// Notice of a security incident (45 CFR 164.314(a)(2)(i)(C)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1440))]
    pub incident_notice_hours: Option<i32>,
}

/// From when until when.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    /// When the agreement takes effect; it counts from the last signature if that is later.
    #[schemars(regex(
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ))]
    pub effective_time: Time,
    /// When it ends; absent: until it is terminated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ))]
    pub expiration_time: Option<Time>,
}
