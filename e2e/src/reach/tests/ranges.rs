use crate::reach::{Ports, Protocol::*, Ranges, Traffic, network, tests::traffic};

fn numbers(ranges: &[(u128, u128)]) -> Ranges {
    ranges.iter().fold(Ranges::default(), |all, (first, last)| all.or(&Ranges::of(*first, *last)))
}

#[test]
fn sets_are_joined_met_and_taken_apart() {
    const MAX: u128 = u128::MAX;
    for (one, two, or, and, minus) in [
        (vec![], vec![], vec![], vec![], vec![]),
        (vec![(1, 3)], vec![(4, 9)], vec![(1, 9)], vec![], vec![(1, 3)]),
        (vec![(1, 3)], vec![(5, 9)], vec![(1, 3), (5, 9)], vec![], vec![(1, 3)]),
        (vec![(1, 9)], vec![(4, 5)], vec![(1, 9)], vec![(4, 5)], vec![(1, 3), (6, 9)]),
        (vec![(0, MAX)], vec![(0, 0), (MAX, MAX)], vec![(0, MAX)], vec![(0, 0), (MAX, MAX)], vec![(1, MAX - 1)]),
        (vec![(0, MAX)], vec![(0, MAX)], vec![(0, MAX)], vec![(0, MAX)], vec![]),
        (vec![(1, 2), (8, 9)], vec![(2, 8)], vec![(1, 9)], vec![(2, 2), (8, 8)], vec![(1, 1), (9, 9)]),
    ] {
        let (a, b) = (numbers(&one), numbers(&two));
        assert_eq!((a.or(&b), b.or(&a)), (numbers(&or), numbers(&or)), "{one:?} or {two:?}");
        assert_eq!((a.and(&b), b.and(&a)), (numbers(&and), numbers(&and)), "{one:?} and {two:?}");
        assert_eq!(a.minus(&b), numbers(&minus), "{one:?} minus {two:?}");
    }
}

#[test]
fn networks_are_read_and_written() {
    for (text, written) in [
        ("192.0.2.0/24", vec!["192.0.2.0/24"]),
        ("192.0.2.77/24", vec!["192.0.2.0/24"]),
        ("192.0.2.1/32", vec!["192.0.2.1/32"]),
        ("0.0.0.0/0", vec!["0.0.0.0/0"]),
        ("::/0", vec!["::/0"]),
        ("2001:db8::/32", vec!["2001:db8::/32"]),
        ("2001:db8::1/128", vec!["2001:db8::1/128"]),
        ("::ffff:192.0.2.0/120", vec!["192.0.2.0/24"]),
        ("::ffff:0:0/96", vec!["0.0.0.0/0"]),
    ] {
        assert_eq!(network(text).unwrap().networks(), written, "{text}");
    }
    let without = network("10.0.0.0/8").unwrap().minus(&network("10.64.0.0/10").unwrap());
    assert_eq!(without.networks(), ["10.0.0.0/10", "10.128.0.0/9"]);
    assert_eq!(Ranges::all().networks(), ["0.0.0.0/0", "::/0"]);
    for text in [
        "",
        "10.0.0.0",
        "10.0.0/8",
        "010.0.0.0/8",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        "a/8",
        "10.0.0.0/",
    ] {
        assert!(network(text).is_err(), "{text}");
    }
}

#[test]
fn a_network_of_one_family_holds_nothing_of_the_other() {
    let (four, six) = (network("0.0.0.0/0").unwrap(), network("::/0").unwrap());
    assert!(four.and(&six).is_empty());
    assert_eq!(four.or(&six), Ranges::all());
    assert!(network("::/95").unwrap().and(&four).is_empty());
}

#[test]
fn equal_sets_of_traffic_are_equal_however_they_were_made() {
    let whole = traffic(&[("192.0.2.0/24", Tcp, 440, 449)]);
    let parts = traffic(&[
        ("192.0.2.128/25", Tcp, 445, 449),
        ("192.0.2.0/25", Tcp, 440, 446),
        ("192.0.2.128/25", Tcp, 440, 444),
        ("192.0.2.0/24", Tcp, 446, 448),
        ("192.0.2.0/25", Tcp, 449, 449),
    ]);
    assert_eq!(whole, parts);
    assert_eq!(whole.rows(), [("192.0.2.0/24".to_owned(), Tcp, 440, 449)]);
    assert_eq!(whole.minus(&parts), Traffic::default());
    assert!(whole.minus(&traffic(&[("192.0.2.7/32", Tcp, 443, 443)])) != whole);
    assert_eq!(
        whole.and(&traffic(&[("192.0.2.7/32", Tcp, 1, 440)])).rows(),
        [("192.0.2.7/32".to_owned(), Tcp, 440, 440)]
    );
    assert_eq!(Traffic::of(&Ranges::default(), &Ports::all()), Traffic::default());
    assert!(!whole.is_empty() && Traffic::default().is_empty());
    let every_port = [Tcp, Udp, Sctp].iter().fold(Ports::default(), |all, p| all.or(&Ports::of(*p, 0, u16::MAX)));
    assert!(every_port != Ports::all(), "what has no ports is more");
}

#[test]
fn traffic_is_asked_at_its_edges() {
    let open = traffic(&[("192.0.2.0/24", Udp, 10000, 20000), ("2001:db8::/64", Tcp, 65535, 65535)]);
    for (address, protocol, port, expected) in [
        ("192.0.2.0", Udp, 10000, true),
        ("192.0.2.255", Udp, 20000, true),
        ("::ffff:192.0.2.255", Udp, 20000, true),
        ("192.0.1.255", Udp, 10000, false),
        ("192.0.3.0", Udp, 10000, false),
        ("192.0.2.0", Udp, 9999, false),
        ("192.0.2.0", Udp, 20001, false),
        ("192.0.2.0", Tcp, 10000, false),
        ("192.0.2.0", Other, 0, false),
        ("2001:db8::ffff:ffff:ffff:ffff", Tcp, 65535, true),
        ("2001:db8:0:1::", Tcp, 65535, false),
        ("2001:db8::", Tcp, 65534, false),
    ] {
        assert_eq!(open.has(address.parse().unwrap(), protocol, port), expected, "{address} {protocol:?} {port}");
    }
}
