//! Policies that are broken on purpose: every break must be told, and for the tenant that it was made for.

use anyhow::{Context, Result, ensure};
use k8s_openapi::{
    api::{
        core::v1::Namespace,
        networking::v1::{
            IPBlock, NetworkPolicy, NetworkPolicyEgressRule as EgressRule, NetworkPolicyPeer, NetworkPolicySpec,
        },
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use ringfence_e2e::reach::Cluster;
use serde_json::json;

use crate::judge::Scene;

/// What is broken, how (it says in whose namespace, or that no policy can be broken so), and what is told then, with the tenant for `TENANT`.
type Break = (&'static str, fn(&mut Vec<NetworkPolicy>) -> Option<String>, &'static str);

const BREAKS: [Break; 15] = [
    (
        "a policy that allows everything",
        |all| open(all, 1),
        "TENANT to the internet: open and not declared {\"0.0.0.0/0 Tcp 0-65535\"",
    ),
    ("the same, from outside", |all| open(all, 1), "the internet to TENANT: open and not declared"),
    ("the same in two tenants", |all| open(all, 2), "TENANT to tenant-"),
    ("a tenant without a base policy", |all| remove_base(all), "TENANT to the internet: open and not declared"),
    (
        "a base policy for ingress alone",
        |all| spec(all, |s| s.policy_types = Some(vec!["Ingress".into()])),
        "TENANT to the internet: open",
    ),
    (
        "a base policy for egress alone",
        |all| spec(all, |s| s.policy_types = Some(vec!["Egress".into()])),
        "the internet to TENANT: open",
    ),
    (
        "a base policy for some pods",
        |all| spec(all, |s| s.pod_selector = Some(labelled("app", "crm"))),
        "TENANT to the internet: open",
    ),
    (
        "a network twice as wide",
        |all| outward(all, |peer| block(peer, "192.0.2.0/23", None)),
        "TENANT to the internet: open and not declared",
    ),
    (
        "a network of the whole internet",
        |all| outward(all, |peer| block(peer, "0.0.0.0/0", None)),
        "TENANT to the internet: open and not declared",
    ),
    (
        "a part of a network left out",
        |all| outward(all, |peer| block(peer, "192.0.2.0/24", Some("192.0.2.8/32"))),
        "declared and not open",
    ),
    (
        "a network for all ports",
        |all| rule(all, |r| r.ports = Some(vec![])),
        "TENANT to the internet: open and not declared",
    ),
    ("ports for everybody", |all| rule(all, |r| r.to = Some(vec![])), "TENANT to the internet: open and not declared"),
    ("any namespace instead of one", |all| any_namespace(all), "unnamed to TENANT: open"),
    (
        "all pods instead of the DNS",
        |all| all_pods_of_dns(all),
        "to kube-system/pod-0: open {\"Tcp 53-53\", \"Udp 53-53\"}, declared {}",
    ),
    ("another tenant's namespace, from both sides", |all| friends(all), "TENANT to tenant-"),
];

/// Breaks the policies in each way, one at a time, and returns how many were told.
pub fn each(namespaces: &[Namespace], policies: &[NetworkPolicy], scene: &Scene) -> Result<usize> {
    for (what, break_them, told) in BREAKS {
        let mut broken = policies.to_vec();
        let tenant = break_them(&mut broken).with_context(|| format!("{what}: nothing to break"))?;
        let cluster = Cluster::read(namespaces, &broken, &[crate::POD_NETWORK])?;
        let judged = scene.tenants.iter().find(|t| t.name == tenant).context("a tenant")?;
        let (found, told) = (scene.problems_of(&cluster, judged), told.replace("TENANT", &tenant));
        let first = found.first().map(String::as_str).unwrap_or("nothing");
        ensure!(found.iter().any(|text| text.contains(&told)), "{what} in {tenant} is not told as {told:?}: {first}");
    }
    Ok(BREAKS.len())
}

fn base(all: &mut [NetworkPolicy]) -> impl Iterator<Item = (String, &mut NetworkPolicySpec)> {
    let bases = all.iter_mut().filter(|p| p.metadata.name.as_deref() == Some("ringfence-base"));
    bases.filter_map(|p| Some((p.metadata.namespace.clone()?, p.spec.as_mut()?)))
}

fn spec(all: &mut [NetworkPolicy], change: fn(&mut NetworkPolicySpec)) -> Option<String> {
    let (tenant, spec) = base(all).next()?;
    change(spec);
    Some(tenant)
}

fn open(all: &mut Vec<NetworkPolicy>, tenants: usize) -> Option<String> {
    let names: Vec<String> = base(all).take(tenants).map(|(tenant, _)| tenant).collect();
    for name in &names {
        let everything = json!({ "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}] });
        let metadata = json!({ "namespace": name, "name": "allow-all" });
        all.push(serde_json::from_value(json!({ "metadata": metadata, "spec": everything })).ok()?);
    }
    names.first().cloned()
}

fn remove_base(all: &mut Vec<NetworkPolicy>) -> Option<String> {
    let (tenant, _) = base(all).next()?;
    let is = |p: &NetworkPolicy| {
        p.metadata.namespace.as_ref() == Some(&tenant) && p.metadata.name.as_deref() == Some("ringfence-base")
    };
    all.retain(|p| !is(p));
    Some(tenant)
}

fn labelled(key: &str, value: &str) -> LabelSelector {
    LabelSelector { match_labels: Some([(key.into(), value.into())].into()), match_expressions: None }
}

/// Changes the rule of a base policy that names the network of the example's class: nothing else names anything near it.
fn rule(all: &mut [NetworkPolicy], change: fn(&mut EgressRule)) -> Option<String> {
    for (tenant, spec) in base(all) {
        if let Some(rule) = spec.egress.iter_mut().flatten().find(|r| r.to.iter().flatten().any(is_archive)) {
            change(rule);
            return Some(tenant);
        }
    }
    None
}

fn outward(all: &mut [NetworkPolicy], change: fn(&mut NetworkPolicyPeer)) -> Option<String> {
    for (tenant, spec) in base(all) {
        let mut peers = spec.egress.iter_mut().flatten().flat_map(|r| r.to.iter_mut().flatten());
        if let Some(peer) = peers.find(|peer| is_archive(peer)) {
            change(peer);
            return Some(tenant);
        }
    }
    None
}

fn is_archive(peer: &NetworkPolicyPeer) -> bool {
    peer.ip_block.as_ref().is_some_and(|block| block.cidr == "192.0.2.0/24")
}

fn block(peer: &mut NetworkPolicyPeer, cidr: &str, except: Option<&str>) {
    peer.ip_block = Some(IPBlock { cidr: cidr.into(), except: except.map(|e| vec![e.into()]) });
}

fn any_namespace(all: &mut [NetworkPolicy]) -> Option<String> {
    for policy in all.iter_mut() {
        let tenant = policy.metadata.namespace.clone()?;
        for peer in policy
            .spec
            .iter_mut()
            .flat_map(|s| s.ingress.iter_mut().flatten())
            .flat_map(|r| r.from.iter_mut().flatten())
        {
            if let Some(selector) = &mut peer.namespace_selector {
                *selector = LabelSelector::default();
                return Some(tenant);
            }
        }
    }
    None
}

fn all_pods_of_dns(all: &mut [NetworkPolicy]) -> Option<String> {
    for (tenant, spec) in base(all) {
        for peer in spec.egress.iter_mut().flatten().flat_map(|r| r.to.iter_mut().flatten()) {
            if peer.namespace_selector.is_some() && peer.pod_selector.is_some() {
                peer.pod_selector = None;
                return Some(tenant);
            }
        }
    }
    None
}

/// Two tenants, each of which lets the other in and out.
fn friends(all: &mut [NetworkPolicy]) -> Option<String> {
    let names: Vec<String> = base(all).take(2).map(|(tenant, _)| tenant).collect();
    let [one, two] = <[String; 2]>::try_from(names).ok()?;
    for (tenant, spec) in base(all) {
        let friend = if tenant == one { &two } else { &one };
        let peer = json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": friend } } }]);
        if tenant == one {
            spec.egress
                .get_or_insert_default()
                .push(serde_json::from_value(json!({ "to": peer, "ports": [{ "port": 1 }] })).ok()?);
        } else if tenant == two {
            spec.ingress
                .get_or_insert_default()
                .push(serde_json::from_value(json!({ "from": peer, "ports": [{ "port": 1 }] })).ok()?);
        }
    }
    Some(one)
}
