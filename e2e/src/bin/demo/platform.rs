//! The sample platform of `examples/platform`, run as its own program, as a pod of the tenant would run it.

use crate::{
    cast::{ACME, Tenant},
    see,
};
use anyhow::{Context, Result, ensure};
use kube::Client;
use ringfence_e2e::{
    Bed, operator,
    tools::{repository, tool},
};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// One call with what became of it: for people, and for checks.
pub struct Call {
    /// The page that `call.py` prints.
    pub card: String,
    /// The same with `--json`.
    pub report: Value,
}

/// Takes a call of a standard account: no flag document, no key.
pub async fn before() -> Result<Call> {
    run(&["--before".into(), format!("--account={}", ACME.called)]).await
}

/// Takes a call of a tenant: with the document as it is published now, and a fresh token of the tenant's account.
/// Recordings go to a folder of the tenant's; with `play` the one that is there already is opened.
pub async fn after(bed: &Bed, admin: &Client, tenant: &Tenant, play: Option<&Path>) -> Result<Call> {
    let folder = bed.folder().join("platform").join(tenant.name);
    fs::create_dir_all(&folder)?;
    let (flags, token) = (folder.join("flags.flagd.json"), folder.join("token"));
    fs::write(&flags, see::document(admin, tenant).await?)?;
    secret(&token, &app_token(bed, tenant).await?)?;
    let mut arguments = vec![
        format!("--tenant={}", tenant.name),
        format!("--account={}", tenant.called),
        format!("--flags={}", flags.display()),
        format!("--token-file={}", token.display()),
        format!("--bao-addr={}", bed.openbao().address()),
        format!("--bao-cacert={}", bed.openbao().ca().display()),
        format!("--store={}", store(bed, tenant).display()),
    ];
    if let Some(recording) = play {
        arguments.push(format!("--play={}", recording.display()));
    }
    run(&arguments).await
}

/// Where a tenant's sealed recordings are.
pub fn store(bed: &Bed, tenant: &Tenant) -> PathBuf {
    bed.folder().join("platform").join(tenant.name).join("recordings")
}

/// A token of the tenant's own account, for the key service: what the kubelet mounts into the tenant's pods.
pub async fn app_token(bed: &Bed, tenant: &Tenant) -> Result<String> {
    bed.token(tenant.name, "ringfence-app", Some(operator::AUDIENCE)).await
}

async fn run(arguments: &[String]) -> Result<Call> {
    let report = serde_json::from_str(&call(arguments, Some("--json")).await?).context("call.py --json")?;
    let card = call(arguments, None).await?;
    Ok(Call { card, report })
}

async fn call(arguments: &[String], more: Option<&str>) -> Result<String> {
    let program = repository().join("examples/platform/call.py");
    let mut command = Command::new(tool("python")?);
    command.arg("-B").arg(program).args(arguments).args(more);
    let output = command.kill_on_drop(true).output().await?;
    ensure!(output.status.success(), "call.py: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn secret(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
