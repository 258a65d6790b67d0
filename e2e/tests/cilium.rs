//! Cilium's own definition of CiliumNetworkPolicy: the API server takes policies with host names as it says, and refuses what it does not know.

use anyhow::{Result, bail, ensure};
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams, ValidationDirective},
};
use ringfence_e2e::{Bed, Options, cilium, promise::explained};
use serde_json::{Value, json};

const NAME: &str = "crm";

#[tokio::test]
async fn policies_with_host_names_are_taken_and_misspelt_ones_refused() -> Result<()> {
    let bed = Bed::start_with(Options::BARE).await?;
    explained(&bed, "cilium", story(&bed.admin().await?)).await
}

/// One way to one host, closed towards the cluster's own networks whatever DNS says.
fn good() -> Value {
    let https = json!([{ "ports": [{ "port": "443", "protocol": "TCP" }] }]);
    let host = json!([{ "matchName": "login.salesforce.com" }]);
    let dns = json!({ "matchLabels": { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns" } });
    let ask = json!([{ "ports": [{ "port": "53", "protocol": "ANY" }], "rules": { "dns": host } }]);
    let inside = json!([{ "cidr": "10.0.0.0/8", "except": ["10.96.0.0/12"] }]);
    json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": { "name": NAME },
        "spec": {
            "endpointSelector": {},
            "egress": [{ "toFQDNs": host, "toPorts": https }, { "toEndpoints": [dns], "toPorts": ask }],
            "egressDeny": [{ "toCIDRSet": inside, "toPorts": https }],
        },
    })
}

/// What is wrong with it, how it is made so, and a word of the refusal.
type Case = (&'static str, fn(&mut Value), &'static str);
const WRONG: [Case; 9] = [
    ("toFQDN", |p| move_to(&mut p["spec"]["egress"][0], "toFQDNs", "toFQDN"), "toFQDN"),
    ("egressdeny", |p| move_to(&mut p["spec"], "egressDeny", "egressdeny"), "egressdeny"),
    ("toCIDRSet in excepts", |p| move_to(inside(p), "except", "excepts"), "excepts"),
    ("matchname", |p| move_to(&mut p["spec"]["egress"][0]["toFQDNs"][0], "matchName", "matchname"), "matchname"),
    ("a host with a scheme", |p| host(p, "https://login.salesforce.com"), "matchName"),
    ("a port that is a number", |p| p["spec"]["egress"][0]["toPorts"][0]["ports"][0]["port"] = 443.into(), "port"),
    ("TLS as a protocol", |p| p["spec"]["egress"][0]["toPorts"][0]["ports"][0]["protocol"] = "TLS".into(), "protocol"),
    ("a network that is none", |p| inside(p)["cidr"] = "10.0.0.0/99".into(), "cidr"),
    (
        "host names that are denied",
        |p| p["spec"]["egressDeny"][0]["toFQDNs"] = json!([{ "matchName": "a.b" }]),
        "toFQDNs",
    ),
];

fn inside(policy: &mut Value) -> &mut Value {
    &mut policy["spec"]["egressDeny"][0]["toCIDRSet"][0]
}

fn host(policy: &mut Value, name: &str) {
    policy["spec"]["egress"][0]["toFQDNs"][0]["matchName"] = name.into();
}

fn move_to(object: &mut Value, from: &str, to: &str) {
    object[to] = object[from].take();
    object.as_object_mut().expect("an object").remove(from);
}

async fn story(admin: &Client) -> Result<()> {
    cilium::install(admin).await?;
    let policies = cilium::policies(admin, "default");
    for (what, break_it, word) in WRONG {
        let mut policy = good();
        break_it(&mut policy);
        match apply(&policies, &policy).await {
            Err(kube::Error::Api(why)) => ensure!(why.message.contains(word), "{what}: {}", why.message),
            other => bail!("{what}: {other:?}"),
        }
    }
    let stored = apply(&policies, &good()).await?;
    ensure!(stored.data["spec"] == good()["spec"], "the API server keeps something else: {}", stored.data["spec"]);
    Ok(())
}

async fn apply(policies: &Api<DynamicObject>, policy: &Value) -> kube::Result<DynamicObject> {
    let strict = PatchParams { field_validation: Some(ValidationDirective::Strict), ..PatchParams::apply("cilium") };
    policies.patch(NAME, &strict, &Patch::Apply(policy)).await
}
