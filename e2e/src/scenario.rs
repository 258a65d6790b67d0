//! A tenant's story: class, nodes, plan, agreement and acts of a test, each done by the person whose act it is.

mod look;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::{
    Bed, manifests,
    nodes::{self, NodeSpec},
    operator,
    tenant::unique,
    tools::repository,
};

/// The hash of the document that the example agreement names.
const SHA256: &str = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83711b8c5a2d5b1c9f4cfa7a0c";

/// Stands in every text that people write into objects: nowhere else may it ever be seen.
pub const CANARY: &str = "CANARY-5550100";

/// One tenant on a bed; its class and its nodes are its own unless they are shared by [`Scenario::neighbour`].
pub struct Scenario {
    bed: &'static Bed,
    /// The administrator.
    pub admin: Client,
    /// The tenant's name, also its covered entity's party.
    pub tenant: String,
    /// The class's name.
    pub class: String,
}

impl Scenario {
    /// A tenant that nobody has heard of, with a class like the example's, changed by `change`.
    ///
    /// # Errors
    /// When the class is refused.
    pub async fn new(bed: &'static Bed, stem: &str, change: impl FnOnce(&mut Value)) -> Result<Self> {
        let (admin, tenant) = (bed.admin().await?, unique(stem));
        let story = Self { bed, admin, class: tenant.clone(), tenant };
        let mut class = example("10-class.yaml")?;
        class["metadata"]["name"] = story.class.as_str().into();
        change(&mut class["spec"]);
        let engineer = bed.impersonated("pat@ringwell.example", &["platform-engineers"]).await?;
        manifests::apply(&engineer, class).await?;
        Ok(story)
    }

    /// Whoever has the operator's identity: the one that guardrails let break what is Ringfence's (G10, within G14).
    ///
    /// # Errors
    /// When no client can be made.
    pub async fn thief(&self) -> Result<Client> {
        let operator = format!("system:serviceaccount:{}:{}", operator::NAMESPACE, operator::ACCOUNT);
        self.bed.impersonated(&operator, &["system:masters"]).await
    }

    /// Another tenant of the same class.
    ///
    /// # Errors
    /// When no client can be made.
    pub async fn neighbour(&self, stem: &str) -> Result<Self> {
        Ok(Self { bed: self.bed, admin: self.bed.admin().await?, tenant: unique(stem), class: self.class.clone() })
    }

    /// The bed.
    #[must_use]
    pub fn bed(&self) -> &'static Bed {
        self.bed
    }

    /// Adds `count` nodes to the class's inventory, over two zones, and waits until they are Ready.
    ///
    /// # Errors
    /// When a node is not Ready in time.
    pub async fn inventory(&self, count: usize) -> Result<Vec<Node>> {
        let mut made = vec![];
        for n in 0..count {
            let spec = NodeSpec::named(&unique("node")).inventory(&self.class).zone(&format!("zone-{}", n % 2));
            made.push(nodes::add(&self.admin, &spec).await?);
        }
        Ok(made)
    }

    /// Creates the plan, as sales ops.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn plan(&self, nodes: usize) -> Result<DynamicObject> {
        self.plan_with(nodes, |_| ()).await
    }

    /// Creates the plan with a changed spec, as sales ops.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn plan_with(&self, nodes: usize, change: impl FnOnce(&mut Value)) -> Result<DynamicObject> {
        let mut plan = example("20-plan.yaml")?;
        plan["metadata"]["name"] = self.tenant.as_str().into();
        plan["metadata"]["annotations"]["example.com/note"] = CANARY.into();
        plan["spec"]["displayName"] = CANARY.into();
        plan["spec"]["planClassName"] = self.class.as_str().into();
        plan["spec"]["coveredEntities"] = json!([{ "party": self.tenant }]);
        plan["spec"]["nodes"]["count"] = nodes.into();
        change(&mut plan["spec"]);
        let sales = self.bed.impersonated("sam@ringwell.example", &["sales-ops"]).await?;
        manifests::apply(&sales, plan).await
    }

    /// Changes the plan by a merge patch of its spec, as sales ops.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn change_plan(&self, spec: Value) -> Result<()> {
        let sales = self.bed.impersonated("sam@ringwell.example", &["sales-ops"]).await?;
        let plans = kind(&sales, "HealthcarePlan", "healthcareplans");
        plans.patch(&self.tenant, &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await?;
        Ok(())
    }

    /// Creates the agreement of the tenant with the platform, with a term in seconds from now; no end when `None`.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn agreement(&self, from: i64, until: Option<i64>) -> Result<DynamicObject> {
        let mut baa = example("30-baa.yaml")?;
        baa["metadata"]["name"] = self.tenant.as_str().into();
        baa["metadata"]["annotations"]["example.com/note"] = CANARY.into();
        baa["spec"]["disclosing"]["party"] = self.tenant.as_str().into();
        baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(from) });
        if let Some(until) = until {
            baa["spec"]["term"]["expirationTime"] = seconds_from_now(until).into();
        }
        let signer = self.bed.impersonated("alice@ringwell.example", &["agreement-signers"]).await?;
        manifests::apply(&signer, baa).await
    }

    /// Signs for the platform (recorded by alice) and for the tenant (recorded by bob).
    ///
    /// # Errors
    /// When an act is refused.
    pub async fn sign(&self) -> Result<()> {
        self.sign_as("alice@ringwell.example", "ringwell").await?;
        self.sign_as("bob@ringwell.example", &self.tenant).await
    }

    /// One signature.
    ///
    /// # Errors
    /// When the act is refused.
    pub async fn sign_as(&self, who: &str, party: &str) -> Result<()> {
        let evidence = json!({ "provider": "paper", "envelopeID": unique(CANARY), "certificateSHA256": SHA256 });
        self.act(
            who,
            json!({ "act": "Sign", "onBehalfOf": { "party": party, "name": format!("{CANARY} Signatory") }, "textSHA256": SHA256, "evidence": evidence }),
        )
        .await
    }

    /// Terminates the agreement at once, for the tenant.
    ///
    /// # Errors
    /// When the act is refused.
    pub async fn terminate(&self) -> Result<()> {
        self.act(
            "bob@ringwell.example",
            json!({ "act": "Terminate", "onBehalfOf": { "party": self.tenant, "name": format!("{CANARY} Signatory") } }),
        )
        .await
    }

    /// Accepts a risk for the plan.
    ///
    /// # Errors
    /// When the act is refused.
    pub async fn accept_risk(&self, setting: &str, lasts: i64) -> Result<()> {
        let plan = kind(&self.admin, "HealthcarePlan", "healthcareplans").get(&self.tenant).await?;
        let subject = json!({ "kind": "HealthcarePlan", "name": self.tenant, "uid": plan.metadata.uid });
        let until = seconds_from_now(lasts);
        let spec = json!({ "act": "AcceptRisk", "setting": setting, "expirationTime": until, "subjectRef": subject });
        self.act("alice@ringwell.example", spec).await
    }

    async fn act(&self, who: &str, mut spec: Value) -> Result<()> {
        if spec["subjectRef"].is_null() {
            let baa = kind(&self.admin, "BAA", "baas").get(&self.tenant).await?;
            spec["subjectRef"] = json!({ "kind": "BAA", "name": self.tenant, "uid": baa.metadata.uid });
        }
        spec["by"] = who.into();
        let act = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": unique("act") }, "spec": spec });
        let person = self.bed.impersonated(who, &["agreement-signers"]).await?;
        let acts = kind(&person, "Attestation", "attestations");
        acts.create(&PostParams::default(), &serde_json::from_value(act)?).await?;
        Ok(())
    }

    /// The whole flip: nodes, plan, agreement without end, two signatures, until everything is open.
    ///
    /// # Errors
    /// When it is not open in time.
    pub async fn unlock(&self, nodes: usize) -> Result<()> {
        self.inventory(nodes).await?;
        self.agreement(-60, None).await?;
        self.sign().await?;
        self.plan(nodes).await?;
        self.await_open().await
    }
}

/// An example object of the repository.
///
/// # Errors
/// When there is none.
pub fn example(file: &str) -> Result<Value> {
    let found = manifests::read(&repository().join("manifests/examples").join(file))?;
    found.into_iter().next().context("the example holds an object")
}

/// A moment, as the API writes it.
#[must_use]
pub fn seconds_from_now(seconds: i64) -> String {
    let at = jiff::Timestamp::now().as_second() + seconds;
    jiff::Timestamp::from_second(at).map(|t| t.to_string()).unwrap_or_default()
}

/// The endpoint of one of Ringfence's kinds.
#[must_use]
pub fn kind(client: &Client, kind: &str, plural: &str) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk("ringfence.dev", "v1alpha1", kind);
    Api::all_with(client.clone(), &ApiResource::from_gvk_with_plural(&gvk, plural))
}
