//! R01, S12: a hundred agreements that end in the same second are all locked within 5 s, half of them within one, and none early.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use ringfence_e2e::{
    Bed, Options,
    audit::ApiEvent,
    crowd::{Crowd, names, quiet, requests},
    promise::explained,
    scenario::seconds_from_now,
};

const TENANTS: usize = 100;
/// Seconds from the first agreement to the end of all.
const TERM: i64 = 40;
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_hundred_agreements_that_end_at_once_lock_at_their_moment() -> Result<()> {
    let bed = Bed::start_with(Options::CROWDED).await?;
    explained(&bed, "same_second", story(&bed)).await
}

async fn story(bed: &Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let (crowd, tenants) = (Crowd::new(bed, "crowd").await?, names("tenant", 0..TENANTS));
    crowd.nodes(&names("node", 0..TENANTS)).await?;
    crowd.plans(&tenants).await?;
    crowd.until(&tenants, "KeysReady", "True", PATIENCE).await?;
    quiet(bed).await?;

    let mark = bed.audit().mark()?;
    let end: Timestamp = seconds_from_now(TERM).parse()?;
    crowd.agreements(&tenants, Some(&end.to_string())).await?;
    crowd.until(&tenants, "PhiUnlocked", "True", PATIENCE).await?;
    let before = end.duration_since(Timestamp::now()).as_secs_f64();
    println!("{TENANTS} tenants are open {before:.1} s before the end");
    ensure!(before > 0.0, "the machine is too slow: not all were open before the end");
    crowd.until(&tenants, "PhiUnlocked", "False", PATIENCE).await?;

    let asked = requests(bed, mark)?;
    let mut late = tenants.iter().map(|t| late(&asked, t, end)).collect::<Result<Vec<_>>>()?;
    late.sort_by(f64::total_cmp);
    let (first, median, last) = (late[0], late[TENANTS / 2], late[TENANTS - 1]);
    println!("end to restrictive document stored: first {first:.3} s, median {median:.3} s, last {last:.3} s");
    ensure!(first >= 0.0, "locked {:.3} s early", -first);
    ensure!(median <= 1.0, "half of them are locked after {median:.3} s");
    ensure!(last <= 5.0, "the last is locked after {last:.3} s");
    Ok(())
}

/// Seconds from the end of the agreement to the first restrictive document after an open one.
fn late(asked: &[ApiEvent], tenant: &str, end: Timestamp) -> Result<f64> {
    let documents = asked.iter().filter(|e| {
        e.is_write() && e.object_ref.resource == "configmaps" && e.object_ref.namespace == tenant && e.code() < 300
    });
    let opens = |e: &&ApiEvent| e.request_object.to_string().contains("leaseIssuedAt");
    let mut since_open = documents.skip_while(|e| !opens(e));
    ensure!(since_open.next().is_some(), "{tenant} was never open");
    let closing = since_open.find(|e| !opens(e)).with_context(|| format!("{tenant} was not locked"))?;
    Ok(closing.stage_timestamp.duration_since(end).as_secs_f64())
}
