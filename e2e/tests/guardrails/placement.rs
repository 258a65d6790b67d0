//! What runs on a tenant's pool, on a node that nobody has, and elsewhere: made by the real controllers, placed by the real scheduler.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use kube::Client;
use ringfence_e2e::{
    Bed,
    table::Table,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask, get, path},
    things::{BARE, FENCED, FREE, NODE, PLAIN, POOL, binding, core, namespace, pod_in, pod_spec},
};

const SYSTEM: &str = "kube-system";

/// What comes of a workload.
#[derive(Clone, Copy)]
enum Then {
    /// It runs on these nodes and no others; whether some of its pods wait.
    Runs(&'static [&'static str], bool),
    /// Its pods are refused by this rule.
    Refused(&'static str),
}

struct Case {
    what: &'static str,
    object: Value,
    then: Then,
}

fn workload(kind: &str, space: &str, app: &str, mut spec: Value) -> Value {
    let labels = json!({"app": app});
    let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    for (field, value) in pod_spec().as_object().into_iter().flatten() {
        if spec[field].is_null() {
            spec[field] = value.clone();
        }
    }
    let mut all = json!({"template": {"metadata": {"labels": labels}, "spec": spec}});
    if kind == "Job" {
        all["template"]["spec"]["restartPolicy"] = json!("Never");
    } else {
        all["selector"] = json!({"matchLabels": labels});
    }
    if kind == "StatefulSet" {
        all["serviceName"] = json!(app);
    }
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": app, "namespace": space}, "spec": all})
}

fn bare(space: &str, app: &str, spec: Value) -> Value {
    let mut pod = pod_in(space, app, spec);
    pod["metadata"]["labels"] = json!({"app": app});
    pod
}

fn cases() -> Vec<Case> {
    let everything = || json!([{"operator": "Exists"}]);
    let pool = || json!([{"key": "ringfence.dev/pool", "value": FENCED}]);
    let any_pool = || json!([{"key": "ringfence.dev/pool", "operator": "Exists"}]);
    let large = json!([{"name": "main", "image": "registry.example/app:1", "resources": {"requests": {"cpu": "5"}}}]);
    let mut many = workload("Deployment", PLAIN, "gp-large", json!({"containers": large}));
    many["spec"]["replicas"] = json!(2);
    let case = |what, object, then| Case { what, object, then };
    vec![
        case(
            "a tenant's Deployment that says nothing of nodes",
            workload("Deployment", FENCED, "gp-deployment", json!({})),
            Then::Runs(&[NODE], false),
        ),
        case(
            "a tenant's StatefulSet",
            workload("StatefulSet", FENCED, "gp-stateful", json!({})),
            Then::Runs(&[NODE], false),
        ),
        case("a tenant's Job", workload("Job", FENCED, "gp-job", json!({})), Then::Runs(&[NODE], false)),
        case(
            "a tenant's DaemonSet whose template selects and tolerates the pool",
            workload("DaemonSet", FENCED, "gp-own", json!({"nodeSelector": {POOL: FENCED}, "tolerations": pool()})),
            Then::Runs(&[NODE], false),
        ),
        case(
            "a tenant's DaemonSet whose template does not",
            workload("DaemonSet", FENCED, "gp-lost", json!({})),
            Then::Runs(&[], true),
        ),
        case(
            "a tenant's DaemonSet that tolerates everything",
            workload("DaemonSet", FENCED, "gp-wide", json!({"tolerations": everything()})),
            Then::Refused("G1"),
        ),
        case(
            "a Deployment elsewhere",
            workload("Deployment", PLAIN, "gp-plain", json!({})),
            Then::Runs(&[BARE], false),
        ),
        case("one that the other nodes have no room for", many, Then::Runs(&[BARE], true)),
        case(
            "one that tolerates the pool",
            workload("Deployment", PLAIN, "gp-tolerant", json!({"tolerations": pool()})),
            Then::Refused("G2"),
        ),
        case(
            "one that tolerates everything and asks for the pool's node",
            workload(
                "Deployment",
                PLAIN,
                "gp-asks",
                json!({"tolerations": everything(), "nodeSelector": {"kubernetes.io/hostname": NODE}}),
            ),
            Then::Runs(&[], true),
        ),
        case("a DaemonSet elsewhere", workload("DaemonSet", PLAIN, "gp-daemon", json!({})), Then::Runs(&[BARE], false)),
        case(
            "a DaemonSet that tolerates everything",
            workload("DaemonSet", PLAIN, "gp-everywhere", json!({"tolerations": everything()})),
            Then::Runs(&[BARE, FREE], true),
        ),
        case(
            "a named agent that tolerates everything",
            workload(
                "DaemonSet",
                SYSTEM,
                "gp-agent",
                json!({"tolerations": everything(), "serviceAccountName": "gp-agent"}),
            ),
            Then::Runs(&[BARE, FREE, NODE], false),
        ),
        case(
            "a named agent that tolerates pools by name",
            workload(
                "DaemonSet",
                SYSTEM,
                "gp-agent-2",
                json!({"tolerations": any_pool(), "serviceAccountName": "gp-agent"}),
            ),
            Then::Runs(&[BARE, FREE, NODE], false),
        ),
    ]
}

/// Where the pods of an app run, and whether some wait because the scheduler found no node; nothing while it is still at it.
async fn seen(admin: &Client, space: &str, app: &str) -> Result<Option<(BTreeSet<String>, bool)>> {
    let pods = get(admin, &format!("{}/pods?labelSelector=app={app}", namespace(space))).await?;
    let (mut nodes, mut waiting) = (BTreeSet::new(), false);
    for pod in pods["items"].as_array().into_iter().flatten() {
        match pod["spec"]["nodeName"].as_str() {
            // A Job of an image that only kwok runs ends at once.
            Some(node) if matches!(pod["status"]["phase"].as_str(), Some("Running" | "Succeeded")) => {
                nodes.insert(node.to_owned());
            }
            _ => {
                let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
                if !{ conditions }.any(|c| c["type"] == "PodScheduled" && c["reason"] == "Unschedulable") {
                    return Ok(None);
                }
                waiting = true;
            }
        }
    }
    Ok(Some((nodes, waiting)))
}

async fn settled(admin: &Client, case: &Case) -> Result<()> {
    let (kind, space) =
        (case.object["kind"].as_str().context("a kind")?, case.object["metadata"]["namespace"].as_str());
    let (space, app) = (space.context("a namespace")?, case.object["metadata"]["name"].as_str().context("a name")?);
    wait::until(case.what, async || match case.then {
        Then::Runs(nodes, waits) => {
            let Some((on, waiting)) = seen(admin, space, app).await? else {
                return Ok(Look::Not("a pod is on its way".into()));
            };
            if let Some(wrong) = on.iter().find(|n| !nodes.contains(&n.as_str())) {
                bail!("{}: it runs on {wrong}", case.what);
            }
            Ok(if on.len() == nodes.len() && waiting == waits { Look::Done(()) } else { Look::Not(format!("{on:?}")) })
        }
        Then::Refused(rule) => {
            let events = get(admin, &format!("{}/events", namespace(space))).await?;
            let told = |e: &Value| {
                e["involvedObject"]["name"].as_str().is_some_and(|n| n.starts_with(app))
                    && e["message"].as_str().is_some_and(|m| m.contains(&format!("denied request: {rule}: ")))
            };
            let all = events["items"].as_array().cloned().unwrap_or_default();
            Ok(if all.iter().any(told) { Look::Done(()) } else { Look::Not(format!("{kind}: {} events", all.len())) })
        }
    })
    .await
}

/// As a kubelet writes down a pod that it runs from a file on its disk.
async fn mirror(admin: &Client, space: &str, name: &str) -> Result<Value> {
    let node = get(admin, &format!("/api/v1/nodes/{NODE}")).await?;
    let mut pod = bare(space, name, json!({"nodeName": NODE, "tolerations": [{"operator": "Exists"}]}));
    for key in ["kubernetes.io/config.mirror", "kubernetes.io/config.hash"] {
        pod["metadata"]["annotations"][key] = json!("b7f6c0d3");
    }
    pod["metadata"]["annotations"]["kubernetes.io/config.source"] = json!("file");
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": node["metadata"]["uid"], "controller": true}]);
    Ok(pod)
}

/// Lets all of them loose at once, and compares where they end up with what the page says.
pub async fn placement(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let kubelet = bed.person(&format!("system:node:{NODE}"), &["system:nodes"]).await?;
    Ask::create(core("ServiceAccount", SYSTEM, "gp-agent")).done(&admin).await?;
    let subject = json!({"kind": "ServiceAccount", "name": "gp-agent", "namespace": SYSTEM});
    Ask::create(binding("gp-agents", "ringfence-node-agent", subject)).done(&admin).await?;
    let cases = cases();
    for case in &cases {
        Ask::create(case.object.clone()).done(&admin).await?;
    }
    for case in &cases {
        settled(&admin, case).await?;
    }

    // Past the scheduler: the taint drives it out; and what no scheduler places: static pods.
    let past = bare(PLAIN, "gp-past", json!({"nodeName": NODE}));
    let at = path(&past);
    Ask::create(past).done(&admin).await?;
    wait::until("a pod that names the pool's node is driven out", async || {
        Ok(match Ask::get(&at).send(&admin, &admin).await? {
            Answer::Refused(404, _) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    let fixed = mirror(&admin, SYSTEM, "gp-static").await?;
    let at = path(&fixed);
    Ask::create(fixed).done(&kubelet).await?;
    wait::until("a static pod of the pool's node runs", async || {
        let pod = get(&admin, &at).await?;
        let affinity = &pod["spec"]["affinity"];
        ensure!(affinity.is_null(), "M2 changed the kubelet's picture of a static pod: {affinity}");
        Ok(if pod["status"]["phase"] == "Running" { Look::Done(()) } else { Look::Not(pod["status"].to_string()) })
    })
    .await?;
    match Ask::create(mirror(&admin, FENCED, "gp-static").await?).send(&kubelet, &admin).await? {
        Answer::Refused(_, why) if why.contains("denied request: G1: ") => (),
        other => bail!("a static pod in the tenant's namespace: {other:?}"),
    }

    for case in &cases {
        settled(&admin, case).await?;
    }
    // Whoever is on the pool's node belongs there.
    let all = get(&admin, &format!("/api/v1/pods?fieldSelector=spec.nodeName={NODE}")).await?;
    for pod in all["items"].as_array().into_iter().flatten() {
        let belongs = pod["metadata"]["namespace"] == FENCED
            || pod["spec"]["serviceAccountName"] == "gp-agent"
            || !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
        ensure!(belongs, "{} is on the tenant's pool", pod["metadata"]);
    }
    let tenants = get(&admin, &format!("{}/pods", namespace(FENCED))).await?;
    for pod in tenants["items"].as_array().into_iter().flatten() {
        let node = pod["spec"]["nodeName"].as_str().unwrap_or(NODE);
        ensure!(node == NODE, "{} of the tenant runs on {node}", pod["metadata"]["name"]);
    }
    page(&cases)?;
    for case in &cases {
        Ask::delete(format!("{}?propagationPolicy=Background", path(&case.object))).done(&admin).await?;
    }
    Ask::delete(format!("{at}?gracePeriodSeconds=0")).done(&admin).await.map(drop)
}

/// What the page says of each.
fn page(cases: &[Case]) -> Result<()> {
    let mut table = Table::new(&["what", "the tenant's pool", "free nodes of an inventory", "other nodes"]);
    for case in cases {
        let cells = match case.then {
            Then::Refused(rule) => [format!("refused ({rule})"), "refused".into(), "refused".into()],
            Then::Runs(nodes, waits) => [NODE, FREE, BARE].map(|n| match (nodes.contains(&n), waits) {
                (true, _) => "runs".to_owned(),
                (false, true) if n == NODE => "a pod waits".to_owned(),
                (false, _) => "–".to_owned(),
            }),
        };
        table.row([vec![case.what.to_owned()], cells.to_vec()].concat());
    }
    for (what, pool) in [
        ("a pod elsewhere that names the pool's node, without a toleration", "driven out at once (NoExecute)"),
        ("a static pod of the node's own kubelet", "runs, unchanged"),
        ("a static pod in a tenant's namespace", "its picture is refused (G1)"),
    ] {
        table.row(vec![what.into(), pool.into(), "–".into(), "–".into()]);
    }
    table.must_be_in("guardrails.md", "placement", 4)
}
