//! R01, R05: people sign, look and terminate with the shipped command alone, each with own credentials and the shipped roles.

mod integrations;
mod person;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use kube::api::ListParams;
use person::Person;
use ringfence_e2e::{
    Bed, manifests, promise,
    scenario::{Scenario, example, kind, seconds_from_now},
};
use serde_json::json;

/// The text of the agreement, and its SHA-256.
const TEXT: (&str, &str) = ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

#[tokio::test(flavor = "multi_thread")]
async fn two_people_sign_with_the_command_alone_and_terminate() -> Result<()> {
    promise("people", story).await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_rights_in_a_tenants_namespace_alone_accept_what_an_integration_warns_of() -> Result<()> {
    promise("people_integrations", integrations::story).await
}

/// Everything that the story needs.
struct Story {
    tenant: Scenario,
    text: PathBuf,
    other: PathBuf,
    certificate: PathBuf,
}

async fn story(bed: &'static Bed) -> Result<()> {
    bed.operator().await?.ready().await?;
    let tenant = Scenario::new(bed, "signed", |_| ()).await?;
    tenant.inventory(1).await?;
    tenant.plan(1).await?;
    let file = |name: &str, text: &str| {
        let path = bed.folder().join(name);
        fs::write(&path, text).map(|()| path)
    };
    let (text, other) = (file("baa.pdf", TEXT.0)?, file("other.pdf", "abd")?);
    let story = Story { tenant, text, other, certificate: file("certificate.pdf", "certificate")? };
    let alice = Person::new(bed, "alice@ringwell.example", &["agreement-signers"])?;
    let bob = Person::new(bed, "bob@ringwell.example", &["agreement-signers"])?;
    let plan = format!("plan/{}", story.tenant.tenant);

    story.tenant.await_condition("PhiUnlocked", "False", "NoAgreement").await?;
    alice.runs(&["explain", &plan])?.ends(1, &["CLOSED", "No path", "write the BAA of"])?;
    story.agreement(bed).await?;
    story.tenant.await_condition("PhiUnlocked", "False", "AwaitingSignature").await?;
    let sign = format!("ringfence sign {0} --for {0} ", story.tenant.tenant);
    alice.runs(&["explain", &plan])?.ends(1, &["CLOSED", "nobody has signed", &sign, "signers (agreement-signers)"])?;
    unknown_is_not_absent(bed, &story).await?;
    refusals(bed, &story, &alice).await?;
    signatures(&story, &alice, &bob).await?;
    alice
        .runs(&["explain", &plan])?
        .ends(0, &["OPEN", "recorded by bob@ringwell.example", "What to do next Nothing."])?;
    notice_and_end(&story, &alice, &bob).await?;
    no_secret_was_read(bed, &[&alice, &bob], &["attestations", "selfsubjectreviews"])
}

impl Story {
    /// The terms, written by somebody in legal.
    async fn agreement(&self, bed: &Bed) -> Result<()> {
        let mut baa = example("30-baa.yaml")?;
        baa["metadata"]["name"] = self.tenant.tenant.as_str().into();
        baa["spec"]["disclosing"]["party"] = self.tenant.tenant.as_str().into();
        baa["spec"]["document"]["sha256"] = TEXT.1.into();
        baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-60) });
        manifests::apply(&bed.person("lee@ringwell.example", &["agreement-signers"]).await?, baa).await.map(|_| ())
    }

    /// The arguments of a signature.
    fn sign<'a>(&'a self, party: &'a str, text: &'a PathBuf, envelope: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let path = |p: &'a PathBuf| p.to_str().unwrap_or_default();
        let (name, certificate) = (self.tenant.tenant.as_str(), path(&self.certificate));
        let all = [
            "sign",
            name,
            "--for",
            party,
            "--signatory",
            "Dr. A. Miller",
            "--title",
            "Owner",
            "--document",
            path(text),
        ];
        let shows = ["--provider", "coss", "--envelope", envelope, "--certificate", certificate];
        [&all[..], &shows[..], more].concat()
    }

    async fn acts(&self) -> Result<usize> {
        let acts = kind(&self.tenant.admin, "Attestation", "attestations").list(&ListParams::default()).await?;
        Ok(acts.items.len())
    }
}

/// Who may not read, or asks for what is not there, is told so.
async fn unknown_is_not_absent(bed: &Bed, story: &Story) -> Result<()> {
    let plan = format!("plan/{}", story.tenant.tenant);
    let nobody = Person::new(bed, "nobody@ringwell.example", &[])?;
    nobody.runs(&["explain", &plan])?.ends(2, &["you may not read healthcareplans (403)"])?;
    let rules = json!([{ "apiGroups": ["ringfence.dev"], "resources": ["healthcareplans", "baas", "ringfenceconfigs", "healthcareplanclasses"], "verbs": ["get", "list"] }]);
    let rbac = "rbac.authorization.k8s.io";
    let role = json!({ "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": { "name": "half-blind" }, "rules": rules });
    let binding = json!({ "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": "half-blind" },
        "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": "half-blind" },
        "subjects": [{ "apiGroup": rbac, "kind": "User", "name": "pia@ringwell.example" }] });
    for object in [role, binding] {
        manifests::apply(&story.tenant.admin, object).await?;
    }
    let pia = Person::new(bed, "pia@ringwell.example", &[])?;
    let words = ["UNKNOWN", "Attestations: you may not read attestations (403)"];
    ringfence_e2e::wait::until("the rights of pia are known", async || {
        let said = pia.runs(&["explain", &plan])?;
        Ok(match said.out.contains("UNKNOWN") {
            true => ringfence_e2e::wait::Look::Done(()),
            false => ringfence_e2e::wait::Look::Not(said.err),
        })
    })
    .await?;
    let said = pia.runs(&["explain", &plan])?.ends(2, &words)?;
    ensure!(!said.out.contains("Draft") && !said.out.contains("No path"), "unknown is not absent: {said:?}");
    nobody.runs(&["explain", "plan/nobody-knows-it"])?.ends(2, &["may not read"])?;
    let auditor = Person::new(bed, "ada@ringwell.example", &["auditors"])?;
    auditor.runs(&["explain", "plan/nobody-knows-it"])?.ends(2, &["plan/nobody-knows-it does not exist"])?;
    auditor.runs(&["explain", "pod/x"])?.ends(2, &["plan/NAME or baa/NAME"])?;
    Ok(())
}

/// What is refused records nothing.
async fn refusals(bed: &Bed, story: &Story, alice: &Person) -> Result<()> {
    let (name, before) = (story.tenant.tenant.as_str(), story.acts().await?);
    let wrong = alice.runs(&story.sign("ringwell", &story.other, "e-1", &["--yes"]))?;
    wrong.ends(1, &["--document", "is not the text of BAA", TEXT.1, "fetch s3://legal/"])?;
    alice
        .runs(&story.sign("stranger", &story.text, "e-1", &["--yes"]))?
        .ends(1, &["--for stranger is neither party"])?;
    alice.runs(&story.sign("ringwell", &story.text, "e-1", &[]))?.ends(1, &["stdin is no terminal", "--yes"])?;
    let dry = alice.runs(&story.sign("ringwell", &story.text, "e-1", &["--dry-run"]))?;
    dry.ends(0, &["Dry run", "nothing was recorded", "discloses: Acme Dental Group, LLC", "not allowed (Deny)"])?;
    // A privacy officer may write acts, and this one is not for them: the API server says so itself.
    let officer = Person::new(bed, "olga@ringwell.example", &["privacy-officers"])?;
    let refused = officer.runs(&story.sign("ringwell", &story.text, "e-1", &["--yes"]))?;
    refused.ends(1, &["G11: spec.act Sign needs a group of spec.groups.signers of RingfenceConfig/cluster, one of [agreement-signers]"])?;
    let dry = officer.runs(&["terminate", name, "--for", name, "--dry-run"])?;
    dry.ends(1, &["G11: spec.act Terminate needs a group of spec.groups.signers"])?;
    ensure!(story.acts().await? == before, "what was refused was recorded");
    Ok(())
}

/// From nothing to open: two parties, two people.
async fn signatures(story: &Story, alice: &Person, bob: &Person) -> Result<()> {
    let name = story.tenant.tenant.as_str();
    let first = alice.runs(&story.sign("ringwell", &story.text, "e-1", &["--yes"]))?;
    first.ends(
        0,
        &["you are alice@ringwell.example", "Recorded: Attestation", &format!("lacks the signature of {name}")],
    )?;
    let same = alice.runs(&story.sign(name, &story.text, "e-2", &["--dry-run"]))?;
    same.ends(0, &["you recorded the signature of ringwell under envelope e-1", "do not count"])?;
    let second = bob.runs(&story.sign(name, &story.text, "e-2", &["--yes", "-o", "json"]))?;
    let said = second.json()?;
    ensure!(second.code == 0 && second.err.contains("recorded by alice@ringwell.example"), "{second:?}");
    ensure!(said["by"] == "bob@ringwell.example" && said["attestation"].is_string(), "{said}");
    let opens = said["effects"][0]["changes"][0]["what"].as_str().context("it opens")?;
    ensure!(said["effects"][0]["plan"] == name && opens.starts_with(&format!("{name} opens")), "{said}");
    story.tenant.await_open().await
}

/// Notice is given, taken back, and then the agreement ends at once.
async fn notice_and_end(story: &Story, alice: &Person, bob: &Person) -> Result<()> {
    let (name, later) = (story.tenant.tenant.as_str(), seconds_from_now(3600));
    let (plan, baa) = (format!("plan/{name}"), format!("baa/{name}"));
    let notice = bob.runs(&["terminate", name, "--for", name, "--effective", &later, "--yes", "-o", "json"])?;
    let said = notice.json()?;
    let act = said["attestation"].as_str().context("it was recorded")?.to_owned();
    let told = alice.runs(&["explain", &plan])?;
    told.ends(0, &["notice was given", "recorded by bob@ringwell.example", &format!("ringfence withdraw {act}")])?;
    alice.runs(&["withdraw", &act, "--yes"])?.ends(1, &["was recorded by bob@ringwell.example"])?;
    bob.runs(&["withdraw", &act, "--yes"])?.ends(0, &["Recorded: Attestation", "counts no more"])?;
    alice.runs(&["explain", &plan])?.ends(0, &["OPEN", "What to do next Nothing."])?;

    let end = bob.runs(&["terminate", name, "--for", name, "--yes"])?;
    end.ends(
        0,
        &[
            "What ends at once",
            "has no other path, so it closes",
            "calls keep ringing",
            "nothing opens anew",
            "Recorded: Attestation",
        ],
    )?;
    story.tenant.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
    let new = format!("names {name} in spec.supersedesRef");
    alice.runs(&["explain", &plan])?.ends(1, &["CLOSED", "a party ended it", "by bob@ringwell.example", &new])?;
    alice.runs(&["explain", &baa])?.ends(1, &["CLOSED", &format!("plan {name}, covered entity {name}")])?;
    let program = alice.runs(&["explain", &plan, "-o", "json"])?;
    ensure!(program.code == 1 && program.json()?["result"] == "Closed", "{program:?}");
    bob.runs(&["terminate", name, "--for", name, "--yes"])?.ends(1, &["there is nothing to terminate"])?;
    Ok(())
}

/// The command reads no Secret, and writes nothing but acts and the question who its caller is; `written` is what these people wrote.
fn no_secret_was_read(bed: &Bed, people: &[&Person], written: &[&str]) -> Result<()> {
    for person in people {
        let secrets = bed
            .audit()
            .after(Default::default())
            .user(person.name)
            .filter(|e| e.object_ref.resource == "secrets")
            .events()?;
        ensure!(secrets.is_empty(), "{} asked for Secrets: {}", person.name, secrets[0].brief());
        let writes = bed.audit().after(Default::default()).user(person.name).writes();
        let known: Vec<String> = written.iter().map(|w| (*w).to_owned()).collect();
        let others = writes.filter(move |e| !known.contains(&e.object_ref.resource));
        let others = others.events()?;
        ensure!(others.is_empty(), "{} wrote: {}", person.name, others[0].brief());
    }
    Ok(())
}
