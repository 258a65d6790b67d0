//! Sets of numbers as ranges: of ports, and of addresses.
//!
//! All addresses lie on one line, the numbers of IPv6, on which the IPv4-mapped block `::ffff:0:0/96` stands for IPv4: what is sent to a mapped address
//! leaves as IPv4. A wider IPv6 network holds no IPv4 address, so the block is left out of it.

use std::net::{IpAddr, Ipv6Addr};

use anyhow::{Context, Result, ensure};

/// The IPv4-mapped block.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// A set of numbers: ranges that are sorted, disjoint and not adjacent, so that equal sets look equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// Every number.
    #[must_use]
    pub fn all() -> Self {
        Self::of(0, u128::MAX)
    }

    /// The numbers from `first` to `last`, both included.
    #[must_use]
    pub fn of(first: u128, last: u128) -> Self {
        Self(if first <= last { vec![(first, last)] } else { vec![] })
    }

    /// The ranges themselves.
    pub fn iter(&self) -> impl Iterator<Item = (u128, u128)> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `number` is in it.
    #[must_use]
    pub fn has(&self, number: u128) -> bool {
        self.iter().any(|(first, last)| first <= number && number <= last)
    }

    /// What is in one of both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut sorted: Vec<_> = self.iter().chain(other.iter()).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u128, u128)> = vec![];
        for (first, last) in sorted {
            match merged.last_mut() {
                Some(open) if first <= open.1.saturating_add(1) => open.1 = open.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let pairs = self.iter().flat_map(|a| other.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
        Self(pairs.filter(|(first, last)| first <= last).collect())
    }

    /// What is in this one only.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.and(&other.others())
    }

    fn others(&self) -> Self {
        let (mut gaps, mut from) = (vec![], Some(0));
        for (first, last) in self.iter() {
            if let Some(begin) = from.filter(|begin| *begin < first) {
                gaps.push((begin, first - 1));
            }
            from = last.checked_add(1);
        }
        gaps.extend(from.map(|begin| (begin, u128::MAX)));
        Self(gaps)
    }

    /// The set as networks in CIDR notation, the fewest that make it up.
    #[must_use]
    pub fn networks(&self) -> Vec<String> {
        let mapped = Self::of(MAPPED.0, MAPPED.1);
        let mut networks = vec![];
        for (first, last) in self.and(&mapped).iter() {
            blocks(first, last, |at, prefix| networks.push(cidr(at, prefix)));
        }
        // What lies beyond IPv4 is written as if IPv4 were not there, so that `::/0` is written as it was read.
        let beyond = self.minus(&mapped);
        let hides = |edge: Option<u128>| edge.is_some_and(|edge| beyond.has(edge));
        let whole = hides(MAPPED.0.checked_sub(1)) && hides(MAPPED.1.checked_add(1));
        for (first, last) in if whole { beyond.or(&mapped) } else { beyond }.iter() {
            blocks(first, last, |at, prefix| networks.push(cidr(at, prefix)));
        }
        networks
    }
}

/// Cuts a range into blocks of a power of two at multiples of their size.
fn blocks(first: u128, last: u128, mut each: impl FnMut(u128, u32)) {
    let mut at = first;
    loop {
        let aligned = at.trailing_zeros().min(128);
        let fits = (last - at).checked_add(1).map_or(128, u128::ilog2);
        let bits = aligned.min(fits);
        each(at, 128 - bits);
        let size = 1u128.checked_shl(bits).unwrap_or(0);
        match at.checked_add(size).filter(|next| size > 0 && *next <= last) {
            Some(next) => at = next,
            None => return,
        }
    }
}

fn cidr(at: u128, prefix: u32) -> String {
    let address = Ipv6Addr::from(at);
    match address.to_ipv4_mapped() {
        Some(v4) if prefix >= 96 => format!("{v4}/{}", prefix - 96),
        _ => format!("{address}/{prefix}"),
    }
}

/// Where an address lies.
#[must_use]
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// The addresses of a network in CIDR notation. What is set behind the prefix does not count.
///
/// # Errors
/// When it is no network.
pub fn network(text: &str) -> Result<Ranges> {
    let (address, prefix) = text.split_once('/').with_context(|| format!("{text} is no network"))?;
    let address: IpAddr = address.parse().with_context(|| format!("{text} is no network"))?;
    let digits = prefix.len() <= 3 && prefix.bytes().all(|b| b.is_ascii_digit());
    ensure!(digits, "{text} is no network");
    let (given, longest): (u32, u32) = (prefix.parse()?, if address.is_ipv4() { 32 } else { 128 });
    ensure!(given <= longest, "{text} is no network");
    let host = 128 - (given + 128 - longest);
    let mask = u128::MAX.checked_shl(host).unwrap_or(0);
    let first = number(address) & mask;
    let whole = Ranges::of(first, first | !mask);
    let mapped = Ranges::of(MAPPED.0, MAPPED.1);
    Ok(if host > 32 { whole.minus(&mapped) } else { whole })
}
