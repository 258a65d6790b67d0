//! Raw requests to OpenBao with one token, so that tests see status codes and bodies as they are.

use anyhow::{Context, Result, bail};
use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

/// One token's view of OpenBao. It answers for the runtime it is made on.
#[derive(Clone)]
pub struct Session {
    client: Client,
    address: String,
    token: Option<String>,
}

impl Session {
    pub(crate) fn new(address: &str, ca: &Path, token: Option<String>) -> Result<Self> {
        crate::install_crypto();
        let authority = Certificate::from_pem(&fs::read(ca)?)?;
        let client =
            Client::builder().tls_certs_only([authority]).no_proxy().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { client, address: address.into(), token })
    }

    /// The token, to be given to another program.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Sends one request (`LIST` is a method of OpenBao's) and returns the status and the body, `null` when empty.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request =
            self.client.request(Method::from_bytes(method.as_bytes())?, format!("{}/v1/{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("X-Vault-Token", token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("{method} {path}"))?;
        let code = answer.status().as_u16();
        let text = answer.text().await?;
        let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(text.into()) };
        Ok((code, value))
    }

    /// [`Session::request`] that must answer with `code`; returns the body.
    ///
    /// # Errors
    /// When no answer comes, or another one, with what it says.
    pub async fn expect(&self, code: u16, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let (seen, value) = self.request(method, path, body).await?;
        if seen != code {
            bail!("{method} {path}: {seen} instead of {code}: {value}");
        }
        Ok(value)
    }
}
