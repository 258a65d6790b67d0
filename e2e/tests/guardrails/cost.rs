//! What a pod's creation costs with and without the guardrails, in one run, turned on and off in turns. Printed, not judged: machines differ.

use std::time::Instant;

use anyhow::{Result, ensure};
use kube::Client;
use ringfence_e2e::{
    Bed,
    table::Table,
    usage,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask, get},
    things::{FENCED, OPEN, PLAIN, POOL, namespace, pod_in},
};

const ROUNDS: usize = 4;
const PODS: usize = 40;
const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

/// Ringfence's bindings, as they can be made again.
async fn bindings(admin: &Client) -> Result<Vec<Value>> {
    let mut all = vec![];
    for (plural, kind) in [
        ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
        ("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
    ] {
        let found = get(admin, &format!("{GROUP}/{plural}")).await?;
        for item in found["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|b| b["metadata"]["name"].as_str().is_some_and(|n| n.starts_with("ringfence-")))
        {
            all.push(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": item["metadata"]["name"]}, "spec": item["spec"]}));
        }
    }
    Ok(all)
}

/// Puts them there or takes them away, and waits until the first and the last of them do or do nothing.
async fn turn(admin: &Client, bindings: &[Value], on: bool) -> Result<()> {
    for binding in bindings {
        let ask = if on { Ask::create(binding.clone()) } else { Ask::delete(crate::ask::path(binding)) };
        ask.done(admin).await?;
    }
    wait::until(&format!("M1 is {}", if on { "on" } else { "off" }), async || {
        let seen = Ask::create(pod_in(FENCED, "gr-cost", json!({}))).dry().send(admin, admin).await?;
        let placed = matches!(&seen, Answer::Passed(pod) if pod["spec"]["nodeSelector"][POOL] == FENCED);
        let passed = matches!(&seen, Answer::Passed(_));
        Ok(if passed && placed == on { Look::Done(()) } else { Look::Not(format!("{seen:?}")) })
    })
    .await?;
    for (what, ask) in [
        ("G1", Ask::create(pod_in(OPEN, "gr-cost", json!({}))).dry()),
        ("G14", Ask::delete(format!("{}/serviceaccounts/ringfence-app", namespace(FENCED))).dry()),
        (
            "G2",
            Ask::create(pod_in(
                PLAIN,
                "gr-cost",
                json!({"tolerations": [{"key": "ringfence.dev/pool", "value": FENCED}]}),
            ))
            .dry(),
        ),
    ] {
        wait::until(&format!("{what} is {}", if on { "on" } else { "off" }), async || {
            let seen = ask.send(admin, admin).await?;
            let refused = matches!(&seen, Answer::Refused(_, why) if why.contains("denied request"));
            Ok(if refused == on { Look::Done(()) } else { Look::Not(format!("{seen:?}")) })
        })
        .await?;
    }
    Ok(())
}

/// Creates pods that wait, one after the other, and takes them away; milliseconds each, and the API server's processor seconds for all.
async fn block(admin: &Client, server: u32, space: &str) -> Result<(Vec<f64>, f64)> {
    let gated = json!({"schedulingGates": [{"name": "example.dev/wait"}], "terminationGracePeriodSeconds": 0});
    let (mut took, before) = (vec![], usage::cpu_seconds(server)?);
    for n in 0..PODS {
        let mut pod = pod_in(space, &format!("gr-cost-{n}"), gated.clone());
        pod["metadata"]["labels"] = json!({"gr": "cost"});
        let began = Instant::now();
        Ask::create(pod).done(admin).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let used = usage::cpu_seconds(server)? - before;
    Ask::delete(format!("{}/pods?labelSelector=gr=cost", namespace(space))).done(admin).await?;
    wait::until("the pods are gone", async || {
        let left = get(admin, &format!("{}/pods?labelSelector=gr=cost", namespace(space))).await?;
        let n = left["items"].as_array().map_or(0, Vec::len);
        Ok(if n == 0 { Look::Done(()) } else { Look::Not(format!("{n} pods")) })
    })
    .await?;
    Ok((took, used))
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Prints the ratios.
pub async fn cost(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let bindings = bindings(&admin).await?;
    ensure!(bindings.len() >= 30, "{} bindings", bindings.len());
    let mut took: [[Vec<f64>; 2]; 2] = Default::default();
    let (mut used, server) = ([[0.0; 2]; 2], bed.control_plane().api_server().pid());
    for _ in 0..ROUNDS {
        for on in [true, false] {
            if !on {
                turn(&admin, &bindings, false).await?;
            }
            // Rules that were put back are compiled, which is no pod's cost.
            settle().await;
            for (place, space) in [FENCED, PLAIN].into_iter().enumerate() {
                let (mut each, all) = block(&admin, server, space).await?;
                took[place][usize::from(on)].append(&mut each);
                used[place][usize::from(on)] += all;
            }
        }
        turn(&admin, &bindings, true).await?;
    }
    let pods = (ROUNDS * PODS) as f64;
    for ((place, samples), used) in ["tenant namespace", "other namespace"].into_iter().zip(took).zip(used) {
        let [without, with] = samples.map(median);
        let [less, more] = used.map(|seconds| seconds * 1000.0 / pods);
        println!(
            "cost: {place}: {without:.2} ms without, {with:.2} ms with, ratio {:.2}; processor {less:.2} ms without, {more:.2} ms with, ratio {:.2} (n = {pods} each)",
            with / without,
            more / less
        );
        ensure!(with / without < 10.0, "{place}: {without} {with}");
    }
    // Takes over a minute, and judges nothing.
    if std::env::var_os("RINGFENCE_MEASURE").is_some() {
        singly(bed, &admin, &bindings).await?;
    }
    checks(&admin).await
}

/// What some of the rules cost by themselves: dry runs, and the API server's processor time, for a pod each.
async fn singly(bed: &Bed, admin: &Client, bindings: &[Value]) -> Result<()> {
    const PODS: usize = 300;
    let pid = bed.control_plane().api_server().pid();
    let mut table = Table::new(&["pod's namespace", "rules in force", "p50, dry run", "processor time"]);
    turn(admin, bindings, false).await?;
    for (space, rules) in [
        (PLAIN, &[][..]),
        (PLAIN, &["ringfence-g02-foreign-pods"]),
        (PLAIN, &["ringfence-m2-keep-off"]),
        (PLAIN, &["all"]),
        (FENCED, &[]),
        (FENCED, &["ringfence-m1-placement"]),
        (FENCED, &["ringfence-g01-tenant-pods"]),
        (FENCED, &["all"]),
    ] {
        let wanted = |b: &&Value| rules == ["all"] || rules.iter().any(|r| b["metadata"]["name"] == *r);
        let chosen: Vec<Value> = bindings.iter().filter(wanted).cloned().collect();
        ensure!(chosen.len() >= rules.len(), "{rules:?} are not there");
        for binding in &chosen {
            Ask::create(binding.clone()).done(admin).await?;
        }
        settle().await;
        let pod = || {
            let pool = json!({"nodeSelector": {POOL: FENCED}, "tolerations": [{"key": "ringfence.dev/pool", "value": FENCED}]});
            pod_in(space, "gr-cost", if space == FENCED { pool } else { json!({}) })
        };
        let (mut took, before) = (vec![], usage::cpu_seconds(pid)?);
        for _ in 0..PODS {
            let began = Instant::now();
            Ask::create(pod()).dry().done(admin).await?;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        let cpu = (usage::cpu_seconds(pid)? - before) * 1000.0 / PODS as f64;
        let names: Vec<&str> = rules.iter().map(|r| r.trim_start_matches("ringfence-")).collect();
        let where_ = if space == FENCED { "a tenant's" } else { "another" };
        let which = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        table.row(vec![where_.into(), which, format!("{:.2} ms", median(took)), format!("{cpu:.2} ms")]);
        for binding in &chosen {
            Ask::delete(crate::ask::path(binding)).done(admin).await?;
        }
        settle().await;
    }
    println!("{}", table.markdown(4));
    turn(admin, bindings, true).await
}

/// Rules reach the API server and are compiled within one to two seconds after they are stored; not all of them have an effect to wait for.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
}

/// How long the checks of Ringfence's rules took, by the API server's own count.
async fn checks(admin: &Client) -> Result<()> {
    let text = admin.request_text(http::Request::get("/metrics").body(vec![])?).await?;
    for kind in ["validating", "mutating"] {
        let name = format!("apiserver_{kind}_admission_policy_check_duration_seconds");
        let of = |suffix: &str| -> f64 {
            let ours =
                text.lines().filter(|l| l.starts_with(&format!("{name}{suffix}")) && l.contains("policy=\"ringfence-"));
            ours.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let (all, sum) = (of("_count"), of("_sum"));
        ensure!(all > 0.0, "{name} counts nothing");
        let share = |bound: &str| -> f64 {
            let within = text.lines().filter(|l| {
                l.starts_with(&format!("{name}_bucket"))
                    && l.contains("policy=\"ringfence-")
                    && l.contains(&format!("le=\"{bound}\""))
            });
            within.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() / all * 100.0
        };
        println!(
            "checks, {kind}: {all} of {:.3} ms each; within 1 ms {:.1} %, within 10 ms {:.2} %, within 100 ms {:.3} %",
            sum / all * 1000.0,
            share("0.001"),
            share("0.01"),
            share("0.1")
        );
    }
    Ok(())
}
