//! R52: a guardrail that is taken away or weakened is told within seconds, holds every window after a minute, and heals.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams},
    core::GroupVersionKind,
};
use ringfence_e2e::{
    Bed, manifests,
    operator::Operator,
    promise::explained,
    scenario::Scenario,
    tools::repository,
    wait::{self, Look},
};
use serde_json::{Value, json};

/// Every shipped object.
fn shipped() -> Result<Vec<Value>> {
    let mut files: Vec<_> = std::fs::read_dir(repository().join("manifests/guardrails"))?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    let yaml = files.iter().map(std::fs::DirEntry::path).filter(|p| p.extension().is_some_and(|e| e == "yaml"));
    Ok(yaml.map(|p| manifests::read(&p)).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn api(client: &Client, object: &Value) -> Api<DynamicObject> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let plural = if kind.ends_with("Policy") {
        format!("{}ies", kind.to_lowercase().trim_end_matches('y'))
    } else {
        format!("{}s", kind.to_lowercase())
    };
    let gvk = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    Api::all_with(client.clone(), &ApiResource::from_gvk_with_plural(&gvk, &plural))
}

/// Waits until the operator counts so many, and says how long it took.
async fn counted(operator: &Operator, wrong: usize) -> Result<Duration> {
    let began = Instant::now();
    let line = format!("ringfence_guardrails_wrong {wrong}");
    wait::until(&line, async || {
        let (_, metrics) = operator.page("metrics").await?;
        let is = metrics.lines().find(|l| l.starts_with("ringfence_guardrails_wrong ")).unwrap_or_default().to_owned();
        Ok(if is == line { Look::Done(()) } else { Look::Not(is) })
    })
    .await?;
    Ok(began.elapsed())
}

/// Takes an object away, or weakens it, and returns what was there.
async fn weaken(api: &Api<DynamicObject>, name: &str, n: usize) -> Result<DynamicObject> {
    let was = api.get(name).await?;
    let spec = was.data["spec"].clone();
    let weaker = match (n % 4, spec["validations"].is_array(), spec["validationActions"].is_array()) {
        (0, ..) => None,
        (1, true, _) => Some(json!({ "failurePolicy": "Ignore" })),
        (2, true, _) => Some(json!({ "matchConditions": [{ "name": "never", "expression": "false" }] })),
        (_, true, _) => Some(json!({ "validations": [{ "expression": "true" }] })),
        (_, _, true) => Some(json!({ "validationActions": ["Audit"] })),
        _ => None,
    };
    match weaker {
        None => drop(api.delete(name, &DeleteParams::default()).await?),
        Some(change) => {
            let mut now = was.clone();
            for (field, value) in change.as_object().into_iter().flatten() {
                now.data["spec"][field] = value.clone();
            }
            api.replace(name, &PostParams::default(), &now).await?;
        }
    }
    Ok(was)
}

async fn put_back(api: &Api<DynamicObject>, name: &str, mut was: DynamicObject) -> Result<()> {
    was.metadata.managed_fields = None;
    match api.get_opt(name).await? {
        Some(now) => {
            was.metadata.resource_version = now.metadata.resource_version;
            api.replace(name, &PostParams::default(), &was).await?;
        }
        None => {
            (was.metadata.resource_version, was.metadata.uid) = (None, None);
            api.create(&PostParams::default(), &was).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardrail_that_falls_is_told_holds_every_window_and_heals() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "guardrails_watched", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &["--resync", "2s"]).await?;
    operator.ready().await?;
    counted(&operator, 0).await?;
    let tenant = Scenario::new(bed, "watched", |_| ()).await?;
    tenant.unlock(1).await?;
    let admin = bed.admin().await?;
    let (all, mut slowest) = (shipped()?, Duration::ZERO);
    for (n, object) in all.iter().enumerate() {
        let (api, name) = (api(&admin, object), object["metadata"]["name"].as_str().context("a name")?);
        let was = weaken(&api, name, n).await?;
        slowest = slowest.max(counted(&operator, 1).await.with_context(|| name.to_owned())?);
        put_back(&api, name, was).await?;
        slowest = slowest.max(counted(&operator, 0).await.with_context(|| name.to_owned())?);
    }
    println!(
        "{} objects taken away or weakened, each told and seen healed within {:.1} s",
        all.len(),
        slowest.as_secs_f64()
    );
    ensure!(slowest.as_secs() < 10, "{slowest:?}");
    tenant.await_open().await?;
    let told = Api::<Event>::all(admin.clone()).list(&ListParams::default()).await?;
    let told = told.items.iter().filter(|e| e.reason.as_deref() == Some("GuardrailsWrong")).count();
    ensure!(told > 0, "no Event tells of it");

    let binding = all.iter().find(|o| {
        o["metadata"]["name"] == "ringfence-g05-namespaces" && o["kind"] == "ValidatingAdmissionPolicyBinding"
    });
    let binding = binding.context("the binding of G5")?;
    let (api, name) = (api(&admin, binding), "ringfence-g05-namespaces");
    let was = weaken(&api, name, 0).await?;
    let fallen = Instant::now();
    let message = tenant.await_condition("NamespaceFenced", "Unknown", "GuardrailsWrong").await?;
    let after = fallen.elapsed();
    ensure!(message.contains(name) && after.as_secs() >= 55, "{after:?}: {message}");
    tenant.await_condition("PhiUnlocked", "Unknown", "GuardrailsWrong").await?;
    ensure!(tenant.flags().await?["capture.recording.allowed"] == true, "what is open is left to lapse");
    let window = tenant.document().await?;
    let waiting = tenant.neighbour("waiting").await?;
    waiting.inventory(1).await?;
    waiting.agreement(-60, None).await?;
    waiting.sign().await?;
    waiting.plan(1).await?;
    waiting.await_condition("PhiUnlocked", "False", "GuardrailsWrong").await?;
    println!("nothing is renewed {:.0} s after a guardrail fell, and nothing opened", after.as_secs_f64());
    ensure!(tenant.document().await? == window, "a window was renewed");
    put_back(&api, name, was).await?;
    tenant.await_condition("PhiUnlocked", "True", "Unlocked").await?;
    waiting.await_open().await
}
