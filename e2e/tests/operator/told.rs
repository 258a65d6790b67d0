//! A lock that is healed within a moment is told all the same: in the status, and as an Event that stays.

use anyhow::Result;
use k8s_openapi::api::{events::v1::Event, networking::v1::NetworkPolicy};
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use ringfence_e2e::{
    promise,
    scenario::Scenario,
    wait::{self, Look},
};

#[tokio::test]
async fn a_lock_that_heals_at_once_is_told() -> Result<()> {
    promise("a_lock_that_heals_at_once_is_told", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "told", |_| ()).await?;
        story.unlock(1).await?;
        let mark = bed.audit().mark()?;
        let policies: Api<NetworkPolicy> = Api::namespaced(story.thief().await?, &story.tenant);
        policies.delete("ringfence-base", &DeleteParams::default()).await?;
        wait::until("the status said locked, and only then open", async || {
            let told = story.writes(mark)?.into_iter().filter(|w| w.object_ref.resource == "healthcareplans");
            let said: Vec<String> = told.map(|w| w.request_object["status"]["conditions"].to_string()).collect();
            let locked = said.iter().position(|s| s.contains("BasePolicyMissing"));
            let open = said.iter().rposition(|s| s.contains("Unlocked"));
            Ok(match (locked, open) {
                (Some(l), Some(o)) if l < o => Look::Done(()),
                _ => Look::Not(format!("{said:?}")),
            })
        })
        .await?;
        story.await_open().await?;
        let events: Api<Event> = Api::all(story.admin.clone());
        wait::until("an Event of the lock", async || {
            let mut told = events.list(&ListParams::default()).await?.items;
            told.retain(|e| e.regarding.as_ref().is_some_and(|r| r.name.as_ref() == Some(&story.tenant)));
            let locked = told.iter().any(|e| e.reason.as_deref() == Some("Locked"));
            Ok(if locked { Look::Done(()) } else { Look::Not(format!("{told:?}")) })
        })
        .await
    })
    .await
}
