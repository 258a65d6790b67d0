//! The server's configuration: where it listens and stores, and the audit devices that the repository ships.

use crate::{pki::Pki, tools::repository};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(super) fn text(folder: &Path, api: u16, cluster: u16, pki: &Pki) -> Result<String> {
    let shipped = repository().join("manifests/openbao/server.hcl");
    let audit = fs::read_to_string(&shipped).with_context(|| shipped.display().to_string())?;
    let audit = audit.replace("\"/openbao/", &format!("\"{}/", folder.display()));
    let quoted = |path: PathBuf| Value::from(path.display().to_string());
    let (certificate, key) = (quoted(pki.server().certificate), quoted(pki.server().key));
    Ok(format!(
        r#"api_addr     = "https://127.0.0.1:{api}"
cluster_addr = "https://127.0.0.1:{cluster}"
listener "tcp" {{
  address         = "127.0.0.1:{api}"
  cluster_address = "127.0.0.1:{cluster}"
  tls_cert_file   = {certificate}
  tls_key_file    = {key}
}}
storage "raft" {{
  path                   = {raft}
  node_id                = "bed"
  performance_multiplier = 1
}}
{audit}"#,
        raft = quoted(folder.join("raft")),
    ))
}
