//! R11, S15: the class's readers and the tenant's own pods read the one document; nobody reads more.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, api::ListParams};
use ringfence_e2e::{manifests, promise, scenario::Scenario};
use serde_json::json;

#[tokio::test]
async fn readers_get_the_one_document_and_nothing_else() -> Result<()> {
    promise("readers_get_the_one_document", async |bed| {
        bed.operator().await?.ready().await?;
        let one = Scenario::new(bed, "readers", |_| ()).await?;
        one.unlock(1).await?;
        let two = one.neighbour("readers").await?;
        two.unlock(1).await?;
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "mailer" } });
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "mailer", "namespace": "mailer" } });
        manifests::apply(&one.admin, namespace).await?;
        manifests::apply(&one.admin, account).await?;
        let mailer = bed.service_account("mailer", "mailer").await?;
        let app = bed.service_account(&one.tenant, "ringfence-app").await?;
        for (who, client, tenant, may) in [
            ("the mailer", &mailer, &one.tenant, true),
            ("the mailer", &mailer, &two.tenant, true),
            ("the tenant's app", &app, &one.tenant, true),
            ("another tenant's app", &app, &two.tenant, false),
        ] {
            let got = maps(client, tenant).get("ringfence-flags").await;
            ensure!(got.is_ok() == may, "{who} on {tenant}: {got:?}");
            ensure!(maps(client, tenant).list(&ListParams::default()).await.is_err(), "{who} lists {tenant}");
            ensure!(maps(client, tenant).get("kube-root-ca.crt").await.is_err(), "{who} reads another ConfigMap of {tenant}");
        }
        Ok(())
    })
    .await
}

fn maps(client: &Client, namespace: &str) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), namespace)
}
