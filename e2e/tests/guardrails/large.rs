//! The largest objects that Kubernetes and the kinds themselves let pass are not refused by what a rule may spend.

use anyhow::{Context, Result};
use ringfence_e2e::Bed;
use serde_json::{Value, json};

use crate::{
    ask::{Ask, path},
    things::{BARE, FENCED, NODE, PLAIN, baa, labels, namespace, object, plan, pod_in},
};

/// All annotations of an object may hold 256 KiB.
fn notes() -> Value {
    (0..2000).map(|n| (format!("example.dev/n{n}"), json!("x".repeat(100)))).collect::<serde_json::Map<_, _>>().into()
}

fn many(count: usize) -> Value {
    (0..count).map(|n| (format!("example.dev/n{n}"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
}

/// A pod of about a mebibyte, which is as much as etcd takes with the room that it needs itself.
fn pod(space: &str, spec: &Value) -> Value {
    let mut pod = pod_in(space, "gr-large", spec.clone());
    let variables: Vec<_> = (0..4000).map(|n| json!({"name": format!("N{n}"), "value": "x".repeat(150)})).collect();
    pod["spec"]["containers"][0]["env"] = json!(variables);
    pod["spec"]["schedulingGates"] = json!([{"name": "example.dev/wait"}]);
    pod["metadata"]["annotations"] = notes();
    pod["metadata"]["labels"] = many(2000);
    pod
}

/// By those who may make them.
pub async fn large(bed: &Bed) -> Result<()> {
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let tina = bed.person("tina@acme.example", &["acme-admins"]).await?;
    let sam = bed.person("sam@ringwell.example", &["sales-ops"]).await?;
    let keys: Vec<_> =
        (0..300).map(|n| json!({"key": format!("node.kubernetes.io/n{n}"), "operator": "Exists"})).collect();
    let everything = json!({"tolerations": [{"operator": "Exists"}]});
    let peers: Vec<_> = (0..16_000)
        .map(|n| json!({"podSelector": {"matchLabels": {"app": format!("service-{n}"), "tier": "internal"}}}))
        .collect();
    let policy = json!({"podSelector": {}, "ingress": [{"from": peers}]});
    let mut large_plan = plan("gr-large")?;
    large_plan["spec"]["coveredEntities"] = (0..64).map(|n| json!({"party": format!("{:x<60}-{n}", "p")})).collect();
    large_plan["spec"]["displayName"] = json!("x".repeat(200));
    large_plan["metadata"]["annotations"] = notes();
    let mut large_baa = baa("gr-large")?;
    large_baa["spec"]["scope"]["services"] = (0..64).map(|n| json!(format!("{:x<60}-{n}", "s"))).collect();
    large_baa["spec"]["document"]["uri"] = json!(format!("s3://{}", "x".repeat(1000)));
    large_baa["metadata"]["annotations"] = notes();
    let size = |object: &Value| object.to_string().len() / 1024;
    let sizes = [size(&pod(FENCED, &json!({}))), size(&policy), size(&large_plan), size(&large_baa)];
    let (mine, theirs) = (pod(FENCED, &json!({"tolerations": keys})), pod(PLAIN, &everything));
    let policy = object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "gr-large", policy);
    for (what, who, ask) in [
        ("a tenant's pod", &tina, Ask::create(mine.clone())),
        ("its labels changed", &tina, Ask::merge(path(&mine), labels(json!({"team": "b"})))),
        ("its deletion", &tina, Ask::delete(path(&mine))),
        ("a pod elsewhere that tolerates everything", &carl, Ask::create(theirs.clone())),
        ("its deletion", &carl, Ask::delete(path(&theirs))),
        ("a tenant's own NetworkPolicy", &tina, Ask::create(policy.clone())),
        ("its deletion", &tina, Ask::delete(path(&policy))),
        (
            "a tenant's Namespace with many annotations",
            &carl,
            Ask::merge(namespace(FENCED), json!({"metadata": {"annotations": notes()}})),
        ),
        ("a plain one with many labels", &carl, Ask::merge(namespace(PLAIN), labels(many(20_000)))),
        ("a tenant's Node with many labels", &carl, Ask::merge(format!("/api/v1/nodes/{NODE}"), labels(many(5_000)))),
        ("a plain one with more", &carl, Ask::merge(format!("/api/v1/nodes/{BARE}"), labels(many(20_000)))),
        ("a plan of as many entities as may be", &sam, Ask::create(large_plan.clone())),
        ("it suspended", &sam, Ask::merge(path(&large_plan), json!({"spec": {"state": "Suspended"}}))),
        ("its deletion", &sam, Ask::delete(path(&large_plan))),
        ("an agreement of as many services as may be", &sam, Ask::create(large_baa.clone())),
        ("its deletion", &sam, Ask::delete(path(&large_baa))),
    ] {
        ask.done(who).await.with_context(|| format!("large: {what}"))?;
        println!("ok  large: {what}");
    }
    println!("large: KiB of a pod, a NetworkPolicy, a plan, an agreement: {sizes:?}");
    Ok(())
}
