//! `make demo`: flips a tenant to a healthcare plan on real servers, and shows what holds, what heals and what closes.
//!
//! Every sentence that begins with ✓ was checked. `--exit` ends after the tour, with success only if all of them held;
//! without it everything stays up for `kubectl` until Ctrl-C.

mod cast;
mod end;
mod fences;
mod flip;
mod neighbour;
mod platform;
mod see;
mod stage;
mod text;
mod trouble;
mod wall;

use anyhow::{Result, bail};
use cast::{ACME, Cast, GLOBEX};
use ringfence_e2e::{Bed, dump, operator::Operator, tools};
use serde_json::Value;
use stage::Stage;
use std::process::ExitCode;
use text::plain;

/// What the chapters share once the servers run.
struct Tour<'a> {
    stage: &'a Stage,
    bed: &'a Bed,
    operator: &'a Operator,
    cast: Cast,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let exit = match arguments.as_slice() {
        [] => false,
        [only] if only == "--exit" => true,
        other => bail!("demo takes --exit or nothing, not {other:?}"),
    };
    let stage = Stage::new();
    stage.say(
        "Ringfence puts one customer of a call-tracking platform behind fences of its own, and opens nothing before all of \
         them stand. Everything here is real but the machines: etcd, the Kubernetes control plane and OpenBao run on this \
         computer, and the nodes are played. Nobody's data is used; the callers are made up.",
    );
    let mut held = None;
    let broken = tour(&stage, &mut held).await.err();
    let good = stage.summary(broken.as_ref());
    if let (false, Some((bed, _))) = (good, &held) {
        let report = dump::write(bed, "demo", &format!("{:?}", broken.as_ref())).await?;
        stage.line(&format!("  What was seen of the cluster, and all logs: {}", report.display()));
    }
    if let (false, Some((bed, _))) = (exit, &held) {
        stay(&stage, bed).await?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn tour(stage: &Stage, held: &mut Option<(Bed, Operator)>) -> Result<()> {
    stage.chapter("A cluster, a key service, and Ringfence");
    let started = flip::servers(stage).await?;
    let (bed, operator) = held.insert(started);
    let tour = Tour { stage, bed, operator, cast: Cast::of(bed).await? };
    tour.prepare().await?;
    stage.chapter("What a plan would do, before anybody does it");
    tour.preview().await?;
    stage.chapter("A call before: the account as everybody has it");
    let before = tour.call_before().await?;
    stage.chapter(&format!("{} goes on a healthcare plan", ACME.called));
    tour.flip(&ACME, true).await?;
    stage.chapter("The same call after");
    let after = tour.call_after().await?;
    stage.chapter("What stands around the tenant now");
    tour.show_fences().await?;
    stage.chapter(&format!("A second tenant, {}, and what it cannot do", GLOBEX.called));
    tour.neighbour().await?;
    stage.chapter("Somebody deletes the wall");
    tour.heal().await?;
    stage.chapter("Ringfence itself dies");
    tour.lease_runs_out().await?;
    stage.chapter("The clinic ends the agreement: recording off, phone on");
    let ended = tour.agreement_ends().await?;
    tour.compare(&[before, after, ended]);
    Ok(())
}

impl Tour<'_> {
    fn compare(&self, calls: &[Value; 3]) {
        let row = |what: &str, of: &dyn Fn(&Value) -> String| {
            let [before, after, ended] = calls.each_ref().map(of);
            [what.to_owned(), before, after, ended]
        };
        let kept = |call: &Value, item: &str| match (&call[item]["kept"], &call[item]["sealed"]) {
            (Value::Bool(true), Value::Bool(true)) => "kept, sealed".to_owned(),
            (Value::Bool(true), _) => "kept in clear".to_owned(),
            _ => "not kept".to_owned(),
        };
        self.stage.line("");
        self.stage.table(
            ["One call", "standard account", "on the plan", "agreement ended"],
            &[
                row("Phone", &|call: &Value| plain(&call["phone"])),
                row("Recording", &|call: &Value| kept(call, "recording")),
                row("Web form", &|call: &Value| kept(call, "form")),
                row("Mail to the desk", &|call: &Value| plain(&call["shown"]["call_mail"]["subject"])),
                row("Listening", &|call: &Value| plain(&call["shown"]["listening"])),
                row("Exports", &|call: &Value| plain(&call["shown"]["export"])),
            ],
        );
    }
}

async fn stay(stage: &Stage, bed: &Bed) -> Result<()> {
    stage.line("\n  Everything is still up, and yours. In another terminal:\n");
    println!("export KUBECONFIG={}", bed.admin_kubeconfig().display());
    println!("export BAO_ADDR={}", bed.openbao().address());
    println!("export BAO_CACERT={}", bed.openbao().ca().display());
    println!("export BAO_TOKEN={}", bed.openbao().root_token());
    if let Some(folder) = tools::tool("kubectl")?.parent() {
        println!("export PATH={}:$PATH", folder.display());
    }
    stage.line("kubectl get ringfence");
    stage.line("\n  Ctrl-C ends it and removes everything.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
