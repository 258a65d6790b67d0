//! Kubeconfig files for one API server, with a client certificate or with a token.

use crate::pki::{Identity, write_secret};
use anyhow::Result;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How one finds and trusts the API server.
#[derive(Clone, Debug)]
pub struct Server {
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    /// The authority that signed its certificate, in PEM.
    pub ca: PathBuf,
}

impl Server {
    /// A kubeconfig whose user shows a client certificate.
    pub fn with_certificate(&self, identity: &Identity) -> Value {
        self.config(json!({ "client-certificate": identity.certificate, "client-key": identity.key }))
    }

    /// A kubeconfig whose user sends a bearer token.
    pub fn with_token(&self, token: &str) -> Value {
        self.config(json!({ "token": token }))
    }

    fn config(&self, user: Value) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "bed", "cluster": { "server": self.url, "certificate-authority": self.ca } }],
            "users": [{ "name": "user", "user": user }],
            "contexts": [{ "name": "bed", "context": { "cluster": "bed", "user": "user" } }],
            "current-context": "bed",
        })
    }
}

/// Writes a kubeconfig that only its owner may read. JSON is YAML.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, config: &Value) -> Result<()> {
    write_secret(path, &serde_json::to_string_pretty(config)?)
}

/// A client that answers for the runtime it is made on, so make one per test.
///
/// # Errors
/// When the files that the kubeconfig names cannot be read.
pub async fn client(config: Value) -> Result<kube::Client> {
    crate::install_crypto();
    let kubeconfig = serde_json::from_value(config)?;
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await?;
    config.proxy_url = None;
    Ok(kube::Client::try_from(config)?)
}
