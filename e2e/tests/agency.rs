//! R03, C7, S12: one agency's agreement ends, and with it all two hundred tenants that have none but through it: each is locked within 5 s, and
//! nothing is written but their documents and what is said of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use ringfence_e2e::{
    Bed, Options,
    audit::ApiEvent,
    crowd::{Crowd, names, quiet, requests},
    promise::explained,
};

const TENANTS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(180);
const AGENCY: &str = "agency";

#[tokio::test]
async fn all_tenants_of_an_agency_lock_when_its_agreement_ends_and_nothing_else_is_written() -> Result<()> {
    let bed = Bed::start_with(Options::CROWDED).await?;
    explained(&bed, "agency", story(&bed)).await
}

async fn story(bed: &Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let (crowd, tenants) = (Crowd::new(bed, "crowd").await?, names("tenant", 0..TENANTS));
    crowd.nodes(&names("node", 0..TENANTS)).await?;
    crowd.agency(AGENCY, &tenants).await?;
    crowd.plans(&tenants).await?;
    crowd.until(&tenants, "PhiUnlocked", "True", PATIENCE).await?;
    quiet(bed).await?;

    let mark = bed.audit().mark()?;
    let act = crowd.terminate(AGENCY).await?;
    crowd.until(&tenants, "PhiUnlocked", "False", PATIENCE).await?;
    quiet(bed).await?;
    let asked = requests(bed, mark)?;
    let all = bed.audit().after(mark).events()?;
    let ended = stored(&all, |e| e.object_ref.resource == "attestations" && e.object_ref.name == act)?;
    let late = |tenant: &String| {
        let of = |e: &ApiEvent| e.object_ref.resource == "configmaps" && e.object_ref.namespace == *tenant;
        let at = stored(&asked, |e| of(e) && !e.request_object.to_string().contains("leaseIssuedAt"))?;
        Ok(at.duration_since(ended).as_secs_f64())
    };
    let mut late = tenants.iter().map(late).collect::<Result<Vec<f64>>>()?;
    late.sort_by(f64::total_cmp);
    let (median, last) = (late[TENANTS / 2], late[TENANTS - 1]);
    println!("end of the agency's agreement to restrictive document stored: median {median:.3} s, last {last:.3} s");

    let writes = asked.iter().filter(|e| e.is_write());
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for event in writes {
        let sub = &event.object_ref.subresource;
        let what = if sub.is_empty() {
            event.object_ref.resource.clone()
        } else {
            format!("{}/{sub}", event.object_ref.resource)
        };
        *counts.entry(what).or_default() += 1;
    }
    println!("writes: {counts:?}");
    counts.remove("leases");
    let expected = [
        ("baas/status".to_owned(), 1),
        ("configmaps".to_owned(), TENANTS),
        // One a transition: of each tenant, and of the agreement.
        ("events".to_owned(), TENANTS + 1),
        ("healthcareplans/status".to_owned(), TENANTS),
    ];
    ensure!(counts == expected.into(), "something else was written: {counts:?}");
    ensure!(last <= 5.0, "the last is locked after {last:.3} s");
    Ok(())
}

/// When the first write that fits was answered.
fn stored(asked: &[ApiEvent], fits: impl Fn(&ApiEvent) -> bool) -> Result<Timestamp> {
    let found = asked.iter().find(|e| e.is_write() && e.code() < 300 && fits(e));
    Ok(found.context("nothing was written")?.stage_timestamp)
}
