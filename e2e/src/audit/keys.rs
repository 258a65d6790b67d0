//! Questions to the audit log of OpenBao.

use super::{Mark, end, lines};
use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// One audit log of OpenBao.
#[derive(Clone, Debug)]
pub struct KeyAudit {
    path: PathBuf,
}

/// One request that OpenBao answered; values are HMACs there, paths and names are not.
#[derive(Clone, Debug, Deserialize)]
pub struct KeyEvent {
    /// `request` or `response`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub time: jiff::Timestamp,
    /// Token, policies and entity of the asker.
    #[serde(default)]
    pub auth: Value,
    /// Operation, path and data.
    #[serde(default)]
    pub request: Value,
    /// The answer.
    #[serde(default)]
    pub response: Value,
    /// Why it was refused; empty otherwise.
    #[serde(default)]
    pub error: String,
}

impl KeyEvent {
    /// `create`, `read`, `update`, `delete`, `list`.
    pub fn operation(&self) -> &str {
        self.request["operation"].as_str().unwrap_or_default()
    }

    /// The path, such as `ringfence-phi/keys/acme`.
    pub fn path(&self) -> &str {
        self.request["path"].as_str().unwrap_or_default()
    }

    /// The role's name in the login's display name, such as `kubernetes-ringfence-system-ringfence-operator`.
    pub fn display_name(&self) -> &str {
        self.auth["display_name"].as_str().unwrap_or_default()
    }
}

impl KeyAudit {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the log ends now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn mark(&self) -> Result<Mark> {
        end(&self.path)
    }

    /// The answers after `mark` whose path begins with `path`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn responses(&self, mark: Mark, path: &str) -> Result<Vec<KeyEvent>> {
        let all: Vec<KeyEvent> = lines(&self.path, mark)?;
        Ok(all.into_iter().filter(|event| event.kind == "response" && event.path().starts_with(path)).collect())
    }

    /// The log's raw text, to look for what must never be in it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn text(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.path)?)
    }
}
