//! R29: a host without stable addresses is refused clearly, until the network engine knows host names: then one policy by host name, checked against
//! Cilium's own definition, which never reaches what is private.

use anyhow::{Context, Result, ensure};
use kube::api::ListParams;
use ringfence_e2e::{
    Bed, Options, cilium,
    promise::explained,
    scenario::Scenario,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    desk::{acknowledge, await_status, flag, make, push, tina, with_vendor},
    office::{Office, condition, open},
};

#[tokio::test]
async fn a_host_is_reached_by_name_where_the_engine_knows_names() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(Options::default()).await?));
    explained(bed, "integrations_hosts", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    bed.operator().await?.ready().await?;
    let office = Office { bed, admin: bed.admin().await? };
    let tina = tina(bed).await?;
    let story = Scenario::new(bed, "hosts", |class| {
        let archive = json!({ "name": "vault-archive", "purpose": "Storage", "direction": "Egress", "cidrs": ["10.20.0.0/16"],
            "ports": [{ "protocol": "TCP", "port": 443 }] });
        class["network"]["allow"].as_array_mut().expect("a list").push(archive);
    })
    .await?;
    story.unlock(1).await?;
    open(&story).await?;
    let agreement = office.agree(with_vendor("vendor-2026", "vendor")?).await?;
    let mut object = push("crm", &story.tenant, "vendor");
    object["spec"]["cover"] = json!({ "baaRef": { "name": "vendor-2026" } });
    object["spec"]["endpoints"] =
        json!([{ "host": "api.vendor.example", "port": 443 }, { "host": "eu.vendor.example", "port": 8443 }]);
    make(&tina, object).await?;
    acknowledge(&tina, &story.tenant, "crm").await?;
    let says = async |what: &str, holds: &dyn Fn(&Value) -> bool| {
        await_status(&tina, (&story.tenant, "crm"), what, holds).await
    };
    let told = says("it stalls", &|s| condition(s, "Stalled")["reason"] == "HostWithoutCidrs").await?;
    let message = condition(&told, "Stalled")["message"].as_str().unwrap_or_default().to_owned();
    ensure!(message.contains("spec.endpoints[api.vendor.example]") && message.contains("public networks"), "{message}");
    ensure!(told["payload"] == "LinkOnly", "{told}");

    cilium::install(&office.admin).await?;
    says("the engine knows host names", &|s| {
        s["payload"] == "Full" && condition(s, "EgressOpen")["reason"] == "Opened"
    })
    .await?;
    ensure!(story.flags().await?[&flag("crm")] == "full");
    let policies = cilium::policies(&office.admin, &story.tenant).list(&ListParams::default()).await?;
    let policy = policies.items.first().context("one policy")?;
    ensure!(policies.items.len() == 1 && policy.metadata.name.as_deref() == Some("ringfence-integration-crm"));
    let spec = &policy.data["spec"];
    let hosts: Vec<_> = spec["egress"].as_array().into_iter().flatten().filter(|e| e["toFQDNs"].is_array()).collect();
    let wanted = |host: &str, port: &str| json!({ "toFQDNs": [{ "matchName": host }], "toPorts": [{ "ports": [{ "port": port, "protocol": "TCP" }] }] });
    ensure!(hosts == [&wanted("api.vendor.example", "443"), &wanted("eu.vendor.example", "8443")], "{spec}");
    let denied = spec["egressDeny"][0]["toCIDRSet"].as_array().cloned().unwrap_or_default();
    let ten = denied.iter().find(|n| n["cidr"] == "10.0.0.0/8").context("private networks are denied")?;
    ensure!(ten["except"] == json!(["10.20.0.0/16"]), "what the class allows is left: {ten}");
    for range in ["169.254.0.0/16", "127.0.0.0/8", "192.168.0.0/16", "8000::/1"] {
        ensure!(denied.iter().any(|n| n["cidr"] == range), "{range}: {spec}");
    }

    office.terminate(&agreement, None).await?;
    wait::until("the way by name is closed", async || {
        let left = cilium::policies(&office.admin, &story.tenant).list(&ListParams::default()).await?.items.len();
        Ok(if left == 0 { Look::Done(()) } else { Look::Not(left.to_string()) })
    })
    .await?;
    says("connections were cut", &|s| condition(s, "EgressOpen")["reason"] == "ClosedAndCut").await.map(drop)
}
