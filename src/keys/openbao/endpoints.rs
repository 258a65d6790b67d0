//! OpenBao's endpoints, typed, and what its answers tell.

use std::collections::HashMap;

use rustify_derive::Endpoint;
use serde::{Deserialize, Serialize};
use vaultrs::error::ClientError;

use crate::keys::{Key, Trouble, fingerprint};

/// The type of every key: authenticated encryption, never exportable.
pub(super) const KEY_TYPE: &str = "aes256-gcm96";

#[derive(Debug, Endpoint)]
#[endpoint(path = "{self.mount}/keys/{self.name}", response = "RawKey")]
pub(super) struct ReadKey {
    #[endpoint(skip)]
    pub(super) mount: &'static str,
    #[endpoint(skip)]
    pub(super) name: String,
}

/// An update of nothing: the read that only the active node answers.
#[derive(Debug, Endpoint)]
#[endpoint(path = "{self.mount}/keys/{self.name}/config", method = "POST", response = "serde_json::Value")]
pub(super) struct ConfigureKey {
    #[endpoint(skip)]
    pub(super) mount: &'static str,
    #[endpoint(skip)]
    pub(super) name: String,
    pub(super) auto_rotate_period: Option<String>,
}

#[derive(Debug, Endpoint)]
#[endpoint(path = "{self.mount}/keys/{self.name}", method = "POST", response = "serde_json::Value")]
pub(super) struct CreateKey {
    #[endpoint(skip)]
    pub(super) mount: &'static str,
    #[endpoint(skip)]
    pub(super) name: String,
    pub(super) r#type: &'static str,
    pub(super) auto_rotate_period: Option<String>,
}

#[derive(Debug, Endpoint)]
#[endpoint(path = "{self.mount}/config/keys", response = "MountConfig")]
pub(super) struct ReadMountConfig {
    #[endpoint(skip)]
    pub(super) mount: &'static str,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MountConfig {
    pub(super) disable_upsert: bool,
}

/// A key as OpenBao shows it; it holds no key bytes.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct RawKey {
    #[serde(rename = "type")]
    pub(super) key_type: String,
    #[serde(default)]
    pub(super) deletion_allowed: bool,
    #[serde(default)]
    pub(super) exportable: bool,
    #[serde(default)]
    pub(super) allow_plaintext_backup: bool,
    #[serde(default)]
    pub(super) derived: bool,
    #[serde(default)]
    pub(super) imported_key: bool,
    #[serde(default)]
    pub(super) soft_deleted: bool,
    #[serde(default)]
    pub(super) auto_rotate_period: i64,
    #[serde(default)]
    pub(super) keys: HashMap<String, serde_json::Value>,
}

pub(super) fn understand(mount: &str, name: &str, raw: &RawKey, upsert_disabled: bool) -> Key {
    let created = raw.keys.get("1").and_then(serde_json::Value::as_i64);
    let checks = [
        (raw.key_type != KEY_TYPE, "its type is not aes256-gcm96"),
        (raw.deletion_allowed, "deletion_allowed is on"),
        (raw.exportable, "exportable is on"),
        (raw.allow_plaintext_backup, "allow_plaintext_backup is on"),
        (raw.derived, "it is derived"),
        (raw.imported_key, "it was imported"),
        (created.is_none(), "its first version is gone"),
        (!upsert_disabled, "disable_upsert of the mount is off"),
    ];
    let created = created.unwrap_or_default();
    Key {
        fingerprint: fingerprint(mount, name, &raw.key_type, created),
        created,
        rotation_seconds: raw.auto_rotate_period,
        soft_deleted: raw.soft_deleted,
        wrong: checks.into_iter().filter(|(bad, _)| *bad).map(|(_, why)| why.to_owned()).collect(),
    }
}

/// What an error tells. Response bodies are never passed on: only codes, and the words of a closed set.
pub(super) fn trouble(error: &ClientError, what: &str) -> Trouble {
    match error {
        ClientError::APIError { code: 403, .. } => Trouble::Denied(what.into()),
        ClientError::APIError { code: 429, .. } => Trouble::Limited(what.into()),
        ClientError::APIError { code: 503, errors } if errors.iter().any(|e| e.contains("sealed")) => Trouble::Sealed,
        ClientError::APIError { code, .. } => Trouble::Unreachable(format!("{what}: HTTP {code}")),
        ClientError::RestClientError { source } if is_untrusted(source) => Trouble::Untrusted,
        ClientError::RestClientError { source } => Trouble::Unreachable(format!("{what}: {}", transport(source))),
        _ => Trouble::Unreachable(format!("{what}: an answer that cannot be read")),
    }
}

fn transport(error: &rustify::errors::ClientError) -> String {
    match error {
        rustify::errors::ClientError::ServerResponseError { code: 503, .. } => "HTTP 503".into(),
        rustify::errors::ClientError::ServerResponseError { code, .. } => format!("HTTP {code}"),
        rustify::errors::ClientError::RequestError { .. } => "no connection".into(),
        _ => "no answer that can be read".into(),
    }
}

/// What a login that failed tells: it is refused by 403 and, for a role that is not there, by 400.
pub(super) fn login_trouble(error: &ClientError) -> Trouble {
    match error {
        ClientError::APIError { code: 400 | 403, .. } => Trouble::LoginRefused,
        other => trouble(other, "the operator's login"),
    }
}

/// Whether TLS failed because of the certificate.
fn is_untrusted(error: &rustify::errors::ClientError) -> bool {
    let rustify::errors::ClientError::RequestError { source, .. } = error else {
        return false;
    };
    is_about_certificate(source.as_ref())
}

/// An `io::Error` hides what it wraps from `source`.
pub(super) fn is_about_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
        || wrapped.is_some_and(|w| is_about_certificate(w))
        || error.source().is_some_and(is_about_certificate)
}

/// Whether an error says that nothing is mounted there.
pub(super) fn is_without_mount(error: &ClientError) -> bool {
    matches!(error, ClientError::APIError { code: 404, errors } if errors.iter().any(|e| e.contains("no handler for route")))
}
