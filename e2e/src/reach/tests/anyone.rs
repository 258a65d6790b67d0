use super::{given, pod, traffic};
use crate::reach::{Ports, Protocol::*, Traffic};

const CLOSED: &str = "{podSelector: {}, policyTypes: [Ingress, Egress]}";

#[test]
fn a_namespace_is_closed_only_when_no_pod_could_be_open() {
    let web = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}";
    let others = "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}, policyTypes: [Ingress, Egress]}";
    let labelled = "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}, policyTypes: [Ingress, Egress]}";
    for (policies, closed) in [
        (vec![], false),
        (vec![CLOSED], true),
        (vec![web], false),
        (vec![web, others], true),
        (vec![labelled], false),
        (vec![labelled, web], false),
        (vec!["{podSelector: {}}"], false),
        (vec!["{podSelector: {}, policyTypes: [Egress]}"], true),
    ] {
        let given = given(&policies.iter().map(|p| ("a", *p)).collect::<Vec<_>>());
        let expected = if closed { Traffic::default() } else { Traffic::all() };
        assert_eq!(given.outward_any("a"), expected, "{policies:?}");
    }
}

#[test]
fn every_policy_that_could_select_a_pod_adds_its_rules() {
    let block = |n: u8| format!("egress: [{{to: [{{ipBlock: {{cidr: 192.0.2.{n}/32}}}}], ports: [{{port: {n}}}]}}]");
    let of = |selector: &str, n: u8| format!("{{podSelector: {selector}, policyTypes: [Egress], {}}}", block(n));
    let nobody = "{matchLabels: {app: web}, matchExpressions: [{key: app, operator: DoesNotExist}]}";
    let (one, two, three) = (of("{}", 1), of("{matchLabels: {app: db}}", 2), of(nobody, 3));
    let cluster = given(&[("a", &one), ("a", &two), ("a", &three)]);
    let expected = traffic(&[("192.0.2.1/32", Tcp, 1, 1), ("192.0.2.2/32", Tcp, 2, 2)]);
    assert_eq!(cluster.outward_any("a"), expected, "a policy that can select nobody allows nothing");
    assert_eq!(cluster.outward(&pod("a/web")), traffic(&[("192.0.2.1/32", Tcp, 1, 1)]));
    assert_eq!(cluster.outward(&pod("a/db")), expected);
}

/// Policies of `a` and of `c`, and what a pod of `a` may call in `c` at most.
type Case = (&'static [(&'static str, &'static str)], Ports);

#[test]
fn two_namespaces_meet_where_some_two_pods_could() {
    let tcp = |port| Ports::of(Tcp, port, port);
    let cases: [Case; 15] = [
        (&[], Ports::all()),
        (&[("a", CLOSED)], Ports::default()),
        (&[("c", CLOSED)], Ports::default()),
        (&[("a", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}")], Ports::all()),
        (
            &[("c", "{ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}], ports: [{port: 1}]}]}")],
            tcp(1),
        ),
        (&[("c", "{ingress: [{from: [{podSelector: {}}]}]}")], Ports::default()),
        (
            &[(
                "c",
                "{ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}], ports: [{port: 1}]}]}",
            )],
            tcp(1),
        ),
        // One end may not be two things at once.
        (
            &[
                ("a", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}"),
                ("a", "{policyTypes: [Egress]}"),
                ("c", "{ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}]}"),
            ],
            Ports::default(),
        ),
        (
            &[
                (
                    "a",
                    "{policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}]}",
                ),
                ("c", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}"),
                ("c", "{}"),
            ],
            Ports::default(),
        ),
        // An address of the pods' network is some pod's; another is not.
        (&[("c", "{ingress: [{from: [{ipBlock: {cidr: 10.1.9.0/24}}], ports: [{port: 1}]}]}")], tcp(1)),
        (&[("c", "{ingress: [{from: [{ipBlock: {cidr: 'fd00:1::1/128'}}], ports: [{port: 1}]}]}")], tcp(1)),
        (&[("c", "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}")], Ports::default()),
        (&[("c", "{ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}")], Ports::default()),
        // A name of a port may be any port, and then the other side's number decides.
        (&[("c", "{ingress: [{ports: [{port: web}]}]}")], Ports::every(Tcp)),
        (
            &[
                ("a", "{policyTypes: [Egress], egress: [{ports: [{port: 7}]}]}"),
                ("c", "{ingress: [{ports: [{port: web}]}]}"),
            ],
            tcp(7),
        ),
    ];
    for (policies, expected) in cases {
        let cluster = given(policies);
        assert_eq!(cluster.between_any("a", "c"), expected, "{policies:?}");
        for (from, to) in [("a/web", "c/db"), ("a/db", "c/web"), ("a/x", "c/web")] {
            let single = cluster.between(&pod(from), &pod(to));
            assert_eq!(single.or(&expected), expected, "{from} to {to} under {policies:?}: {single:?}");
        }
    }
}
