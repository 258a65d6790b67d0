//! R06, R29, S12: whatever ends what an integration rests on closes its flag and its way out within seconds, and touches no other.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use kube::api::{DeleteParams, PostParams};
use ringfence_e2e::{
    audit::{ApiEvent, Mark},
    promise,
    scenario::{Scenario, seconds_from_now},
    tenant::unique,
};
use serde_json::{Value, json};

use crate::{
    desk::{acknowledge, await_all, await_status, change, integrations, make, push, tina, with_vendor, withdraw},
    office::{Office, SOON, condition, draft, open},
};

/// Flag documents and ways out that Ringfence wrote for a tenant since `mark`.
fn written(story: &Scenario, mark: Mark) -> Result<Vec<ApiEvent>> {
    let audit = story.bed().audit();
    let events = audit.after(mark).namespace(&story.tenant).writes().succeeded().events()?;
    let ours = |e: &ApiEvent| {
        e.object_ref.name == "ringfence-flags" || e.object_ref.name.starts_with("ringfence-integration-")
    };
    Ok(events.into_iter().filter(ours).collect())
}

/// Does what closes `name`, waits until it is closed, and looks what was stored when.
async fn closes(
    story: &Scenario,
    (name, to): (&str, &str),
    others: &[&str],
    deed: impl Future<Output = Result<Timestamp>>,
) -> Result<()> {
    let mark = story.bed().audit().mark()?;
    let done = deed.await?;
    let mut wanted = vec![(name.to_owned(), to)];
    wanted.extend(others.iter().map(|o| ((*o).to_owned(), "full")));
    await_all(story, &wanted).await?;
    let way = format!("ringfence-integration-{name}");
    let all = written(story, mark)?;
    let flags: Vec<_> = all.iter().filter(|e| e.object_ref.name == "ringfence-flags").collect();
    let ways: Vec<_> = all.iter().filter(|e| e.object_ref.name != "ringfence-flags").collect();
    let brief: Vec<_> = all.iter().map(ApiEvent::brief).collect();
    ensure!(ways.len() == 1 && ways[0].object_ref.name == way && ways[0].verb == "delete", "{name}: {brief:?}");
    ensure!(!flags.is_empty() && flags[0].stage_timestamp <= ways[0].stage_timestamp, "the flag first: {brief:?}");
    let late = |e: &ApiEvent| e.stage_timestamp.duration_since(done).as_secs_f64();
    println!("{name}: flag stored after {:.3} s, way out closed after {:.3} s", late(flags[0]), late(ways[0]));
    ensure!(late(flags[0]) <= SOON.as_secs_f64() && late(ways[0]) <= SOON.as_secs_f64(), "too late");
    Ok(())
}

#[tokio::test]
async fn whatever_ends_what_it_rests_on_closes_an_integration_and_no_other() -> Result<()> {
    promise("integrations_closing", async |bed| {
        let office = Office::on(bed).await?;
        let tina = tina(bed).await?;
        let story = office.tenant("closing", &unique("nobody")).await?;
        office.flip(&story, &[&story.tenant]).await?;
        office.agree(draft(&story.tenant, &story.tenant, "ringwell")?).await?;
        open(&story).await?;
        let names = ["ends", "terminated", "narrowed", "stale", "withdrawn", "deleted", "stays"];
        let mut agreements = Value::Null;
        let end = seconds_from_now(25);
        for name in names {
            let (vendor, baa) = (unique(name), unique(name));
            let mut terms = with_vendor(&baa, &vendor)?;
            if name == "ends" {
                terms["spec"]["term"]["expirationTime"] = end.as_str().into();
            }
            agreements[name] = office.agree(terms).await?;
            let mut object = push(name, &story.tenant, &vendor);
            object["spec"]["cover"] = json!({ "baaRef": { "name": baa } });
            make(&tina, object).await?;
        }
        let mut accepted = Value::Null;
        for name in names {
            accepted[name] = acknowledge(&tina, &story.tenant, name).await?;
        }
        let full: Vec<_> = names.iter().map(|n| ((*n).to_owned(), "full")).collect();
        await_all(&story, &full).await?;
        ensure!(Timestamp::now() < end.parse()?, "the machine is too slow");

        let others = &names[1..];
        closes(&story, ("ends", "link-only"), others, async { Ok(end.parse()?) }).await?;
        let others = &names[2..];
        let terminate = async {
            office.terminate(&agreements["terminated"], None).await?;
            Ok(Timestamp::now())
        };
        closes(&story, ("terminated", "link-only"), others, terminate).await?;
        let others = &names[3..];
        let narrow = async {
            let (of, baa) = (&agreements["narrowed"], unique("narrower"));
            let mut less = of.clone();
            less["metadata"] = json!({ "name": baa });
            less.as_object_mut().map(|o| o.remove("status"));
            less["spec"]["amendsRef"] = json!({ "name": of["metadata"]["name"] });
            less["spec"]["scope"]["phiCategories"] = json!(["Form"]);
            less["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-1) });
            office.agree(less).await?;
            Ok(Timestamp::now())
        };
        closes(&story, ("narrowed", "link-only"), others, narrow).await?;
        let others = &names[4..];
        let edit = async {
            change(&tina, &story.tenant, "stale", json!({ "phiCategories": ["CallerID", "Form"] })).await?;
            Ok(Timestamp::now())
        };
        closes(&story, ("stale", "link-only"), others, edit).await?;
        let others = &names[5..];
        let take_back = async {
            withdraw(&tina, &accepted["withdrawn"]).await?;
            Ok(Timestamp::now())
        };
        closes(&story, ("withdrawn", "link-only"), others, take_back).await?;
        let mark = bed.audit().mark()?;
        integrations(&tina, &story.tenant).delete("deleted", &DeleteParams::default()).await?;
        await_all(&story, &[("stays".into(), "full")]).await?;
        let flags = story.flags().await?;
        ensure!(flags.get("integration.deleted.payload").is_none(), "its flag is gone");
        ensure!(written(&story, mark)?.iter().any(|e| e.object_ref.name.ends_with("-deleted") && e.verb == "delete"));

        let relabel = json!({ "metadata": { "labels": { "team": "sales" } } });
        let patch = kube::api::Patch::Merge(relabel);
        integrations(&tina, &story.tenant).patch("stays", &kube::api::PatchParams::default(), &patch).await?;
        let suspend = async {
            story.change_plan(json!({ "state": "Suspended" })).await?;
            Ok(Timestamp::now())
        };
        closes(&story, ("stays", "off"), &[], suspend).await?;
        let told = await_status(&tina, (&story.tenant, "stays"), "status says that it is closed", |s| {
            s["payload"] == "Off" && condition(s, "EgressOpen")["reason"] == "Closed"
        })
        .await?;
        ensure!(condition(&told, "Ready")["status"] == "True", "to be suspended is no failure: {told}");
        Ok(())
    })
    .await
}

/// A pod that ran while the way out was open may hold connections: status asks for a restart until it is gone.
#[tokio::test]
async fn status_says_what_becomes_of_connections_that_were_open() -> Result<()> {
    promise("integrations_connections", async |bed| {
        let office = Office::on(bed).await?;
        let tina = tina(bed).await?;
        let story = office.tenant("conns", &unique("nobody")).await?;
        office.flip(&story, &[&story.tenant]).await?;
        office.agree(draft(&story.tenant, &story.tenant, "ringwell")?).await?;
        open(&story).await?;
        let vendor = unique("vendor");
        office.agree(with_vendor(&vendor, &vendor)?).await?;
        let mut object = push("crm", &story.tenant, &vendor);
        object["spec"]["cover"] = json!({ "baaRef": { "name": vendor } });
        make(&tina, object).await?;
        let accepted = acknowledge(&tina, &story.tenant, "crm").await?;
        let pods: kube::Api<k8s_openapi::api::core::v1::Pod> =
            kube::Api::namespaced(office.admin.clone(), &story.tenant);
        let pod: k8s_openapi::api::core::v1::Pod = serde_json::from_value(json!({
            "metadata": { "name": "web" },
            "spec": {
                "containers": [{ "name": "web", "image": "web:1", "securityContext": {
                    "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }],
                "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            },
        }))?;
        pods.create(&PostParams::default(), &pod).await?;
        let says = async |reason: &str| {
            await_status(&tina, (&story.tenant, "crm"), reason, |s| condition(s, "EgressOpen")["reason"] == reason)
                .await
        };
        says("Opened").await?;
        withdraw(&tina, &accepted).await?;
        let told = says("ClosedForNew").await?;
        let message = condition(&told, "EgressOpen")["message"].as_str().unwrap_or_default().to_owned();
        ensure!(message.contains("rollout restart"), "{message}");
        pods.delete("web", &DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }).await?;
        says("Closed").await.map(drop)
    })
    .await
}
