//! R26, R52, R55: `ringfence doctor` says who may read a tenant's logs and Secrets, what has fallen, and what it cannot see; the preflight says
//! what the guardrails would refuse.

mod faults;
mod patient;
mod preflight;
mod readers;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use patient::Doctor;
use ringfence_e2e::{Bed, promise::explained, scenario::Scenario};

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_wrong_and_who_may_read() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "doctor", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let operator = bed.operator().await?;
    operator.ready().await?;
    let tenant = Scenario::new(bed, "doctored", |_| ()).await?;
    tenant.unlock(1).await?;
    let admin = bed.admin().await?;
    let doctor = Doctor::new(bed, "dora@ringwell.example", Some("ringfence-doctor")).await?;
    a_healthy_installation_passes(&doctor)?;
    what_cannot_be_seen_does_not_pass(bed).await?;
    readers::are_named(bed, &doctor, &tenant.tenant).await?;
    faults::of_guardrails(&admin, &doctor).await?;
    faults::of_its_rights(&admin, &doctor).await?;
    faults::of_the_operator(operator, &doctor).await?;
    faults::of_the_key_service(bed, &doctor).await?;
    let writes = bed.audit().after(Default::default()).user(doctor.name).writes().events()?;
    ensure!(writes.is_empty(), "the doctor wrote: {}", writes[0].brief());
    preflight::lists_what_would_be_refused(bed, &admin, &tenant.tenant).await
}

fn a_healthy_installation_passes(doctor: &Doctor) -> Result<()> {
    let said = doctor.says(&[])?;
    said.ended(0)?;
    // The bed's own player of kubelets, which may write pods everywhere.
    ensure!(said.about("Warning") == BTreeSet::from(["User bed:kwok".to_owned()]), "{}", said.serious());
    said.must("Ok", "HealthcarePlans", "1: Ready True 1; PhiUnlocked True 1")?;
    said.must("Listed", "Kubernetes' own controllers", "read Secrets: ")?;
    let (code, table, _) = doctor.raw(&[])?;
    print!("{table}");
    ensure!(code == 0 && table.contains("Packets were never probed"), "{code} {table}");
    Ok(())
}

async fn what_cannot_be_seen_does_not_pass(bed: &Bed) -> Result<()> {
    let nobody = Doctor::new(bed, "nobody@ringwell.example", None).await?;
    let said = nobody.says(&[])?;
    said.ended(1)?;
    ensure!(said.about("Wrong").is_empty() && said.about("Unknown").len() > 80, "{}", said.serious());
    for finding in said.findings().filter(|f| f["level"] == "Unknown") {
        ensure!(finding["todo"].as_str().is_some_and(|t| !t.is_empty()), "{finding}");
    }
    for arguments in [&["--no-such-flag"][..], &["--context", "no-such-context"]] {
        let (code, out, err) = nobody.raw(arguments)?;
        ensure!(code == 2 && out.is_empty() && !err.is_empty(), "{arguments:?}: {code} {out} {err}");
    }
    Ok(())
}
