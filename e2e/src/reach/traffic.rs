//! Sets of traffic: of ports by protocol, and of addresses by protocol and port.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use super::ranges::{Ranges, number};

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// Whatever has no ports, such as ICMP: open only where a rule names no ports. Its port is 0.
    Other,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Tcp, Self::Udp, Self::Sctp, Self::Other];

    fn ports(self) -> Ranges {
        Ranges::of(0, if self == Self::Other { 0 } else { u16::MAX.into() })
    }
}

/// A set of protocols and ports.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ports([Ranges; 4]);

impl Ports {
    /// All of all protocols.
    #[must_use]
    pub fn all() -> Self {
        Self(Protocol::ALL.map(Protocol::ports))
    }

    /// All of one protocol.
    #[must_use]
    pub fn every(protocol: Protocol) -> Self {
        Self(Protocol::ALL.map(|p| if p == protocol { p.ports() } else { Ranges::default() }))
    }

    /// A range of one protocol.
    #[must_use]
    pub fn of(protocol: Protocol, first: u16, last: u16) -> Self {
        let range = Ranges::of(first.into(), last.into());
        Self(Protocol::ALL.map(|p| if p == protocol { range.clone() } else { Ranges::default() }))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Ranges::is_empty)
    }

    /// Whether this port is in it.
    #[must_use]
    pub fn has(&self, protocol: Protocol, port: u16) -> bool {
        self.0[protocol as usize].has(port.into())
    }

    /// What is in one of both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(Protocol::ALL.map(|p| self.0[p as usize].or(&other.0[p as usize])))
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(Protocol::ALL.map(|p| self.0[p as usize].and(&other.0[p as usize])))
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = Protocol::ALL.map(|p| self.0[p as usize].iter().map(move |(first, last)| (p, first, last)));
        f.debug_set()
            .entries(ranges.into_iter().flatten().map(|(p, first, last)| format!("{p:?} {first}-{last}")))
            .finish()
    }
}

/// One row of a set of traffic: a network, a protocol, and its ports from first to last.
pub type Row = (String, Protocol, u16, u16);

/// A set of addresses, protocols and ports. For each protocol, the addresses from a port on, until the next step.
#[derive(Clone, PartialEq, Eq)]
pub struct Traffic([Vec<(u16, Ranges)>; 4]);

impl Default for Traffic {
    fn default() -> Self {
        Self(Protocol::ALL.map(|_| vec![(0, Ranges::default())]))
    }
}

impl Traffic {
    /// All of it.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Ranges::all(), &Ports::all())
    }

    /// Each of these ports at each of these addresses.
    #[must_use]
    pub fn of(addresses: &Ranges, ports: &Ports) -> Self {
        let mut whole = Self::default();
        for protocol in Protocol::ALL {
            for (first, last) in ports.0[protocol as usize].iter() {
                let (first, last) = (first as u16, last as u16);
                let mut steps = vec![(0, Ranges::default()), (first, addresses.clone())];
                steps.extend(last.checked_add(1).map(|next| (next, Ranges::default())));
                let steps = if first == 0 { steps.split_off(1) } else { steps };
                let own = &mut whole.0[protocol as usize];
                *own = zip(own, &steps, Ranges::or);
            }
        }
        whole
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this port of this address is in it.
    #[must_use]
    pub fn has(&self, address: IpAddr, protocol: Protocol, port: u16) -> bool {
        at(&self.0[protocol as usize], port).has(number(address))
    }

    /// What is in one of both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.with(other, Ranges::or)
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.with(other, Ranges::and)
    }

    /// What is in this one only.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.with(other, Ranges::minus)
    }

    fn with(&self, other: &Self, op: fn(&Ranges, &Ranges) -> Ranges) -> Self {
        Self(Protocol::ALL.map(|p| zip(&self.0[p as usize], &other.0[p as usize], op)))
    }

    /// The set as rows; equal sets have equal rows.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![];
        for protocol in Protocol::ALL {
            let steps = &self.0[protocol as usize];
            let ends = steps.iter().skip(1).map(|(next, _)| next - 1).chain([u16::MAX]);
            for ((first, addresses), last) in steps.iter().zip(ends) {
                rows.extend(addresses.networks().into_iter().map(|network| (network, protocol, *first, last)));
            }
        }
        rows
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows().into_iter().map(|(network, p, first, last)| format!("{network} {p:?} {first}-{last}"));
        f.debug_set().entries(rows).finish()
    }
}

fn at(steps: &[(u16, Ranges)], port: u16) -> &Ranges {
    let after = steps.partition_point(|(first, _)| *first <= port);
    &steps[after - 1].1
}

/// Two sets of steps together; steps that change nothing are left out.
fn zip(one: &[(u16, Ranges)], two: &[(u16, Ranges)], op: fn(&Ranges, &Ranges) -> Ranges) -> Vec<(u16, Ranges)> {
    let firsts: BTreeSet<u16> = one.iter().chain(two).map(|(first, _)| *first).collect();
    let mut steps: Vec<(u16, Ranges)> = vec![];
    for first in firsts {
        let addresses = op(at(one, first), at(two, first));
        if steps.last().is_none_or(|(_, before)| *before != addresses) {
            steps.push((first, addresses));
        }
    }
    steps
}
