//! The floor: a client without rate limit that writes each object of a tenant, as it is in the end, and knows nothing.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use ringfence_e2e::{
    Bed,
    crowd::{Crowd, each},
    key_service::Session,
    manifests,
    operator::{ACCOUNT, NAMESPACE},
    tools::repository,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::later::Later;
use crate::template::{GROUP, Template, kind_of_its_own};

/// How the raw client writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each object once, by POST.
    Created,
    /// Each object once, by server-side apply, as GitOps tools do and as other operators were measured against.
    Applied,
    /// As often as the operator does, in its order.
    Repeated,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Created, Self::Applied, Self::Repeated];
}

/// Writes under the operator's name, so that the same guardrails judge it; only the copies of Ringfence's kinds are an administrator's.
pub struct Floor {
    client: Client,
    people: Client,
    keys: Session,
    templates: Vec<Template>,
    later: Later,
    node: Value,
    keys_made: [(&'static str, Value); 2],
}

impl Floor {
    /// A writer of copies of this tenant.
    pub async fn of(bed: &Bed, crowd: &Crowd, tenant: &str) -> Result<Self> {
        kinds(&crowd.admin).await?;
        let templates = Template::all(&crowd.admin, crowd.plan(tenant)?, tenant).await?;
        let nodes: Api<Node> = Api::all(crowd.admin.clone());
        let taken = nodes.list(&Default::default()).await?;
        let pool = "ringfence.node-restriction.kubernetes.io/pool";
        let is_its = |n: &&Node| n.metadata.labels.iter().flatten().any(|(k, v)| k == pool && v == tenant);
        let node = taken.items.iter().find(is_its).context("the tenant has a node")?;
        let taints = json!(node.spec.as_ref().and_then(|s| s.taints.clone())).to_string();
        let key = bed.openbao().root()?.expect(200, "GET", &format!("ringfence-phi/keys/{tenant}"), None).await?;
        let rotation = key["data"]["auto_rotate_period"].clone();
        Ok(Self {
            client: bed.service_account(NAMESPACE, ACCOUNT).await?,
            people: crowd.admin.clone(),
            // The operator's own session would end within a quarter of an hour.
            keys: bed.openbao().root()?,
            templates,
            later: Later::of(&crowd.admin, tenant).await?,
            node: json!({ "metadata": { "labels": { pool: tenant } }, "spec": { "taints": serde_json::from_str::<Value>(&taints)? } }),
            keys_made: [
                ("ringfence-phi", json!({ "type": "aes256-gcm96", "auto_rotate_period": rotation })),
                ("ringfence-lookup", json!({ "type": "aes256-gcm96" })),
            ],
        })
    }

    /// How many objects of Ringfence's a tenant has: the plan is a person's, nodes and keys are counted apart.
    pub fn objects(&self) -> usize {
        self.templates.len() - 1
    }

    /// Writes all objects of these tenants.
    pub async fn write(&self, tenants: &[String], way: Way) -> Result<()> {
        each(tenants, async |tenant| {
            let mut made = vec![];
            for (n, template) in self.templates.iter().enumerate() {
                let (api, mut object) = template.under(self.writer(template), tenant)?;
                if way == Way::Repeated {
                    self.later.take_back(template.kind(), &mut object);
                }
                // The plan is a person's, in every turn.
                let stored = match way {
                    Way::Applied if n > 0 => {
                        let params = PatchParams::apply("rawclient");
                        api.patch(&object.name_any(), &params, &Patch::Apply(&object)).await
                    }
                    _ => api.create(&PostParams::default(), &object).await,
                };
                if way == Way::Repeated && n == 0 {
                    self.later.hold(&api, tenant).await?;
                }
                made.push(stored.with_context(|| format!("{way:?} {}", template.kind()))?);
            }
            self.take_node(tenant).await?;
            self.make_keys(tenant).await?;
            if way == Way::Repeated {
                for (template, stored) in self.templates.iter().zip(made) {
                    let (api, object) = template.under(self.writer(template), tenant)?;
                    self.later.complete(&self.client, &api, template.kind(), object, stored).await?;
                }
            }
            Ok(())
        })
        .await
    }

    fn writer(&self, template: &Template) -> &Client {
        if template.is_a_copy() { &self.people } else { &self.client }
    }

    async fn take_node(&self, tenant: &str) -> Result<()> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let patch: Value = serde_json::from_str(&self.node.to_string().replace(&self.later.of, tenant))?;
        nodes.patch(&format!("node-{tenant}"), &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    async fn make_keys(&self, tenant: &str) -> Result<()> {
        for (mount, key) in &self.keys_made {
            let path = format!("{mount}/keys/{tenant}");
            let (code, answer) = self.keys.request("POST", &path, Some(key.clone())).await?;
            anyhow::ensure!((200..300).contains(&code), "{path}: {code} {answer}");
        }
        Ok(())
    }
}

/// Copies of two kinds in a group of their own, and the right to apply what the operator creates and replaces.
async fn kinds(admin: &Client) -> Result<()> {
    for file in ["tenantrecords", "healthcareplans"] {
        let path = repository().join(format!("crds/{file}.yaml"));
        for definition in manifests::read(&path)? {
            manifests::apply(admin, kind_of_its_own(definition)).await?;
        }
    }
    let group = "rbac.authorization.k8s.io";
    let resources =
        ["namespaces", "configmaps", "networkpolicies", "resourcequotas", "serviceaccounts", "rolebindings"];
    let rules = json!([{ "apiGroups": ["", "networking.k8s.io", "rbac.authorization.k8s.io"], "resources": resources, "verbs": ["patch"] }]);
    let role = json!({ "apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": { "name": "floor" }, "rules": rules });
    manifests::apply(admin, role).await?;
    let reference = json!({ "apiGroup": group, "kind": "ClusterRole", "name": "floor" });
    let subjects = json!([{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE }]);
    let binding = json!({ "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": "floor" },
        "roleRef": reference, "subjects": subjects });
    manifests::apply(admin, binding).await?;
    wait::until("the copied kinds are served", async || {
        for plural in ["tenantrecords", "healthcareplans"] {
            let request = http::Request::get(format!("/apis/{GROUP}/v1alpha1/{plural}")).body(Vec::new())?;
            if let Err(why) = admin.request_text(request).await {
                return Ok(Look::Not(why.to_string()));
            }
        }
        Ok(Look::Done(()))
    })
    .await
}
