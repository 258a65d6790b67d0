//! What any pod that a namespace could ever hold may do: its labels, addresses and named ports are for whoever makes it to choose.

use super::{
    cluster::Cluster,
    policy::{Called, Direction, Peer, Policy},
    selectors::{Selector, conceivable},
    traffic::{Ports, Traffic},
};

/// One way that one side leaves open: what must be true of both ends, and the ports.
struct Way<'a> {
    from: Labelled<'a>,
    to: Labelled<'a>,
    ports: Ports,
}

impl<'a> Way<'a> {
    fn new(direction: Direction, own: Labelled<'a>, other: Labelled<'a>, ports: Ports) -> Self {
        match direction {
            Direction::Egress => Self { from: own, to: other, ports },
            Direction::Ingress => Self { from: other, to: own, ports },
        }
    }
}

/// What labels must be: selected by all of some selectors and by none of others.
#[derive(Clone, Default)]
struct Labelled<'a> {
    all: Vec<&'a Selector>,
    none: Vec<&'a Selector>,
}

impl<'a> Labelled<'a> {
    fn selected(selector: &'a Selector) -> Self {
        Self { all: vec![selector], none: vec![] }
    }

    fn with(&self, other: &Self) -> Self {
        let joined = |a: &[&'a Selector], b: &[&'a Selector]| a.iter().chain(b).copied().collect();
        Self { all: joined(&self.all, &other.all), none: joined(&self.none, &other.none) }
    }

    fn is_conceivable(&self) -> bool {
        conceivable(&self.all, &self.none)
    }
}

impl Cluster {
    /// The ports to which some pod of `from` may begin connections at some other pod of `to`.
    #[must_use]
    pub fn between_any(&self, from: &str, to: &str) -> Ports {
        let inward = self.ways(to, Direction::Ingress, from);
        let mut open = Ports::default();
        for out in self.ways(from, Direction::Egress, to) {
            for into in &inward {
                let ports = out.ports.and(&into.ports);
                let there = |one: &Labelled<'_>, two: &Labelled<'_>| one.with(two).is_conceivable();
                if !ports.is_empty() && there(&out.from, &into.from) && there(&out.to, &into.to) {
                    open = open.or(&ports);
                }
            }
        }
        open
    }

    /// Where outside some pod of a namespace may begin connections to.
    #[must_use]
    pub fn outward_any(&self, namespace: &str) -> Traffic {
        self.outside_any(namespace, Direction::Egress, Called::Outside)
    }

    /// From where outside connections to some pod of a namespace may begin, with the pod's ports.
    #[must_use]
    pub fn inward_any(&self, namespace: &str) -> Traffic {
        self.outside_any(namespace, Direction::Ingress, Called::AnyPod)
    }

    fn concerned(&self, namespace: &str, direction: Direction) -> Vec<&Policy> {
        self.policies.get(namespace).into_iter().flatten().filter(|p| p.rules(direction).is_some()).collect()
    }

    /// Pods that no policy of a direction selects.
    fn open<'a>(policies: &[&'a Policy]) -> Labelled<'a> {
        Labelled { all: vec![], none: policies.iter().map(|p| &p.pods).collect() }
    }

    fn outside_any(&self, namespace: &str, direction: Direction, called: Called<'_>) -> Traffic {
        let policies = self.concerned(namespace, direction);
        if Self::open(&policies).is_conceivable() {
            return Traffic::all();
        }
        let real = policies.iter().filter(|p| Labelled::selected(&p.pods).is_conceivable());
        let rules = real.flat_map(|p| p.rules(direction).into_iter().flatten());
        rules.fold(Traffic::default(), |all, rule| all.or(&rule.outside(called)))
    }

    /// The ways that the policies of `own` leave open with pods of `other`.
    fn ways(&self, own: &str, direction: Direction, other: &str) -> Vec<Way<'_>> {
        let policies = self.concerned(own, direction);
        let mut ways = vec![Way::new(direction, Self::open(&policies), Labelled::default(), Ports::all())];
        for policy in policies {
            for rule in policy.rules(direction).into_iter().flatten() {
                let ports = rule.ports(Called::AnyPod);
                let selected = || Labelled::selected(&policy.pods);
                match &rule.peers {
                    None => ways.push(Way::new(direction, selected(), Labelled::default(), ports)),
                    Some(peers) => {
                        let others = peers.iter().filter_map(|peer| self.others(own, peer, other));
                        ways.extend(others.map(|other| Way::new(direction, selected(), other, ports.clone())));
                    }
                }
            }
        }
        ways
    }

    /// What a pod of `other` must be to be this peer of a policy in `own`; `None` when there can be no such pod.
    fn others<'a>(&self, own: &str, peer: &'a Peer, other: &str) -> Option<Labelled<'a>> {
        match peer {
            Peer::Block(block) => (!block.and(&self.pod_addresses).is_empty()).then(Labelled::default),
            Peer::Pods { pods, .. } => self.lies_in(own, peer, other).then(|| Labelled::selected(pods)),
        }
    }
}
