//! R06, S12: one BAA with a vendor under five hundred integrations of fifty tenants: when it ends, every flag and every way out of them closes within
//! seconds, each by one write, and nobody else's does.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ringfence_e2e::{
    Bed, Options,
    audit::ApiEvent,
    crowd::{Crowd, names, quiet},
    promise::explained,
    wait::{self, Look},
};
use serde_json::json;

#[allow(dead_code, reason = "what integrations need more of it")]
#[path = "integrations/desk.rs"]
mod desk;
#[allow(dead_code, reason = "what agreements need more of it")]
#[path = "agreements/office.rs"]
mod office;

use desk::{acknowledge, make, push, tina, with_vendor};
use office::Office;

const TENANTS: usize = 50;
const EACH: usize = 10;
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn one_baa_ends_under_five_hundred_integrations() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(Options::CROWDED).await?));
    explained(bed, "integrations_many", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let (crowd, tenants) = (Crowd::new(bed, "crowd").await?, names("tenant", 0..TENANTS));
    crowd.nodes(&names("node", 0..TENANTS)).await?;
    crowd.agreements(&tenants, None).await?;
    crowd.plans(&tenants).await?;
    crowd.until(&tenants, "PhiUnlocked", "True", PATIENCE).await?;
    let office = Office { bed, admin: bed.admin().await? };
    let tina = tina(bed).await?;
    let agreement = office.agree(with_vendor("vendor-2026", "vendor")?).await?;
    office.agree(with_vendor("other-2026", "other")?).await?;
    let all: Vec<(String, String)> =
        tenants.iter().flat_map(|t| (0..EACH).map(|n| (t.clone(), format!("crm-{n}")))).collect();
    let others: Vec<_> = tenants.iter().map(|t| (t.clone(), "other".to_owned())).collect();
    let one = async |(tenant, name): &(String, String), vendor: &str| {
        let mut object = push(name, tenant, vendor);
        object["spec"]["cover"] = json!({ "baaRef": { "name": format!("{vendor}-2026") } });
        make(&tina, object).await?;
        acknowledge(&tina, tenant, name).await.map(drop)
    };
    stream::iter(&all).map(|i| one(i, "vendor")).buffer_unordered(16).try_collect::<Vec<()>>().await?;
    stream::iter(&others).map(|i| one(i, "other")).buffer_unordered(16).try_collect::<Vec<()>>().await?;
    standing(&office, TENANTS * (EACH + 1)).await?;
    quiet(bed).await?;

    let mark = bed.audit().mark()?;
    office.terminate(&agreement, None).await?;
    let done = Timestamp::now();
    standing(&office, TENANTS).await?;
    quiet(bed).await?;
    let written = bed.audit().after(mark).writes().succeeded().events()?;
    let late = |e: &ApiEvent| e.stage_timestamp.duration_since(done).as_secs_f64();
    let mut first_flags: BTreeMap<&str, f64> = BTreeMap::new();
    let (mut flags, mut ways) = (vec![], vec![]);
    for event in &written {
        let object = &event.object_ref;
        if object.name == "ringfence-flags" {
            flags.push(late(event));
            first_flags.entry(&object.namespace).or_insert_with(|| late(event));
        }
        if object.resource == "networkpolicies" && object.name.starts_with("ringfence-integration-") {
            ensure!(event.verb == "delete" && object.name != "ringfence-integration-other", "{}", event.brief());
            ways.push(late(event));
            let flag = first_flags.get(object.namespace.as_str()).context("the flag first")?;
            ensure!(*flag <= late(event), "{}: the flag first", object.namespace);
        }
    }
    for times in [&mut flags, &mut ways] {
        times.sort_by(f64::total_cmp);
    }
    println!(
        "{} flag documents, first {:.3} s, last {:.3} s; {} ways out, first {:.3} s, median {:.3} s, last {:.3} s",
        flags.len(),
        flags[0],
        flags[flags.len() - 1],
        ways.len(),
        ways[0],
        ways[ways.len() / 2],
        ways[ways.len() - 1]
    );
    ensure!(flags.len() == TENANTS && ways.len() == TENANTS * EACH, "each is written once");
    ensure!(flags[flags.len() - 1] <= 5.0, "the last flag is stored after {:.3} s", flags[flags.len() - 1]);
    ensure!(ways[ways.len() - 1] <= 5.0, "the last way out is closed after {:.3} s", ways[ways.len() - 1]);
    Ok(())
}

/// Waits until so many ways out stand in the whole cluster.
async fn standing(office: &Office, wanted: usize) -> Result<()> {
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use kube::{Api, ResourceExt, api::ListParams};
    let policies: Api<NetworkPolicy> = Api::all(office.admin.clone());
    wait::until_within(PATIENCE, &format!("{wanted} ways out stand"), async || {
        let all = policies.list(&ListParams::default()).await?;
        let ways = all.iter().filter(|p| p.name_any().starts_with("ringfence-integration-")).count();
        Ok(if ways == wanted { Look::Done(()) } else { Look::Not(ways.to_string()) })
    })
    .await
}
