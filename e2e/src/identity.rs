//! Acting as somebody: a service account by its token, a person by a client certificate.

use crate::{
    kubeconfig::{self, Server},
    pki::Pki,
    wait::{self, Look},
};
use anyhow::{Context, Result};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Client, api::PostParams};
use serde_json::Value;
use std::time::Duration;

/// Who mints tokens of tenants' accounts on a bed, where no kubelet does: the bed's RingfenceConfig lists it.
pub const MINTER: &str = "bed:token-minter";
/// How long the tokens of the bed are good for.
const LIFE_SECONDS: i64 = 8 * 3600;
/// How long an account may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fresh token of a service account, for Kubernetes itself or for another `audience`. An account that somebody is
/// about to make, such as the `default` one of a new namespace, is waited for.
///
/// # Errors
/// When there is no such account, or admission refuses.
pub async fn token(admin: &Client, namespace: &str, account: &str, audience: Option<&str>) -> Result<String> {
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            audiences: audience.map(|audience| vec![audience.into()]),
            expiration_seconds: Some(LIFE_SECONDS),
            bound_object_ref: None,
        }),
        ..TokenRequest::default()
    };
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    let what = format!("a token of {namespace}/{account}");
    wait::until_within(PATIENCE, &what, async || {
        match accounts.create_token_request(account, &PostParams::default(), &request).await {
            Ok(answer) => {
                let token = answer.status.and_then(|status| status.token);
                Ok(Look::Done(token.context("the API server gave no token")?))
            }
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Look::Not(status.message.clone())),
            Err(why) => Err(why).context(what.clone()),
        }
    })
    .await
}

/// A kubeconfig of a person in these groups (two at most).
///
/// # Errors
/// When the certificate cannot be made.
pub fn person(server: &Server, pki: &Pki, user: &str, groups: &[&str]) -> Result<Value> {
    Ok(server.with_certificate(&pki.client(user, groups)?))
}

/// The administrator standing for somebody else, with any number of groups. Admission sees the one stood for.
///
/// # Errors
/// When the kubeconfig cannot be read.
pub async fn impersonated(admin: &Value, user: &str, groups: &[&str]) -> Result<Client> {
    let mut config = admin.clone();
    config["users"][0]["user"]["as"] = user.into();
    config["users"][0]["user"]["as-groups"] = groups.into();
    kubeconfig::client(config).await
}
