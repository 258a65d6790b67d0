//! `make bench`: what a thousand tenants cost, against a raw client that writes the same objects on the same servers in the same
//! run. `--tenants N` and `--block N` change the size, `-o json` the output.

mod converge;
mod floor;
mod later;
mod meter;
mod options;
mod report;
mod rest;
mod revoke;
mod template;

use anyhow::Result;
use options::{Options, Output};
use report::Report;
use ringfence_e2e::{
    Bed,
    crowd::{Crowd, names, quiet},
    usage::resident_mib,
};

/// The class of the tenants.
const CLASS: &str = "crowd";
/// How often a settled tenant is looked at after the restart.
const RESYNC_SECONDS: u64 = 60;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse()?;
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(ringfence_e2e::Options::CROWDED).await?));
    let report = run(bed, &options).await?;
    match options.output {
        Output::Table => println!("{}", report.table()),
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(())
}

async fn run(bed: &'static Bed, options: &Options) -> Result<Report> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let idle = resident_mib(meter::pid(&operator)?)?;
    say("a first tenant, whose objects the raw client copies");
    let crowd = Crowd::new(bed, CLASS).await?;
    let first = names("first", 0..1);
    crowd.nodes(&names("first-node", 0..1)).await?;
    crowd.agreements(&first, None).await?;
    crowd.plans(&first).await?;
    crowd.until(&first, "PhiUnlocked", "True", options.patience()).await?;
    quiet(bed).await?;
    let floor = floor::Floor::of(bed, &crowd, &first[0]).await?;

    let [floor, applied, same_writes, ringfence] = converge::alternate(bed, &operator, &crowd, &floor, options).await?;
    let resident = resident_mib(meter::pid(&operator)?)?;
    say("restart");
    let (operator, restart) = rest::restart(bed, operator, options).await?;
    let resident_restarted = resident_mib(meter::pid(&operator)?)?;
    say("a resync in which nothing changed");
    let resync = rest::resync(bed).await?;
    let (terminated, suspended) = revoke::one_by_one(bed, &crowd, options).await?;
    Ok(Report {
        tenants: options.tenants,
        floor,
        applied,
        same_writes,
        ringfence,
        resident_mib: [idle, resident, resident_restarted].into(),
        restart,
        resync,
        terminated,
        suspended,
    })
}

/// Says on stderr what is being done.
fn say(what: &str) {
    eprintln!("{what}");
}
