//! The network: closed both ways but for DNS, the tenant itself, and what the class allows.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, LabelSelectorRequirement},
        util::intstr::IntOrString,
    },
};
use kube::ResourceExt;

use super::{
    is_as_wanted,
    namespace::{Ground, ground},
    object_meta,
};
use crate::{
    api::{
        Allow, Direction, Protocol,
        conditions::{NETWORK_ISOLATED, Reason},
    },
    fact::Fact,
    integration::is_way_out,
    names::{BASE_POLICY, TENANT_LABEL},
    plan::{
        decide::{Owned, Step},
        gates::Verdict,
        validate::Tenant,
        world::World,
    },
};

/// The label that every namespace carries with its own name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// How the network stands. A missing or altered base policy is a hole, not untidiness.
#[must_use]
pub fn judge(tenant: &Tenant, world: &World) -> Verdict {
    if ground(world, tenant.record.as_deref()) == Ground::Bare {
        return Verdict::falls(NETWORK_ISOLATED, Reason::WaitingForFence, "Waits for the namespace.");
    }
    let live = match &world.policies {
        Fact::Known(live) => live,
        other => {
            let why = other.doubt().unwrap_or_default();
            return Verdict::unknown(
                NETWORK_ISOLATED,
                Reason::Unreadable,
                format!("network policies cannot be read: {why}"),
            );
        }
    };
    let todo = steps(tenant, world);
    let is_about_base = |s: &Step| matches!(s, Step::Apply(Owned::NetworkPolicy(p)) if p.name_any() == BASE_POLICY);
    match live.iter().find(|p| p.name_any() == BASE_POLICY) {
        None => Verdict::falls(
            NETWORK_ISOLATED,
            Reason::BasePolicyMissing,
            "The base NetworkPolicy is missing and is being made.",
        ),
        Some(_) if todo.iter().any(is_about_base) => Verdict::falls(
            NETWORK_ISOLATED,
            Reason::BasePolicyAltered,
            "The base NetworkPolicy differs from the class and is being put right.",
        ),
        Some(_) if !todo.is_empty() => Verdict::falls(
            NETWORK_ISOLATED,
            Reason::BasePolicyAltered,
            "A NetworkPolicy of the class differs from it and is being put right.",
        ),
        Some(_) => {
            Verdict::stands(NETWORK_ISOLATED, Reason::Isolated, "The base NetworkPolicy stands as the class says.")
        }
    }
}

/// What is to be done: the base policy first.
#[must_use]
pub fn steps(tenant: &Tenant, world: &World) -> Vec<Step> {
    let Some(live) = world.policies.known() else {
        return vec![];
    };
    let wanted: Vec<_> = std::iter::once(base_policy(tenant)).chain(pod_policies(tenant)).collect();
    // Those of integrations are theirs.
    let stale =
        live.iter().filter(|l| !wanted.iter().any(|w| w.name_any() == l.name_any()) && !is_way_out(&l.name_any()));
    let stale: Vec<_> = stale.map(|l| Step::Delete(Owned::NetworkPolicy((**l).clone()))).collect();
    let lacking =
        wanted.into_iter().filter(|w| !live.iter().any(|l| l.name_any() == w.name_any() && is_as_wanted(w, &**l)));
    lacking.map(|w| Step::Apply(Owned::NetworkPolicy(w))).chain(stale).collect()
}

/// The one policy for every pod of the tenant.
#[must_use]
pub fn base_policy(tenant: &Tenant) -> NetworkPolicy {
    let network = &tenant.class.spec.network;
    let everywhere = || network.allow.iter().filter(|a| a.to_pod_labels.as_ref().is_none_or(BTreeMap::is_empty));
    let same_namespace =
        || NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() };
    let dns_peer = NetworkPolicyPeer {
        namespace_selector: Some(matching(&[(NAMESPACE_NAME.into(), network.dns.namespace.clone())].into())),
        pod_selector: Some(matching(&network.dns.pod_labels)),
        ip_block: None,
    };
    let dns_ports = [Protocol::UDP, Protocol::TCP].map(|p| port(p, 53, None)).to_vec();
    let ingress = std::iter::once(NetworkPolicyIngressRule { from: Some(vec![same_namespace()]), ports: None });
    let egress = [
        NetworkPolicyEgressRule { to: Some(vec![same_namespace()]), ports: None },
        NetworkPolicyEgressRule { to: Some(vec![dns_peer]), ports: Some(dns_ports) },
    ];
    policy(
        tenant,
        BASE_POLICY,
        LabelSelector::default(),
        ingress.chain(everywhere().filter_map(ingress_rule)).collect(),
        egress.into_iter().chain(everywhere().filter_map(egress_rule)).collect(),
    )
}

/// A policy each for ways that are open to some pods only: a policy selects its pods as a whole.
fn pod_policies(tenant: &Tenant) -> impl Iterator<Item = NetworkPolicy> + '_ {
    tenant.class.spec.network.allow.iter().filter_map(|allow| {
        let pods = allow.to_pod_labels.as_ref().filter(|l| !l.is_empty())?;
        let name = format!("ringfence-allow-{}", allow.name);
        Some(policy(
            tenant,
            &name,
            matching(pods),
            ingress_rule(allow).into_iter().collect(),
            egress_rule(allow).into_iter().collect(),
        ))
    })
}

fn policy(
    tenant: &Tenant,
    name: &str,
    pods: LabelSelector,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: object_meta(&tenant.name, name),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(pods),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: Some(ingress),
            egress: Some(egress),
        }),
    }
}

fn ingress_rule(allow: &Allow) -> Option<NetworkPolicyIngressRule> {
    let rule = NetworkPolicyIngressRule { from: Some(peers(allow)), ports: Some(ports(allow)) };
    (allow.direction != Direction::Egress).then_some(rule)
}

fn egress_rule(allow: &Allow) -> Option<NetworkPolicyEgressRule> {
    let rule = NetworkPolicyEgressRule { to: Some(peers(allow)), ports: Some(ports(allow)) };
    (allow.direction != Direction::Ingress).then_some(rule)
}

/// Never empty: an empty list of peers would mean everybody.
fn peers(allow: &Allow) -> Vec<NetworkPolicyPeer> {
    let namespace = allow
        .namespace
        .iter()
        .map(|n| NetworkPolicyPeer { namespace_selector: Some(no_tenant(n)), ..NetworkPolicyPeer::default() });
    let cidrs = allow.cidrs.iter().flatten().map(|cidr| NetworkPolicyPeer {
        ip_block: Some(IPBlock { cidr: cidr.clone(), except: None }),
        ..NetworkPolicyPeer::default()
    });
    let peers: Vec<_> = namespace.chain(cidrs).collect();
    if !peers.is_empty() {
        return peers;
    }
    let nobody = matching(&[(NAMESPACE_NAME.into(), "ringfence-nobody".into())].into());
    vec![NetworkPolicyPeer { namespace_selector: Some(nobody), ..NetworkPolicyPeer::default() }]
}

fn ports(allow: &Allow) -> Vec<NetworkPolicyPort> {
    allow.ports.iter().map(|p| port(p.protocol, p.port, p.end_port)).collect()
}

fn port(protocol: Protocol, port: i32, end_port: Option<i32>) -> NetworkPolicyPort {
    let protocol = match protocol {
        Protocol::TCP => "TCP",
        Protocol::UDP => "UDP",
    };
    NetworkPolicyPort { protocol: Some(protocol.into()), port: Some(IntOrString::Int(port)), end_port }
}

/// The namespace of this name, unless it is a tenant's: no class opens one tenant to another.
fn no_tenant(namespace: &str) -> LabelSelector {
    let no_tenant =
        LabelSelectorRequirement { key: TENANT_LABEL.into(), operator: "DoesNotExist".into(), values: None };
    LabelSelector {
        match_expressions: Some(vec![no_tenant]),
        ..matching(&[(NAMESPACE_NAME.into(), namespace.to_owned())].into())
    }
}

fn matching(labels: &BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels.clone()), match_expressions: None }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
