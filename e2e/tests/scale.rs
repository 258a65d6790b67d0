//! S10, S16: what a tenant costs does not grow with their number, nothing is asked when nothing changed, and a restart writes nothing.
//! `make bench` measures the same with a thousand; here are counts alone, because they hold on every machine.

use std::time::Duration;

use anyhow::{Result, ensure};
use ringfence_e2e::{
    Bed, Options,
    crowd::{Asked, Crowd, asked, looked, names, quiet, requests},
    promise::explained,
};

const TENANTS: usize = 30;
/// Objects of a tenant of the example's class: record, namespace, flag document, two NetworkPolicies, quota, account, RoleBinding.
const OBJECTS: usize = 8;
const NODES: usize = 1;
const RESYNC: [&str; 2] = ["--resync", "5s"];
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test]
async fn tenants_cost_few_writes_and_nothing_once_they_stand() -> Result<()> {
    let bed = Bed::start_with(Options::CROWDED).await?;
    explained(&bed, "scale", story(&bed)).await
}

async fn story(bed: &Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &RESYNC).await?;
    operator.ready().await?;
    let (crowd, tenants) = (Crowd::new(bed, "crowd").await?, names("tenant", 0..TENANTS));
    crowd.nodes(&names("node", 0..TENANTS * NODES)).await?;
    crowd.agreements(&tenants, None).await?;
    quiet(bed).await?;

    let mark = bed.audit().mark()?;
    crowd.plans(&tenants).await?;
    crowd.until(&tenants, "PhiUnlocked", "True", PATIENCE).await?;
    quiet(bed).await?;
    let (writes, bound) = (asked(bed, mark)?.writes, OBJECTS + NODES + 8);
    println!("{:.2} writes a tenant, at most {bound}", writes as f64 / TENANTS as f64);
    ensure!(writes <= bound * TENANTS, "{writes} writes for {TENANTS} tenants, at most {bound} each");

    let mark = bed.audit().mark()?;
    looked(&operator, 2 * TENANTS as u64).await?;
    still(bed, mark, "two resyncs", Asked::default())?;

    operator.server().terminate().await?;
    let mark = bed.audit().mark()?;
    let operator = bed.start_operator("restarted", &RESYNC).await?;
    looked(&operator, TENANTS as u64).await?;
    let lists = asked(bed, mark)?.lists;
    still(bed, mark, "a restart", Asked { lists, ..Asked::default() })
}

fn still(bed: &Bed, mark: ringfence_e2e::audit::Mark, what: &str, allowed: Asked) -> Result<()> {
    let seen = asked(bed, mark)?;
    println!("{what}: {seen:?}");
    let brief = || requests(bed, mark).map(|all| all.iter().map(|e| e.brief()).collect::<Vec<_>>().join("\n"));
    ensure!(seen == allowed, "{what} of {TENANTS} tenants, in which nothing changed: {seen:?}\n{}", brief()?);
    Ok(())
}
