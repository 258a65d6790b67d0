//! What one pod may do: with another pod, and with addresses outside.

use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context, Result};
use k8s_openapi::api::{core::v1::Namespace, networking::v1::NetworkPolicy};

use super::{
    policy::{Called, Direction, Peer, Policy, Rule},
    ranges::{Ranges, network, number},
    selectors::Labels,
    traffic::{Ports, Protocol, Traffic},
};

/// A cluster, as far as it decides who may talk to whom.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) namespaces: BTreeMap<String, Labels>,
    /// By their namespace.
    pub(super) policies: BTreeMap<String, Vec<Policy>>,
    /// Where pods that are not known yet have their addresses.
    pub(super) pod_addresses: Ranges,
}

/// A pod with a network of its own.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its addresses, one of each family at most.
    pub addresses: Vec<IpAddr>,
    /// The ports of its containers that have names.
    pub ports: Vec<NamedPort>,
}

/// A named port of a container.
#[derive(Clone, Debug)]
pub struct NamedPort {
    /// The name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// The number.
    pub number: u16,
}

/// Where a connection goes.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// To a pod.
    Pod(&'a Pod),
    /// To an address that is no pod's.
    Address(IpAddr),
}

impl Cluster {
    /// Reads namespaces and policies; `pod_networks` are the networks, in CIDR notation, that pods get their addresses from.
    ///
    /// # Errors
    /// When a policy is not as the API reference describes, or lies in no namespace of these.
    pub fn read(namespaces: &[Namespace], policies: &[NetworkPolicy], pod_networks: &[&str]) -> Result<Self> {
        let labels = |n: &Namespace| n.metadata.labels.clone().unwrap_or_default();
        let named = |n: &Namespace| Some((n.metadata.name.clone()?, labels(n)));
        let namespaces = namespaces.iter().map(|n| named(n).context("a namespace without a name"));
        let namespaces: BTreeMap<_, _> = namespaces.collect::<Result<_>>()?;
        let mut held: BTreeMap<String, Vec<Policy>> = BTreeMap::new();
        for policy in policies {
            let policy = Policy::read(policy)?;
            namespaces.get(&policy.namespace).with_context(|| format!("a policy in {}", policy.namespace))?;
            held.entry(policy.namespace.clone()).or_default().push(policy);
        }
        let mut networks = pod_networks.iter().map(|text| network(text));
        let pod_addresses = networks.try_fold(Ranges::default(), |all, one| anyhow::Ok(all.or(&one?)))?;
        Ok(Self { namespaces, policies: held, pod_addresses })
    }

    /// The names of all namespaces.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.keys().map(String::as_str)
    }

    /// Whether `from` may begin a connection to this port.
    #[must_use]
    pub fn may(&self, from: &Pod, to: Destination<'_>, protocol: Protocol, port: u16) -> bool {
        match to {
            Destination::Pod(to) => self.between(from, to).has(protocol, port),
            Destination::Address(address) => self.outward(from).has(address, protocol, port),
        }
    }

    /// Whether an address that is no pod's may begin a connection to this port of `to`.
    #[must_use]
    pub fn may_enter(&self, from: IpAddr, to: &Pod, protocol: Protocol, port: u16) -> bool {
        self.inward(to).has(from, protocol, port)
    }

    /// The ports of `to` to which `from` may begin connections.
    #[must_use]
    pub fn between(&self, from: &Pod, to: &Pod) -> Ports {
        if (&from.namespace, &from.name) == (&to.namespace, &to.name) {
            return Ports::all();
        }
        self.allowed(from, Direction::Egress, to, to).and(&self.allowed(to, Direction::Ingress, from, to))
    }

    /// Where outside `from` may begin connections to.
    #[must_use]
    pub fn outward(&self, from: &Pod) -> Traffic {
        self.outside(from, Direction::Egress, Called::Outside)
    }

    /// From where outside connections to `to` may begin, with the ports of `to`.
    #[must_use]
    pub fn inward(&self, to: &Pod) -> Traffic {
        self.outside(to, Direction::Ingress, Called::Pod(&to.ports))
    }

    /// The rules for a pod, each with the namespace of its policy; `None` when no policy selects it.
    fn rules(&self, pod: &Pod, direction: Direction) -> Option<Vec<(&str, &Rule)>> {
        let own = self.policies.get(&pod.namespace).into_iter().flatten().filter(|p| p.pods.selects(&pod.labels));
        let concerned: Vec<_> = own.filter_map(|p| Some((p.namespace.as_str(), p.rules(direction)?))).collect();
        (!concerned.is_empty())
            .then(|| concerned.into_iter().flat_map(|(own, rules)| rules.iter().map(move |rule| (own, rule))).collect())
    }

    fn allowed(&self, pod: &Pod, direction: Direction, peer: &Pod, called: &Pod) -> Ports {
        let Some(rules) = self.rules(pod, direction) else {
            return Ports::all();
        };
        let fit = rules.into_iter().filter(|(own, rule)| match &rule.peers {
            None => true,
            Some(peers) => peers.iter().any(|p| self.is(own, p, peer)),
        });
        fit.fold(Ports::default(), |all, (_, rule)| all.or(&rule.ports(Called::Pod(&called.ports))))
    }

    fn is(&self, own: &str, peer: &Peer, pod: &Pod) -> bool {
        match peer {
            Peer::Block(block) => pod.addresses.iter().any(|address| block.has(number(*address))),
            Peer::Pods { pods, .. } => self.lies_in(own, peer, &pod.namespace) && pods.selects(&pod.labels),
        }
    }

    /// Whether a peer of a policy in `own` is about pods of this namespace.
    pub(super) fn lies_in(&self, own: &str, peer: &Peer, namespace: &str) -> bool {
        match peer {
            Peer::Block(_) => false,
            Peer::Pods { namespaces: None, .. } => namespace == own,
            Peer::Pods { namespaces: Some(selector), .. } => {
                self.namespaces.get(namespace).is_some_and(|labels| selector.selects(labels))
            }
        }
    }

    fn outside(&self, pod: &Pod, direction: Direction, called: Called<'_>) -> Traffic {
        let Some(rules) = self.rules(pod, direction) else {
            return Traffic::all();
        };
        rules.into_iter().fold(Traffic::default(), |all, (_, rule)| all.or(&rule.outside(called)))
    }
}
