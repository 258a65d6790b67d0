//! The real controllers: what they make is judged as everybody's.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    Bed,
    wait::{self, Look},
};
use serde_json::json;

use crate::{
    ask::{Answer, Ask, get, path},
    things::{FENCED, NODE, OPEN, PLAIN, UID, act, core, namespace, pod_spec},
};

/// The real controllers start no pod before the fences stand, and garbage collection takes nothing that is kept.
pub async fn controllers(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let template = json!({"metadata": {"labels": {"app": "gr"}}, "spec": pod_spec()});
    let mut job = template.clone();
    job["spec"]["restartPolicy"] = json!("Never");
    for (kind, spec) in [
        ("Deployment", json!({"replicas": 1, "selector": {"matchLabels": {"app": "gr"}}, "template": template})),
        (
            "StatefulSet",
            json!({"replicas": 1, "serviceName": "gr", "selector": {"matchLabels": {"app": "gr"}}, "template": template}),
        ),
    ] {
        Ask::create(
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "gr", "namespace": OPEN}, "spec": spec}),
        )
        .done(&admin)
        .await?;
    }
    Ask::create(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "gr", "namespace": OPEN}, "spec": {"template": job}})).done(&admin).await?;
    let scale = format!("/apis/apps/v1/namespaces/{OPEN}/deployments/gr/scale");
    Ask::merge(scale, json!({"spec": {"replicas": 3}})).done(&admin).await?;
    for kind in ["ReplicaSet", "StatefulSet", "Job"] {
        wait::until(&format!("G1 stops the controller of {kind}"), async || {
            let events = get(&admin, &format!("{}/events", namespace(OPEN))).await?;
            let refused = events["items"].as_array().into_iter().flatten().any(|event| {
                event["involvedObject"]["kind"] == kind
                    && event["message"].as_str().is_some_and(|text| text.contains("G1: no pod starts"))
            });
            Ok(if refused {
                Look::Done(())
            } else {
                Look::Not(format!("{} events", events["items"].as_array().map_or(0, Vec::len)))
            })
        })
        .await?;
    }
    let pods = get(&admin, &format!("{}/pods", namespace(OPEN))).await?;
    ensure!(pods["items"] == json!([]), "pods run before the fences stand: {}", pods["items"]);

    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": "gr-none", "uid": UID}]);
    let alice = bed.person("alice@ringwell.example", &["agreement-signers"]).await?;
    let mut owned = act("gr-owned", "Sign", "alice@ringwell.example");
    owned["metadata"]["ownerReferences"] = owner.clone();
    let kept = path(&owned);
    Ask::create(owned).done(&alice).await?;
    let mut map = core("ConfigMap", PLAIN, "gr-owned");
    map["metadata"]["ownerReferences"] = owner;
    let gone = path(&map);
    Ask::create(map).done(&admin).await?;
    wait::until("garbage collection takes the ConfigMap without an owner", async || {
        Ok(match Ask::merge(&gone, json!({})).dry().send(&admin, &admin).await? {
            Answer::Refused(404, _) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    get(&admin, &kept).await.context("garbage collection took an Attestation")?;
    println!(
        "\ncontrollers: no pod by ReplicaSet, StatefulSet, Job; garbage collection takes an orphan and leaves an Attestation"
    );
    daemons_and_deployments(bed).await
}

/// By the real controllers and the real scheduler: onto the pool with nothing said about it, and never onto it from elsewhere.
async fn daemons_and_deployments(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let mut everywhere = pod_spec();
    everywhere["tolerations"] = json!([{"operator": "Exists"}]);
    let mut pool = pod_spec();
    pool["tolerations"] = json!([{"key": "ringfence.dev/pool", "value": FENCED}]);
    for (kind, namespace, name, spec) in [
        ("DaemonSet", PLAIN, "gr-daemon", everywhere),
        ("Deployment", FENCED, "gr-silent", pod_spec()),
        ("Deployment", PLAIN, "gr-stranger", pool),
    ] {
        let labels = json!({"app": name});
        let template = json!({"metadata": {"labels": labels}, "spec": spec});
        Ask::create(json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
            "spec": {"selector": {"matchLabels": labels}, "template": template}}))
        .done(&admin)
        .await?;
    }
    let on = async |space: &str, app: &str| -> Result<Vec<String>> {
        let pods = get(&admin, &format!("{}/pods?labelSelector=app={app}", namespace(space))).await?;
        let node = |pod: &serde_json::Value| pod["spec"]["nodeName"].as_str().unwrap_or("none yet").to_owned();
        Ok(pods["items"].as_array().into_iter().flatten().map(node).collect())
    };
    wait::until("a silent Deployment of the tenant runs on its pool", async || {
        let seen = on(FENCED, "gr-silent").await?;
        Ok(if seen == [NODE] { Look::Done(()) } else { Look::Not(format!("{seen:?}")) })
    })
    .await?;
    wait::until("a DaemonSet that tolerates everything runs elsewhere, and waits before the pool", async || {
        let seen = on(PLAIN, "gr-daemon").await?;
        ensure!(!seen.iter().any(|n| n == NODE), "it runs on the pool: {seen:?}");
        let elsewhere = seen.iter().any(|n| n != "none yet") && seen.iter().any(|n| n == "none yet");
        Ok(if elsewhere { Look::Done(()) } else { Look::Not(format!("{seen:?}")) })
    })
    .await?;
    wait::until("G2 stops a stranger's ReplicaSet", async || {
        let events = get(&admin, &format!("{}/events", namespace(PLAIN))).await?;
        let told = |e: &serde_json::Value| e["message"].as_str().is_some_and(|t| t.contains("G2: spec.tolerations"));
        let all = events["items"].as_array().cloned().unwrap_or_default();
        Ok(if all.iter().any(told) { Look::Done(()) } else { Look::Not(format!("{} events", all.len())) })
    })
    .await?;
    println!("controllers: a silent Deployment on its pool, a DaemonSet kept off it, a stranger's ReplicaSet refused");
    Ok(())
}
