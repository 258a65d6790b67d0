//! Whether a network may be a third party's: public, and no part of the cluster.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv6Net};
use k8s_openapi::api::{core::v1::Node, networking::v1::ServiceCIDR};

/// Ranges that are nobody's on the internet (IANA special-purpose registries), and where clouds serve metadata and keys of machines.
pub(super) const RESERVED: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2002::/16",
];
/// Where public IPv6 addresses are.
const GLOBAL: &str = "2000::/3";
/// The widest networks that one entry may name: prefix lengths of IPv4 and IPv6.
const WIDEST: (u8, u8) = (16, 32);

/// The network, when it may be a third party's; else what is wrong with it. `cluster` are the cluster's own networks.
pub(super) fn public(cidr: &str, cluster: &BTreeSet<IpNet>) -> Result<IpNet, String> {
    let net: IpNet =
        cidr.parse().map_err(|_| format!("{cidr} is no network in CIDR notation; write it as 192.0.2.0/24"))?;
    if net.trunc() != net {
        return Err(format!("{cidr} has host bits; write {}", net.trunc()));
    }
    let widest = if matches!(net, IpNet::V4(_)) { WIDEST.0 } else { WIDEST.1 };
    if net.prefix_len() < widest {
        return Err(format!("{cidr} is wider than /{widest}; list the vendor's networks one by one"));
    }
    let global: Ipv6Net = GLOBAL.parse().expect("it is a network");
    let reserved = RESERVED.iter().any(|r| overlaps(&net, &r.parse().expect("they are networks")));
    if reserved || matches!(net, IpNet::V6(v6) if !global.contains(&v6)) {
        return Err(format!("{cidr} is private, link-local or reserved; give the vendor's public networks"));
    }
    if let Some(own) = cluster.iter().find(|own| overlaps(&net, own)) {
        return Err(format!("{cidr} overlaps the cluster's own network {own}; give the vendor's public networks"));
    }
    Ok(net)
}

fn overlaps(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// The networks of a node: its pods' and its own addresses.
#[must_use]
pub fn node_networks(node: &Node) -> BTreeSet<IpNet> {
    let spec = node.spec.iter().flat_map(|s| s.pod_cidrs.iter().flatten().chain(&s.pod_cidr));
    let pods = spec.filter_map(|cidr| cidr.parse().ok());
    let status = node.status.iter().flat_map(|s| s.addresses.iter().flatten());
    let own = status.filter_map(|a| a.address.parse().ok()).map(|ip: std::net::IpAddr| IpNet::from(ip));
    pods.chain(own).collect()
}

/// The networks of services.
#[must_use]
pub fn service_networks(service_cidr: &ServiceCIDR) -> BTreeSet<IpNet> {
    let cidrs = service_cidr.spec.iter().flat_map(|s| s.cidrs.iter().flatten());
    cidrs.filter_map(|cidr| cidr.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_networks_that_are_no_part_of_the_cluster_are_taken() {
        let cluster: BTreeSet<IpNet> = ["34.118.0.0/20", "203.0.113.7/32"].map(|n| n.parse().unwrap()).into();
        for good in
            ["198.51.100.0/24", "13.110.0.0/16", "8.8.8.8/32", "2606:4700::/32", "34.118.16.0/20", "203.0.113.8/32"]
        {
            assert!(public(good, &cluster).is_ok(), "{good}");
        }
        let cases = [
            ("0.0.0.0/0", "wider than /16"),
            ("13.108.0.0/14", "wider than /16"),
            ("::/0", "wider than /32"),
            ("2600::/12", "wider than /32"),
            ("10.1.0.0/16", "private"),
            ("172.31.255.0/24", "private"),
            ("192.168.1.1/32", "private"),
            ("127.0.0.1/32", "private"),
            ("169.254.169.254/32", "private"),
            ("168.63.129.16/32", "private"),
            ("168.63.0.0/16", "private"),
            ("100.100.100.200/32", "private"),
            ("192.0.0.0/16", "private"),
            ("224.0.0.1/32", "private"),
            ("255.255.255.255/32", "private"),
            ("::1/128", "private"),
            ("fd00:ec2::254/128", "private"),
            ("fe80::/64", "private"),
            ("64:ff9b::a9fe:a9fe/128", "private"),
            ("::ffff:169.254.169.254/128", "private"),
            ("2002:a9fe:a9fe::/48", "private"),
            ("34.118.0.0/16", "the cluster's own"),
            ("34.118.3.4/32", "the cluster's own"),
            ("203.0.113.0/24", "the cluster's own"),
            ("198.51.100.1/24", "host bits"),
            ("198.51.100.1", "no network"),
            ("vendor.example", "no network"),
        ];
        for (bad, why) in cases {
            let said = public(bad, &cluster).unwrap_err();
            assert!(said.contains(why) && said.starts_with(bad), "{bad}: {said}");
        }
    }

    #[test]
    fn admission_refuses_the_same_ranges() {
        let crd = serde_json::to_string(&crate::api::crds()).unwrap();
        for range in RESERVED.iter().chain([&GLOBAL]) {
            assert!(crd.contains(&format!("'{range}'")), "{range}");
        }
    }

    #[test]
    fn a_cluster_is_its_nodes_pods_and_services() {
        let node: Node = serde_json::from_value(serde_json::json!({
            "spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00:1::/64"]},
            "status": {"addresses": [{"type": "InternalIP", "address": "203.0.113.7"}, {"type": "Hostname", "address": "n1"}]},
        }))
        .unwrap();
        let said: Vec<_> = node_networks(&node).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["10.1.0.0/24", "203.0.113.7/32", "fd00:1::/64"]);
        let services: ServiceCIDR =
            serde_json::from_value(serde_json::json!({"spec": {"cidrs": ["34.118.224.0/20"]}})).unwrap();
        assert_eq!(service_networks(&services).len(), 1);
    }
}
