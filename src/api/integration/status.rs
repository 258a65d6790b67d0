//! What was observed of an integration.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Payload;

/// What was observed of an integration.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Reconciling, Stalled (kstatus); Covered, Acknowledged, EgressOpen.
    #[serde(default)]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// What the published flag says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// When the cover ends, if it does; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<Time>,
    /// What a person accepts by an Attestation of act Acknowledge. It changes with what the integration does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Statement>,
    /// What a person attests by an Attestation of act AttestCover, when spec.cover.attested is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover_statement: Option<Statement>,
}

/// A text, and the hash by which an Attestation names it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text, UTF-8.
    pub text: String,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    #[serde(rename = "textSHA256")]
    pub text_sha256: String,
}
