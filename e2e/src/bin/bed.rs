//! Starts a bed for people: prints what a shell needs to use it, and ends it with Ctrl-C.

use anyhow::Result;
use ringfence_e2e::{Bed, Options, tools::tool};
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let began = Instant::now();
    let options = match has("--bare") {
        true => Options::BARE,
        false => Options { guardrails: !has("--no-guardrails"), ..Options::default() },
    };
    let bed = Bed::start_with(options).await?;
    eprintln!("started in {:.1} s, in {}; Ctrl-C ends it", began.elapsed().as_secs_f64(), bed.folder().display());
    println!("export KUBECONFIG={}", bed.admin_kubeconfig().display());
    println!("export BAO_ADDR={}", bed.openbao().address());
    println!("export BAO_CACERT={}", bed.openbao().ca().display());
    println!("export BAO_TOKEN={}", bed.openbao().root_token());
    if let Some(folder) = tool("kubectl")?.parent() {
        println!("export PATH={}:$PATH", folder.display());
    }
    if has("--pids") {
        let pids: Vec<String> = bed.pids().iter().map(u32::to_string).collect();
        println!("# pids {}", pids.join(" "));
    }
    if has("--operator") {
        bed.operator().await?;
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
