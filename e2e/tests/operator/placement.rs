//! R25, R26, S2, S3: no pod before the fences; the tenant's pods run on its pool, with nothing said about it, and nowhere else. Moving those that run
//! elsewhere: `tests/drift`.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{ObjectMeta, PostParams},
};
use ringfence_e2e::{
    nodes::{self, NodeSpec},
    promise,
    scenario::Scenario,
    tenant::unique,
    wait,
};
use serde_json::{Value, json};

fn pod(name: &str, pool: &str, select: Value) -> Result<Pod> {
    let tolerations: Vec<_> = ["NoSchedule", "NoExecute"]
        .iter()
        .map(|e| json!({ "key": "ringfence.dev/pool", "operator": "Equal", "value": pool, "effect": e }))
        .collect();
    let security = json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } });
    Ok(serde_json::from_value(json!({
        "metadata": ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
        "spec": {
            "nodeSelector": select, "tolerations": tolerations, "terminationGracePeriodSeconds": 0,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "app", "image": "app", "securityContext": security }],
        },
    }))?)
}

#[tokio::test]
async fn no_pod_runs_before_the_fences_and_none_off_the_pool_after() -> Result<()> {
    promise("no_pod_runs_before_the_fences", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "pods", |_| ()).await?;
        story.plan(1).await?;
        story.await_condition("NetworkIsolated", "True", "").await?;
        let pods: Api<Pod> = Api::namespaced(story.admin.clone(), &story.tenant);
        let pool = json!({ "ringfence.node-restriction.kubernetes.io/pool": story.tenant });
        let early = pods.create(&PostParams::default(), &pod("early", &story.tenant, pool.clone())?).await;
        let why = early.err().context("a pod was let in before the fences")?.to_string();
        ensure!(why.contains("G1"), "{why}");

        story.inventory(1).await?;
        story.await_condition("NamespaceFenced", "True", "Fenced").await?;
        pods.create(&PostParams::default(), &pod("app", &story.tenant, pool)?).await?;
        wait::object(&pods, "app", "Running", |p: &Pod| {
            p.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running")
        })
        .await?;
        story.await_condition("WorkloadsPlaced", "True", "Placed").await?;

        let elsewhere = unique("elsewhere");
        nodes::add(&story.admin, &NodeSpec::named(&elsewhere).label("test/elsewhere", &elsewhere)).await?;
        let mut past = pod("past", &story.tenant, json!({}))?;
        past.spec.as_mut().context("a spec")?.node_name = Some(elsewhere.clone());
        let why = pods.create(&PostParams::default(), &past).await.err().context("past the scheduler")?.to_string();
        ensure!(why.contains("G1"), "{why}");
        let mut silent = pod("silent", &story.tenant, json!(null))?;
        silent.spec.as_mut().context("a spec")?.tolerations = None;
        pods.create(&PostParams::default(), &silent).await?;
        let app = pods.get("app").await?;
        let on = |p: &Pod| p.spec.as_ref().and_then(|s| s.node_name.clone());
        let runs = wait::object(&pods, "silent", "Running", |p: &Pod| on(p).is_some()).await?;
        ensure!(on(&runs) == on(&app), "M1 puts it on the pool: {:?}", on(&runs));
        pods.create(&PostParams::default(), &pod("stray", &story.tenant, json!({ "test/elsewhere": elsewhere }))?)
            .await?;
        wait::object(&pods, "stray", "found no node", |p: &Pod| {
            let conditions = p.status.iter().flat_map(|s| s.conditions.iter().flatten());
            conditions.into_iter().any(|c| c.reason.as_deref() == Some("Unschedulable"))
        })
        .await?;
        story.await_condition("WorkloadsPlaced", "True", "Placed").await.map(drop)
    })
    .await
}
