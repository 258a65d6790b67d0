//! R01, R08, R26, S3, S16: the order of a flip, and what it costs, read from the API server's audit log.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{audit::ApiEvent, promise, scenario::Scenario};

/// Objects of a tenant of the example's class: record, namespace, flag document, two NetworkPolicies, quota, account, RoleBinding.
const OBJECTS: usize = 8;
const NODES: usize = 2;

#[tokio::test]
async fn a_flip_follows_the_order_and_costs_few_writes() -> Result<()> {
    promise("a_flip_follows_the_order", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "order", |_| ()).await?;
        let (api, keys) = (bed.audit().mark()?, bed.openbao().audit().mark()?);
        story.unlock(NODES).await?;
        // The agreement's own status is written as it is signed; it is not part of what the tenant costs.
        let writes: Vec<_> = story.writes(api)?.into_iter().filter(|w| w.object_ref.resource != "baas").collect();
        for write in &writes {
            println!("{}", write.brief());
        }
        let at = |what: &str, found: &dyn Fn(&ApiEvent) -> bool| writes.iter().position(found).context(what.to_owned());
        let is = |e: &ApiEvent, resource: &str, sub: &str| {
            e.object_ref.resource == resource && e.object_ref.subresource == sub
        };

        let record = at("record", &|e| is(e, "tenantrecords", "") && e.verb == "create")?;
        let namespace = at("namespace", &|e| is(e, "namespaces", "") && e.verb == "create")?;
        let flags = at("flags", &|e| is(e, "configmaps", ""))?;
        let policy = at("base policy", &|e| is(e, "networkpolicies", "") && e.object_ref.name == "ringfence-base")?;
        let node = at("node", &|e| is(e, "nodes", ""))?;
        let fenced = at("fenced", &|e| {
            is(e, "namespaces", "") && e.request_object["metadata"]["labels"]["ringfence.dev/fenced"] == "true"
        })?;
        let gate =
            at("the gate in status", &|e| is(e, "healthcareplans", "status") && condition(e, "PhiUnlocked") == "True")?;
        let open =
            at("an open document", &|e| is(e, "configmaps", "") && e.request_object.to_string().contains("granted"))?;
        let order = [record, namespace, flags, policy, node, fenced, gate, open];
        ensure!(
            order.is_sorted(),
            "record, namespace, restrictive flags, base policy, nodes, fenced, status, open flags: {order:?}"
        );
        let gated = &writes[gate];
        for name in [
            "AgreementInForce",
            "NamespaceFenced",
            "NetworkIsolated",
            "NodesDedicated",
            "KeysReady",
            "FlagsPublished",
            "WorkloadsPlaced",
        ] {
            ensure!(condition(gated, name) == "True", "{name} was {:?} when the gate opened", condition(gated, name));
        }

        let made = bed.openbao().audit().responses(keys, "ringfence-phi/keys/")?;
        let own = format!("ringfence-phi/keys/{}", story.tenant);
        let created: Vec<_> =
            made.iter().filter(|e| e.path() == own && matches!(e.operation(), "create" | "update")).collect();
        ensure!(created.len() == 1, "{} creations of the phi key", created.len());
        ensure!(writes[record].stage_timestamp <= created[0].time, "the record is stored before the key is made");
        ensure!(
            created[0].time <= writes[fenced].request_received_timestamp,
            "the key is made before the namespace is fenced"
        );

        let bound = OBJECTS + NODES + 8;
        println!("{} writes for {OBJECTS} objects and {NODES} nodes", writes.len());
        ensure!(writes.len() <= bound, "{} writes, at most {bound}", writes.len());
        ensure!(writes.iter().all(|w| w.code() < 300), "no write was refused");
        Ok(())
    })
    .await
}

fn condition(event: &ApiEvent, r#type: &str) -> String {
    let conditions = event.request_object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|c| c["type"] == r#type).unwrap_or_default();
    found["status"].as_str().unwrap_or_default().to_owned()
}
