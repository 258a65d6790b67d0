//! kwok, which plays the kubelets, with rights of its own instead of an administrator's.

use crate::{
    kubeconfig::{self, Server},
    manifests,
    pki::Pki,
    process::Process,
    tools::{repository, tool},
};
use anyhow::Result;
use kube::Client;
use std::{path::Path, process::Command};

/// Gives kwok its rights and starts it.
///
/// # Errors
/// When the tools are not built.
pub async fn start(folder: &Path, logs: &Path, admin: &Client, server: &Server, pki: &Pki) -> Result<Process> {
    manifests::apply_file(admin, &repository().join("e2e/config/kwok-rbac.yaml")).await?;
    let config = folder.join("kwok.kubeconfig");
    kubeconfig::write(&config, &server.with_certificate(&pki.client("bed:kwok", &[])?))?;
    let mut command = Command::new(tool("kwok")?);
    command
        .arg("--kubeconfig")
        .arg(config)
        .arg("--config")
        .arg(repository().join("e2e/config/kwok.yaml"))
        // Without it kwok reads a configuration from the home folder.
        .env("KWOK_WORKDIR", folder.join("kwok"));
    Process::start("kwok", &command, &logs.join("kwok.log"))
}
