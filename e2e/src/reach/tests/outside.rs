use std::net::IpAddr;

use super::{given, pod, traffic};
use crate::reach::{Destination, Protocol::*, Row, Traffic};

fn rows(rows: &[(&str, crate::reach::Protocol, u16, u16)]) -> Vec<Row> {
    rows.iter().map(|(cidr, protocol, first, last)| ((*cidr).to_owned(), *protocol, *first, *last)).collect()
}

#[test]
fn what_a_pod_may_call_outside_is_a_set() {
    let everything = Traffic::all();
    let all = rows(&[
        ("0.0.0.0/0", Tcp, 0, 65535),
        ("::/0", Tcp, 0, 65535),
        ("0.0.0.0/0", Udp, 0, 65535),
        ("::/0", Udp, 0, 65535),
        ("0.0.0.0/0", Sctp, 0, 65535),
        ("::/0", Sctp, 0, 65535),
        ("0.0.0.0/0", Other, 0, 0),
        ("::/0", Other, 0, 0),
    ]);
    assert_eq!(everything.rows(), all);
    for (egress, expected) in [
        ("[]", vec![]),
        ("[{}]", all.clone()),
        ("[{to: []}]", all.clone()),
        ("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]", all.clone()),
        ("[{to: [], ports: [{port: 443}]}]", rows(&[("0.0.0.0/0", Tcp, 443, 443), ("::/0", Tcp, 443, 443)])),
        // Selectors select pods, and nobody outside.
        ("[{to: [{namespaceSelector: {}}]}]", vec![]),
        ("[{to: [{podSelector: {}}]}]", vec![]),
        // A name is a pod's port, and nobody's outside.
        ("[{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: web}]}]", vec![]),
        (
            "[{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: web}, {port: 443}]}]",
            rows(&[("192.0.2.0/24", Tcp, 443, 443)]),
        ),
        (
            "[{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.64/26, 192.0.2.0/26]}}], ports: [{port: 443}]}]",
            rows(&[("192.0.2.128/25", Tcp, 443, 443)]),
        ),
        // What one block leaves out another may bring back.
        (
            "[{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.0/25]}}, {ipBlock: {cidr: 192.0.2.0/25}}], ports: [{port: 443}]}]",
            rows(&[("192.0.2.0/24", Tcp, 443, 443)]),
        ),
        ("[{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.0/24]}}]}]", vec![]),
        (
            "[{to: [{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:8000::/33']}}], ports: [{port: 53, protocol: UDP}]}]",
            rows(&[("2001:db8::/33", Udp, 53, 53)]),
        ),
        // A mapped network is IPv4, and a wide one of IPv6 is not.
        (
            "[{to: [{ipBlock: {cidr: '::ffff:192.0.2.0/120'}}], ports: [{port: 443}]}]",
            rows(&[("192.0.2.0/24", Tcp, 443, 443)]),
        ),
        ("[{to: [{ipBlock: {cidr: '::/0'}}], ports: [{port: 443}]}]", rows(&[("::/0", Tcp, 443, 443)])),
        // Each rule has its own addresses and ports: they do not mix.
        (
            "[{to: [{ipBlock: {cidr: 192.0.2.1/32}}], ports: [{port: 1}]}, {to: [{ipBlock: {cidr: 192.0.2.2/32}}], ports: [{port: 2}]}]",
            rows(&[("192.0.2.1/32", Tcp, 1, 1), ("192.0.2.2/32", Tcp, 2, 2)]),
        ),
    ] {
        let policy = format!("{{policyTypes: [Egress], egress: {egress}}}");
        let cluster = given(&[("a", &policy)]);
        assert_eq!(cluster.outward(&pod("a/web")).rows(), expected, "{egress}");
        assert_eq!(cluster.outward_any("a").rows(), expected, "{egress}");
        assert_eq!(cluster.inward(&pod("a/web")), everything, "{egress}");
        assert_eq!(cluster.outward(&pod("b/web")), everything, "{egress}");
    }
}

#[test]
fn what_may_come_in_is_a_set_with_the_pods_own_ports() {
    for (ingress, expected) in [
        ("[]", vec![]),
        ("[{from: [{namespaceSelector: {}}]}]", vec![]),
        (
            "[{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: web}]}]",
            rows(&[("192.0.2.0/24", Tcp, 8080, 8080)]),
        ),
        (
            "[{from: [], ports: [{port: 1, endPort: 9, protocol: UDP}]}]",
            rows(&[("0.0.0.0/0", Udp, 1, 9), ("::/0", Udp, 1, 9)]),
        ),
    ] {
        let policy = format!("{{ingress: {ingress}}}");
        let cluster = given(&[("a", &policy)]);
        assert_eq!(cluster.inward(&pod("a/web")).rows(), expected, "{ingress}");
        assert_eq!(cluster.outward(&pod("a/web")), Traffic::all(), "{ingress}");
    }
    let named = given(&[("a", "{ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: web}]}]}")]);
    assert_eq!(
        named.inward_any("a"),
        traffic(&[("192.0.2.0/24", Tcp, 0, 65535)]),
        "whoever makes a pod chooses what web is"
    );
}

#[test]
fn single_addresses_are_answered_alike() {
    let cluster = given(&[
        (
            "a",
            "{policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.9/32]}}], ports: [{port: 443}]}]}",
        ),
        ("a", "{ingress: [{from: [{ipBlock: {cidr: '2001:db8::/64'}}], ports: [{port: web}]}]}"),
    ]);
    let at = |text: &str| text.parse::<IpAddr>().unwrap();
    for (address, port, expected) in [
        ("192.0.2.8", 443, true),
        ("::ffff:192.0.2.8", 443, true),
        ("192.0.2.9", 443, false),
        ("::ffff:192.0.2.9", 443, false),
        ("192.0.2.8", 80, false),
        ("169.254.169.254", 443, false),
        ("::c000:208", 443, false),
    ] {
        assert_eq!(cluster.may(&pod("a/web"), Destination::Address(at(address)), Tcp, port), expected, "{address}");
    }
    assert!(cluster.may_enter(at("2001:db8::1"), &pod("a/web"), Tcp, 8080));
    assert!(!cluster.may_enter(at("2001:db8::1"), &pod("a/web"), Tcp, 80));
    assert!(!cluster.may_enter(at("2001:db8:0:1::1"), &pod("a/web"), Tcp, 8080));
}
