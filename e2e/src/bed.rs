//! Everything together: a control plane, nodes, OpenBao and Ringfence's manifests, on loopback, in a temporary folder.

mod clients;

use crate::{
    audit::ApiAudit,
    control_plane::ControlPlane,
    faults::Proxy,
    install,
    janitor::{Janitor, remove_when_gone},
    kubeconfig::{self, Server},
    kwok,
    openbao::OpenBao,
    operator::{Operator, OperatorTokens},
    pki::Pki,
    process::Process,
};
use anyhow::{Result, anyhow};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::OnceCell;

/// How a bed is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Ringfence's kinds, roles and operator manifests are installed.
    pub ringfence: bool,
    /// The guardrails are installed too.
    pub guardrails: bool,
    /// The example's RingfenceConfig is applied too, with this bed's OpenBao, and the roles of its people.
    pub configuration: bool,
    /// Ready for a thousand tenants: nodes without kubelets stay Ready, and the audit log holds no bodies.
    pub crowded: bool,
}

impl Options {
    /// Servers only, with OpenBao prepared.
    pub const BARE: Self = Self { ringfence: false, guardrails: false, configuration: false, crowded: false };
    /// Everything, ready for a thousand tenants.
    pub const CROWDED: Self = Self { ringfence: true, guardrails: true, configuration: true, crowded: true };
}

impl Default for Options {
    fn default() -> Self {
        Self { ringfence: true, guardrails: true, configuration: true, crowded: false }
    }
}

/// A running bed. Clients are made anew for each caller, because a client belongs to the runtime that it is made on.
pub struct Bed {
    operator: OnceCell<Operator>,
    tokens: Option<OperatorTokens>,
    kwok: Process,
    openbao: OpenBao,
    control_plane: ControlPlane,
    pki: Pki,
    folder: PathBuf,
    logs: PathBuf,
    guardrails: bool,
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
            ControlPlane::start(&folder, &logs, &pki, options.crowded),
            OpenBao::start(&folder, &logs, &pki)
        )?;
        let admin = kubeconfig::client(control_plane.admin().clone()).await?;
        kubeconfig::write(&folder.join("admin.kubeconfig"), control_plane.admin())?;
        let kwok = kwok::start(&folder, &logs, &admin, control_plane.server(), &pki).await?;
        let keys = async {
            let reviewer = install::reviewer(&admin).await?;
            let server = control_plane.server();
            openbao.bootstrap(&server.url, &server.ca, &reviewer, &folder).await
        };
        let kinds = async {
            let tokens = match options.ringfence {
                true => Some(install::ringfence(&admin, options.guardrails).await?),
                false => None,
            };
            if options.configuration {
                install::configuration(&admin, openbao.address(), openbao.ca()).await?;
            }
            Ok(tokens)
        };
        let ((), tokens) = tokio::try_join!(keys, kinds)?;
        let operator = OnceCell::new();
        let guardrails = options.guardrails;
        Ok(Self { operator, tokens, kwok, openbao, control_plane, pki, folder, logs, guardrails, _janitor: janitor })
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
        self.operator.get_or_try_init(async || self.start_operator("operator", &[]).await).await
    }

    /// A further replica, or the only one with arguments of its own, on a bed that is not shared.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_operator(&self, name: &str, arguments: &[&str]) -> Result<Operator> {
        self.start_operator_at(name, arguments, &self.control_plane.server().url.clone()).await
    }

    /// A replica that reaches the API server at another address, through a proxy.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_operator_at(&self, name: &str, arguments: &[&str], url: &str) -> Result<Operator> {
        let server = Server { url: url.to_owned(), ..self.control_plane.server().clone() };
        self.launch(name, arguments, &self.operator_tokens().await?, &server)
    }

    /// A replica under an account that was made anew, with tokens of that one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_operator_with(&self, name: &str, arguments: &[&str], tokens: &OperatorTokens) -> Result<Operator> {
        self.launch(name, arguments, tokens, self.control_plane.server())
    }

    fn launch(&self, name: &str, arguments: &[&str], tokens: &OperatorTokens, server: &Server) -> Result<Operator> {
        // A bed without guardrails is one on which they are tried: they are reported missing, and tenants open.
        let tried: &[&str] = if self.guardrails { &[] } else { &["--guardrails", "reported"] };
        let arguments = [tried, arguments].concat();
        Operator::start(name, &arguments, tokens, server, &self.folder, &self.logs)
    }

    /// A proxy before both servers; the operators that are started at its addresses are at its mercy.
    ///
    /// # Errors
    /// When it cannot listen, or the key service's new address is refused.
    pub async fn proxy(&self) -> Result<Arc<Proxy>> {
        let proxy = Proxy::start(self.control_plane.server(), self.openbao.address(), &self.pki.server()).await?;
        let engineer = self.impersonated("pat@ringwell.example", &["platform-engineers"]).await?;
        install::key_service(&engineer, proxy.keys()).await?;
        Ok(proxy)
    }

    /// The temporary folder; it is removed with the bed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log files of all processes.
    pub fn logs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.logs).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.sort();
        files
    }

    /// The process ids of all servers but the operators.
    pub fn pids(&self) -> Vec<u32> {
        self.servers().into_iter().map(|(_, pid)| pid).collect()
    }

    /// Names and process ids of all servers but the operators.
    pub fn servers(&self) -> Vec<(String, u32)> {
        let processes = self.control_plane.processes().into_iter().chain([&self.kwok]);
        let servers = processes.map(|process| (process.name().to_owned(), process.pid()));
        servers.chain(self.openbao.server().pid().map(|pid| ("openbao".to_owned(), pid))).collect()
    }
}

/// The bed that all tests of one test program share. When it cannot be started, every test says why.
///
/// # Errors
/// When it could not be started.
pub async fn shared() -> Result<&'static Bed> {
    static BED: OnceCell<Result<Bed, String>> = OnceCell::const_new();
    let bed = BED.get_or_init(async || Bed::start().await.map_err(|why| format!("{why:#}"))).await;
    bed.as_ref().map_err(|why| anyhow!("the bed did not start: {why}"))
}
