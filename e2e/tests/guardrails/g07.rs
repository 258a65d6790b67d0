//! G7: nothing leads in from outside.

use serde_json::json;

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, namespace, object},
};

/// On Ingresses, routes of every kind, and endpoints.
pub fn attacks() -> Vec<Attack> {
    let ingress = || {
        let backend = json!({"service": {"name": "gr-web", "port": {"number": 80}}});
        object("networking.k8s.io/v1", "Ingress", FENCED, "gr-bad", json!({"defaultBackend": backend}))
    };
    let gateway = |kind: &str| {
        object("gateway.networking.k8s.io/v1", kind, FENCED, "gr-bad", json!({"parentRefs": [{"name": "public"}]}))
    };
    let mut generated = ingress();
    generated["metadata"] = json!({"generateName": "gr-", "namespace": FENCED});
    let at = format!("/apis/networking.k8s.io/v1/namespaces/{FENCED}/ingresses/gr-bad");
    let route = format!("/apis/gateway.networking.k8s.io/v1/namespaces/{FENCED}/httproutes/gr-bad");
    let subsets = json!([{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]);
    let mut endpoints = object("v1", "Endpoints", FENCED, "gr-bad", json!(null));
    endpoints["subsets"] = subsets.clone();
    let mut slice = object("discovery.k8s.io/v1", "EndpointSlice", FENCED, "gr-bad", json!(null));
    slice["addressType"] = json!("IPv4");
    slice["endpoints"] = json!([{"addresses": ["192.0.2.1"]}]);
    slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": "gr-web"});
    for object in [&mut endpoints, &mut slice] {
        object.as_object_mut().expect("an object").remove("spec");
    }
    vec![
        attack("G7", "an Ingress", Ask::create(ingress())),
        attack("G7", "an Ingress by generateName", Ask::create(generated)),
        attack("G7", "an Ingress by apply", Ask::apply(at, ingress())),
        attack("G7", "an Ingress in a dry run", Ask::create(ingress()).dry()),
        attack("G7", "an HTTPRoute", Ask::create(gateway("HTTPRoute"))),
        attack("G7", "an HTTPRoute by apply", Ask::apply(route, gateway("HTTPRoute"))),
        attack("G7", "a Gateway", Ask::create(gateway("Gateway"))),
        attack("G7", "a ReferenceGrant for anybody", Ask::create(gateway("ReferenceGrant"))),
        attack(
            "G7",
            "a VirtualService of a mesh",
            Ask::create(object("networking.istio.io/v1", "VirtualService", FENCED, "gr-bad", json!({}))),
        ),
        attack("G7", "Endpoints that lead elsewhere", Ask::create(endpoints)),
        attack("G7", "an EndpointSlice that leads elsewhere", Ask::create(slice)),
        attack(
            "G7",
            "Endpoints of a Service changed",
            Ask::merge(format!("{}/endpoints/gr-web", namespace(FENCED)), json!({"subsets": subsets})),
        ),
        attack(
            "G7",
            "an EndpointSlice of a Service changed",
            Ask::merge(
                format!("/apis/discovery.k8s.io/v1/namespaces/{FENCED}/endpointslices/gr-slice"),
                json!({"endpoints": [{"addresses": ["192.0.2.1"]}]}),
            ),
        ),
    ]
}
