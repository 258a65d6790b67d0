//! R55, S9: one object that cannot be decoded closes what it could tighten, and never stops the others.

use anyhow::{Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use ringfence_e2e::{
    promise,
    scenario::{Scenario, kind},
    wait::{self, Look},
};
use serde_json::json;

#[tokio::test]
async fn a_class_and_a_plan_that_cannot_be_decoded_do_not_stop_the_others() -> Result<()> {
    promise("undecodable_objects_do_not_stop_the_others", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "healthy", |_| ()).await?;
        // A schema that is looser than the operator: what another version might store.
        let crds: Api<CustomResourceDefinition> = Api::all(story.admin.clone());
        let name = "healthcareplans.ringfence.dev";
        let before = crds.get(name).await?;
        let mut loose = serde_json::to_value(&before)?;
        let spec = &mut loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        *spec = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        loose["metadata"]["managedFields"] = json!(null);
        let version = json!({ "spec": { "versions": loose["spec"]["versions"] } });
        crds.patch(name, &PatchParams::default(), &Patch::Merge(version)).await?;

        let sales = bed.impersonated("sam@ringwell.example", &["sales-ops"]).await?;
        let plans = kind(&sales, "HealthcarePlan", "healthcareplans");
        let bad = ringfence_e2e::tenant::unique("undecodable");
        wait::until("the loose schema is in force", async || {
            let object = json!({
                "apiVersion": "ringfence.dev/v1alpha1", "kind": "HealthcarePlan", "metadata": { "name": bad },
                "spec": { "planClassName": 7, "state": "Active", "coveredEntities": [{ "party": "x" }], "nodes": { "count": 1 } },
            });
            Ok(match plans.create(&PostParams::default(), &serde_json::from_value(object)?).await {
                Ok(_) => Look::Done(()),
                Err(why) => Look::Not(why.to_string()),
            })
        })
        .await?;
        let tight = json!({ "spec": { "versions": before.spec.versions } });
        crds.patch(name, &PatchParams::default(), &Patch::Merge(tight)).await?;
        story.unlock(1).await?;
        ensure!(bed.operator().await?.page("readyz").await?.0 == 200);
        Ok(())
    })
    .await
}

/// Acts are never deleted, so two that name each other would stop the operator at every start.
#[tokio::test]
async fn acts_that_name_each_other_stop_nobody() -> Result<()> {
    promise("acts_that_name_each_other_stop_nobody", async |bed| {
        let operator = bed.operator().await?;
        operator.ready().await?;
        let person = bed.impersonated("alice@ringwell.example", &["agreement-signers"]).await?;
        let acts = kind(&person, "Attestation", "attestations");
        let names = [ringfence_e2e::tenant::unique("act"), ringfence_e2e::tenant::unique("act")];
        for (name, other) in [(&names[0], &names[1]), (&names[1], &names[0])] {
            let subject =
                json!({ "kind": "Attestation", "name": other, "uid": "00000000-0000-4000-8000-000000000000" });
            let act = json!({
                "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": name },
                "spec": { "act": "Withdraw", "by": "alice@ringwell.example", "subjectRef": subject },
            });
            acts.create(&PostParams::default(), &serde_json::from_value(act)?).await?;
        }
        let story = Scenario::new(bed, "after", |_| ()).await?;
        story.unlock(1).await?;
        operator.server().must_run()
    })
    .await
}
