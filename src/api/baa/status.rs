//! What was observed of an agreement.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was observed of an agreement.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BAAStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The state in one word, for people; derived from the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<BAAPhase>,
    /// FullyExecuted, InForce, ExpiringSoon, ClocksFlowDown, GapFound, Releasable and Ready.
    #[serde(default)]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The signatures that count: on whose behalf, recorded by whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureStatus>,
    /// From when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_time: Option<Time>,
    /// Until when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_time: Option<Time>,
    /// A time for which there was no agreement, although one might be thought to have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// Until when it must be kept (45 CFR 164.316(b)(2)(i)); absent while it is not over, and for one that not both have signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<Time>,
    /// Attestations about this agreement, and references of its own, that do not count, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// The state of an agreement in one word.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BAAPhase {
    /// Nobody has signed.
    Draft,
    /// One party has signed.
    PartiallySigned,
    /// Both have signed; it takes effect later.
    Executed,
    /// In force.
    Active,
    /// In force; a termination has been given that takes effect later.
    Terminating,
    /// Its term is over.
    Expired,
    /// It was terminated.
    Terminated,
    /// Another agreement took its place.
    Superseded,
}

/// A time without an agreement.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When the agreement before ended, or from when on this one was meant to count.
    pub from: Time,
    /// When this one opened.
    pub until: Time,
}

/// A signature that counts.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SignatureStatus {
    /// On whose behalf.
    pub party: String,
    /// Who recorded it: the caller of the API, not the signatory.
    pub recorded_by: String,
    /// The Attestation.
    pub attestation: String,
}
