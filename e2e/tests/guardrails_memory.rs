//! R26: what the guardrails cost the API server in memory: two beds after each other, alike but for them.

use anyhow::{Context, Result, ensure};
use kube::Client;
use ringfence_e2e::{Bed, Options, promise::explained, usage};
use serde_json::json;
use std::time::Duration;

/// Resident memory and live heap of the API server, MiB, after the same requests.
async fn measure(guardrails: bool) -> Result<[f64; 2]> {
    let bed = Bed::start_with(Options { guardrails, ..Options::default() }).await?;
    let seen = explained(&bed, "guardrails_memory", requests(&bed)).await;
    drop(bed);
    seen
}

async fn requests(bed: &Bed) -> Result<[f64; 2]> {
    let admin = bed.admin().await?;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "memory-"},
        "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}]}});
    for _ in 0..300 {
        let request = http::Request::post("/api/v1/namespaces/default/pods?dryRun=All");
        let request = request.header("content-type", "application/json").body(serde_json::to_vec(&pod)?)?;
        admin.request_text(request).await?;
    }
    // The least of some looks: between two rounds of the garbage collector the heap holds what nobody needs any more.
    let mut least = f64::MAX;
    for _ in 0..80 {
        least = least.min(heap_mib(&admin).await?);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok([usage::resident_mib(bed.control_plane().api_server().pid())?, least])
}

async fn heap_mib(admin: &Client) -> Result<f64> {
    let text = admin.request_text(http::Request::get("/metrics").body(vec![])?).await?;
    let line = text.lines().find_map(|l| l.strip_prefix("go_memstats_heap_alloc_bytes ")).context("the heap")?;
    Ok(line.trim().parse::<f64>()? / 1024.0 / 1024.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn guardrails_take_less_than_a_hundred_mebibytes() -> Result<()> {
    let (without, with) = (measure(false).await?, measure(true).await?);
    println!(
        "API server, MiB: resident {:.0} without, {:.0} with; live heap {:.0} without, {:.0} with",
        without[0], with[0], without[1], with[1]
    );
    ensure!(with[0] - without[0] < 100.0 && with[1] - without[1] < 100.0, "{without:?} {with:?}");
    Ok(())
}
