//! R25: two tenants never share a node; a plan waits for nodes and goes on; a node without the standing taint is never taken.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Node;
use kube::{Api, ResourceExt, api::ListParams};
use ringfence_e2e::{
    nodes::{self, NodeSpec},
    promise,
    scenario::Scenario,
    tenant::unique,
};

async fn pool(story: &Scenario) -> Result<Vec<Node>> {
    let nodes: Api<Node> = Api::all(story.admin.clone());
    let label = format!("ringfence.node-restriction.kubernetes.io/pool={}", story.tenant);
    Ok(nodes.list(&ListParams::default().labels(&label)).await?.items)
}

#[tokio::test]
async fn tenants_wait_for_nodes_of_their_own_and_never_share_one() -> Result<()> {
    promise("tenants_never_share_a_node", async |bed| {
        bed.operator().await?.ready().await?;
        let one = Scenario::new(bed, "share", |_| ()).await?;
        let two = one.neighbour("share").await?;
        let naked = unique("naked");
        let inventory = "ringfence.node-restriction.kubernetes.io/inventory";
        nodes::add(&one.admin, &NodeSpec::named(&naked).label(inventory, &one.class)).await?;
        one.inventory(3).await?;
        one.plan(2).await?;
        one.await_condition("NodesDedicated", "True", "Dedicated").await?;
        two.plan(2).await?;
        let waits = two.await_condition("NodesDedicated", "False", "NodesMissing").await?;
        ensure!(waits.contains("2 of 2 nodes are missing"), "{waits}");
        two.await_condition("Ready", "False", "").await?;
        ensure!(pool(&two).await?.is_empty(), "half a pool is not taken");

        two.inventory(1).await?;
        two.await_condition("NodesDedicated", "True", "Dedicated").await?;
        let (a, b) = (pool(&one).await?, pool(&two).await?);
        let names = |nodes: &[Node]| nodes.iter().map(|n| n.name_any()).collect::<BTreeSet<_>>();
        ensure!(a.len() == 2 && b.len() == 2 && names(&a).is_disjoint(&names(&b)), "{:?} {:?}", names(&a), names(&b));
        ensure!(
            !names(&a).contains(&naked) && !names(&b).contains(&naked),
            "a node without the standing taint was taken"
        );
        let zones: BTreeSet<_> = a.iter().map(|n| n.labels().get("topology.kubernetes.io/zone").cloned()).collect();
        ensure!(zones.len() == 2, "spread over zones: {zones:?}");
        for node in a.iter().chain(&b) {
            let taints = node.spec.as_ref().and_then(|s| s.taints.clone()).context("taints")?;
            let own: Vec<_> =
                taints.iter().filter(|t| t.key == "ringfence.dev/pool").map(|t| t.effect.as_str()).collect();
            ensure!(own == ["NoSchedule", "NoExecute"], "{own:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_failed_node_is_reported_and_nobody_takes_a_taint_off() -> Result<()> {
    promise("a_failed_node_is_reported", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "taint", |_| ()).await?;
        story.unlock(1).await?;
        let name = pool(&story).await?.first().context("a node")?.name_any();
        let all: Api<Node> = Api::all(story.admin.clone());
        let patch = serde_json::json!({ "spec": { "taints": null } });
        let refused = all.patch(&name, &kube::api::PatchParams::default(), &kube::api::Patch::Merge(patch)).await.err();
        let why = refused.context("an administrator took the taints off")?.to_string();
        ensure!(why.contains("G4"), "{why}");
        nodes::fail(&story.admin, &name).await?;
        story.await_condition("NodesDedicated", "True", "NodesNotReady").await?;
        let (unlocked, ..) = story.condition("PhiUnlocked").await?;
        ensure!(unlocked == "True", "a failed node locks nothing");
        nodes::heal(&story.admin, &name).await?;
        story.await_condition("NodesDedicated", "True", "Dedicated").await.map(|_| ())
    })
    .await
}
