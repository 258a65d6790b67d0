//! Ringfence's kinds, one file each: serde types, schema bounds and CEL rules. Nothing here talks to a cluster.

mod attestation;
mod baa;
mod class;
pub mod conditions;
mod config;
mod integration;
mod plan;
mod reason;
mod record;

pub use attestation::*;
pub use baa::*;
pub use class::*;
use conditions::Reason;
pub use config::*;
pub use integration::*;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSON};
use kube::CustomResourceExt;
pub use plan::*;
pub use record::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// All CustomResourceDefinitions, in the order in which they are shipped.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![
        RingfenceConfig::crd(),
        HealthcarePlanClass::crd(),
        not_observed(HealthcarePlan::crd(), &[conditions::READY, conditions::PHI_UNLOCKED]),
        BAA::crd(),
        not_observed(Integration::crd(), &[conditions::READY]),
        Attestation::crd(),
        TenantRecord::crd(),
    ]
}

/// Makes a new object say from its creation on that nobody has looked at it yet: kstatus takes one without a Ready condition for done.
/// The API server fills it in, as it does for the classes of the Gateway API.
fn not_observed(mut crd: CustomResourceDefinition, conditions: &[&str]) -> CustomResourceDefinition {
    let said = conditions.iter().map(|c| {
        json!({
            "type": c, "status": "Unknown", "reason": Reason::NotObserved.as_str(), "message": "Not observed yet: see that the operator runs.",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        })
    });
    let said: Vec<_> = said.collect();
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut());
        if let Some(status) = schema.and_then(|s| s.properties.as_mut()).and_then(|p| p.get_mut("status")) {
            status.default = Some(JSON(json!({ "conditions": said })));
        }
    }
    crd
}

/// A reference to a cluster-scoped object of a known kind, by name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct NameRef {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A category of protected health information, as an agreement's scope lists it (45 CFR 160.103).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhiCategory {
    /// Number, name and campaign of a caller, beyond what routing the call needs.
    CallerID,
    /// Audio of a call.
    Recording,
    /// Text made from audio.
    Transcript,
    /// Text messages.
    Message,
    /// What a person wrote into a form.
    Form,
    /// The visit to a web site that led to the call.
    VisitorSession,
    /// Tracking number, campaign, keyword, click id.
    Attribution,
}

impl PhiCategory {
    /// Every category.
    pub const ALL: [Self; 7] = [
        Self::CallerID,
        Self::Recording,
        Self::Transcript,
        Self::Message,
        Self::Form,
        Self::VisitorSession,
        Self::Attribution,
    ];

    /// The category's part of a flag's name.
    #[must_use]
    pub const fn flag_part(self) -> &'static str {
        match self {
            Self::CallerID => "caller-id",
            Self::Recording => "recording",
            Self::Transcript => "transcript",
            Self::Message => "message",
            Self::Form => "form",
            Self::VisitorSession => "visitor-session",
            Self::Attribution => "attribution",
        }
    }

    /// The category as the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallerID => "CallerID",
            Self::Recording => "Recording",
            Self::Transcript => "Transcript",
            Self::Message => "Message",
            Self::Form => "Form",
            Self::VisitorSession => "VisitorSession",
            Self::Attribution => "Attribution",
        }
    }
}

/// A use of protected health information that an agreement permits (45 CFR 164.504(e)(2)(i), (4)).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermittedUse {
    /// To provide the service itself.
    ServiceDelivery,
    /// The business associate's own management and administration.
    ManagementAdmin,
    /// To carry out legal responsibilities.
    Legal,
    /// To combine data of several covered entities for their health care operations.
    DataAggregation,
    /// To make data that identifies nobody (45 CFR 164.514).
    DeIdentification,
    /// To train models.
    AITraining,
}

/// Writes the CustomResourceDefinitions into `folder`, one file a kind.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_crds(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for crd in crds() {
        let text = serde_saphyr::to_string(&crd).map_err(std::io::Error::other)?;
        std::fs::write(folder.join(format!("{}.yaml", crd.spec.names.plural)), text)?;
    }
    Ok(())
}
