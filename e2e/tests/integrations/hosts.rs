//! R45, R46: where the network engine knows host names, a host without networks is opened by its name, by a policy that the guardrails let Ringfence write.

use anyhow::{Result, ensure};
use kube::ResourceExt;
use ringfence_e2e::{
    Bed, cilium,
    promise::explained,
    tenant::unique,
    wait::{self, Look},
};
use serde_json::json;

use crate::{
    desk::{acknowledge, await_status, flag, make, push, tina, with_vendor, withdraw},
    office::{Office, condition, draft, open},
};

/// On a bed of its own: the kind changes what Ringfence does for everybody.
#[tokio::test]
async fn a_host_without_networks_is_opened_by_its_name() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "integrations_hosts", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    cilium::install(&bed.admin().await?).await?;
    let office = Office::on(bed).await?;
    let tina = tina(bed).await?;
    let story = office.tenant("hosts", &unique("nobody")).await?;
    office.flip(&story, &[&story.tenant]).await?;
    office.agree(draft(&story.tenant, &story.tenant, "ringwell")?).await?;
    let vendor = unique("vendor");
    office.agree(with_vendor(&vendor, &vendor)?).await?;
    open(&story).await?;
    let mut object = push("crm", &story.tenant, &vendor);
    object["spec"]["cover"] = json!({ "baaRef": { "name": vendor } });
    object["spec"]["endpoints"] = json!([{ "host": "api.vendor.example", "port": 443 }]);
    make(&tina, object).await?;
    let accepted = acknowledge(&tina, &story.tenant, "crm").await?;
    let at = (story.tenant.as_str(), "crm");
    await_status(&tina, at, "it is open", |s| {
        s["payload"] == "Full" && condition(s, "EgressOpen")["reason"] == "Opened"
    })
    .await?;
    let policies = cilium::policies(&office.admin, &story.tenant);
    let all = policies.list(&Default::default()).await?;
    ensure!(all.items.len() == 1 && all.items[0].name_any() == "ringfence-integration-crm", "{:?}", all.items);
    let spec = &all.items[0].data["spec"];
    ensure!(spec["egress"][0]["toFQDNs"] == json!([{ "matchName": "api.vendor.example" }]), "{spec}");
    ensure!(crate::desk::ways(&story).await?.is_empty(), "no network is opened");
    withdraw(&tina, &accepted).await?;
    wait::until("it is closed", async || {
        let left = policies.list(&Default::default()).await?.items.len();
        let value = crate::office::judged(story.document().await?).await?.get(&flag("crm")).cloned();
        Ok(if left == 0 && value == Some(json!("link-only")) {
            Look::Done(())
        } else {
            Look::Not(format!("{left} {value:?}"))
        })
    })
    .await?;
    await_status(&tina, at, "it says so", |s| condition(s, "EgressOpen")["status"] == "False").await.map(drop)
}
