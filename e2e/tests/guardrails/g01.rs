//! G1: a tenant's pods run on its pool, placed by its scheduler, inside the fences.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, NODE, OPEN, POOL, core, namespace, pod_with},
};

fn tolerates(toleration: Value) -> Ask {
    Ask::create(pod_with("gr-bad", json!({"tolerations": [toleration]})))
}

fn spec(fields: Value) -> Ask {
    Ask::create(pod_with("gr-bad", fields))
}

fn more(operator: &str) -> Value {
    json!([{"op": "add", "path": "/spec/tolerations/-", "value": {"key": "ringfence.dev/pool", "operator": operator, "value": OPEN, "effect": "NoExecute"}}])
}

/// On pods of a tenant whose fences stand.
pub fn attacks() -> Vec<Attack> {
    let own = json!({"key": "ringfence.dev/pool", "operator": "Equal", "value": FENCED});
    let with = |field: &str, value: Value| {
        let mut toleration = own.clone();
        toleration[field] = value;
        toleration
    };
    let mut past = pod_with("gr-bad", json!({"nodeName": "gr-bare"}));
    past["metadata"] = json!({"generateName": "gr-", "namespace": FENCED});
    let mut mirror = pod_with("gr-bad", json!({"nodeName": "gr-bare"}));
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    let container = |field: &str, value: Value| {
        let mut pod = pod_with("gr-bad", json!({}));
        pod["spec"]["containers"][0][field] = value;
        Ask::create(pod)
    };
    let running = format!("{}/pods/gr-running", namespace(FENCED));
    let applied = pod_with("gr-bad", json!({"nodeName": "gr-bare"}));
    vec![
        attack("G1", "a tenant's pod on a node by name", spec(json!({"nodeName": "gr-bare"}))),
        attack("G1", "a tenant's pod on its pool's node by name", spec(json!({"nodeName": NODE}))),
        attack("G1", "a tenant's pod by name and generateName", Ask::create(past)),
        attack(
            "G1",
            "a tenant's pod by name and apply",
            Ask::apply(format!("{}/pods/gr-bad", namespace(FENCED)), applied),
        ),
        attack("G1", "a tenant's pod by name in a dry run", spec(json!({"nodeName": "gr-bare"})).dry()),
        attack("G1", "a tenant's pod that selects another pool", spec(json!({"nodeSelector": {POOL: OPEN}}))),
        attack("G1", "a tenant's pod that selects no pool", spec(json!({"nodeSelector": {POOL: ""}}))),
        attack("G1", "a tenant's pod that tolerates another pool", tolerates(with("value", json!(OPEN)))),
        attack(
            "G1",
            "a tenant's pod that tolerates the unassigned pool",
            tolerates(with("value", json!("unassigned"))),
        ),
        attack(
            "G1",
            "a tenant's pod that tolerates every pool",
            tolerates(json!({"key": "ringfence.dev/pool", "operator": "Exists"})),
        ),
        attack("G1", "a tenant's pod that tolerates everything", tolerates(json!({"operator": "Exists"}))),
        attack(
            "G1",
            "a tenant's pod that tolerates its pool for a while",
            tolerates(
                json!({"key": "ringfence.dev/pool", "value": FENCED, "effect": "NoExecute", "tolerationSeconds": 60}),
            ),
        ),
        attack(
            "G1",
            "a tenant's pod that tolerates one effect of its pool",
            tolerates(with("effect", json!("NoSchedule"))),
        ),
        attack(
            "G1",
            "a tenant's pod that tolerates a taint of others",
            tolerates(json!({"key": "dedicated", "operator": "Exists"})),
        ),
        attack(
            "G1",
            "a tenant's pod that tolerates its pool and another",
            spec(json!({"tolerations": [own, with("value", json!(OPEN))]})),
        ),
        attack("G1", "a tenant's pod for a scheduler of one's own", spec(json!({"schedulerName": "mine"}))),
        attack(
            "G1",
            "a tenant's pod above the node's agents",
            spec(json!({"priorityClassName": "system-node-critical"})),
        ),
        attack(
            "G1",
            "a tenant's pod above the cluster's agents",
            spec(json!({"priorityClassName": "system-cluster-critical"})),
        ),
        attack("G1", "a tenant's pod in another runtime", spec(json!({"runtimeClassName": "gr-runtime"}))),
        attack(
            "G1",
            "a tenant's pod with an inline volume of a driver",
            spec(json!({"volumes": [{"name": "v", "csi": {"driver": "mine.example.dev"}}]})),
        ),
        attack("G1", "a tenant's pod passed off as static", Ask::create(mirror)),
        attack("Pod Security", "a tenant's pod in the node's network", spec(json!({"hostNetwork": true}))),
        attack("Pod Security", "a tenant's pod among the node's processes", spec(json!({"hostPID": true}))),
        attack("Pod Security", "a tenant's pod in the node's IPC", spec(json!({"hostIPC": true}))),
        attack(
            "Pod Security",
            "a tenant's pod with the node's files",
            spec(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]})),
        ),
        attack(
            "Pod Security",
            "a tenant's pod on a port of the node",
            container("ports", json!([{"containerPort": 80, "hostPort": 80}])),
        ),
        attack(
            "Pod Security",
            "a privileged pod of a tenant's",
            container("securityContext", json!({"privileged": true})),
        ),
        attack("G1", "a running pod that tolerates another pool from now on", Ask::json(&running, more("Equal"))),
        attack(
            "G1",
            "a running pod that tolerates everything from now on",
            Ask::json(&running, json!([{"op": "add", "path": "/spec/tolerations/-", "value": {"operator": "Exists"}}])),
        ),
        attack(
            "G1",
            "a running pod that tolerates another pool, by PUT",
            Ask::edit(&running, |live| {
                let all = live["spec"]["tolerations"].as_array_mut().expect("tolerations");
                all.push(json!({"key": "ringfence.dev/pool", "value": OPEN, "effect": "NoSchedule"}));
            }),
        ),
        attack(
            "validation",
            "a running pod's selector changed",
            Ask::merge(&running, json!({"spec": {"nodeSelector": {POOL: OPEN}}})),
        ),
        attack(
            "validation",
            "a gated pod's selector changed",
            Ask::merge(format!("{}/pods/gr-gated", namespace(FENCED)), json!({"spec": {"nodeSelector": {POOL: OPEN}}})),
        ),
        attack(
            "validation",
            "a running pod passed off as static",
            Ask::merge(&running, json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}})),
        ),
        attack(
            "G1",
            "a pod of a workload that is not fenced, made by hand",
            Ask::create({
                let mut pod = core("Pod", OPEN, "gr-hand");
                pod["metadata"]["labels"] = json!({"app": "gr"});
                pod["spec"] = crate::things::pod_spec();
                pod
            }),
        ),
    ]
}
