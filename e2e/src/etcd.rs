//! etcd on loopback, without fsync: the bed's data is thrown away.

use crate::{ports::Port, process::Process, tools::tool};
use anyhow::Result;
use std::{path::Path, process::Command};

/// A running etcd of one member.
#[derive(Debug)]
pub struct Etcd {
    client: Port,
    _peer: Port,
    /// The server.
    pub process: Process,
}

impl Etcd {
    /// Starts etcd; the API server waits until it answers.
    ///
    /// # Errors
    /// When the tools are not built.
    pub fn start(folder: &Path, logs: &Path) -> Result<Self> {
        let (client, peer) = (Port::take()?, Port::take()?);
        let client_url = format!("http://127.0.0.1:{}", client.number());
        let peer_url = format!("http://127.0.0.1:{}", peer.number());
        let mut command = Command::new(tool("etcd")?);
        command
            .arg("--data-dir")
            .arg(folder.join("etcd"))
            .args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url])
            .args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url])
            .args(["--initial-cluster", &format!("default={peer_url}")])
            .args(["--unsafe-no-fsync", "--log-level", "warn"]);
        let process = Process::start("etcd", &command, &logs.join("etcd.log"))?;
        Ok(Self { client, _peer: peer, process })
    }

    /// Where the API server finds it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.client.number())
    }
}
