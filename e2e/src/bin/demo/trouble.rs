//! What happens when something falls: a wall, Ringfence itself, the agreement.

use crate::{
    Tour,
    cast::{ACME, GLOBEX, refusal},
    flip::LEASE,
    see::{self, Changes, RECORDING},
    stage::PATIENCE,
    text::seconds,
};
use anyhow::{Context, Result};
use futures::TryStreamExt;
use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use ringfence_e2e::evaluators;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How soon a lock must be published.
pub const LOCK: Duration = Duration::from_secs(5);
/// How long the windows may take to close by themselves: a lease of a minute, and the pace of looking.
const CLOSED: Duration = Duration::from_secs(75);

impl Tour<'_> {
    /// The base policy is deleted: locked, healed, open again.
    pub async fn heal(&self) -> Result<()> {
        let Tour { stage, cast, .. } = self;
        let policies: Api<NetworkPolicy> = Api::namespaced(cast.root.client.clone(), ACME.name);
        let stolen: Api<NetworkPolicy> = Api::namespaced(cast.thief.clone(), ACME.name);
        let was = policies.get("ringfence-base").await?.metadata.uid;
        let mut changes = Changes::of(&cast.erin.client, &ACME);
        changes.next(None).await?;
        let mut documents = see::documents(&cast.root.client, &ACME);
        documents.try_next().await?;
        stage.act(cast.root.called, "kubectl delete networkpolicy ringfence-base -n acme-dental");
        let refused = refusal(policies.delete("ringfence-base", &DeleteParams::default()).await.map_err(Into::into));
        stage.check(
            "a cluster administrator is refused: it is Ringfence's (G10)",
            refused.as_ref().is_ok_and(|said| said.contains("G10: ")),
            refused.unwrap_or_else(|why| why.to_string()),
        );
        stage.act("somebody with Ringfence's own identity", "deletes it");
        changes.restart_clock();
        let began = Instant::now();
        stolen.delete("ringfence-base", &DeleteParams::default()).await?;
        let (mut locked, mut opened) = (None, None);
        let healing = async {
            while opened.is_none() || !changes.told("PhiUnlocked False BasePolicyMissing") || !changes.open() {
                tokio::select! {
                    change = changes.next(Some(stage)) => change?,
                    document = documents.try_next() => {
                        let (at, document) = (began.elapsed(), document?.context("the watch of the document ended")?);
                        let open = evaluators::by(see::ENGINES[0], &document)?.get(RECORDING) == Some(&Value::Bool(true));
                        match (open, locked) {
                            (false, None) => {
                                stage.line(&format!("    {:>5.2} s  flags locked", at.as_secs_f64()));
                                locked = Some(at);
                            }
                            (true, Some(_)) => {
                                stage.line(&format!("    {:>5.2} s  flags open again", at.as_secs_f64()));
                                opened = Some(at);
                            }
                            _ => (),
                        }
                    }
                }
            }
            anyhow::Ok(())
        };
        stage.wait("the wall to stand again", PATIENCE, healing).await?;
        let now = policies.get("ringfence-base").await?.metadata.uid;
        stage.check(
            &format!("a missing wall locks within 5 s (here {})", seconds(locked)),
            locked.is_some_and(|at| at <= LOCK),
            seconds(locked),
        );
        stage.check(
            &format!("it is put up again, and only then the tenant opens ({} in all)", seconds(opened)),
            now.is_some() && now != was && opened > locked,
            seconds(opened),
        );
        stage.check(
            "the plan said so all the while: locked, and why; then open",
            changes.told("NetworkIsolated False BasePolicyMissing") && changes.open(),
            changes.says("PhiUnlocked"),
        );
        Ok(())
    }

    /// The operator is killed: fences stay, windows close by themselves; started again, it opens them.
    pub async fn lease_runs_out(&self) -> Result<()> {
        let Tour { stage, cast, operator, .. } = self;
        let document = see::document(&cast.root.client, &ACME).await?;
        let pid = operator.server().pid().context("the operator runs")?;
        stage.act(cast.root.called, &format!("kill -9 {pid}, the operator"));
        operator.server().kill();
        let began = Instant::now();
        stage.say(&format!(
            "Nobody renews now. What is open was written with a window of {LEASE}, {} s of which are used.",
            used(&document)
        ));
        self.guarded().await?;
        let closing = see::await_flag(&cast.root.client, &ACME, RECORDING, false);
        let closed = stage.wait("the window to close by itself, in both engines", CLOSED, closing).await;
        stage.check(
            &format!("with Ringfence dead, both engines say no after {} s", began.elapsed().as_secs()),
            closed.is_ok(),
            closed.err().map(|why| why.to_string()).unwrap_or_default(),
        );
        let now = see::document(&cast.root.client, &ACME).await?;
        stage.check("nobody had to write anything for that", now == document, "the document has changed");
        let [go, python] = see::flag(&cast.root.client, &ACME, "phi.read.allowed").await?;
        stage.check("what was kept can still be read", go == true && python == true, format!("{go} {python}"));
        stage.act(cast.root.called, "starts the operator again");
        let began = Instant::now();
        operator.server().start()?;
        let opening = async {
            for tenant in [&ACME, &GLOBEX] {
                see::await_flag(&cast.root.client, tenant, RECORDING, true).await?;
            }
            anyhow::Ok(())
        };
        let opened = stage.wait("both tenants to be open again", PATIENCE, opening).await;
        stage.check(
            &format!(
                "started again, it looks at every fence and opens both tenants ({:.1} s)",
                began.elapsed().as_secs_f64()
            ),
            opened.is_ok(),
            opened.err().map(|why| why.to_string()).unwrap_or_default(),
        );
        Ok(())
    }

    // What even a cluster administrator is refused while no operator runs.
    async fn guarded(&self) -> Result<()> {
        let Tour { stage, cast, .. } = self;
        let maps: Api<ConfigMap> = Api::namespaced(cast.root.client.clone(), ACME.name);
        let spaces: Api<Namespace> = Api::all(cast.root.client.clone());
        let asks = PatchParams::default();
        let forged = Patch::Merge(json!({ "data": { "flags.flagd.json": "{}" } }));
        let unfenced = Patch::Merge(json!({ "metadata": { "labels": { "ringfence.dev/tenant": "globex-clinic" } } }));
        let refused = [
            ("write flags", refusal(maps.patch("ringfence-flags", &asks, &forged).await.map_err(Into::into))),
            (
                "give the namespace to another tenant",
                refusal(spaces.patch(ACME.name, &asks, &unfenced).await.map_err(Into::into)),
            ),
            (
                "delete the namespace",
                refusal(spaces.delete(ACME.name, &DeleteParams::default()).await.map_err(Into::into)),
            ),
        ];
        let rows: Vec<[String; 2]> = refused
            .iter()
            .map(|(what, said)| {
                let said = said.as_ref().map_or_else(ToString::to_string, |said| {
                    said.rsplit("request: ").next().unwrap_or(said).to_owned()
                });
                [(*what).to_owned(), said]
            })
            .collect();
        stage.table(["AN ADMINISTRATOR TRIES TO", "THE API SERVER ANSWERS"], &rows);
        stage.check(
            "with Ringfence dead, its rules still hold for cluster administrators",
            refused.iter().all(|(_, said)| said.is_ok()),
            json!(rows),
        );
        Ok(())
    }
}

fn used(document: &str) -> i64 {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let issued = document["metadata"]["leaseIssuedAt"].as_i64().unwrap_or_default();
    jiff::Timestamp::now().as_second() - issued
}
