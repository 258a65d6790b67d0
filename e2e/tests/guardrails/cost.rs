//! What a pod's creation costs with and without the guardrails, in one run, turned on and off in turns. Printed, not judged: machines differ.

use std::time::Instant;

use anyhow::{Result, ensure};
use kube::Client;
use ringfence_e2e::{
    Bed,
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

/// Creates pods that wait, one after the other, and takes them away; milliseconds each.
async fn block(admin: &Client, space: &str) -> Result<Vec<f64>> {
    let gated = json!({"schedulingGates": [{"name": "example.dev/wait"}], "terminationGracePeriodSeconds": 0});
    let mut took = vec![];
    for n in 0..PODS {
        let mut pod = pod_in(space, &format!("gr-cost-{n}"), gated.clone());
        pod["metadata"]["labels"] = json!({"gr": "cost"});
        let began = Instant::now();
        Ask::create(pod).done(admin).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ask::delete(format!("{}/pods?labelSelector=gr=cost", namespace(space))).done(admin).await?;
    wait::until("the pods are gone", async || {
        let left = get(admin, &format!("{}/pods?labelSelector=gr=cost", namespace(space))).await?;
        let n = left["items"].as_array().map_or(0, Vec::len);
        Ok(if n == 0 { Look::Done(()) } else { Look::Not(format!("{n} pods")) })
    })
    .await?;
    Ok(took)
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
    for _ in 0..ROUNDS {
        for on in [true, false] {
            if !on {
                turn(&admin, &bindings, false).await?;
            }
            for (place, space) in [FENCED, PLAIN].into_iter().enumerate() {
                took[place][usize::from(on)].append(&mut block(&admin, space).await?);
            }
        }
        turn(&admin, &bindings, true).await?;
    }
    for (place, samples) in ["tenant namespace", "other namespace"].into_iter().zip(took) {
        let [without, with] = samples.map(median);
        println!(
            "cost: {place}: {without:.2} ms without, {with:.2} ms with, ratio {:.2} (n = {} each)",
            with / without,
            ROUNDS * PODS
        );
        ensure!(with / without < 10.0, "{place}: {without} {with}");
    }
    Ok(())
}
