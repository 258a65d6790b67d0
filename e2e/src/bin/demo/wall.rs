//! Network policies in words.

use crate::text::plain;
use anyhow::{Context, Result};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use serde_json::{Value, json};

/// One opening: policy, pods, direction, peer, ports.
pub type Opening = [String; 5];

/// Everything that these policies let through, and whether one of them closes every pod both ways.
pub fn openings(policies: Vec<NetworkPolicy>) -> Result<(Vec<Opening>, bool)> {
    let mut rows = vec![];
    let mut closes = false;
    for policy in policies {
        let name = policy.name_any();
        let spec = serde_json::to_value(policy.spec.context("a policy without a spec")?)?;
        let every = spec["podSelector"].as_object().is_none_or(serde_json::Map::is_empty);
        let pods = if every { "every pod".into() } else { labels(&spec["podSelector"]) };
        closes |= every && spec["policyTypes"] == json!(["Ingress", "Egress"]);
        for (way, peers, word) in [("ingress", "from", "in from"), ("egress", "to", "out to")] {
            for rule in spec[way].as_array().into_iter().flatten() {
                rows.push([name.clone(), pods.clone(), word.into(), peer(&rule[peers]), ports(&rule["ports"])]);
            }
        }
    }
    Ok((rows, closes))
}

fn labels(selector: &Value) -> String {
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| format!("{}={}", key.rsplit('/').next().unwrap_or(key), plain(value)))
        .collect::<Vec<_>>()
        .join(",")
}

fn peer(peers: &Value) -> String {
    let said = peers.as_array().into_iter().flatten().map(|peer| {
        let (space, pods) = (labels(&peer["namespaceSelector"]), labels(&peer["podSelector"]));
        match (peer["ipBlock"]["cidr"].as_str(), space.strip_prefix("metadata.name=")) {
            (Some(cidr), _) => cidr.to_owned(),
            (_, Some(space)) => format!("namespace {space} {pods}").trim_end().to_owned(),
            _ => "the tenant itself".into(),
        }
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { "anybody".into() } else { said.join(", ") }
}

fn ports(ports: &Value) -> String {
    let said = ports.as_array().into_iter().flatten().map(|port| {
        let end = port["endPort"].as_i64().map(|end| format!("–{end}")).unwrap_or_default();
        format!("{}{end}/{}", plain(&port["port"]), plain(&port["protocol"]))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { "any".into() } else { said.join(" ") }
}
