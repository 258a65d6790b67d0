//! A real OpenBao: TLS, raft storage, one unseal share, audit devices declared in its configuration. Not dev mode, and
//! prepared by nothing but the files in `manifests/openbao`.

mod configuration;
mod snapshot;

use crate::{
    audit::KeyAudit,
    key_service::Session,
    pki::{Pki, write_secret},
    ports::Port,
    server::Server,
    tools::{repository, tool},
    wait::{self, Look},
};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The running server with its root token and its one unseal share.
#[derive(Debug)]
pub struct OpenBao {
    server: Server,
    address: String,
    ca: PathBuf,
    audit: KeyAudit,
    root: String,
    share: String,
    _ports: [Port; 2],
}

impl OpenBao {
    /// Starts, initialises and unseals OpenBao, and waits until it is active.
    ///
    /// # Errors
    /// When the tools are not built, or it is not active in time.
    pub async fn start(folder: &Path, logs: &Path, pki: &Pki) -> Result<Self> {
        let ports = [Port::take()?, Port::take()?];
        let [api, cluster] = ports.each_ref().map(Port::number);
        let folder = folder.join("openbao");
        for sub in ["raft", "audit", "audit2"] {
            fs::create_dir_all(folder.join(sub))?;
        }
        let config = folder.join("server.hcl");
        fs::write(&config, configuration::text(&folder, api, cluster, pki)?)?;
        let mut command = Command::new(tool("bao")?);
        command.args(["server", "-config"]).arg(config);
        let mut bao = Self {
            server: Server::new("openbao", command, logs),
            address: format!("https://127.0.0.1:{api}"),
            ca: pki.ca(),
            audit: KeyAudit::new(folder.join("audit/primary.log")),
            root: String::new(),
            share: String::new(),
            _ports: ports,
        };
        bao.server.start()?;
        bao.answers("OpenBao answers", |code| code != 0).await?;
        let request = json!({ "secret_shares": 1, "secret_threshold": 1 });
        let made = bao.anonymous()?.expect(200, "PUT", "sys/init", Some(request)).await?;
        bao.root = made["root_token"].as_str().context("sys/init gave no root token")?.into();
        bao.share = made["keys_base64"][0].as_str().context("sys/init gave no share")?.into();
        bao.unseal().await?;
        Ok(bao)
    }

    /// Runs `manifests/openbao/bootstrap.sh` as a platform engineer would, against this API server.
    ///
    /// # Errors
    /// When the script fails, with what it said.
    pub async fn bootstrap(&self, kube_host: &str, kube_ca: &Path, reviewer: &str, folder: &Path) -> Result<()> {
        let jwt = folder.join("openbao/reviewer.jwt");
        write_secret(&jwt, reviewer)?;
        let mut command = Command::new(repository().join("manifests/openbao/bootstrap.sh"));
        command
            .env("BAO", tool("bao")?)
            .env("BAO_ADDR", &self.address)
            .env("BAO_CACERT", &self.ca)
            .env("BAO_TOKEN", &self.root)
            .env("KUBE_HOST", kube_host)
            .env("KUBE_CA_FILE", kube_ca)
            .env("REVIEWER_JWT_FILE", jwt)
            .env("HOME", folder)
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("bootstrap.sh")?;
        if !output.status.success() {
            bail!("bootstrap.sh: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Its address, as BAO_ADDR.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The authority of its certificate in PEM, as BAO_CACERT.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// The process, to kill, freeze and start again. Started again it is sealed: [`OpenBao::unseal`].
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The first of its audit logs.
    pub fn audit(&self) -> &KeyAudit {
        &self.audit
    }

    /// The root token's session.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn root(&self) -> Result<Session> {
        Session::new(&self.address, &self.ca, Some(self.root.clone()))
    }

    /// The root token, for programs.
    pub fn root_token(&self) -> &str {
        &self.root
    }

    /// A session of nobody.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn anonymous(&self) -> Result<Session> {
        Session::new(&self.address, &self.ca, None)
    }

    /// Logs in with a Kubernetes token for OpenBao's audience.
    ///
    /// # Errors
    /// When OpenBao refuses, with its words.
    pub async fn login(&self, role: &str, jwt: &str) -> Result<Session> {
        let body = json!({ "role": role, "jwt": jwt });
        let answer = self.anonymous()?.expect(200, "POST", "auth/kubernetes/login", Some(body)).await?;
        let token = answer["auth"]["client_token"].as_str().context("the login gave no token")?;
        Session::new(&self.address, &self.ca, Some(token.into()))
    }

    /// Seals it.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn seal(&self) -> Result<()> {
        self.root()?.expect(204, "PUT", "sys/seal", None).await.map(drop)
    }

    /// Unseals it and waits until it is active.
    ///
    /// # Errors
    /// When it refuses, or is not active in time.
    pub async fn unseal(&self) -> Result<()> {
        self.answers("OpenBao answers", |code| code != 0).await?;
        self.anonymous()?.expect(200, "PUT", "sys/unseal", Some(json!({ "key": self.share }))).await?;
        self.answers("OpenBao is active", |code| code == 200).await
    }

    async fn answers(&self, what: &str, good: impl Fn(u16) -> bool) -> Result<()> {
        let nobody = self.anonymous()?;
        wait::until(what, async || {
            self.server.must_run()?;
            Ok(match nobody.request("GET", "sys/health", None).await {
                Ok((code, _)) if good(code) => Look::Done(()),
                Ok((code, body)) => Look::Not(format!("{code} {body}")),
                Err(why) => Look::Not(format!("{why:#}")),
            })
        })
        .await
    }
}
