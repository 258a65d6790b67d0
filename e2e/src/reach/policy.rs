//! NetworkPolicies, read strictly: what the API reference does not describe is an error, never an empty rule.

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{
    cluster::NamedPort,
    ranges::{Ranges, network},
    selectors::Selector,
    traffic::{Ports, Protocol, Traffic},
};

/// One policy.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// Where it lies: it selects pods of this namespace alone.
    pub(super) namespace: String,
    /// The pods that it is about.
    pub(super) pods: Selector,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

/// Seen from the pods that a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// One rule: it allows what fits both a peer and a port.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// `None` is everybody: the list is empty or missing.
    pub(super) peers: Option<Vec<Peer>>,
    /// `None` is everything: the list is empty or missing.
    ports: Option<Vec<Port>>,
}

/// One of the other sides of a rule.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    /// Pods; of the policy's own namespace when no namespaces are given.
    Pods { namespaces: Option<Selector>, pods: Selector },
    /// Addresses.
    Block(Ranges),
}

#[derive(Clone, Debug)]
enum Port {
    Numbers(Ports),
    Named(Protocol, String),
}

/// Whose port is called: what a name of a port stands for.
#[derive(Clone, Copy)]
pub(super) enum Called<'a> {
    /// A pod with these ports.
    Pod(&'a [NamedPort]),
    /// Any pod that there could be: a name may stand for every port.
    AnyPod,
    /// No pod: a name stands for nothing.
    Outside,
}

impl Policy {
    /// Reads one.
    pub(super) fn read(policy: &NetworkPolicy) -> Result<Self> {
        let namespace = policy.metadata.namespace.clone().context("a policy without a namespace")?;
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        Self::read_in(namespace.clone(), policy).with_context(|| format!("NetworkPolicy {namespace}/{name}"))
    }

    fn read_in(namespace: String, policy: &NetworkPolicy) -> Result<Self> {
        let spec = policy.spec.clone().unwrap_or_default();
        let ingress = spec.ingress.into_iter().flatten().map(|r| Rule::read(r.from, r.ports)).collect::<Result<_>>()?;
        let egress =
            spec.egress.into_iter().flatten().map(|r| Rule::read(r.to, r.ports)).collect::<Result<Vec<_>>>()?;
        let types = spec.policy_types.unwrap_or_default();
        for direction in &types {
            ensure!(matches!(direction.as_str(), "Ingress" | "Egress"), "{direction} is no policy type");
        }
        let of = |direction: &str, default: bool| match types.is_empty() {
            true => default,
            false => types.iter().any(|t| t == direction),
        };
        // Unless types are given: always ingress, and egress when there are rules for it.
        let (inward, outward) = (of("Ingress", true), of("Egress", !egress.is_empty()));
        Ok(Self {
            namespace,
            pods: Selector::read(spec.pod_selector.as_ref())?,
            ingress: inward.then_some(ingress),
            egress: outward.then_some(egress),
        })
    }

    /// Its rules of a direction; `None` when it does not concern that direction. No rules at all allow nothing.
    pub(super) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

impl Rule {
    fn read(peers: Option<Vec<NetworkPolicyPeer>>, ports: Option<Vec<NetworkPolicyPort>>) -> Result<Self> {
        let peers = peers.filter(|list| !list.is_empty());
        let ports = ports.filter(|list| !list.is_empty());
        Ok(Self {
            peers: peers.map(|list| list.iter().map(Peer::read).collect()).transpose()?,
            ports: ports.map(|list| list.iter().map(Port::read).collect()).transpose()?,
        })
    }

    /// The ports that it is about.
    pub(super) fn ports(&self, called: Called<'_>) -> Ports {
        let Some(ports) = &self.ports else {
            return Ports::all();
        };
        ports.iter().fold(Ports::default(), |all, port| all.or(&port.stands_for(called)))
    }

    /// What it allows with addresses outside.
    pub(super) fn outside(&self, called: Called<'_>) -> Traffic {
        let addresses = match &self.peers {
            None => Ranges::all(),
            Some(peers) => peers.iter().fold(Ranges::default(), |all, peer| match peer {
                Peer::Block(block) => all.or(block),
                Peer::Pods { .. } => all,
            }),
        };
        Traffic::of(&addresses, &self.ports(called))
    }
}

impl Peer {
    fn read(peer: &NetworkPolicyPeer) -> Result<Self> {
        match (&peer.ip_block, &peer.namespace_selector, &peer.pod_selector) {
            (Some(block), None, None) => Ok(Self::Block(addresses(block)?)),
            (Some(_), ..) => bail!("a peer with ipBlock and a selector"),
            (None, None, None) => bail!("a peer that says nothing"),
            (None, namespaces, pods) => Ok(Self::Pods {
                namespaces: namespaces.as_ref().map(|selector| Selector::read(Some(selector))).transpose()?,
                pods: Selector::read(pods.as_ref())?,
            }),
        }
    }
}

fn addresses(block: &IPBlock) -> Result<Ranges> {
    let whole = network(&block.cidr)?;
    block.except.iter().flatten().try_fold(whole.clone(), |left, except| {
        let except_for = network(except)?;
        ensure!(except_for.minus(&whole).is_empty(), "{except} is not in {}", block.cidr);
        Ok(left.minus(&except_for))
    })
}

impl Port {
    fn read(port: &NetworkPolicyPort) -> Result<Self> {
        let protocol = match port.protocol.as_deref().unwrap_or("TCP") {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            other => bail!("{other} is no protocol"),
        };
        let number = |number: i32| match u16::try_from(number) {
            Ok(number) if number > 0 => Ok(number),
            _ => bail!("{number} is no port"),
        };
        Ok(match (&port.port, port.end_port) {
            (None, None) => Self::Numbers(Ports::every(protocol)),
            (Some(IntOrString::String(name)), None) if !name.is_empty() => Self::Named(protocol, name.clone()),
            (Some(IntOrString::Int(first)), last) => {
                let (first, last) = (number(*first)?, number(last.unwrap_or(*first))?);
                ensure!(first <= last, "endPort {last} is below port {first}");
                Self::Numbers(Ports::of(protocol, first, last))
            }
            (port, end) => bail!("port {port:?} with endPort {end:?}"),
        })
    }

    fn stands_for(&self, called: Called<'_>) -> Ports {
        match (self, called) {
            (Self::Numbers(ports), _) => ports.clone(),
            (Self::Named(..), Called::Outside) => Ports::default(),
            (Self::Named(protocol, _), Called::AnyPod) => Ports::every(*protocol),
            (Self::Named(protocol, name), Called::Pod(ports)) => ports
                .iter()
                .filter(|port| port.name == *name && port.protocol == *protocol)
                .fold(Ports::default(), |all, port| all.or(&Ports::of(*protocol, port.number, port.number))),
        }
    }
}
