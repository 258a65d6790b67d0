//! A second tenant: it has fences of its own, and no way into the first one's.

use crate::{
    Tour,
    cast::{ACME, GLOBEX, Tenant},
    platform::app_token,
};
use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use kube::{Api, api::ListParams};
use ringfence_e2e::key_service::Session;
use serde_json::{Value, json};

impl Tour<'_> {
    /// Flips the second tenant, and lets it try to open the first one's recording.
    pub async fn neighbour(&self) -> Result<()> {
        let stage = self.stage;
        self.flip(&GLOBEX, false).await?;
        let (acme, globex) = (self.nodes(&ACME).await?, self.nodes(&GLOBEX).await?);
        stage.check(
            "the second tenant has a node of its own; none is shared",
            globex.len() == 1 && acme.len() == 2 && globex.iter().all(|node| !acme.contains(node)),
            format!("{acme:?} {globex:?}"),
        );
        let sealed = json!({ "ciphertext": self.recording()? });
        let (own, other) = (self.key_session(&ACME).await?, self.key_session(&GLOBEX).await?);
        let mut rows = vec![];
        let mut codes = vec![];
        for (who, session, key) in [(ACME, &own, ACME), (GLOBEX, &other, ACME), (GLOBEX, &other, GLOBEX)] {
            let path = format!("ringfence-phi/decrypt/{}", key.name);
            let (code, answer) = session.request("POST", &path, Some(sealed.clone())).await?;
            rows.push([who.name.into(), key.name.into(), code.to_string(), words(&answer)]);
            codes.push(code);
        }
        stage.line("");
        stage.say("acme-dental's recording is given to OpenBao to be opened:");
        stage.table(["TOKEN OF", "KEY OF", "STATUS", "ANSWER"], &rows);
        stage.check(
            "globex-clinic cannot use acme-dental's key (403), and its own does not fit (400)",
            codes == [200, 403, 400],
            json!(rows),
        );
        Ok(())
    }

    async fn nodes(&self, tenant: &Tenant) -> Result<Vec<String>> {
        let nodes: Api<Node> = Api::all(self.cast.root.client.clone());
        let pool = format!("ringfence.node-restriction.kubernetes.io/pool={}", tenant.name);
        let mine = nodes.list(&ListParams::default().labels(&pool)).await?;
        Ok(mine.into_iter().filter_map(|node| node.metadata.name).collect())
    }

    async fn key_session(&self, tenant: &Tenant) -> Result<Session> {
        let jwt = app_token(self.bed, tenant).await?;
        let session = self.bed.openbao().login("ringfence-tenant", &jwt).await;
        session.with_context(|| format!("the login of {}", tenant.name))
    }
}

// What was opened stays unsaid.
fn words(answer: &Value) -> String {
    match answer["errors"].as_array() {
        Some(errors) => {
            let said = errors.iter().filter_map(Value::as_str);
            said.map(|error| error.rsplit("* ").next().unwrap_or(error).trim()).collect::<Vec<_>>().join("; ")
        }
        None => "opened".into(),
    }
}
