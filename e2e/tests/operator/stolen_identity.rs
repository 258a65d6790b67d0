//! R08, R09, S5, S6, S7, S15: what the operator's identities cannot do, and what a name that is used again does not get.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api,
    api::{DeleteParams, ListParams, PostParams},
};
use ringfence_e2e::{operator, promise, scenario::Scenario, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn a_stolen_operator_token_reads_no_secret_and_uses_no_key() -> Result<()> {
    promise("a_stolen_operator_token", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "stolen", |_| ()).await?;
        story.unlock(1).await?;
        let name = &story.tenant;
        let stolen = bed.service_account(operator::NAMESPACE, operator::ACCOUNT).await?;
        for namespace in [name.as_str(), "kube-system", "default"] {
            let secrets: Api<Secret> = Api::namespaced(stolen.clone(), namespace);
            let refused = secrets.list(&ListParams::default()).await;
            ensure!(
                matches!(&refused, Err(kube::Error::Api(s)) if s.code == 403),
                "secrets of {namespace}: {refused:?}"
            );
        }
        let deleted = Api::<Namespace>::all(stolen).delete(name, &DeleteParams::default()).await;
        ensure!(matches!(&deleted, Err(kube::Error::Api(s)) if s.code == 403), "{deleted:?}");

        let session = bed.key_login(operator::NAMESPACE, operator::ACCOUNT, "ringfence-operator").await?;
        let sealed = json!({ "plaintext": "aGVsbG8=", "ciphertext": "vault:v1:AAAA", "input": "aGVsbG8=" });
        let tries: [(&str, String, Option<Value>); 8] = [
            ("POST", format!("ringfence-phi/encrypt/{name}"), Some(sealed.clone())),
            ("POST", format!("ringfence-phi/decrypt/{name}"), Some(sealed.clone())),
            ("POST", format!("ringfence-lookup/hmac/{name}"), Some(sealed)),
            ("GET", format!("ringfence-phi/export/encryption-key/{name}"), None),
            ("GET", format!("ringfence-phi/backup/{name}"), None),
            ("DELETE", format!("ringfence-phi/keys/{name}"), None),
            ("POST", format!("ringfence-phi/keys/{name}/config"), Some(json!({ "deletion_allowed": true }))),
            ("POST", "sys/policies/acl/ringfence-operator".into(), Some(json!({ "policy": "" }))),
        ];
        for (method, path, body) in tries {
            session.expect(403, method, &path, body).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_tenant_uses_its_own_key_and_no_other() -> Result<()> {
    promise("a_tenant_uses_its_own_key", async |bed| {
        bed.operator().await?.ready().await?;
        let one = Scenario::new(bed, "ownkey", |_| ()).await?;
        one.unlock(1).await?;
        let two = one.neighbour("ownkey").await?;
        two.unlock(1).await?;
        let a = bed.key_login(&one.tenant, "ringfence-app", "ringfence-tenant").await?;
        let b = bed.key_login(&two.tenant, "ringfence-app", "ringfence-tenant").await?;
        let plain = json!({ "plaintext": "aGVsbG8=" });
        let sealed =
            a.expect(200, "POST", &format!("ringfence-phi/encrypt/{}", one.tenant), Some(plain.clone())).await?;
        let sealed = json!({ "ciphertext": sealed["data"]["ciphertext"] });
        let opened =
            a.expect(200, "POST", &format!("ringfence-phi/decrypt/{}", one.tenant), Some(sealed.clone())).await?;
        ensure!(opened["data"]["plaintext"] == plain["plaintext"]);
        a.expect(403, "POST", &format!("ringfence-phi/encrypt/{}", two.tenant), Some(plain)).await?;
        b.expect(403, "POST", &format!("ringfence-phi/decrypt/{}", one.tenant), Some(sealed.clone())).await?;
        b.expect(400, "POST", &format!("ringfence-phi/decrypt/{}", two.tenant), Some(sealed)).await?;
        Ok(())
    })
    .await
}

/// A namespace that somebody makes is never taken, and a name whose namespace was replaced gets nothing until it is resumed.
#[tokio::test]
async fn an_existing_namespace_is_refused_without_a_write() -> Result<()> {
    promise("an_existing_namespace_is_refused", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "existing", |_| ()).await?;
        let namespaces: Api<Namespace> = Api::all(story.admin.clone());
        let namespace = json!({ "metadata": { "name": story.tenant } });
        namespaces.create(&PostParams::default(), &serde_json::from_value(namespace)?).await?;
        story.inventory(1).await?;
        let mark = bed.audit().mark()?;
        story.plan(1).await?;
        let why = story.await_condition("Stalled", "True", "NamespaceExists").await?;
        ensure!(why.contains("adopt"), "{why}");
        let writes = story.writes(mark)?;
        ensure!(
            writes.iter().all(|w| w.object_ref.subresource == "status" || w.object_ref.resource == "events"),
            "only status: {writes:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_foreign_key_stops_a_tenant_before_anything_is_built() -> Result<()> {
    promise("a_foreign_key_stops_a_tenant", async |bed| {
        bed.operator().await?.ready().await?;
        let story = Scenario::new(bed, "foreign", |_| ()).await?;
        let path = format!("ringfence-phi/keys/{}", story.tenant);
        let session = bed.key_login(operator::NAMESPACE, operator::ACCOUNT, "ringfence-operator").await?;
        session.expect(200, "POST", &path, Some(json!({ "type": "aes256-gcm96" }))).await?;
        story.inventory(1).await?;
        story.plan(1).await?;
        story.await_condition("Stalled", "True", "KeyForeign").await?;
        let namespaces: Api<Namespace> = Api::all(story.admin.clone());
        let made = async || Ok(namespaces.get_opt(&story.tenant).await?.is_some());
        wait::stays(std::time::Duration::from_secs(2), "no namespace is made", made, |made| !made).await
    })
    .await
}
