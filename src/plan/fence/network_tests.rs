//! R26, S3: closed both ways but for DNS, the tenant itself, and what the class allows.

use super::*;
use crate::plan::fixture::{edit, tenant, unlocked, yaml};

/// The specs of all policies, the base policy first, when the class allows this.
fn allowing(allow: &[&str]) -> Vec<NetworkPolicySpec> {
    let mut world = unlocked();
    edit(&mut world.class, |c| c.spec.network.allow = allow.iter().map(|a| yaml(a)).collect());
    world.policies = Fact::Known(vec![]);
    let policies = steps(&tenant(&world), &world).into_iter().filter_map(|s| match s {
        Step::Apply(Owned::NetworkPolicy(p)) => p.spec,
        _ => None,
    });
    policies.collect()
}

/// Ways in and ways out of a policy.
fn ways(spec: &NetworkPolicySpec) -> (usize, usize) {
    (spec.ingress.as_ref().map_or(0, Vec::len), spec.egress.as_ref().map_or(0, Vec::len))
}

#[test]
fn the_base_policy_closes_every_pod_both_ways_but_for_the_tenant_itself_and_dns() {
    let specs = allowing(&[]);
    assert_eq!((specs.len(), ways(&specs[0])), (1, (1, 2)));
    let base = &specs[0];
    assert_eq!(base.pod_selector, Some(LabelSelector::default()), "every pod");
    assert_eq!(base.policy_types, Some(vec!["Ingress".to_owned(), "Egress".to_owned()]));
    let itself = NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() };
    assert_eq!(base.ingress.as_ref().unwrap()[0].from, Some(vec![itself.clone()]));
    let egress = base.egress.as_ref().unwrap();
    assert_eq!(egress[0].to, Some(vec![itself]));
    let dns = &egress[1].to.as_ref().unwrap()[0];
    assert!(dns.namespace_selector.is_some() && dns.pod_selector.is_some(), "nobody but the DNS pods");
    assert!(egress[1].ports.iter().flatten().all(|p| p.port == Some(IntOrString::Int(53))));
}

#[test]
fn a_way_opens_in_its_direction_only() {
    let allow = |direction: &str| {
        let text = format!(
            "{{name: x, purpose: CallRouting, direction: {direction}, namespace: sbc, ports: [{{protocol: UDP, port: 5060}}]}}"
        );
        ways(&allowing(&[&text])[0])
    };
    assert_eq!((allow("Ingress"), allow("Egress"), allow("Both")), ((2, 2), (1, 3), (2, 3)));
}

#[test]
fn a_way_for_some_pods_is_a_policy_of_those_pods_alone() {
    let specs = allowing(&[
        "{name: gateway, purpose: Gateway, direction: Ingress, namespace: edge, toPodLabels: {tier: web}, ports: [{protocol: TCP, port: 8080}]}",
    ]);
    assert_eq!((specs.len(), ways(&specs[0]), ways(&specs[1])), (2, (1, 2), (1, 0)));
    assert_eq!(specs[1].pod_selector.as_ref().unwrap().match_labels.as_ref().unwrap()["tier"], "web");
}

#[test]
fn a_way_without_a_peer_leads_to_nobody_and_not_to_everybody() {
    let spec = &allowing(&["{name: x, purpose: Storage, direction: Egress, ports: [{protocol: TCP, port: 443}]}"])[0];
    let way = spec.egress.as_ref().unwrap().last().unwrap();
    assert!(way.to.as_ref().is_some_and(|peers| peers.len() == 1 && peers[0].namespace_selector.is_some()));
}
