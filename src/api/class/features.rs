//! Features that need a vendor, and the least strict settings.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::PermittedUse;

/// A feature that hands information to a vendor.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
pub struct VendorFeature {
    /// The flag, a permission.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\.allowed$"))]
    #[x_kube(validation = Rule::new("!self.startsWith('capture.') && !self.startsWith('integration.') && !(self in ['phi.read.allowed', 'analytics.third-party-pixels.allowed', 'audit.playback.suppress.allowed', 'audit.suppress.allowed', 'auth.shared-logins.allowed', 'notify.call-email.caller-identity.allowed', 'notify.text.message-body.allowed', 'recording.link.anonymous.allowed', 'support.impersonation.allowed', 'users.notification-only.phi.allowed'])").message("flag is a permission that no vendor can open: name voicemail.transcription.allowed, transcript.ai-summary.allowed or one of your own"))]
    pub flag: String,
    /// The vendor's party id.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub vendor: String,
    /// The service that its agreement must name.
    #[schemars(length(min = 1, max = 63))]
    pub service: String,
    /// The use that every agreement of the path must permit.
    pub r#use: PermittedUse,
}

/// The least strict settings that a plan may have.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Floors {
    /// What alerts may show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// Most idle minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub max_session_idle_minutes: Option<i32>,
    /// Second factor at login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<Mfa>,
}

/// What alerts about forms and text messages may show.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alerts {
    /// The sender's telephone number.
    Guide,
    /// A link that needs a login.
    Strict,
}

/// Second factor at login.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mfa {
    /// Recommended.
    Recommended,
    /// Required.
    Required,
}
