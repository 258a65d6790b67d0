//! Everything together: a control plane, nodes, OpenBao and Ringfence's manifests, on loopback, in a temporary folder.

use crate::{
    audit::ApiAudit,
    control_plane::ControlPlane,
    identity,
    key_service::Session,
    kubeconfig, kwok, manifests,
    openbao::OpenBao,
    operator::{self, Operator},
    pki::Pki,
    process::{Janitor, Process, remove_when_gone},
    tools::repository,
};
use anyhow::{Context, Result, anyhow};
use kube::Client;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::sync::OnceCell;

/// How a bed is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Ringfence's kinds, roles and operator manifests are installed.
    pub ringfence: bool,
    /// The guardrails are installed too.
    pub guardrails: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ringfence: true,
            guardrails: true,
        }
    }
}

/// A running bed. Clients are made anew for each caller, because a client belongs to the runtime that it is made on.
pub struct Bed {
    operator: OnceCell<Operator>,
    kwok: Process,
    openbao: OpenBao,
    control_plane: ControlPlane,
    pki: Pki,
    folder: PathBuf,
    logs: PathBuf,
    _janitor: Janitor,
}

impl Bed {
    /// Starts a bed with everything but the operator.
    ///
    /// # Errors
    /// When the tools are not built, or a server or a manifest fails.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a bed with less than everything.
    ///
    /// # Errors
    /// As [`Bed::start`].
    pub async fn start_with(options: Options) -> Result<Self> {
        crate::install_crypto();
        let folder = tempfile::Builder::new().prefix("ringfence-bed-").tempdir()?.keep();
        let janitor = remove_when_gone(&folder)?;
        let logs = folder.join("logs");
        fs::create_dir_all(&logs)?;
        let pki = Pki::create(&folder.join("pki"))?;
        let (control_plane, openbao) = tokio::try_join!(
            ControlPlane::start(&folder, &logs, &pki),
            OpenBao::start(&folder, &logs, &pki)
        )?;
        let admin = kubeconfig::client(control_plane.admin().clone()).await?;
        kubeconfig::write(&folder.join("admin.kubeconfig"), control_plane.admin())?;
        let kwok = kwok::start(&folder, &logs, &admin, control_plane.server(), &pki).await?;
        let keys = async {
            let reviewer = reviewer(&admin).await?;
            let server = control_plane.server();
            openbao.bootstrap(&server.url, &server.ca, &reviewer, &folder).await
        };
        let kinds = async {
            if options.ringfence {
                operator::install(&admin, options.guardrails).await?;
            }
            Ok(())
        };
        tokio::try_join!(keys, kinds)?;
        let operator = OnceCell::new();
        Ok(Self {
            operator,
            kwok,
            openbao,
            control_plane,
            pki,
            folder,
            logs,
            _janitor: janitor,
        })
    }

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
        let token = identity::token(&self.admin().await?, namespace, name, None).await?;
        kubeconfig::client(self.control_plane.server().with_token(&token)).await
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
        let path = self
            .folder
            .join(format!("{}.kubeconfig", crate::tenant::unique("person")));
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
        let jwt = identity::token(&self.admin().await?, namespace, account, Some(operator::AUDIENCE)).await?;
        self.openbao.login(role, &jwt).await
    }

    /// The control plane's servers.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// OpenBao: its address, root session, audit log, process, seal.
    pub fn openbao(&self) -> &OpenBao {
        &self.openbao
    }

    /// The API server's audit log.
    pub fn audit(&self) -> &ApiAudit {
        self.control_plane.audit()
    }

    /// The one operator that the tests on this bed share, started by the first that asks.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn operator(&self) -> Result<&Operator> {
        self.operator
            .get_or_try_init(async || self.start_operator("operator", &[]).await)
            .await
    }

    /// A further replica, or the only one with arguments of its own, on a bed that is not shared.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_operator(&self, name: &str, arguments: &[&str]) -> Result<Operator> {
        let admin = self.admin().await?;
        Operator::start(
            name,
            arguments,
            &admin,
            self.control_plane.server(),
            &self.folder,
            &self.logs,
        )
        .await
    }

    /// The temporary folder; it is removed with the bed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log files of all processes.
    pub fn logs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.logs).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        files.sort();
        files
    }

    /// The process ids of all servers but the operators.
    pub fn pids(&self) -> Vec<u32> {
        let servers = self.control_plane.processes().map(Process::pid);
        servers
            .into_iter()
            .chain([self.kwok.pid()])
            .chain(self.openbao.server().pid())
            .collect()
    }
}

/// The bed that all tests of one test program share. When it cannot be started, every test says why.
///
/// # Errors
/// When it could not be started.
pub async fn shared() -> Result<&'static Bed> {
    static BED: OnceCell<Result<Bed, String>> = OnceCell::const_new();
    let bed = BED
        .get_or_init(async || Bed::start().await.map_err(|why| format!("{why:#}")))
        .await;
    bed.as_ref().map_err(|why| anyhow!("the bed did not start: {why}"))
}

// OpenBao's own service account: nothing runs under it here, its token reviews the tokens of those who log in.
async fn reviewer(admin: &Client) -> Result<String> {
    let metadata = json!({ "name": "openbao", "namespace": "vault" });
    manifests::apply(
        admin,
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "vault" } }),
    )
    .await?;
    manifests::apply(
        admin,
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }),
    )
    .await?;
    manifests::apply_file(admin, &repository().join("manifests/openbao/kubernetes-rbac.yaml")).await?;
    identity::token(admin, "vault", "openbao", None)
        .await
        .context("the reviewer's token")
}
