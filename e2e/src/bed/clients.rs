//! Who one can be on a bed.

use super::Bed;
use crate::{
    identity::{self, MINTER},
    key_service::Session,
    kubeconfig,
    operator::{self, OperatorTokens},
    tenant::unique,
};
use anyhow::Result;
use kube::Client;
use std::path::PathBuf;

impl Bed {
    /// An administrator of Kubernetes (`system:masters`).
    ///
    /// # Errors
    /// When no client can be made.
    pub async fn admin(&self) -> Result<Client> {
        kubeconfig::client(self.control_plane.admin().clone()).await
    }

    /// A kubeconfig file of the administrator.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// A service account, by a token of its own.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<Client> {
        let token = self.token(namespace, name, None).await?;
        self.bearer(&token).await
    }

    /// A token of a service account, for Kubernetes itself or for the key service; the operator's were minted when it was installed.
    ///
    /// # Errors
    /// When there is no such account, or admission refuses.
    pub async fn token(&self, namespace: &str, account: &str, audience: Option<&str>) -> Result<String> {
        if (namespace, account) == (operator::NAMESPACE, operator::ACCOUNT) {
            let tokens = self.operator_tokens().await?;
            return if audience.is_some() { Ok(tokens.keys) } else { tokens.take() };
        }
        let minter = self.impersonated(MINTER, &["system:masters"]).await?;
        identity::token(&minter, namespace, account, audience).await
    }

    /// Tokens of the operator's account.
    ///
    /// # Errors
    /// When Ringfence was not installed by the bed, and there is no such account.
    pub(super) async fn operator_tokens(&self) -> Result<OperatorTokens> {
        match &self.tokens {
            Some(tokens) => Ok(tokens.clone()),
            None => OperatorTokens::mint(&self.admin().await?).await,
        }
    }

    /// Whoever has this token.
    ///
    /// # Errors
    /// When no client can be made.
    pub async fn bearer(&self, token: &str) -> Result<Client> {
        kubeconfig::client(self.control_plane.server().with_token(token)).await
    }

    /// A person with a client certificate, in at most two groups.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub async fn person(&self, user: &str, groups: &[&str]) -> Result<Client> {
        kubeconfig::client(identity::person(self.control_plane.server(), &self.pki, user, groups)?).await
    }

    /// A kubeconfig file of a person, for programs such as `kubectl` and `ringfence`.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn person_kubeconfig(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        let path = self.folder.join(format!("{}.kubeconfig", unique("person")));
        let config = identity::person(self.control_plane.server(), &self.pki, user, groups)?;
        kubeconfig::write(&path, &config)?;
        Ok(path)
    }

    /// The administrator standing for somebody, with any number of groups.
    ///
    /// # Errors
    /// When no client can be made.
    pub async fn impersonated(&self, user: &str, groups: &[&str]) -> Result<Client> {
        identity::impersonated(self.control_plane.admin(), user, groups).await
    }

    /// A service account's session at OpenBao, under one of its roles.
    ///
    /// # Errors
    /// When there is no such account, or OpenBao refuses.
    pub async fn key_login(&self, namespace: &str, account: &str, role: &str) -> Result<Session> {
        let jwt = self.token(namespace, account, Some(operator::AUDIENCE)).await?;
        self.openbao.login(role, &jwt).await
    }
}
