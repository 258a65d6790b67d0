use super::cluster;

#[test]
fn what_the_reference_does_not_describe_is_an_error() {
    for (spec, word) in [
        ("{policyTypes: [ingress]}", "ingress is no policy type"),
        ("{policyTypes: [Ingress, Both]}", "Both is no policy type"),
        ("{podSelector: {matchExpressions: [{key: app, operator: Gt, values: ['1']}]}}", "Gt is no operator"),
        ("{ingress: [{from: [{}]}]}", "a peer that says nothing"),
        ("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}", "ipBlock and a selector"),
        ("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}", "10.0.0.0 is no network"),
        ("{ingress: [{from: [{ipBlock: {cidr: ''}}]}]}", "is no network"),
        (
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [192.0.2.0/24]}}]}]}",
            "192.0.2.0/24 is not in 10.0.0.0/8",
        ),
        ("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: ['::/0']}}]}]}", "::/0 is not in 10.0.0.0/8"),
        ("{ingress: [{ports: [{port: 0}]}]}", "0 is no port"),
        ("{ingress: [{ports: [{port: 65536}]}]}", "65536 is no port"),
        ("{ingress: [{ports: [{port: 9, endPort: 8}]}]}", "endPort 8 is below port 9"),
        ("{ingress: [{ports: [{port: web, endPort: 8}]}]}", "with endPort"),
        ("{ingress: [{ports: [{endPort: 8}]}]}", "with endPort"),
        ("{ingress: [{ports: [{protocol: tcp}]}]}", "tcp is no protocol"),
        ("{ingress: [{ports: [{protocol: ICMP}]}]}", "ICMP is no protocol"),
        ("{policyTypes: [Ingress], egress: [{ports: [{protocol: ANY}]}]}", "ANY is no protocol"),
    ] {
        let why = cluster(&[("a", spec)]).map(drop).unwrap_err();
        let why = format!("{why:#}");
        assert!(why.contains(word) && why.contains("NetworkPolicy a/p0"), "{spec}: {why}");
    }
    assert!(cluster(&[("nowhere", "{}")]).is_err(), "a policy in no namespace");
}
