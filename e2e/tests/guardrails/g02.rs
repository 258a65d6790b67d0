//! G2: nobody else's pods on a pool.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{CI, FENCED, PLAIN, POOL, namespace, pod_in},
};

fn affinity(operator: &str, values: Value) -> Value {
    let mut expression = json!({"key": POOL, "operator": operator});
    if !values.is_null() {
        expression["values"] = values;
    }
    required(json!([{"matchExpressions": [expression]}]))
}

fn required(terms: Value) -> Value {
    json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
}

/// On pods elsewhere.
pub fn attacks() -> Vec<Attack> {
    let pod = |spec: Value| Ask::create(pod_in(PLAIN, "gr-bad", spec));
    let pool = |value: &str| json!({"tolerations": [{"key": "ringfence.dev/pool", "value": value}]});
    let mut generated = pod_in(PLAIN, "", pool(FENCED));
    generated["metadata"] = json!({"generateName": "gr-", "namespace": PLAIN});
    let mut nine = required(json!(
        (0..9)
            .map(|n| json!({"matchExpressions": [{"key": "n", "operator": "In", "values": [n.to_string()]}]}))
            .collect::<Vec<_>>()
    ));
    nine["tolerations"] = json!([{"operator": "Exists"}]);
    let mut wild = pool(FENCED);
    wild["serviceAccountName"] = json!("pipeline");
    let mut mirror = pod_in(PLAIN, "gr-bad", pool(FENCED));
    mirror["spec"]["nodeName"] = json!("gr-bare");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    let running = format!("{}/pods/gr-plain", namespace(PLAIN));
    let bad = format!("{}/pods/gr-bad", namespace(PLAIN));
    vec![
        attack("G2", "a stranger's pod that tolerates a tenant's pool", pod(pool(FENCED))),
        attack("G2", "a stranger's pod that tolerates the unassigned pool", pod(pool("unassigned"))),
        attack(
            "G2",
            "a stranger's pod that tolerates every pool",
            pod(json!({"tolerations": [{"key": "ringfence.dev/pool", "operator": "Exists"}]})),
        ),
        attack("G2", "a stranger's pod that tolerates a pool, by generateName", Ask::create(generated)),
        attack(
            "G2",
            "a stranger's pod that tolerates a pool, by apply",
            Ask::apply(bad, pod_in(PLAIN, "gr-bad", pool(FENCED))),
        ),
        attack("G2", "a stranger's pod that tolerates a pool, in a dry run", pod(pool(FENCED)).dry()),
        attack("G2", "a stranger's pod that selects a pool", pod(json!({"nodeSelector": {POOL: FENCED}}))),
        attack("G2", "a stranger's pod with affinity to a pool", pod(affinity("In", json!([FENCED])))),
        attack("G2", "a stranger's pod with affinity to any pool", pod(affinity("Exists", Value::Null))),
        attack("G2", "a pod that tolerates everything, with nine terms of affinity", pod(nine)),
        attack(
            "G2",
            "a pod of kube-system that selects a pool",
            Ask::create(pod_in("kube-system", "gr-bad", json!({"nodeSelector": {POOL: FENCED}}))),
        ),
        attack("G2", "a pod under an account with */*", Ask::create(pod_in(CI, "gr-bad", wild))),
        attack(
            "G2",
            "a pod whose RuntimeClass brings selector and toleration",
            pod(json!({"runtimeClassName": "gr-pool"})),
        ),
        attack("G2", "a forged static pod that tolerates a pool", Ask::create(mirror)),
        attack(
            "G2",
            "a stranger's running pod that tolerates a pool from now on",
            Ask::json(
                running,
                json!([{"op": "add", "path": "/spec/tolerations/-", "value": {"key": "ringfence.dev/pool", "value": FENCED, "effect": "NoExecute"}}]),
            ),
        ),
    ]
}
