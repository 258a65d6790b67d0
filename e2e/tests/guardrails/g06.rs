//! G6: a tenant's Services stay inside.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, namespace, object},
};

fn service(spec: Value) -> Value {
    let mut service =
        object("v1", "Service", FENCED, "gr-bad", json!({"selector": {"app": "gr"}, "ports": [{"port": 80}]}));
    service["spec"].as_object_mut().expect("a spec").extend(spec.as_object().cloned().unwrap_or_default());
    service
}

/// On Services.
pub fn attacks() -> Vec<Attack> {
    let web = format!("{}/services/gr-web", namespace(FENCED));
    let mut generated = service(json!({"type": "NodePort"}));
    generated["metadata"] = json!({"generateName": "gr-", "namespace": FENCED});
    let bad = format!("{}/services/gr-bad", namespace(FENCED));
    let balanced = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    vec![
        attack("G6", "a Service on a load balancer", Ask::create(service(json!({"type": "LoadBalancer"})))),
        attack("G6", "a Service on a port of every node", Ask::create(service(json!({"type": "NodePort"})))),
        attack("G6", "a Service on ports of nodes, by generateName", Ask::create(generated)),
        attack("G6", "a Service on ports of nodes, by apply", Ask::apply(bad, service(json!({"type": "NodePort"})))),
        attack(
            "G6",
            "a Service on a load balancer, in a dry run",
            Ask::create(service(json!({"type": "LoadBalancer"}))).dry(),
        ),
        attack(
            "G6",
            "a Service that draws others' addresses",
            Ask::create(service(json!({"externalIPs": ["192.0.2.1"]}))),
        ),
        attack(
            "G6",
            "a Service that is a name outside",
            Ask::create(service(json!({"type": "ExternalName", "externalName": "example.com"}))),
        ),
        attack("G6", "a Service made a load balancer's", Ask::merge(&web, json!({"spec": {"type": "LoadBalancer"}}))),
        attack(
            "G6",
            "a Service opened on nodes, by PUT",
            Ask::edit(&web, |live| live["spec"]["type"] = json!("NodePort")),
        ),
        attack(
            "G6",
            "others' addresses drawn by a patch",
            Ask::merge(&web, json!({"spec": {"externalIPs": ["192.0.2.1"]}})),
        ),
        attack("validation", "an address drawn through /status", Ask::merge(format!("{web}/status"), balanced)),
    ]
}
