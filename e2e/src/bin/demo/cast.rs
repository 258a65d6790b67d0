//! Who acts in the tour, and the objects of `manifests/examples` that they apply, changed where a second tenant needs it.

use anyhow::{Context, Result, bail};
use kube::{Api, Client, api::PostParams, core::DynamicObject};
use ringfence_e2e::{Bed, manifests, operator, scenario};
use serde_json::Value;

/// A person with a client certificate of their own.
pub struct Person {
    /// As on the page: name and job.
    pub called: &'static str,
    /// What they may do with the API server.
    pub client: Client,
}

/// Everybody.
pub struct Cast {
    /// An administrator of the whole cluster, whom RBAC refuses nothing.
    pub root: Person,
    /// Owns classes and nodes.
    pub pat: Person,
    /// Flips tenants.
    pub sam: Person,
    /// Records signatures.
    pub alice: Person,
    /// Records signatures, too.
    pub bob: Person,
    /// Looks.
    pub erin: Person,
    /// Somebody who has come by Ringfence's own identity.
    pub thief: Client,
}

impl Cast {
    /// Gives everybody their certificate.
    pub async fn of(bed: &Bed) -> Result<Self> {
        let person = async |called, user: &str, group: &str| {
            let client = bed.person(&format!("{user}@ringwell.example"), &[group]).await?;
            anyhow::Ok(Person { called, client })
        };
        Ok(Self {
            root: Person { called: "a cluster administrator", client: bed.admin().await? },
            pat: person("pat, platform engineer", "pat", "platform-engineers").await?,
            sam: person("sam, sales ops", "sam", "sales-ops").await?,
            alice: person("alice, signer", "alice", "agreement-signers").await?,
            bob: person("bob, signer", "bob", "agreement-signers").await?,
            erin: person("erin, privacy officer", "erin", "privacy-officers").await?,
            thief: bed.service_account(operator::NAMESPACE, operator::ACCOUNT).await?,
        })
    }
}

/// A tenant as the examples name it, or a second one made of the same examples.
#[derive(Clone, Copy)]
pub struct Tenant {
    /// Tenant, plan, namespace, pool, keys, party.
    pub name: &'static str,
    /// As its people call it.
    pub called: &'static str,
    legal: &'static str,
    nodes: u32,
}

/// The tenant of the examples.
pub const ACME: Tenant =
    Tenant { name: "acme-dental", called: "Acme Dental Group", legal: "Acme Dental Group, LLC", nodes: 2 };

/// Another one.
pub const GLOBEX: Tenant =
    Tenant { name: "globex-clinic", called: "Globex Clinic", legal: "Globex Clinic, PLLC", nodes: 1 };

impl Tenant {
    /// An example object, with this tenant's names.
    pub fn example(&self, file: &str) -> Result<Value> {
        let mut object = scenario::example(file)?;
        rename(&mut object, self);
        match object["kind"].as_str() {
            Some("HealthcarePlan") => {
                object["spec"]["displayName"] = self.called.into();
                object["spec"]["nodes"]["count"] = self.nodes.into();
            }
            Some("BAA") => object["spec"]["disclosing"]["legalName"] = self.legal.into(),
            _ => (),
        }
        Ok(object)
    }

    /// The name of its agreement.
    pub fn agreement(&self) -> String {
        format!("{}-2026", self.name)
    }

    /// Does an act about the agreement in person. Acts are created, never applied: they do not change.
    pub async fn act(&self, who: &Person, file: &str) -> Result<DynamicObject> {
        let mut act = self.example(file)?;
        let agreement = scenario::kind(&who.client, "BAA", "baas").get(&self.agreement()).await?;
        act["spec"]["subjectRef"]["uid"] = agreement.metadata.uid.into();
        let acts: Api<DynamicObject> = manifests::api(&who.client, &act).await?;
        acts.create(&PostParams::default(), &serde_json::from_value(act)?)
            .await
            .with_context(|| format!("{} creates {file}", who.called))
    }
}

// Every text of the examples that is made of the first tenant's name.
fn rename(value: &mut Value, tenant: &Tenant) {
    match value {
        Value::String(text) => *text = text.replace(ACME.name, tenant.name),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, tenant)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, tenant)),
        _ => (),
    }
}

/// What the API server said when it refused; an error when it did not.
pub fn refusal<T>(answer: Result<T>) -> Result<String> {
    match answer {
        Ok(_) => bail!("it was not refused"),
        Err(why) => match why.chain().find_map(|cause| cause.downcast_ref::<kube::Error>()) {
            Some(kube::Error::Api(status)) if [403, 422].contains(&status.code) => {
                Ok(format!("{} {}", status.code, status.message))
            }
            _ => Err(why),
        },
    }
}
