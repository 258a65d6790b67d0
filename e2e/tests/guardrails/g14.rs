//! G14: Ringfence's own identity: its token, and its identity with every right in RBAC.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    ask::{Ask, example},
    suite::{Attack, attack},
    things::{
        BARE, FENCED, FREE, NODE, OPEN, OPERATOR, PLAIN, POOL, RINGFENCE, act, binding, core, kind, labels, namespace,
        object, plan, pod, taints,
    },
};

fn role_binding(namespace: &str, name: &str, role: &str, subject: Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
    })
}

/// In namespaces.
pub fn inside() -> Vec<Attack> {
    let account = || json!({"kind": "ServiceAccount", "name": "default", "namespace": "default"});
    let at = |what: &str| format!("{}/{what}", namespace(FENCED));
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{FENCED}/rolebindings/ringfence-flag-readers");
    let base = format!("/apis/networking.k8s.io/v1/namespaces/{FENCED}/networkpolicies/ringfence-base");
    let evict = |namespace: &str, name: &str| {
        Ask::post(
            format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction"),
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}),
        )
    };
    let world = json!({"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}});
    vec![
        attack("G14", "Ringfence writes a ConfigMap elsewhere", Ask::create(core("ConfigMap", PLAIN, "gr-bad"))),
        attack(
            "G14",
            "Ringfence writes the configuration of kube-system",
            Ask::merge(
                "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
                json!({"data": {"a": "b"}}),
            ),
        ),
        attack(
            "G14",
            "Ringfence makes an account in kube-system",
            Ask::create(core("ServiceAccount", "kube-system", "gr-bad")),
        ),
        attack(
            "G14",
            "Ringfence takes a token of kube-system",
            Ask::post("/api/v1/namespaces/kube-system/serviceaccounts/default/token", crate::g09::token()),
        ),
        attack(
            "G14",
            "Ringfence binds a role elsewhere",
            Ask::create(role_binding(PLAIN, "ringfence-flag-readers", "ringfence-flag-reader", account())),
        ),
        attack(
            "G14",
            "Ringfence binds a role in its own namespace",
            Ask::create(role_binding("ringfence-system", "gr-bad", "admin", account())),
        ),
        attack("G14", "Ringfence evicts elsewhere", evict(PLAIN, "gr-plain")),
        attack("G14", "Ringfence evicts before the fences stand", evict(OPEN, "gr-none")),
        attack("G14", "Ringfence deletes pods elsewhere", Ask::delete(format!("{}/pods/gr-plain", namespace(PLAIN)))),
        attack("G14", "Ringfence deletes a tenant's pod", Ask::delete(at("pods/gr-running"))),
        attack(
            "G9 or G14",
            "Ringfence gets into a tenant's pod",
            Ask::post(crate::g09::into("exec?command=ls"), Value::Null),
        ),
        attack(
            "G9 or G14",
            "Ringfence debugs a tenant's pod",
            Ask::merge(crate::g09::into("ephemeralcontainers"), crate::g09::debug()),
        ),
        attack(
            "G9 or G14",
            "Ringfence takes a token of a tenant's",
            Ask::post(at("serviceaccounts/ringfence-app/token"), crate::g09::token()),
        ),
        attack(
            "G14",
            "Ringfence writes another ConfigMap of a tenant's",
            Ask::create(core("ConfigMap", FENCED, "ringfence-other")),
        ),
        attack(
            "G14",
            "Ringfence writes a Secret of a tenant's",
            Ask::create(core("Secret", FENCED, "ringfence-flags")),
        ),
        attack(
            "G14",
            "Ringfence makes another account for a tenant",
            Ask::create(core("ServiceAccount", FENCED, "ringfence-other")),
        ),
        attack("G14", "Ringfence deletes the flag document", Ask::delete(at("configmaps/ringfence-flags"))),
        attack("G14", "Ringfence deletes the quota", Ask::delete(at("resourcequotas/ringfence"))),
        attack("G14", "Ringfence deletes the tenant's account", Ask::delete(at("serviceaccounts/ringfence-app"))),
        attack(
            "G14",
            "Ringfence lets load balancers in",
            Ask::merge(at("resourcequotas/ringfence"), json!({"spec": {"hard": {"services.loadbalancers": "5"}}})),
        ),
        attack(
            "G14",
            "Ringfence takes a limit out",
            Ask::merge(at("resourcequotas/ringfence"), json!({"spec": {"hard": {"services.nodeports": null}}})),
        ),
        attack(
            "G14",
            "Ringfence lets people read the flag document",
            Ask::merge(
                &rbac,
                json!({"subjects": [{"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}]}),
            ),
        ),
        attack(
            "G14",
            "Ringfence binds an administrator for a tenant",
            Ask::create(role_binding(OPEN, "ringfence-flag-readers", "cluster-admin", account())),
        ),
        attack(
            "G14",
            "Ringfence binds readers under another name",
            Ask::create(role_binding(FENCED, "ringfence-more", "ringfence-flag-reader", account())),
        ),
        attack("G14", "Ringfence resizes a tenant's pod", Ask::json(at("pods/gr-gated/resize"), resized())),
        attack(
            "G14",
            "Ringfence resizes a pod elsewhere",
            Ask::json(format!("{}/pods/gr-waits/resize", namespace(PLAIN)), resized()),
        ),
        attack(
            "G14",
            "Ringfence scales a tenant's Deployment",
            Ask::merge(scale(FENCED), json!({"spec": {"replicas": 9}})),
        ),
        attack("G14", "Ringfence scales one elsewhere", Ask::merge(scale(PLAIN), json!({"spec": {"replicas": 9}}))),
        attack("G9 or G14", "Ringfence asks for a token for break-glass", {
            Ask::post(at("serviceaccounts/ringfence-break-glass/token"), crate::g09::token())
        }),
        attack("G14", "Ringfence lets everybody in", Ask::merge(&base, json!({"spec": {"ingress": [{}]}}))),
        attack("G14", "Ringfence lets out to the world", Ask::merge(&base, world)),
        attack(
            "G14",
            "Ringfence closes one way only",
            Ask::merge(&base, json!({"spec": {"policyTypes": ["Ingress"], "egress": null}})),
        ),
        attack(
            "G14",
            "Ringfence makes a policy under a tenant's name",
            Ask::create(object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "mine", json!({"podSelector": {}}))),
        ),
    ]
}

const WAY: &str = "ringfence-integration-gr";

/// A way out by networks, as Ringfence writes it.
pub fn networks() -> Value {
    let to = json!([{"ipBlock": {"cidr": "198.51.100.0/24"}}]);
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{"to": to, "ports": [{"protocol": "TCP", "port": 443}]}]});
    object("networking.k8s.io/v1", "NetworkPolicy", FENCED, WAY, spec)
}

/// A way out by host names, as Ringfence writes it.
pub fn hosts() -> Value {
    let host = json!([{"matchName": "api.vendor.example"}]);
    let https = json!([{"ports": [{"port": "443", "protocol": "TCP"}]}]);
    let dns = json!({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}});
    let ask = json!([{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": host}}]);
    let private = json!([{"cidr": "10.0.0.0/8", "except": ["10.96.0.0/12"]}, {"cidr": "169.254.0.0/16"}]);
    let spec = json!({
        "endpointSelector": {}, "egress": [{"toFQDNs": host, "toPorts": https}, {"toEndpoints": [dns], "toPorts": ask}],
        "egressDeny": [{"toCIDRSet": private, "toPorts": https}],
    });
    object("cilium.io/v2", "CiliumNetworkPolicy", FENCED, WAY, spec)
}

/// Ways out that are no Integration's.
pub fn ways() -> Vec<Attack> {
    let change = |mut object: Value, at: &str, to: Value| {
        let (parent, key) = at.rsplit_once('/').expect("a path");
        match object.pointer_mut(parent).expect("a parent") {
            Value::Object(map) if to.is_null() => drop(map.remove(key)),
            parent => match key.parse::<usize>() {
                Ok(n) => parent[n] = to,
                Err(_) => parent[key] = to,
            },
        }
        object
    };
    let cidr = "/spec/egress/0/to/0/ipBlock/cidr";
    let (to, ports) = ("/spec/egress/0/to/0", "/spec/egress/0/ports");
    let (fqdns, inner) = ("/spec/egress/0", "/spec/egress/0/toPorts/0/ports/0");
    let by_network = [
        ("to the world", cidr.to_owned(), json!("0.0.0.0/0")),
        ("to a /8", cidr.into(), json!("13.0.0.0/8")),
        ("to a /15", cidr.into(), json!("13.108.0.0/15")),
        ("to all of IPv6", cidr.into(), json!("::/0")),
        ("to a /31 of IPv6", cidr.into(), json!("2600::/31")),
        ("to every port", ports.into(), Value::Null),
        ("to an empty list of ports", ports.into(), json!([])),
        ("to every TCP port", ports.into(), json!([{"protocol": "TCP"}])),
        ("to a range of ports", ports.into(), json!([{"protocol": "TCP", "port": 443, "endPort": 65535}])),
        ("by UDP", ports.into(), json!([{"protocol": "UDP", "port": 443}])),
        ("by UDP beside TCP", ports.into(), json!([{"port": 443}, {"protocol": "UDP", "port": 443}])),
        ("to everybody", "/spec/egress/0/to".into(), Value::Null),
        ("to pods", to.into(), json!({"podSelector": {}})),
        ("to namespaces", to.into(), json!({"namespaceSelector": {}})),
        ("and a way in", "/spec/ingress".into(), json!([{"from": [{"podSelector": {}}]}])),
        (
            "and a way in from a network",
            "/spec/ingress".into(),
            json!([{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}]),
        ),
        ("that leaves ways in alone", "/spec/policyTypes".into(), json!(["Egress"])),
    ];
    let everything = json!([{"matchPattern": "*"}]);
    let world = json!([{"toEntities": ["world"]}]);
    let by_host = [
        ("to every host", format!("{fqdns}/toFQDNs"), everything.clone()),
        ("to every host beside one", format!("{fqdns}/toFQDNs/0/matchPattern"), json!("*")),
        ("to no host", format!("{fqdns}/toFQDNs"), json!([])),
        ("to whatever is not named", format!("{fqdns}/toFQDNs"), Value::Null),
        (
            "to a network instead",
            fqdns.into(),
            json!({"toCIDR": ["0.0.0.0/0"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}),
        ),
        ("to a network beside a host", format!("{fqdns}/toCIDR"), json!(["0.0.0.0/0"])),
        ("to a set of networks beside a host", format!("{fqdns}/toCIDRSet"), json!([{"cidr": "10.0.0.0/8"}])),
        ("to the world beside a host", format!("{fqdns}/toEntities"), json!(["world"])),
        ("to pods beside a host", format!("{fqdns}/toEndpoints"), json!([{}])),
        ("to nodes beside a host", format!("{fqdns}/toNodes"), json!([{}])),
        (
            "to services beside a host",
            format!("{fqdns}/toServices"),
            json!([{"k8sService": {"serviceName": "a", "namespace": "b"}}]),
        ),
        (
            "to a cloud's groups beside a host",
            format!("{fqdns}/toGroups"),
            json!([{"aws": {"securityGroupsIds": ["sg-1"]}}]),
        ),
        ("to ICMP beside a host", format!("{fqdns}/icmps"), json!([{"fields": [{"type": 8}]}])),
        ("to every port of a host", format!("{fqdns}/toPorts"), Value::Null),
        ("to ports that are none", format!("{fqdns}/toPorts"), json!([])),
        ("to no port of a host", format!("{fqdns}/toPorts/0/ports"), Value::Null),
        ("to port 0 of a host", format!("{inner}/port"), json!("0")),
        ("to a named port of a host", format!("{inner}/port"), json!("https")),
        ("to a range of ports of a host", format!("{inner}/endPort"), json!(65535)),
        ("by any protocol to a host", format!("{inner}/protocol"), json!("ANY")),
        ("by UDP to a host", format!("{inner}/protocol"), json!("UDP")),
        (
            "through a listener",
            format!("{fqdns}/toPorts/0/listener"),
            json!({"envoyConfig": {"name": "a"}, "name": "a"}),
        ),
        ("to DNS for every name", "/spec/egress/1/toPorts/0/rules/dns".into(), everything),
        ("to DNS without rules", "/spec/egress/1/toPorts/0/rules".into(), Value::Null),
        ("to pods at another port than DNS's", "/spec/egress/1/toPorts/0/ports/0/port".into(), json!("443")),
        ("to HTTP beside DNS", "/spec/egress/1/toPorts/0/rules/http".into(), json!([{}])),
        ("and a way in", "/spec/ingress".into(), json!([{"fromEntities": ["world"]}])),
        ("and an empty way in", "/spec/ingress".into(), json!([{}])),
        ("and a second spec", "/specs".into(), json!([{"endpointSelector": {}, "egress": world}])),
        ("in a second spec alone", "/spec".into(), Value::Null),
        (
            "that denies nothing by default",
            "/spec/enableDefaultDeny".into(),
            json!({"egress": false, "ingress": false}),
        ),
        ("of nodes", "/spec/nodeSelector".into(), json!({})),
        ("to private networks by a host's name", "/spec/egressDeny".into(), Value::Null),
        ("to metadata by a host's name", "/spec/egressDeny/0/toCIDRSet/1".into(), json!({"cidr": "10.0.0.0/8"})),
        ("under a tenant's name", "/metadata/name".into(), json!("mine")),
        ("under the base policy's name", "/metadata/name".into(), json!("ringfence-base")),
    ];
    let networks = by_network.into_iter().map(|(what, at, to)| ("by networks", what, change(networks(), &at, to)));
    let hosts = by_host.into_iter().map(|(what, at, to)| ("by host names", what, change(hosts(), &at, to)));
    let made =
        |(kind, what, object)| attack("G14", format!("Ringfence opens a way out {kind} {what}"), Ask::create(object));
    networks.chain(hosts).map(made).collect()
}

/// A pod's other resources, as a JSON patch.
pub fn resized() -> Value {
    json!([{"op": "replace", "path": "/spec/containers/0/resources/requests/cpu", "value": "2m"}])
}

fn scale(space: &str) -> String {
    format!("/apis/apps/v1/namespaces/{space}/deployments/gr-scaled/scale")
}

/// On what has no namespace.
pub fn cluster() -> Result<Vec<Attack>> {
    let at = |name: &str| format!("/api/v1/nodes/{name}");
    let space = |name: &str, labels: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let whole =
        |tenant: &str| json!({"ringfence.dev/tenant": tenant, "pod-security.kubernetes.io/enforce": "restricted"});
    let both = |pool: &str| json!({"metadata": {"labels": {POOL: pool}}, "spec": {"taints": taints(pool)}});
    let me = json!({"kind": "ServiceAccount", "name": "ringfence-operator", "namespace": "ringfence-system"});
    let mut early = pod(OPEN, "gr-bad");
    early["spec"]["nodeName"] = json!(NODE);
    Ok(vec![
        attack(
            "G14",
            "Ringfence takes a namespace that was not offered",
            Ask::merge(namespace(PLAIN), labels(whole(PLAIN))),
        ),
        attack(
            "G14",
            "Ringfence takes kube-system",
            Ask::merge(namespace("kube-system"), labels(whole("kube-system"))),
        ),
        attack("G14", "Ringfence takes default", Ask::merge(namespace("default"), labels(whole("default")))),
        attack(
            "G14",
            "Ringfence makes a namespace of another tenant's name",
            Ask::create(space("gr-new", whole("gr-other"))),
        ),
        attack("G14", "Ringfence makes a namespace without fences", Ask::create(space("gr-new", json!({})))),
        attack(
            "G14",
            "Ringfence makes a namespace of a reserved name",
            Ask::create(space("kube-new", whole("kube-new"))),
        ),
        attack(
            "G14",
            "Ringfence makes a namespace of weak pods",
            Ask::create(space(
                "gr-new",
                json!({"ringfence.dev/tenant": "gr-new", "pod-security.kubernetes.io/enforce": "baseline"}),
            )),
        ),
        attack(
            "G14",
            "Ringfence weakens pods of a tenant",
            Ask::merge(namespace(FENCED), labels(json!({"pod-security.kubernetes.io/enforce": "privileged"}))),
        ),
        attack(
            "G14",
            "Ringfence passes a namespace to another tenant",
            Ask::merge(namespace(FENCED), labels(json!({"ringfence.dev/tenant": OPEN}))),
        ),
        attack(
            "G14",
            "Ringfence lets a namespace go",
            Ask::merge(namespace(FENCED), labels(json!({"ringfence.dev/tenant": null}))),
        ),
        attack(
            "G14",
            "Ringfence labels a namespace otherwise",
            Ask::merge(namespace(FENCED), labels(json!({"team": "mine"}))),
        ),
        attack(
            "G9 or G14",
            "Ringfence breaks the glass",
            Ask::merge(
                namespace(FENCED),
                crate::g09::glass(json!(OPERATOR), json!("because it can"), json!("2026-12-24T12:00:00Z")),
            ),
        ),
        attack("G4", "Ringfence takes a node that ran others", Ask::merge(at(BARE), both(FENCED))),
        attack("G4", "Ringfence passes a node from tenant to tenant", Ask::merge(at(NODE), both(OPEN))),
        attack("G4", "Ringfence labels a node without taints", Ask::merge(at(FREE), labels(json!({POOL: FENCED})))),
        attack(
            "G4",
            "Ringfence labels a node with one taint",
            Ask::merge(
                at(FREE),
                json!({"metadata": {"labels": {POOL: FENCED}}, "spec": {"taints": [{"key": "ringfence.dev/pool", "value": FENCED, "effect": "NoSchedule"}]}}),
            ),
        ),
        attack("G4", "Ringfence opens a tenant's node", Ask::merge(at(NODE), json!({"spec": {"taints": []}}))),
        attack("G14", "Ringfence labels a node otherwise", Ask::merge(at(NODE), labels(json!({"team": "mine"})))),
        attack(
            "G14",
            "Ringfence taints a node otherwise",
            Ask::json(
                at(BARE),
                json!([{"op": "add", "path": "/spec/taints", "value": [{"key": "mine", "effect": "NoExecute"}]}]),
            ),
        ),
        attack("G14", "Ringfence cordons a node", Ask::merge(at(BARE), json!({"spec": {"unschedulable": true}}))),
        attack(
            "G14",
            "Ringfence annotates a node",
            Ask::merge(at(BARE), json!({"metadata": {"annotations": {"a": "b"}}})),
        ),
        attack(
            "G14",
            "Ringfence adds a node",
            Ask::create(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gr-new"}})),
        ),
        attack("G14", "Ringfence deletes a node", Ask::delete(at(BARE))),
        attack(
            "G14",
            "Ringfence writes a node's status",
            Ask::merge(format!("{}/status", at(BARE)), json!({"status": {"phase": "Running"}})),
        ),
        attack("G9 or G14", "Ringfence reaches into a node", Ask::get(format!("{}/proxy/pods", at(NODE)))),
        attack("G14", "Ringfence makes itself an administrator", Ask::create(binding("gr-bad", "cluster-admin", me))),
        attack(
            "G14",
            "Ringfence makes a runtime of its own",
            Ask::create(
                json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gr-bad"}, "handler": "mine"}),
            ),
        ),
        attack("G14", "Ringfence makes a volume", Ask::create(crate::g13::volume("gr-bad", Value::Null))),
        attack(
            "G14",
            "Ringfence changes its own role",
            Ask::merge("/apis/rbac.authorization.k8s.io/v1/clusterroles/ringfence-operator", json!({"rules": []})),
        ),
        attack(
            "G14",
            "Ringfence widens the role of readers",
            Ask::merge("/apis/rbac.authorization.k8s.io/v1/clusterroles/ringfence-flag-reader", json!({"rules": []})),
        ),
        attack(
            "G11",
            "Ringfence makes itself an administrator of Ringfence",
            Ask::merge(kind("ringfenceconfigs", "cluster"), json!({"spec": {"groups": {"administrators": ["mine"]}}})),
        ),
        attack("G11", "Ringfence flips a tenant", Ask::create(plan("gr-own")?)),
        attack("G11", "Ringfence signs", Ask::create(act("gr-own", "Sign", OPERATOR))),
        attack(
            "G11",
            "Ringfence makes a class",
            Ask::create({
                let mut class = example("10-class.yaml")?;
                class["metadata"]["name"] = json!("gr-own");
                class
            }),
        ),
        attack("G12", "Ringfence deletes plans", Ask::delete(kind("healthcareplans", "gr-plan"))),
        attack("G12", "Ringfence deletes records", Ask::delete(format!("{RINGFENCE}/tenantrecords"))),
        attack("G12", "Ringfence deletes a signed BAA", Ask::delete(kind("baas", "gr-signed"))),
        attack("G12", "Ringfence deletes an Attestation", Ask::delete(kind("attestations", "gr-act"))),
        attack(
            "G12 or G14",
            "Ringfence deletes a kind",
            Ask::delete(format!("{}/tenantrecords.ringfence.dev", crate::things::CRDS)),
        ),
        attack("G1", "Ringfence starts a pod before the fences stand", Ask::create(early)),
    ])
}
