//! G8: a tenant's own policies open nothing.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, object},
};

const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/gr-fenced/networkpolicies";

fn policy(spec: Value) -> Value {
    let mut policy = object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "gr-bad", json!({"podSelector": {}}));
    policy["spec"].as_object_mut().expect("a spec").extend(spec.as_object().cloned().unwrap_or_default());
    policy
}

fn ingress(from: Value) -> Value {
    json!({"ingress": [{"from": [from]}]})
}

fn egress(to: Value) -> Value {
    json!({"egress": [{"to": [to]}]})
}

/// On policies of the network.
pub fn attacks() -> Vec<Attack> {
    let mine = format!("{POLICIES}/gr-mine");
    let block = |cidr: &str| json!({"ipBlock": {"cidr": cidr}});
    let pods = json!({"podSelector": {}});
    let mut generated = policy(json!({"ingress": [{}]}));
    generated["metadata"] = json!({"generateName": "gr-", "namespace": FENCED});
    vec![
        attack("G8", "a policy that lets everybody in", Ask::create(policy(json!({"ingress": [{}]})))),
        attack("G8", "a policy that lets everybody in, by generateName", Ask::create(generated)),
        attack(
            "G8",
            "a policy that lets everybody in, by apply",
            Ask::apply(format!("{POLICIES}/gr-bad"), policy(json!({"ingress": [{}]}))),
        ),
        attack(
            "G8",
            "a policy that lets every namespace in",
            Ask::create(policy(ingress(json!({"namespaceSelector": {}})))),
        ),
        attack("G8", "a policy that lets a network in", Ask::create(policy(ingress(block("192.0.2.0/24"))))),
        attack(
            "G8",
            "a policy that lets pods of other namespaces in",
            Ask::create(policy(ingress(
                json!({"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "a"}}}),
            ))),
        ),
        attack(
            "G8",
            "a policy that opens a port to everybody",
            Ask::create(policy(json!({"ingress": [{"ports": [{"port": 80}]}]}))),
        ),
        attack("G8", "a policy that lets out to the world", Ask::create(policy(egress(block("0.0.0.0/0"))))),
        attack(
            "G8",
            "a policy that lets out to the cloud's metadata",
            Ask::create(policy(egress(block("169.254.169.254/32")))),
        ),
        attack("G8", "a policy that lets out to anybody", Ask::create(policy(json!({"egress": [{}]})))),
        attack(
            "G8",
            "a policy with one stranger among its peers",
            Ask::create(policy(json!({"egress": [{"to": [pods, {"namespaceSelector": {}}]}]}))),
        ),
        attack("G8", "a tenant's policy widened by patch", Ask::merge(&mine, json!({"spec": {"ingress": [{}]}}))),
        attack("G8", "a tenant's policy widened by PUT", Ask::edit(&mine, |live| live["spec"]["egress"] = json!([{}]))),
        attack(
            "G8",
            "a policy of the network's engine",
            Ask::create(object("cilium.io/v2", "CiliumNetworkPolicy", FENCED, "gr-bad", json!({}))),
        ),
    ]
}
