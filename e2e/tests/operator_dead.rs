//! R11, R55, S7, S12, S16: quiet when converged, nothing written at a restart, windows that close with nobody running, and a
//! namespace that was replaced gets nothing. On a bed of its own, without guardrails: they would forbid what is tried here.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use ringfence_e2e::{
    Bed, Options,
    audit::Mark,
    operator::{self, Operator},
    promise::explained,
    scenario::Scenario,
    wait::{self, Look},
};
use serde_json::json;

const RESYNC: [&str; 2] = ["--resync", "2s"];

/// How many plans were reconciled, by the operator's own count.
async fn reconciles(operator: &Operator) -> Result<u64> {
    let (_, text) = operator.page("metrics").await?;
    let counts = text.lines().filter(|l| l.starts_with("ringfence_reconciles_total") && l.contains("kind=\"plan\""));
    Ok(counts.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}

async fn after_reconciles(operator: &Operator, more: u64) -> Result<()> {
    let before = reconciles(operator).await?;
    wait::until("further reconciles", async || {
        let now = reconciles(operator).await?;
        Ok(if now >= before + more { Look::Done(()) } else { Look::Not(format!("{} of {more}", now - before)) })
    })
    .await
}

fn writes(bed: &Bed, mark: Mark) -> Result<Vec<String>> {
    let query = bed
        .audit()
        .after(mark)
        .service_account(operator::NAMESPACE, operator::ACCOUNT)
        .writes()
        .filter(|e| e.object_ref.resource != "leases");
    Ok(query.events()?.iter().map(ringfence_e2e::audit::ApiEvent::brief).collect())
}

#[tokio::test]
async fn protection_holds_without_the_operator_and_costs_nothing_with_it() -> Result<()> {
    let options = Options { guardrails: false, ..Options::default() };
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(options).await?));
    explained(bed, "operator_dead", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let operator = bed.start_operator("first", &RESYNC).await?;
    operator.ready().await?;
    let settled = Scenario::new(bed, "settled", |_| ()).await?;
    settled.unlock(2).await?;
    settled.await_condition("Ready", "True", "").await?;
    after_reconciles(&operator, 1).await?;

    let mark = bed.audit().mark()?;
    after_reconciles(&operator, 3).await?;
    let seen = writes(bed, mark)?;
    ensure!(seen.is_empty(), "three resyncs wrote {seen:?}");
    let reads = bed
        .audit()
        .after(mark)
        .service_account(operator::NAMESPACE, operator::ACCOUNT)
        .filter(|e| e.verb != "watch" && e.object_ref.resource != "leases")
        .events()?;
    ensure!(reads.is_empty(), "three resyncs read {} times", reads.len());

    let mark = bed.audit().mark()?;
    operator.server().terminate().await?;
    let operator = bed.start_operator("second", &RESYNC).await?;
    operator.ready().await?;
    after_reconciles(&operator, 3).await?;
    let seen = writes(bed, mark)?;
    ensure!(seen.is_empty(), "a restart wrote {seen:?}");
    println!("writes over three resyncs: 0; over a restart: 0; but for the replica's own lease");

    let short = Scenario::new(bed, "short", |class| class["flags"]["lease"] = json!("1m")).await?;
    short.unlock(1).await?;
    operator.server().kill();
    let killed = std::time::Instant::now();
    let flags = short.await_flag("capture.recording.allowed", json!(false)).await?;
    println!(
        "restrictive by both engines {:.0} s after the operator was killed, lease 60 s",
        killed.elapsed().as_secs_f64()
    );
    ensure!(killed.elapsed().as_secs() <= 75, "{:?}", killed.elapsed());
    ensure!(flags["export.mode"] == "off" && flags["covered.entities"] == json!({}), "{flags:?}");
    ensure!(flags["phi.read.allowed"] == true, "a clinic keeps its records");
    let unseen = settled.neighbour("unseen").await?;
    unseen.plan(1).await?;
    let (status, reason, message) = unseen.condition("Ready").await?;
    ensure!((status, reason) == ("Unknown".into(), "NotObserved".into()), "nobody looked at it, and it says {message}");

    let operator = bed.start_operator("third", &RESYNC).await?;
    operator.ready().await?;
    short.await_open().await?;
    sealed(bed, &settled).await?;
    lost(bed, &short).await?;
    replaced(bed, &settled).await
}

/// A sealed key service is unknown, not gone: nothing is renewed, nothing is closed at once, and it comes back by itself.
async fn sealed(bed: &'static Bed, tenant: &Scenario) -> Result<()> {
    bed.openbao().seal().await?;
    tenant.await_condition("KeysReady", "Unknown", "KeyServiceSealed").await?;
    tenant.await_condition("PhiUnlocked", "Unknown", "KeyServiceSealed").await?;
    ensure!(tenant.flags().await?["capture.recording.allowed"] == true, "a sealed key service locks nothing at once");
    bed.openbao().unseal().await?;
    tenant.await_condition("KeysReady", "True", "KeysVerified").await?;
    tenant.await_condition("PhiUnlocked", "True", "Unlocked").await.map(|_| ())
}

/// A key that is gone is lost: locked at once, and never made again.
async fn lost(bed: &'static Bed, tenant: &Scenario) -> Result<()> {
    let root = bed.openbao().root()?;
    let key = format!("ringfence-phi/keys/{}", tenant.tenant);
    root.expect(200, "POST", &format!("{key}/config"), Some(json!({ "deletion_allowed": true }))).await?;
    tenant.await_condition("KeysReady", "False", "KeySettingsWrong").await?;
    let mark = bed.openbao().audit().mark()?;
    root.expect(204, "DELETE", &key, None).await?;
    tenant.await_condition("KeysReady", "False", "KeyLost").await?;
    let flags = tenant.await_flag("capture.recording.allowed", json!(false)).await?;
    ensure!(flags["phi.read.allowed"] == false, "without its key there is nothing to read");
    let made = bed.openbao().audit().responses(mark, &key)?;
    let made = made.iter().filter(|e| e.path() == key && matches!(e.operation(), "create" | "update")).count();
    ensure!(made == 0, "{made} creations of a lost key");
    Ok(())
}

/// A tenant's namespace that is deleted and made again is not the tenant's: no key, no label, no object.
async fn replaced(bed: &'static Bed, tenant: &Scenario) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(tenant.admin.clone());
    bed.key_login(&tenant.tenant, "ringfence-app", "ringfence-tenant").await.context("logs in while fenced")?;
    namespaces.delete(&tenant.tenant, &DeleteParams::default()).await?;
    wait::gone(&namespaces, &tenant.tenant).await?;
    tenant.await_condition("PhiUnlocked", "False", "NamespaceReplaced").await?;
    let again = json!({ "metadata": { "name": tenant.tenant } });
    namespaces.create(&PostParams::default(), &serde_json::from_value(again)?).await?;
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "ringfence-app", "namespace": tenant.tenant } });
    ringfence_e2e::manifests::apply(&tenant.admin, account).await?;
    tenant.await_condition("Stalled", "True", "NamespaceReplaced").await?;
    let refused = bed.key_login(&tenant.tenant, "ringfence-app", "ringfence-tenant").await;
    ensure!(refused.is_err(), "a namespace of a former tenant's name logged in");
    let is = namespaces.get(&tenant.tenant).await?;
    let labels = is.metadata.labels.unwrap_or_default();
    ensure!(!labels.keys().any(|l| l.starts_with("ringfence.dev/")), "{labels:?}");
    Ok(())
}
