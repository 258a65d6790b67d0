//! Nodes without machines: kwok plays the kubelet of every node that the bed adds.

use crate::wait;
use anyhow::Result;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Map, Value, json};

/// The label by which kwok knows its nodes.
const PLAYED: &str = "kwok.x-k8s.io/node";
/// The label that makes kwok report a node as not ready.
const FAILED: &str = "node-not-ready.stage.kwok.x-k8s.io";

/// What a node is made with.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    name: String,
    labels: Map<String, Value>,
    taints: Vec<Value>,
    capacity: [String; 3],
    provider_id: String,
    system_uuid: String,
}

impl NodeSpec {
    /// An empty node of 8 CPUs, 16 GiB and 110 pods, with a provider id and a system UUID made from its name.
    pub fn named(name: &str) -> Self {
        let labels = json!({ "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", PLAYED: "fake" });
        Self {
            name: name.into(),
            labels: labels.as_object().cloned().unwrap_or_default(),
            taints: Vec::new(),
            capacity: ["8".into(), "16Gi".into(), "110".into()],
            provider_id: format!("bed:///{name}"),
            system_uuid: format!("bed-{name}"),
        }
    }

    /// With one more label.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// With one more taint; the effect is `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub fn taint(mut self, key: &str, value: &str, effect: &str) -> Self {
        self.taints.push(json!({ "key": key, "value": value, "effect": effect }));
        self
    }

    /// As a node of a class's static inventory that no tenant has yet: the label, and the taint that its kubelet
    /// registers with.
    pub fn inventory(self, class: &str) -> Self {
        self.label("ringfence.node-restriction.kubernetes.io/inventory", class).taint(
            "ringfence.dev/pool",
            "unassigned",
            "NoExecute",
        )
    }

    /// In this zone.
    pub fn zone(self, zone: &str) -> Self {
        self.label("topology.kubernetes.io/zone", zone)
    }

    /// With this much room.
    pub fn capacity(mut self, cpu: &str, memory: &str, pods: &str) -> Self {
        self.capacity = [cpu.into(), memory.into(), pods.into()];
        self
    }

    /// As this machine of its provider.
    pub fn provider_id(mut self, id: &str) -> Self {
        self.provider_id = id.into();
        self
    }

    /// As this piece of hardware.
    pub fn system_uuid(mut self, uuid: &str) -> Self {
        self.system_uuid = uuid.into();
        self
    }

    /// As a node that is Ready once and for all, whose kubelet nobody plays.
    ///
    /// # Errors
    /// When it is no node.
    pub fn unplayed(mut self) -> Result<Node> {
        self.labels.remove(PLAYED);
        let mut node = serde_json::to_value(self.object()?)?;
        let now = jiff::Timestamp::now().to_string();
        node["status"]["conditions"] = json!([{ "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
            "lastHeartbeatTime": now, "lastTransitionTime": now }]);
        Ok(serde_json::from_value(node)?)
    }

    fn object(&self) -> Result<Node> {
        let [cpu, memory, pods] = &self.capacity;
        let room = json!({ "cpu": cpu, "memory": memory, "pods": pods });
        // The API server asks for every field of nodeInfo; kwok fills in the others.
        let info = json!({
            "systemUUID": self.system_uuid, "machineID": "", "bootID": "", "kernelVersion": "", "osImage": "",
            "containerRuntimeVersion": "", "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
            "operatingSystem": "linux", "architecture": "amd64",
        });
        Ok(serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": self.name, "labels": self.labels },
            "spec": { "providerID": self.provider_id, "taints": self.taints },
            "status": { "capacity": room, "allocatable": room, "nodeInfo": info },
        }))?)
    }
}

/// Adds a node and waits until it is Ready and has lost the taints of one that is not.
///
/// # Errors
/// When the API server refuses it, or it is not Ready in time.
pub async fn add(client: &Client, spec: &NodeSpec) -> Result<Node> {
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.create(&PostParams::default(), &spec.object()?).await?;
    wait::object(&nodes, &spec.name, "Ready, without a taint of its own", |node| {
        ready(node) == "True" && !taints(node).any(|key| key.starts_with("node.kubernetes.io/"))
    })
    .await
}

/// Makes a node report that it is not ready, and waits until it has. Its lease goes on.
///
/// # Errors
/// When there is no such node, or it is still ready in the end.
pub async fn fail(client: &Client, name: &str) -> Result<Node> {
    let nodes = mark(client, name, json!({ FAILED: "true" })).await?;
    wait::object(&nodes, name, "NotReady", |node| ready(node) == "False").await
}

/// Makes a node fall silent, as with a cut network or a dead machine, and waits until the control plane has noticed.
///
/// # Errors
/// When there is no such node, or nobody noticed.
pub async fn silence(client: &Client, name: &str) -> Result<Node> {
    let nodes = mark(client, name, json!({ PLAYED: null })).await?;
    wait::object(&nodes, name, "silent", |node| ready(node) == "Unknown").await
}

/// Heals a node that failed or fell silent.
///
/// # Errors
/// When there is no such node, or it is not Ready in time.
pub async fn heal(client: &Client, name: &str) -> Result<Node> {
    let nodes = mark(client, name, json!({ FAILED: null, PLAYED: "fake" })).await?;
    wait::object(&nodes, name, "Ready", |node| ready(node) == "True").await
}

/// Deletes a node and waits until it is gone.
///
/// # Errors
/// When the API server refuses.
pub async fn remove(client: &Client, name: &str) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.delete(name, &DeleteParams::default()).await?;
    wait::gone(&nodes, name).await
}

/// The status of a node's Ready condition: `True`, `False`, `Unknown`, or empty when it never said.
pub fn ready(node: &Node) -> &str {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.filter(|c| c.type_ == "Ready").map(|c| c.status.as_str()).next().unwrap_or_default()
}

fn taints(node: &Node) -> impl Iterator<Item = &str> {
    node.spec.iter().flat_map(|spec| spec.taints.iter().flatten()).map(|taint| taint.key.as_str())
}

async fn mark(client: &Client, name: &str, labels: Value) -> Result<Api<Node>> {
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "metadata": { "labels": labels } }))).await?;
    Ok(nodes)
}
