use super::{given, pod};
use crate::reach::{Destination, Pod, Ports, Protocol::*};

/// Policies, who begins, whom it calls, and on which port it may: none of the others is open then.
type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str, Ports);

fn check(cases: Vec<Case>) {
    for (policies, from, to, expected) in cases {
        let cluster = given(policies);
        assert_eq!(cluster.between(&pod(from), &pod(to)), expected, "{from} to {to} under {policies:?}");
    }
}

fn tcp(port: u16) -> Ports {
    Ports::of(Tcp, port, port)
}

fn none() -> Ports {
    Ports::default()
}

#[test]
fn isolation_follows_policy_types_and_their_defaults() {
    let all = Ports::all;
    check(vec![
        (&[], "a/web", "c/db", all()),
        // A policy without types concerns ingress always, and egress only when there are rules for it.
        (&[("c", "{podSelector: {}}")], "a/web", "c/db", none()),
        (&[("c", "{podSelector: {}}")], "c/db", "a/web", all()),
        (&[("c", "{podSelector: {}, egress: []}")], "c/db", "a/web", all()),
        (&[("c", "{podSelector: {}, egress: [{ports: [{port: 1}]}]}")], "c/db", "a/web", tcp(1)),
        (&[("c", "{podSelector: {}, egress: [{}]}")], "a/web", "c/db", none()),
        (&[("c", "{podSelector: {}, policyTypes: []}")], "a/web", "c/db", none()),
        (&[("c", "{podSelector: {}, policyTypes: [Egress]}")], "c/db", "a/web", none()),
        (&[("c", "{podSelector: {}, policyTypes: [Egress]}")], "a/web", "c/db", all()),
        // Rules of a direction that the types leave out do nothing.
        (&[("c", "{podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 1}]}]}")], "c/db", "a/web", all()),
        (
            &[
                ("c", "{podSelector: {}, policyTypes: [Ingress], egress: [{}]}"),
                ("c", "{podSelector: {}, policyTypes: [Egress]}"),
            ],
            "c/db",
            "a/web",
            none(),
        ),
        // Both directions must allow, each by its own policies.
        (
            &[
                ("a", "{policyTypes: [Egress], egress: [{ports: [{port: 1}, {port: 2}]}]}"),
                ("c", "{ingress: [{ports: [{port: 2}, {port: 3}]}]}"),
            ],
            "a/web",
            "c/db",
            tcp(2),
        ),
        (&[("a", "{policyTypes: [Egress]}"), ("c", "{ingress: [{}]}")], "a/web", "c/db", none()),
        // Another namespace's policies concern nobody here.
        (&[("b", "{policyTypes: [Ingress, Egress]}")], "a/web", "c/db", all()),
        // A policy that selects nobody isolates nobody, and one that selects others only isolates those.
        (&[("c", "{podSelector: {matchLabels: {app: cache}}}")], "a/web", "c/db", all()),
        (
            &[("c", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}")],
            "a/web",
            "c/db",
            all(),
        ),
        (
            &[("c", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}")],
            "a/web",
            "c/cache",
            none(),
        ),
    ]);
}

#[test]
fn empty_and_missing_lists_mean_everything_but_no_rules_mean_nothing() {
    let all = Ports::all;
    check(vec![
        (&[("c", "{ingress: []}")], "a/web", "c/db", none()),
        (&[("c", "{ingress: [{}]}")], "a/web", "c/db", all()),
        (&[("c", "{ingress: [{from: []}]}")], "a/web", "c/db", all()),
        (&[("c", "{ingress: [{from: [], ports: []}]}")], "a/web", "c/db", all()),
        (&[("c", "{ingress: [{from: [], ports: [{port: 1}]}]}")], "a/web", "c/db", tcp(1)),
        (
            &[("c", "{ingress: [{ports: [], from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}")],
            "a/web",
            "c/db",
            all(),
        ),
        (
            &[("c", "{ingress: [{ports: [], from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}")],
            "bare/web",
            "c/db",
            none(),
        ),
        (&[("a", "{policyTypes: [Egress], egress: [{to: []}]}")], "a/web", "c/db", all()),
    ]);
}

#[test]
fn peers_select_pods_and_namespaces() {
    let from = |peer: &'static str| -> &'static [(&'static str, &'static str)] {
        let spec = format!("{{ingress: [{{from: [{peer}], ports: [{{port: 1}}]}}]}}");
        Box::leak(Box::new([("c", &*Box::leak(spec.into_boxed_str()))]))
    };
    for (peer, expected) in [
        // Whether a/web, b/web, c/web, c/db2 and bare/web may call c/db.
        ("{podSelector: {}}", [false, false, true, true, false]),
        ("{podSelector: {matchLabels: {app: web}}}", [false, false, true, false, false]),
        ("{namespaceSelector: {}}", [true, true, true, true, true]),
        ("{namespaceSelector: {}, podSelector: {}}", [true, true, true, true, true]),
        ("{namespaceSelector: {}, podSelector: {matchLabels: {app: db2}}}", [false, false, false, true, false]),
        ("{namespaceSelector: {matchLabels: {team: red}}}", [true, true, false, false, false]),
        ("{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: db2}}}", [false; 5]),
        // The two of one peer meet, two peers add up.
        (
            "{namespaceSelector: {matchLabels: {team: red}}}, {podSelector: {matchLabels: {app: db2}}}",
            [true, true, false, true, false],
        ),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}", [false, true, false, false, false]),
        (
            "{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}",
            [false, false, true, true, true],
        ),
        ("{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}", [true, true, true, true, false]),
        (
            "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}",
            [false, false, false, false, true],
        ),
        (
            "{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [a, c]}]}}",
            [true, false, true, true, false],
        ),
        // Pods may be meant by their addresses too.
        ("{ipBlock: {cidr: 10.1.0.0/16}}", [true; 5]),
        ("{ipBlock: {cidr: '::ffff:10.1.0.0/112'}}", [true; 5]),
        ("{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}", [false; 5]),
        ("{ipBlock: {cidr: '::/0'}}", [false; 5]),
    ] {
        let cluster = given(from(peer));
        let callers = ["a/web", "b/web", "c/web", "c/db2", "bare/web"];
        let may = callers.map(|caller| !cluster.between(&pod(caller), &pod("c/db")).is_empty());
        assert_eq!(may, expected, "{peer}");
    }
}

#[test]
fn ports_have_protocols_ranges_and_names() {
    let web = tcp(8080);
    for (ports, expected) in [
        ("{port: 80}", tcp(80)),
        ("{port: 80, protocol: UDP}", Ports::of(Udp, 80, 80)),
        ("{protocol: UDP}", Ports::every(Udp)),
        ("{}", Ports::every(Tcp)),
        ("{port: 80, endPort: 90}", Ports::of(Tcp, 80, 90)),
        ("{port: 80, endPort: 80, protocol: SCTP}", Ports::of(Sctp, 80, 80)),
        ("{port: 80}, {port: 81}, {port: 80, protocol: UDP}", Ports::of(Tcp, 80, 81).or(&Ports::of(Udp, 80, 80))),
        ("{port: web}", web.clone()),
        ("{port: web, protocol: UDP}", none()),
        ("{port: api}", none()),
        ("{port: '8080'}", none()),
    ] {
        let rule = format!("ports: [{ports}]");
        let ingress = format!("{{ingress: [{{{rule}}}]}}");
        let egress = format!("{{policyTypes: [Egress], egress: [{{{rule}}}]}}");
        for policy in [("c", &*ingress), ("a", &*egress)] {
            let is = given(&[policy]).between(&pod("a/web"), &pod("c/db"));
            assert_eq!(is, expected, "{policy:?}: a name is the called pod's");
            assert!(!is.has(Other, 0), "{policy:?}: what has no ports is not in a rule with ports");
        }
    }
    let nameless = Pod { ports: vec![], ..pod("c/db") };
    let cluster = given(&[("c", "{ingress: [{ports: [{port: web}]}]}")]);
    assert_eq!(cluster.between(&pod("a/web"), &nameless), none(), "the caller's names do not count");
    assert_eq!(cluster.between(&nameless, &pod("c/db2")), web);
}

#[test]
fn policies_add_up_and_a_pod_always_reaches_itself() {
    let policies: [(&str, &str); 3] = [
        ("c", "{podSelector: {}}"),
        (
            "c",
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 1}]}]}",
        ),
        ("c", "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 2}]}]}"),
    ];
    let cluster = given(&policies);
    assert_eq!(cluster.between(&pod("a/web"), &pod("c/db")), tcp(1));
    assert_eq!(cluster.between(&pod("c/web"), &pod("c/db")), Ports::of(Tcp, 1, 2));
    assert_eq!(cluster.between(&pod("c/db"), &pod("c/web")), tcp(2));
    assert_eq!(cluster.between(&pod("c/db"), &pod("c/db")), Ports::all());
    assert!(cluster.may(&pod("a/web"), Destination::Pod(&pod("c/db")), Tcp, 1));
    assert!(!cluster.may(&pod("a/web"), Destination::Pod(&pod("c/db")), Tcp, 2));
}
