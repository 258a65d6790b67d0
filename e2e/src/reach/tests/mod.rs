//! Tables by hand: what the API reference says of each case.

mod anyone;
mod outside;
mod pods;
mod ranges;
mod refused;

use k8s_openapi::api::{core::v1::Namespace, networking::v1::NetworkPolicy};
use serde_json::{Value, json};

use super::{Cluster, Labels, NamedPort, Pod, Ports, Protocol::Tcp, Traffic, network};

/// Namespaces `a` and `b` of team red, `c` of team blue, and `bare` without a label of its own.
fn cluster(policies: &[(&str, &str)]) -> anyhow::Result<Cluster> {
    let namespaces = [("a", "red"), ("b", "red"), ("c", "blue"), ("bare", "")].map(|(name, team)| {
        let mut labels: Labels = [("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into();
        labels.extend((!team.is_empty()).then(|| ("team".to_owned(), team.to_owned())));
        let object: Namespace =
            serde_json::from_value(json!({ "metadata": { "name": name, "labels": labels } })).unwrap();
        object
    });
    let read = |(n, (namespace, spec)): (usize, &(&str, &str))| -> NetworkPolicy {
        let spec: Value = serde_saphyr::from_str(spec).unwrap();
        serde_json::from_value(json!({ "metadata": { "namespace": namespace, "name": format!("p{n}") }, "spec": spec }))
            .unwrap()
    };
    Cluster::read(
        &namespaces,
        &policies.iter().enumerate().map(read).collect::<Vec<_>>(),
        &["10.1.0.0/16", "fd00:1::/64"],
    )
}

fn given(policies: &[(&str, &str)]) -> Cluster {
    cluster(policies).unwrap()
}

/// A pod at `namespace/app`: labelled `app=<app>`, with an address in the pods' network and a port that is called `web`.
fn pod(at: &str) -> Pod {
    let (namespace, app) = at.split_once('/').unwrap();
    let last = namespace.bytes().chain(app.bytes()).fold(7u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b));
    Pod {
        namespace: namespace.into(),
        name: app.into(),
        labels: [("app".to_owned(), app.to_owned())].into(),
        addresses: vec![format!("10.1.0.{last}").parse().unwrap()],
        ports: vec![NamedPort { name: "web".into(), protocol: Tcp, number: 8080 }],
    }
}

/// The same set, from rows as [`Traffic::rows`] has them.
fn traffic(rows: &[(&str, super::Protocol, u16, u16)]) -> Traffic {
    rows.iter().fold(Traffic::default(), |all, (cidr, protocol, first, last)| {
        all.or(&Traffic::of(&network(cidr).unwrap(), &Ports::of(*protocol, *first, *last)))
    })
}
