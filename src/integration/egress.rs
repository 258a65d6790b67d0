//! The ways out of an integration: exactly the declared networks and ports, or host names where the network engine knows them.

use std::collections::BTreeSet;

use ipnet::IpNet;
use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use kube::ResourceExt;

use super::{
    cilium::{self, CiliumNetworkPolicy, CiliumNetworkPolicySpec, Host, Network, Port, Ports, Rules, Selector},
    destination::{RESERVED, public},
};
use crate::{
    api::{Endpoint, Flow, HealthcarePlanClass, Integration, conditions::Reason},
    names::{TenantName, WAY_OUT},
    plan::fence::{is_as_wanted, object_meta},
};

/// One object that opens a way out.
#[derive(Clone, Debug)]
pub enum Way {
    /// By networks.
    Networks(NetworkPolicy),
    /// By host names.
    Hosts(CiliumNetworkPolicy),
}

impl Way {
    /// Name of the object.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Networks(p) => p.name_any(),
            Self::Hosts(p) => p.name_any(),
        }
    }

    /// Whether the other is the same way: kind and name.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Networks(_), Self::Networks(_)) | (Self::Hosts(_), Self::Hosts(_)))
            && self.name() == other.name()
    }

    /// Whether `live` is as this one.
    #[must_use]
    pub fn is_as(&self, live: &Self) -> bool {
        match (self, live) {
            (Self::Networks(wanted), Self::Networks(live)) => is_as_wanted(wanted, live),
            (Self::Hosts(wanted), Self::Hosts(live)) => is_as_wanted(wanted, live),
            _ => false,
        }
    }
}

/// Whether an object of this name in a tenant's namespace is an integration's way out.
#[must_use]
pub fn is_way_out(name: &str) -> bool {
    name.starts_with(WAY_OUT)
}

/// What is known of the network: whether its engine knows host names, and which networks are the cluster's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Net<'a> {
    pub names_hosts: bool,
    pub cluster: &'a BTreeSet<IpNet>,
    pub class: &'a HealthcarePlanClass,
}

/// The ways out that an integration needs, none with direction Pull; else why they cannot be opened.
pub(super) fn ways(tenant: &TenantName, integration: &Integration, net: Net<'_>) -> Result<Vec<Way>, (Reason, String)> {
    if integration.spec.direction == Flow::Pull {
        return Ok(vec![]);
    }
    let destinations = integration.spec.destinations();
    for endpoint in destinations {
        for cidr in endpoint.cidrs.iter().flatten() {
            public(cidr, net.cluster).map_err(|why| {
                (Reason::DestinationRefused, format!("spec.endpoints[{}].cidrs: {why}.", endpoint.host))
            })?;
        }
    }
    let (numbered, named): (Vec<_>, Vec<_>) = destinations.iter().partition(|e| e.cidrs.is_some());
    if let Some(named) = named.first().filter(|_| !net.names_hosts) {
        let what = format!(
            "spec.endpoints[{}] has no cidrs, and the network engine here knows no host names; give the vendor's public networks.",
            named.host
        );
        return Err((Reason::HostWithoutCidrs, what));
    }
    let name = format!("{WAY_OUT}{}", integration.name_any());
    let networks = (!numbered.is_empty()).then(|| Way::Networks(networks(tenant, &name, &numbered)));
    let hosts = (!named.is_empty()).then(|| Way::Hosts(hosts(tenant, &name, &named, net.class)));
    Ok(networks.into_iter().chain(hosts).collect())
}

/// Never without peers or ports: either would mean everybody.
fn networks(tenant: &TenantName, name: &str, endpoints: &[&Endpoint]) -> NetworkPolicy {
    let rule = |endpoint: &&Endpoint| {
        let block = |cidr: &String| NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr: cidr.clone(), except: None }),
            ..NetworkPolicyPeer::default()
        };
        let port = NetworkPolicyPort {
            protocol: Some("TCP".into()),
            port: Some(IntOrString::Int(endpoint.port)),
            end_port: None,
        };
        NetworkPolicyEgressRule {
            to: Some(endpoint.cidrs.iter().flatten().map(block).collect()),
            ports: Some(vec![port]),
        }
    };
    NetworkPolicy {
        metadata: object_meta(tenant, name),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: None,
            egress: Some(endpoints.iter().map(rule).collect()),
        }),
    }
}

/// By name, and never to what is private, whatever DNS answers: but for what the class allows there.
fn hosts(tenant: &TenantName, name: &str, endpoints: &[&Endpoint], class: &HealthcarePlanClass) -> CiliumNetworkPolicy {
    let host = |e: &&Endpoint| Host { match_name: e.host.clone(), ..Host::default() };
    let ports = |ports: &[(String, &str)], rules| {
        let port = |(port, protocol): &(String, &str)| Port {
            port: port.clone(),
            protocol: (*protocol).to_owned(),
            ..Port::default()
        };
        vec![Ports { ports: ports.iter().map(port).collect(), rules, ..Ports::default() }]
    };
    let out = endpoints.iter().map(|e| cilium::Egress {
        to_fqdns: vec![host(e)],
        to_ports: ports(&[(e.port.to_string(), "TCP")], None),
        ..cilium::Egress::default()
    });
    let dns = &class.spec.network.dns;
    let labels = dns.pod_labels.iter().map(|(k, v)| (format!("k8s:{k}"), v.clone()));
    let namespace = ("k8s:io.kubernetes.pod.namespace".to_owned(), dns.namespace.clone());
    let ask = cilium::Egress {
        to_endpoints: vec![Selector { match_labels: labels.chain([namespace]).collect(), ..Selector::default() }],
        to_ports: ports(
            &[("53".into(), "ANY")],
            Some(Rules { dns: endpoints.iter().map(host).collect(), ..Rules::default() }),
        ),
        ..cilium::Egress::default()
    };
    let used: BTreeSet<i32> = endpoints.iter().map(|e| e.port).collect();
    let used: Vec<_> = used.into_iter().map(|p| (p.to_string(), "TCP")).collect();
    let deny =
        cilium::Egress { to_cidr_set: private(class), to_ports: ports(&used, None), ..cilium::Egress::default() };
    let spec = CiliumNetworkPolicySpec {
        endpoint_selector: Selector::default(),
        egress: out.chain([ask]).collect(),
        egress_deny: vec![deny],
        rest: [].into(),
    };
    let mut policy = CiliumNetworkPolicy::new(name, spec);
    policy.metadata = object_meta(tenant, name);
    policy
}

/// What is private or reserved, less what the class allows of it.
fn private(class: &HealthcarePlanClass) -> Vec<Network> {
    let allowed: Vec<IpNet> =
        class.spec.network.allow.iter().flat_map(|a| a.cidrs.iter().flatten()).filter_map(|c| c.parse().ok()).collect();
    // All of IPv6 that is not 2000::/3.
    let more = ["::/3", "4000::/2", "8000::/1"];
    let ranges = RESERVED.iter().chain(&more).map(|r| r.parse::<IpNet>().expect("they are networks"));
    let ranges = ranges.filter(|r| !allowed.iter().any(|a| a.contains(r)));
    let network = |range: IpNet| {
        let except: BTreeSet<_> = allowed.iter().filter(|a| range.contains(*a)).map(ToString::to_string).collect();
        Network { cidr: range.to_string(), except: except.into_iter().collect(), ..Network::default() }
    };
    ranges.map(network).collect()
}
