//! A real control plane: kube-apiserver with RBAC, node authorization and an audit log, the controller manager with
//! node failures seen in seconds, and the scheduler.

use crate::{
    audit::ApiAudit,
    etcd::Etcd,
    kubeconfig::{self, Server},
    pki::Pki,
    ports::Port,
    process::Process,
    tools::{repository, tool},
    wait::{self, Look},
};
use anyhow::Result;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What Kubernetes calls itself in the audience of tokens.
pub const ISSUER: &str = "https://kubernetes.default.svc";

/// The running servers, with everything on loopback.
#[derive(Debug)]
pub struct ControlPlane {
    // In the order of dropping: an API server without its etcd would only fill the log.
    scheduler: Process,
    controllers: Process,
    api_server: Process,
    etcd: Etcd,
    server: Server,
    admin: Value,
    audit: ApiAudit,
    _ports: [Port; 3],
}

impl ControlPlane {
    /// Starts the servers and waits until the API server is ready and has the `default` namespace's service account;
    /// `crowded` as in [`crate::Options`].
    ///
    /// # Errors
    /// When the tools are not built, or a server ends or is not ready in time, with the end of its log.
    pub async fn start(folder: &Path, logs: &Path, pki: &Pki, crowded: bool) -> Result<Self> {
        let ports = [Port::take()?, Port::take()?, Port::take()?];
        let [api, controllers, scheduler] = ports.each_ref().map(Port::number);
        let server = Server { url: format!("https://127.0.0.1:{api}"), ca: pki.ca() };
        let admin = server.with_certificate(&pki.client("bed:admin", &["system:masters"])?);
        let audit = folder.join("api-audit.log");

        let etcd = Etcd::start(folder, logs)?;
        let api_server = {
            let command = api_server(&etcd, api, pki, &audit, crowded)?;
            Process::start("kube-apiserver", &command, &logs.join("kube-apiserver.log"))?
        };
        let component = |name: &str, port: u16, arguments: &[String]| -> Result<Process> {
            let config = folder.join(format!("{name}.kubeconfig"));
            kubeconfig::write(&config, &server.with_certificate(&pki.client(&format!("system:{name}"), &[])?))?;
            let mut command = Command::new(tool(name)?);
            for flag in ["--kubeconfig", "--authentication-kubeconfig", "--authorization-kubeconfig"] {
                command.arg(flag).arg(&config);
            }
            command
                .args(["--bind-address=127.0.0.1", "--leader-elect=false", &format!("--secure-port={port}")])
                .arg(format!("--cert-dir={}", folder.join(name).display()))
                .args(arguments);
            Process::start(name, &command, &logs.join(format!("{name}.log")))
        };
        // Both try again until the API server answers, but the controller manager gives up after ten seconds.
        wait_ready(&server, &admin, &api_server, &etcd.process).await?;
        let controllers = component("kube-controller-manager", controllers, &controller_flags(pki, crowded))?;
        let scheduler = component("kube-scheduler", scheduler, &[])?;
        let audit = ApiAudit::new(audit);
        Ok(Self { scheduler, controllers, api_server, etcd, server, admin, audit, _ports: ports })
    }

    /// How one finds and trusts the API server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A kubeconfig of `system:masters`.
    pub fn admin(&self) -> &Value {
        &self.admin
    }

    /// The API server's audit log.
    pub fn audit(&self) -> &ApiAudit {
        &self.audit
    }

    /// The API server, for tests that stop and thaw it.
    pub fn api_server(&self) -> &Process {
        &self.api_server
    }

    /// All servers.
    pub fn processes(&self) -> [&Process; 4] {
        [&self.etcd.process, &self.api_server, &self.controllers, &self.scheduler]
    }
}

fn api_server(etcd: &Etcd, port: u16, pki: &Pki, audit: &Path, crowded: bool) -> Result<Command> {
    let policy = if crowded { "audit-policy-crowded.yaml" } else { "audit-policy.yaml" };
    let files = pki.server();
    let file = |flag: &str, path: PathBuf| format!("--{flag}={}", path.display());
    let mut command = Command::new(tool("kube-apiserver")?);
    command
        .args([
            &format!("--etcd-servers={}", etcd.url()),
            &format!("--secure-port={port}"),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--requestheader-allowed-names=bed:nobody",
            "--audit-log-mode=blocking",
            "--audit-log-maxsize=100000",
            &format!("--service-account-issuer={ISSUER}"),
            &format!("--api-audiences={ISSUER}"),
        ])
        .args([
            file("tls-cert-file", files.certificate),
            file("tls-private-key-file", files.key),
            file("client-ca-file", pki.ca()),
            // The other servers complain for ever without one.
            file("requestheader-client-ca-file", pki.ca()),
            file("service-account-key-file", pki.file("sa.pub")),
            file("service-account-signing-key-file", pki.file("sa.key")),
            file("cert-dir", pki.file("kube-apiserver")),
            file("audit-log-path", audit.into()),
            file("audit-policy-file", repository().join("e2e/config").join(policy)),
        ]);
    Ok(command)
}

fn controller_flags(pki: &Pki, crowded: bool) -> [String; 9] {
    // A node that falls silent is NotReady after 8 seconds instead of 50; in a crowd nobody plays a kubelet.
    let (grace, startup) = if crowded { ("24h", "24h") } else { ("8s", "15s") };
    [
        format!("--service-account-private-key-file={}", pki.file("sa.key").display()),
        format!("--root-ca-file={}", pki.ca().display()),
        "--use-service-account-credentials".into(),
        "--node-monitor-period=1s".into(),
        format!("--node-monitor-grace-period={grace}"),
        format!("--node-startup-grace-period={startup}"),
        // One node in ten seconds would be the pace at which failed nodes are tainted.
        "--node-eviction-rate=10".into(),
        "--secondary-node-eviction-rate=10".into(),
        "--concurrent-serviceaccount-token-syncs=5".into(),
    ]
}

async fn wait_ready(server: &Server, admin: &Value, api_server: &Process, etcd: &Process) -> Result<()> {
    let client = kubeconfig::client(admin.clone()).await?;
    wait::until(&format!("the API server at {} is ready", server.url), async || {
        api_server.must_run()?;
        etcd.must_run()?;
        let request = http::Request::get("/readyz").body(Vec::new())?;
        Ok(match client.request_text(request).await {
            Ok(_) => Look::Done(()),
            Err(why) => Look::Not(why.to_string()),
        })
    })
    .await
}
