//! The shipped operator binary, under its own service account's rights, as it runs in production but for the pod.

use crate::{
    identity,
    kubeconfig::{self, Server as ApiServer},
    pki::write_secret,
    ports::Port,
    server::Server,
    tools,
    wait::{self, Look},
};
use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use kube::{Api, Client, ResourceExt, api::PostParams};
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

/// The namespace of the operator.
pub const NAMESPACE: &str = "ringfence-system";
/// The service account of the operator.
pub const ACCOUNT: &str = "ringfence-operator";
/// How many replicas, and others under their name, there may be on one bed.
const REPLICAS: usize = 16;
/// The audience of tokens for the key service.
pub const AUDIENCE: &str = "openbao";

/// Tokens of the operator's account.
#[derive(Clone)]
pub struct OperatorTokens {
    /// For Kubernetes: one for each replica, by which the audit log tells them apart.
    kubernetes: Arc<Mutex<Vec<String>>>,
    /// For the key service.
    pub keys: String,
}

impl OperatorTokens {
    /// Asks for them.
    ///
    /// # Errors
    /// When there is no such account, or admission refuses.
    pub async fn mint(admin: &Client) -> Result<Self> {
        let mut kubernetes = vec![];
        for _ in 0..REPLICAS {
            kubernetes.push(identity::token(admin, NAMESPACE, ACCOUNT, None).await?);
        }
        Ok(Self {
            kubernetes: Arc::new(Mutex::new(kubernetes)),
            keys: identity::token(admin, NAMESPACE, ACCOUNT, Some(AUDIENCE)).await?,
        })
    }

    /// Asks for them as the kubelet that runs the operator's pod does, which is how there are any once the guardrails stand (G11).
    ///
    /// # Errors
    /// When the pod does not run there, or admission refuses.
    pub async fn of_pod(kubelet: &Client, pod: &Pod) -> Result<Self> {
        let accounts: Api<ServiceAccount> = Api::namespaced(kubelet.clone(), NAMESPACE);
        let ask = async |audience: Option<&str>| -> Result<String> {
            let request = json!({ "spec": {
                "audiences": audience.into_iter().collect::<Vec<_>>(), "expirationSeconds": 3600,
                "boundObjectRef": { "apiVersion": "v1", "kind": "Pod", "name": pod.name_any(), "uid": pod.uid() },
            } });
            let request = serde_json::from_value(request)?;
            let answer = accounts.create_token_request(ACCOUNT, &PostParams::default(), &request).await?;
            answer.status.and_then(|s| s.token).context("the API server gave no token")
        };
        let keys = ask(Some(AUDIENCE)).await?;
        Ok(Self { kubernetes: Arc::new(Mutex::new(vec![ask(None).await?])), keys })
    }

    /// A token for Kubernetes that nobody else has.
    ///
    /// # Errors
    /// When none is left.
    pub fn take(&self) -> Result<String> {
        let taken = self.kubernetes.lock().expect("no holder of this lock panics").pop();
        taken.with_context(|| format!("more than {REPLICAS} tokens of the operator's were asked for: raise REPLICAS"))
    }
}

/// One replica of the operator.
#[derive(Debug)]
pub struct Operator {
    server: Server,
    admin_port: Port,
}

impl Operator {
    /// Starts a replica under `name`, with further arguments. Its rights are those of `manifests/operator`.
    ///
    /// # Errors
    /// When the binary is not built, or the folder cannot be written.
    pub fn start(
        name: &str,
        arguments: &[&str],
        tokens: &OperatorTokens,
        api_server: &ApiServer,
        folder: &Path,
        logs: &Path,
    ) -> Result<Self> {
        let admin_port = Port::take()?;
        let config = folder.join(format!("{name}.kubeconfig"));
        kubeconfig::write(&config, &api_server.with_token(&tokens.take()?))?;
        let key_token = folder.join(format!("{name}.key-service-token"));
        write_secret(&key_token, &tokens.keys)?;
        let mut command = Command::new(tools::operator()?);
        command
            .arg("operator")
            .arg("--kubeconfig")
            .arg(config)
            .arg("--key-service-token-file")
            .arg(key_token)
            .arg("--admin-address")
            .arg(format!("127.0.0.1:{}", admin_port.number()))
            .arg("--identity")
            .arg(name)
            .args(arguments);
        let operator = Self { server: Server::new(name, command, logs), admin_port };
        operator.server.start()?;
        Ok(operator)
    }

    /// The process, to kill, terminate, freeze and start again.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Waits until the replica says that it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn ready(&self) -> Result<()> {
        wait::until(&format!("{} is ready", self.server.name()), async || {
            self.server.must_run()?;
            Ok(match self.page("readyz").await {
                Ok((200, _)) => Look::Done(()),
                Ok((code, text)) => Look::Not(format!("{code} {text}")),
                Err(why) => Look::Not(format!("{why:#}")),
            })
        })
        .await
    }

    /// A page of the admin server, such as `metrics`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn page(&self, path: &str) -> Result<(u16, String)> {
        crate::install_crypto();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("http://127.0.0.1:{}/{path}", self.admin_port.number());
        let answer = client.get(&url).send().await.with_context(|| url.clone())?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}
