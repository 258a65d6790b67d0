//! Where the programs of the bed are: the servers that `make tools` builds, and the operator that cargo builds.

use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the e2e member lies inside the workspace")
}

/// The path of one of the pinned programs: `kube-apiserver`, `etcd`, `bao`, `kubectl`, `flageval`, ….
///
/// # Errors
/// When they are not built.
pub fn tool(name: &str) -> Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| locate().map_err(|why| format!("{why:#}")));
    let path = folder.as_ref().map_err(|why| anyhow::anyhow!("{why}"))?.join(name);
    if !path.exists() {
        bail!("{} is missing: run make tools", path.display());
    }
    Ok(path)
}

/// The operator's binary: `RINGFENCE_BIN`, or the one that cargo built beside the running program.
///
/// # Errors
/// When there is none.
pub fn operator() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("RINGFENCE_BIN") {
        return Ok(path.into());
    }
    let program = std::env::current_exe()?;
    let beside = program.ancestors().skip(1).take(2).map(|folder| folder.join("ringfence")).find(|path| path.is_file());
    beside.context("the operator is not built: run cargo build, or set RINGFENCE_BIN to its path")
}

// Asked of the build script, so that one place knows how the content of e2e/tools names the folder.
fn locate() -> Result<PathBuf> {
    let output = Command::new(repository().join("e2e/tools/build.sh")).arg("--where").stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().into())
}
