//! probe
use anyhow::Result;
use ringfence_e2e::{Bed, tools};
#[tokio::test(flavor = "multi_thread")]
async fn probe() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    bed.operator().await?.ready().await?;
    let t = std::time::Instant::now();
    let out = std::process::Command::new(tools::operator()?)
        .args(["doctor", "--kubeconfig"])
        .arg(bed.admin_kubeconfig())
        .output()?;
    println!(
        "{}\n{}\n{:?} {:?}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
        out.status,
        t.elapsed()
    );
    Ok(())
}
