//! Many tenants of one class, made as fast as the API server takes them, each object by the person whose act it is.

mod nodes;
mod seen;

pub use seen::{Asked, asked, looked, quiet, requests};

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    Api, Client,
    api::{DynamicObject, PostParams},
};
use serde_json::{Value, json};

use crate::{
    Bed, manifests,
    scenario::{example, kind, seconds_from_now},
};

/// How many requests are under way at once.
pub const IN_FLIGHT: usize = 16;
/// The hash of the document that the example agreement names.
const SHA256: &str = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83711b8c5a2d5b1c9f4cfa7a0c";
const ALICE: &str = "alice@ringwell.example";
const BOB: &str = "bob@ringwell.example";

/// Clients of the people who make tenants, and the class of all of them.
pub struct Crowd {
    /// The administrator.
    pub admin: Client,
    /// Who creates plans.
    pub sales: Client,
    signers: [Client; 2],
    /// The class's name.
    pub class: String,
}

impl Crowd {
    /// A class like the example's, and nobody in it yet.
    ///
    /// # Errors
    /// When the class is refused.
    pub async fn new(bed: &Bed, class: &str) -> Result<Self> {
        let mut object = example("10-class.yaml")?;
        object["metadata"]["name"] = class.into();
        let engineer = bed.impersonated("pat@ringwell.example", &["platform-engineers"]).await?;
        manifests::apply(&engineer, object).await?;
        let signer = async |who| bed.impersonated(who, &["agreement-signers"]).await;
        Ok(Self {
            admin: bed.admin().await?,
            sales: bed.impersonated("sam@ringwell.example", &["sales-ops"]).await?,
            signers: [signer(ALICE).await?, signer(BOB).await?],
            class: class.into(),
        })
    }

    /// The same people, with nodes of another inventory.
    #[must_use]
    pub fn other(&self, class: &str) -> Self {
        Self {
            admin: self.admin.clone(),
            sales: self.sales.clone(),
            signers: self.signers.clone(),
            class: class.into(),
        }
    }

    /// A plan of this name with one node.
    ///
    /// # Errors
    /// When the example is missing.
    pub fn plan(&self, tenant: &str) -> Result<Value> {
        let mut plan = example("20-plan.yaml")?;
        plan["metadata"]["name"] = tenant.into();
        plan["spec"]["planClassName"] = self.class.as_str().into();
        plan["spec"]["coveredEntities"] = json!([{ "party": tenant }]);
        plan["spec"]["nodes"]["count"] = 1.into();
        Ok(plan)
    }

    /// Creates the plans of these tenants.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn plans(&self, tenants: &[String]) -> Result<()> {
        let plans = kind(&self.sales, "HealthcarePlan", "healthcareplans");
        each(tenants, async |tenant| create(&plans, self.plan(tenant)?).await.map(drop)).await
    }

    /// Makes an agreement in force of each tenant, until `end` if it has one, with both signatures.
    ///
    /// # Errors
    /// When an object is refused.
    pub async fn agreements(&self, tenants: &[String], end: Option<&str>) -> Result<()> {
        each(tenants, async |tenant| {
            let mut baa = example("30-baa.yaml")?;
            baa["metadata"]["name"] = agreement(tenant).into();
            baa["spec"]["disclosing"]["party"] = tenant.into();
            baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-60) });
            if let Some(end) = end {
                baa["spec"]["term"]["expirationTime"] = end.into();
            }
            let made = create(&kind(&self.signers[0], "BAA", "baas"), baa).await?;
            for (n, party) in ["ringwell", tenant].into_iter().enumerate() {
                let evidence =
                    json!({ "provider": "paper", "envelopeID": format!("{tenant}-{n}"), "certificateSHA256": SHA256 });
                let sign = json!({ "act": "Sign", "textSHA256": SHA256, "evidence": evidence });
                self.act(n, &format!("sign-{n}-{tenant}"), &made, party, sign).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes one agreement of an agency with the platform, signed by both, to which an agreement of each tenant with the agency is attested.
    ///
    /// # Errors
    /// When an object is refused.
    pub async fn agency(&self, agency: &str, tenants: &[String]) -> Result<DynamicObject> {
        let mut baa = example("30-baa.yaml")?;
        baa["metadata"]["name"] = agreement(agency).into();
        baa["spec"]["disclosing"] = json!({ "party": agency, "role": "BusinessAssociate", "legalName": "An agency" });
        baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-60) });
        let made = create(&kind(&self.signers[0], "BAA", "baas"), baa).await?;
        for (n, party) in ["ringwell", agency].into_iter().enumerate() {
            let evidence =
                json!({ "provider": "paper", "envelopeID": format!("{agency}-{n}"), "certificateSHA256": SHA256 });
            let sign = json!({ "act": "Sign", "textSHA256": SHA256, "evidence": evidence });
            self.act(n, &format!("sign-{n}-{agency}"), &made, party, sign).await?;
        }
        each(tenants, async |tenant| {
            let attest = json!({ "act": "AttestUpstream", "coveredEntity": { "party": tenant } });
            self.act(0, &format!("attest-{tenant}"), &made, agency, attest).await
        })
        .await?;
        Ok(made)
    }

    /// Terminates a tenant's agreement at once, by an act of the name that is returned.
    ///
    /// # Errors
    /// When the act is refused.
    pub async fn terminate(&self, tenant: &str) -> Result<String> {
        let baa = kind(&self.signers[1], "BAA", "baas").get(&agreement(tenant)).await?;
        let name = format!("terminate-{tenant}");
        self.act(1, &name, &baa, tenant, json!({ "act": "Terminate" })).await?;
        Ok(name)
    }

    async fn act(&self, who: usize, name: &str, baa: &DynamicObject, party: &str, mut spec: Value) -> Result<()> {
        spec["by"] = [ALICE, BOB][who].into();
        spec["onBehalfOf"] = json!({ "party": party, "name": "A. Signatory" });
        spec["subjectRef"] = json!({ "kind": "BAA", "name": baa.metadata.name, "uid": baa.metadata.uid });
        let object = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": name }, "spec": spec });
        create(&kind(&self.signers[who], "Attestation", "attestations"), object).await.map(drop)
    }
}

fn agreement(tenant: &str) -> String {
    format!("{tenant}-baa")
}

/// Creates one object.
///
/// # Errors
/// When it is refused.
pub async fn create(api: &Api<DynamicObject>, object: Value) -> Result<DynamicObject> {
    Ok(api.create(&PostParams::default(), &serde_json::from_value(object)?).await?)
}

/// Does the same for each name, [`IN_FLIGHT`] at once.
///
/// # Errors
/// The first that occurs.
pub async fn each(names: &[String], work: impl AsyncFn(&str) -> Result<()>) -> Result<()> {
    let done = stream::iter(names).map(|name| work(name)).buffer_unordered(IN_FLIGHT);
    let count: usize = done.map_ok(|()| 1).try_fold(0, async |sum, one| Ok(sum + one)).await?;
    ensure!(count == names.len());
    Ok(())
}

/// Names with a number: `op-0007`.
#[must_use]
pub fn names(stem: &str, range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("{stem}-{n:04}")).collect()
}
