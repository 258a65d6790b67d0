//! R06, R31, R41: a tenant's administrator, with rights in that namespace alone, accepts what an integration warns of and attests its cover; the
//! flag follows, and `status` says so before and after, to sales and to the administrator.

use anyhow::{Context, Result, ensure};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use ringfence_e2e::{
    Bed, manifests,
    scenario::{Scenario, example, seconds_from_now},
    tools::repository,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{no_secret_was_read, person::Person};

const TARA: &str = "tara@clinic.example";
const FLAG: &str = "integration.crm.payload";

/// A tenant that is open, and its administrator.
struct Clinic {
    tenant: Scenario,
    place: String,
    tara: Person,
    tara_client: Client,
    sue: Person,
}

pub async fn story(bed: &'static Bed) -> Result<()> {
    bed.operator().await?.ready().await?;
    let clinic = clinic(bed).await?;
    let name = clinic.tenant.tenant.clone();
    clinic.sue.runs(&["status", &name])?.ends(0, &["OPEN", "Integrations: none", "What to do next Nothing."])?;
    clinic.sue.runs(&["status", "nobody-knows-it"])?.ends(2, &["plan/nobody-knows-it does not exist"])?;
    clinic.integration().await?;
    before(&clinic)?;
    refusals(bed, &clinic).await?;
    let act = accepts(&clinic).await?;
    attests(&clinic).await?;
    after(&clinic)?;
    takes_back(bed, &clinic, &act).await?;
    no_secret_was_read(bed, &[&clinic.sue], &["attestations", "selfsubjectreviews"])?;
    no_secret_was_read(bed, &[&clinic.tara], &["attestations", "selfsubjectreviews", "integrations"])
}

/// A clinic whose own agreement does not keep information in the country: else an attested cover counts for nothing.
async fn clinic(bed: &'static Bed) -> Result<Clinic> {
    let tenant = Scenario::new(bed, "linked", |_| ()).await?;
    let name = tenant.tenant.clone();
    tenant.inventory(1).await?;
    let mut baa = example("30-baa.yaml")?;
    baa["metadata"]["name"] = name.as_str().into();
    baa["spec"]["disclosing"]["party"] = name.as_str().into();
    baa["spec"]["restrictions"] = json!({ "subcontracting": "Notice", "offshoring": "Allow" });
    baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-60) });
    manifests::apply(&bed.person("lee@ringwell.example", &["agreement-signers"]).await?, baa).await?;
    tenant.sign().await?;
    tenant.plan(1).await?;
    tenant.await_open().await?;
    for object in manifests::read(&repository().join("manifests/examples/65-tenant-admin.yaml"))? {
        let own: Value = serde_json::from_str(&object.to_string().replace("acme-dental", &name))?;
        manifests::apply(&tenant.admin, own).await?;
    }
    let group = format!("{name}-admins");
    Ok(Clinic {
        place: format!("{name}/crm"),
        tara: Person::new(bed, TARA, &[&group])?,
        tara_client: bed.person(TARA, &[&group]).await?,
        sue: Person::new(bed, "sue@ringwell.example", &["sales-ops"])?,
        tenant,
    })
}

impl Clinic {
    fn integrations(&self) -> Api<DynamicObject> {
        let gvk = GroupVersionKind::gvk("ringfence.dev", "v1alpha1", "Integration");
        let resource = ApiResource::from_gvk_with_plural(&gvk, "integrations");
        Api::namespaced_with(self.tara_client.clone(), &self.tenant.tenant, &resource)
    }

    /// Written by the tenant's administrator.
    async fn integration(&self) -> Result<()> {
        let crm = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Integration",
            "metadata": { "name": "crm", "namespace": self.tenant.tenant },
            "spec": { "vendor": "salesforce", "service": "crm-sync", "direction": "Push", "payload": "Full", "phiCategories": ["CallerID"],
                "endpoints": [{ "host": "login.salesforce.example", "cidrs": ["198.51.100.0/24"], "port": 443 }], "cover": { "attested": true } } });
        wait::until("the rights of tara are known", async || {
            Ok(match manifests::apply(&self.tara_client, crm.clone()).await {
                Ok(_) => Look::Done(()),
                Err(why) => Look::Not(format!("{why:#}")),
            })
        })
        .await?;
        self.told("LinkOnly", "False").await.map(drop)
    }

    /// Waits until status says this payload, and this of the acceptance.
    async fn told(&self, payload: &str, accepted: &str) -> Result<DynamicObject> {
        wait::object(&self.integrations(), "crm", &format!("{payload}, accepted: {accepted}"), |i| {
            let status = &i.data["status"];
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            let is =
                |r#type: &str, wanted: &str| conditions.iter().any(|c| c["type"] == r#type && c["status"] == wanted);
            status["payload"] == payload && is("Acknowledged", accepted) && is("Ready", "True")
        })
        .await
    }
}

/// What sales and the administrator read before anybody has acted.
fn before(clinic: &Clinic) -> Result<()> {
    let (name, place) = (&clinic.tenant.tenant, &clinic.place);
    let steps = [format!("ringfence acknowledge {place}"), format!("ringfence attest-cover {place} --until TIME")];
    let less = ["CLOSED", "crm, to salesforce for crm-sync: LESS THAN ASKED", "sent now: links that need a login"];
    clinic.sue.runs(&["status", name])?.ends(1, &[&less[..], &[&steps[0], &steps[1]]].concat())?;
    let own = ["UNKNOWN", "the plan: you may not read healthcareplans (403)", less[1], less[2], &steps[0]];
    clinic.tara.runs(&["status", name])?.ends(2, &own)?;
    Ok(())
}

/// What is refused records nothing, and says why.
async fn refusals(bed: &Bed, clinic: &Clinic) -> Result<()> {
    let (name, place) = (clinic.tenant.tenant.as_str(), clinic.place.as_str());
    let acknowledge = ["acknowledge", place, "--yes"];
    let nobody = Person::new(bed, "nobody@ringwell.example", &[])?;
    nobody.runs(&acknowledge)?.ends(1, &["you may not read integrations in", "ClusterRole ringfence-tenant-admin"])?;
    let auditor = Person::new(bed, "ada@ringwell.example", &["auditors"])?;
    auditor
        .runs(&acknowledge)?
        .ends(1, &["The warning that you accept", "cannot create resource", "ringfence-acknowledger"])?;
    let officer = Person::new(bed, "olga@ringwell.example", &["privacy-officers"])?;
    officer
        .runs(&acknowledge)?
        .ends(1, &["G11: spec.act Acknowledge needs a person who may update the Integration"])?;
    let tara = &clinic.tara;
    tara.runs(&["acknowledge", place])?.ends(1, &["stdin is no terminal", "--yes"])?;
    let none = format!("integration {name}/none does not exist");
    tara.runs(&["acknowledge", &format!("{name}/none"), "--yes"])?.ends(1, &[&none])?;
    tara.runs(&["acknowledge", "default/crm", "--yes"])?
        .ends(1, &["you may not read integrations in default (403)"])?;
    tara.runs(&["acknowledge", "crm", "--yes"])?.ends(2, &["give NAMESPACE/NAME"])?;
    let past = ["attest-cover", place, "--until", "2026-01-01T00:00:00Z", "--yes"];
    tara.runs(&past)?.ends(1, &["--until is past"])?;
    tara.runs(&["acknowledge", place, "--dry-run"])?.ends(0, &["Dry run", "nothing was recorded"])?;
    let flags = clinic.tenant.flags().await?;
    ensure!(flags[FLAG] == "link-only", "nothing was accepted: {:?}", flags.get(FLAG));
    Ok(())
}

/// The administrator accepts what is shown: one act, of that very text. Links alone go on, for want of a cover.
async fn accepts(clinic: &Clinic) -> Result<String> {
    let said = clinic.tara.runs(&["acknowledge", &clinic.place, "--yes", "-o", "json"])?;
    for words in ["Turning on crm of", "The warning that you accept", "Not shown to you", "the text is the operator's"]
    {
        ensure!(said.err.contains(words), "{words}: {said:?}");
    }
    let told = said.json()?;
    let integration = clinic.told("LinkOnly", "True").await?;
    ensure!(told["textSHA256"] == integration.data["status"]["warning"]["textSHA256"], "{told}");
    ensure!(told["by"] == TARA && told["namespace"] == clinic.tenant.tenant.as_str(), "{told}");
    let flags = clinic.tenant.flags().await?;
    ensure!(flags[FLAG] == "link-only", "there is no cover: {:?}", flags.get(FLAG));
    Ok(told["attestation"].as_str().context("it was recorded")?.to_owned())
}

/// With the cover the flag is full.
async fn attests(clinic: &Clinic) -> Result<()> {
    let until = seconds_from_now(3600);
    let said = clinic.tara.runs(&["attest-cover", &clinic.place, "--until", &until, "--yes"])?;
    said.ends(0, &["What you attest", "Nothing else is missing", "Recorded: Attestation", "-attest-cover-"])?;
    clinic.tenant.await_flag(FLAG, json!("full")).await?;
    clinic.told("Full", "True").await.map(drop)
}

fn after(clinic: &Clinic) -> Result<()> {
    let name = clinic.tenant.tenant.as_str();
    let full = ["crm, to salesforce for crm-sync: as asked", "sent now: all of it (CallerID)", "its cover ends on"];
    clinic
        .sue
        .runs(&["status", name])?
        .ends(0, &[&full[..], &["OPEN", "attest again that the customer has"]].concat())?;
    clinic.tara.runs(&["status", name])?.ends(2, &full)?;
    let program = clinic.sue.runs(&["status", name, "-o", "json"])?;
    let value = program.json()?;
    ensure!(program.code == 0 && value["result"] == "Open" && value["integrations"][0]["sent"] == "Full", "{value}");
    ensure!(program.out == clinic.sue.runs(&["status", name, "-o", "json"])?.out, "two pages of the same are the same");
    Ok(())
}

/// What was accepted is taken back by who did it, and by nobody else.
async fn takes_back(bed: &Bed, clinic: &Clinic, act: &str) -> Result<()> {
    let alice = Person::new(bed, "alice@ringwell.example", &["agreement-signers"])?;
    alice.runs(&["withdraw", act, "--yes"])?.ends(1, &["was recorded by tara@clinic.example", "--privacy-officer"])?;
    let said = clinic.tara.runs(&["withdraw", act, "--yes"])?;
    said.ends(0, &["Acknowledge of Integration", "links alone are sent to salesforce", "counts no more"])?;
    clinic.tenant.await_flag(FLAG, json!("link-only")).await?;
    clinic.told("LinkOnly", "False").await?;
    let again = format!("ringfence acknowledge {}", clinic.place);
    clinic
        .sue
        .runs(&["status", &clinic.tenant.tenant])?
        .ends(1, &["CLOSED", "Nobody has accepted the warning", &again])?;
    Ok(())
}
