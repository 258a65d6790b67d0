//! Snapshots of OpenBao's storage, taken and restored as its administrators do.

use super::OpenBao;
use crate::tools::tool;
use anyhow::{Context, Result, bail};
use std::{
    path::Path,
    process::{Command, Stdio},
};

impl OpenBao {
    /// Saves everything that it stores to `file`.
    ///
    /// # Errors
    /// When it refuses, with its words.
    pub async fn save(&self, file: &Path) -> Result<()> {
        self.raft("save", &[], file).await
    }

    /// Puts a snapshot in the place of everything that it stores, and waits until it is active again.
    ///
    /// # Errors
    /// When it refuses, with its words, or is not active in time.
    pub async fn restore(&self, file: &Path) -> Result<()> {
        self.raft("restore", &["-force"], file).await?;
        self.answers("OpenBao is active", |code| code == 200).await
    }

    async fn raft(&self, verb: &str, options: &[&str], file: &Path) -> Result<()> {
        let mut command = Command::new(tool("bao")?);
        command.args(["operator", "raft", "snapshot", verb]).args(options).arg(file);
        command.env("BAO_ADDR", &self.address).env("BAO_CACERT", &self.ca).env("BAO_TOKEN", &self.root);
        command.env("HOME", file.parent().context("the snapshot lies in a folder")?).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        if !output.status.success() {
            bail!("snapshot {verb}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}
