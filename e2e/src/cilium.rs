//! Cilium's own definition of `CiliumNetworkPolicy`, on a bed without Cilium: the API server checks such objects as in a cluster with it, and nobody acts on them.

use std::process::Command;

use anyhow::{Result, ensure};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};

use crate::{manifests, tools::tool};

/// The plural of the kind, by which its definition is named.
const PLURAL: &str = "ciliumnetworkpolicies";

/// Installs the definition of `CiliumNetworkPolicy` (cilium.io/v2) as Cilium ships it, and waits until it is Established.
///
/// # Errors
/// When the tools are not built, or the API server refuses it.
pub async fn install(admin: &Client) -> Result<()> {
    let output = Command::new(tool("cilium-crd")?).arg(PLURAL).output()?;
    ensure!(output.status.success(), "cilium-crd: {}", String::from_utf8_lossy(&output.stderr).trim());
    manifests::apply_text(admin, &String::from_utf8(output.stdout)?).await
}

/// The endpoint of a namespace's `CiliumNetworkPolicy` objects.
#[must_use]
pub fn policies(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk("cilium.io", "v2", "CiliumNetworkPolicy");
    Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk_with_plural(&gvk, PLURAL))
}
