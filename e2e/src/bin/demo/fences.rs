//! The fences of a tenant as they stand in the cluster and in OpenBao, as tables.

use crate::{
    Tour,
    cast::{ACME, Tenant},
    see::{self, RECORDING},
    stage::PATIENCE,
    text::{plain, yes},
    wall::openings,
};
use anyhow::Result;
use k8s_openapi::api::{
    core::v1::{Node, Pod},
    networking::v1::NetworkPolicy,
};
use kube::{Api, ResourceExt, api::ListParams};
use ringfence_e2e::{
    manifests, nodes,
    wait::{self, Look},
};
use serde_json::{Value, json};

const POOL_LABEL: &str = "ringfence.node-restriction.kubernetes.io/pool";
const POOL_TAINT: &str = "ringfence.dev/pool";
const ZONE: &str = "topology.kubernetes.io/zone";

impl Tour<'_> {
    /// Nodes with the tenant's application, keys, networks, flags.
    pub async fn show_fences(&self) -> Result<()> {
        self.show_nodes(&ACME, 2).await?;
        self.show_keys(&ACME).await?;
        self.show_networks(&ACME).await?;
        self.show_flags(&ACME).await
    }

    /// Every node, whose it is, and what runs there.
    async fn show_nodes(&self, tenant: &Tenant, asked: usize) -> Result<()> {
        let Tour { stage, cast, .. } = self;
        stage.act(cast.root.called, "deploys the tenant's application, 60-app.yaml");
        manifests::apply(&cast.root.client, tenant.example("60-app.yaml")?).await?;
        let pods: Api<Pod> = Api::namespaced(cast.root.client.clone(), tenant.name);
        let placed = wait::until("two pods run", async || {
            let all = pods.list(&ListParams::default()).await?.items;
            let run = all.len() == 2 && all.iter().all(|pod| phase(pod) == "Running");
            Ok(if run { Look::Done(all) } else { Look::Not(format!("{} pods", all.len())) })
        });
        let pods = stage.wait("two pods of the tenant to run", PATIENCE, placed).await?;
        let nodes: Api<Node> = Api::all(cast.pat.client.clone());
        let nodes = nodes.list(&ListParams::default()).await?.items;
        let on = |node: &Node| {
            let here = pods.iter().filter(|pod| node_of(pod) == node.name_any());
            here.map(ResourceExt::name_any).collect::<Vec<_>>().join(", ")
        };
        let rows = nodes.iter().map(|node| {
            let zone = node.labels().get(ZONE).cloned().unwrap_or_default();
            [node.name_any(), zone, nodes::ready(node).into(), pool(node), taints(node), on(node)]
        });
        stage.table(["NODE", "ZONE", "READY", "POOL", "TAINT", "TENANT'S PODS"], &rows.collect::<Vec<_>>());
        let own: Vec<&Node> = nodes.iter().filter(|node| pool(node) == tenant.name).collect();
        let fenced = own.iter().all(|node| {
            taints(node).contains("NoSchedule")
                && taints(node).contains("NoExecute")
                && taints(node).contains(tenant.name)
        });
        stage.check(
            &format!("{asked} nodes are the tenant's own, fenced by label and taint, and its pods run nowhere else"),
            own.len() == asked
                && fenced
                && pods.iter().all(|pod| own.iter().any(|node| node_of(pod) == node.name_any())),
            format!("{} nodes", own.len()),
        );
        Ok(())
    }

    /// The keys, as OpenBao shows them to its own administrator.
    async fn show_keys(&self, tenant: &Tenant) -> Result<()> {
        let (stage, root) = (self.stage, self.bed.openbao().root()?);
        let mut rows = vec![];
        let mut closed = true;
        for (mount, purpose) in [("ringfence-phi", "seals recordings"), ("ringfence-lookup", "search by number")] {
            let path = format!("{mount}/keys/{}", tenant.name);
            let key = root.expect(200, "GET", &path, None).await?["data"].take();
            let export = format!("{mount}/export/encryption-key/{}", tenant.name);
            let (code, _) = root.request("GET", &export, None).await?;
            closed &= code != 200 && key["exportable"] == false && key["deletion_allowed"] == false;
            rows.push([
                path,
                purpose.into(),
                plain(&key["type"]),
                plain(&key["latest_version"]),
                yes(&key["exportable"]),
                yes(&key["deletion_allowed"]),
                format!("refused, {code}"),
            ]);
        }
        stage.table(["KEY", "FOR", "TYPE", "VERSION", "EXPORTABLE", "DELETABLE", "EXPORT BY ROOT"], &rows);
        stage.check(
            "its keys are its own, and OpenBao refuses to hand them out, even to its own administrator",
            closed,
            json!(rows),
        );
        Ok(())
    }

    /// The network policies, in words.
    async fn show_networks(&self, tenant: &Tenant) -> Result<()> {
        let policies: Api<NetworkPolicy> = Api::namespaced(self.cast.pat.client.clone(), tenant.name);
        let (rows, closes) = openings(policies.list(&ListParams::default()).await?.items)?;
        self.stage.table(["NETWORK POLICY", "PODS", "OPEN", "PEER", "PORTS"], &rows);
        self.stage.check(
            "its network is closed both ways, but for these",
            closes && rows.iter().all(|row| row[3] != "anybody"),
            json!(rows),
        );
        Ok(())
    }

    /// The flags, as two engines read them.
    async fn show_flags(&self, tenant: &Tenant) -> Result<()> {
        let document = see::document(&self.cast.root.client, tenant).await?;
        let [go, python] = see::both(&document).await?;
        let rows: Vec<[String; 3]> = go
            .iter()
            .map(|(key, value)| [key.clone(), plain(value), plain(python.get(key).unwrap_or(&Value::Null))])
            .collect();
        self.stage.table(["FLAG", "FLAGD CORE (GO)", "OPENFEATURE (PYTHON)"], &rows);
        self.stage.check(
            "two engines that are not Ringfence's read the flags alike",
            go == python && go.get(RECORDING) == Some(&Value::Bool(true)),
            json!([go, python]),
        );
        Ok(())
    }
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn node_of(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default()
}

fn pool(node: &Node) -> String {
    node.labels().get(POOL_LABEL).cloned().unwrap_or_else(|| "–".into())
}

fn taints(node: &Node) -> String {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let ours = taints.filter(|taint| taint.key == POOL_TAINT);
    let mut said: Vec<String> = vec![];
    for taint in ours {
        let value = taint.value.clone().unwrap_or_default();
        said.push(if said.is_empty() { format!("{value}:{}", taint.effect) } else { taint.effect.clone() });
    }
    said.join("+")
}
