//! R26, S3: a hole in the network, which others cannot make (G10), locks before it is closed; the flag document is nobody else's. The whole table:
//! `tests/drift`.

use anyhow::{Context, Result, ensure};
use k8s_openapi::{
    api::{
        core::v1::ConfigMap,
        networking::v1::{NetworkPolicy, NetworkPolicyIngressRule},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use ringfence_e2e::{
    promise,
    scenario::Scenario,
    wait::{self, Look},
};
use serde_json::json;

#[tokio::test]
async fn a_missing_or_wider_base_policy_locks_is_healed_and_opens_again() -> Result<()> {
    promise("a_missing_base_policy_locks", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "policy", |_| ()).await?;
        story.unlock(1).await?;
        let by_admin: Api<NetworkPolicy> = Api::namespaced(story.admin.clone(), &story.tenant);
        let refused = by_admin.delete("ringfence-base", &DeleteParams::default()).await.err();
        let why = refused.context("an administrator deleted it")?.to_string();
        ensure!(why.contains("G10"), "{why}");
        let policies: Api<NetworkPolicy> = Api::namespaced(story.thief().await?, &story.tenant);
        for what in ["deleted", "widened"] {
            let mark = bed.audit().mark()?;
            if what == "deleted" {
                policies.delete("ringfence-base", &DeleteParams::default()).await?;
            } else {
                let open = json!({ "spec": { "ingress": [{ "from": [{ "namespaceSelector": {} }] }] } });
                policies.patch("ringfence-base", &PatchParams::default(), &Patch::Merge(open)).await?;
            }
            let healed = wait::until("a restrictive document, then the policy, then open again", async || {
                let writes = story.writes(mark)?;
                let closed = writes.iter().position(|w| {
                    w.object_ref.resource == "configmaps" && !w.request_object.to_string().contains("leaseIssuedAt")
                });
                let healed = writes.iter().position(|w| {
                    w.object_ref.resource == "networkpolicies"
                        && w.code() < 300
                        && matches!(&*w.verb, "create" | "update")
                });
                let opened = writes.iter().position(|w| {
                    w.object_ref.resource == "configmaps" && w.request_object.to_string().contains("leaseIssuedAt")
                });
                Ok(match (closed, healed, opened) {
                    (Some(c), Some(h), Some(o)) => Look::Done((c < h && h < o, writes[h].stage_timestamp)),
                    other => Look::Not(format!("{other:?}")),
                })
            })
            .await?;
            ensure!(healed.0, "{what}: locked before healed before opened");
            story.await_open().await?;
            let base = policies.get("ringfence-base").await?;
            let ingress = base.spec.and_then(|s| s.ingress).context("ingress")?;
            let whole = |r: &NetworkPolicyIngressRule| {
                let every = LabelSelector::default();
                r.from.iter().flatten().any(|p| p.namespace_selector.as_ref() == Some(&every))
            };
            ensure!(!ingress.is_empty() && !ingress.iter().any(whole), "{what}: {ingress:?}");
        }
        Ok(())
    })
    .await
}

/// The document is the operator's alone: an administrator's edit and deletion are refused (G10), so nothing is to be healed.
#[tokio::test]
async fn nobody_else_writes_the_flag_document() -> Result<()> {
    promise("nobody_else_writes_the_flag_document", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "document", |_| ()).await?;
        story.unlock(1).await?;
        let maps: Api<ConfigMap> = Api::namespaced(story.admin.clone(), &story.tenant);
        let edit = Patch::Merge(json!({ "data": { "flags.flagd.json": "{}" } }));
        let edited = maps.patch("ringfence-flags", &PatchParams::default(), &edit).await;
        let deleted = maps.delete("ringfence-flags", &DeleteParams::default()).await;
        for refused in [edited.err(), deleted.err()] {
            let why = refused.context("it was let through")?.to_string();
            ensure!(why.contains("G10"), "{why}");
        }
        Ok(())
    })
    .await
}
