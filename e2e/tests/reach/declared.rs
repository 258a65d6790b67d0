//! What is declared for a tenant, from the declarations alone.

use ringfence_e2e::reach::{Labels, Ports, Protocol, Ranges, Traffic, network};
use serde_json::Value;

/// A tenant and what was declared for it.
pub struct Tenant {
    /// Its name, also its namespace's.
    pub name: String,
    /// The `network` of its class.
    pub network: Value,
    /// The specs of its integrations that may send everything.
    pub full: Vec<Value>,
}

/// Everything outside the cluster that pods of the tenant may call: all pods that there could be, or one with these labels.
///
/// The destinations of the class, and the endpoints of integrations that may send everything, which are every pod's.
pub fn declared(tenant: &Tenant, pod: Option<&Labels>) -> Traffic {
    let endpoints = tenant.full.iter().flat_map(|spec| spec["endpoints"].as_array().into_iter().flatten());
    endpoints.fold(outside(tenant, pod, "Egress"), |all, endpoint| {
        let port = u16::try_from(endpoint["port"].as_u64().expect("a number")).expect("a port");
        let cidrs = endpoint["cidrs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let addresses = cidrs.fold(Ranges::default(), |all, cidr| all.or(&network(cidr).expect("a network")));
        all.or(&Traffic::of(&addresses, &Ports::of(Protocol::Tcp, port, port)))
    })
}

/// Everything outside the cluster that may call pods of the tenant.
pub fn declared_inward(tenant: &Tenant, pod: Option<&Labels>) -> Traffic {
    outside(tenant, pod, "Ingress")
}

/// The ports of pods of another namespace that pods of the tenant may call. The DNS has labels of its own and is left out.
pub fn to_namespace(tenant: &Tenant, pod: Option<&Labels>, other: &str) -> Ports {
    inside(tenant, pod, "Egress", other)
}

/// The ports of pods of the tenant that pods of another namespace may call.
pub fn from_namespace(tenant: &Tenant, pod: Option<&Labels>, other: &str) -> Ports {
    inside(tenant, pod, "Ingress", other)
}

/// The DNS's namespace, its pods' labels and its ports.
pub fn dns(tenant: &Tenant) -> (&str, Labels, Ports) {
    let dns = &tenant.network["dns"];
    let labels = serde_json::from_value(dns["podLabels"].clone()).expect("labels");
    let ports = Ports::of(Protocol::Udp, 53, 53).or(&Ports::of(Protocol::Tcp, 53, 53));
    (dns["namespace"].as_str().expect("a namespace"), labels, ports)
}

fn outside(tenant: &Tenant, pod: Option<&Labels>, direction: &str) -> Traffic {
    allows(tenant, pod, direction).fold(Traffic::default(), |all, allow| {
        let cidrs = allow["cidrs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let addresses = cidrs.fold(Ranges::default(), |all, cidr| all.or(&network(cidr).expect("a network")));
        all.or(&Traffic::of(&addresses, &ports(allow)))
    })
}

fn inside(tenant: &Tenant, pod: Option<&Labels>, direction: &str, other: &str) -> Ports {
    let meant = allows(tenant, pod, direction).filter(|allow| allow["namespace"] == other);
    meant.fold(Ports::default(), |all, allow| all.or(&ports(allow)))
}

/// The entries of the class for a direction, and for a pod when one is given.
fn allows<'a>(tenant: &'a Tenant, pod: Option<&'a Labels>, direction: &'a str) -> impl Iterator<Item = &'a Value> {
    let fits = move |allow: &&Value| {
        let labels: Labels = serde_json::from_value(allow["toPodLabels"].clone()).unwrap_or_default();
        let way = allow["direction"] == "Both" || allow["direction"] == direction;
        way && pod.is_none_or(|pod| labels.iter().all(|(key, value)| pod.get(key) == Some(value)))
    };
    tenant.network["allow"].as_array().into_iter().flatten().filter(fits)
}

fn ports(allow: &Value) -> Ports {
    let number = |value: &Value| u16::try_from(value.as_u64().expect("a number")).expect("a port");
    allow["ports"].as_array().into_iter().flatten().fold(Ports::default(), |all, port| {
        let protocol = if port["protocol"] == "UDP" { Protocol::Udp } else { Protocol::Tcp };
        let first = number(&port["port"]);
        all.or(&Ports::of(protocol, first, port.get("endPort").map_or(first, number)))
    })
}
