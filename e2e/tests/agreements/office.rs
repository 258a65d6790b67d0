//! Where agreements are drafted, filed and signed, each act by the person whose act it is; and what engines say of a tenant.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams, PostParams},
};
use ringfence_e2e::{
    Bed,
    evaluators::{Values, evaluate},
    scenario::{Scenario, example, kind, seconds_from_now},
    tenant::unique,
    wait::{self, Look},
};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The platform's party.
pub const PLATFORM: &str = "ringwell";
/// Records for the platform.
pub const ALICE: &str = "alice@ringwell.example";
/// Records for everybody else.
pub const BOB: &str = "bob@ringwell.example";
/// The group of those who sign.
pub const SIGNERS: &str = "agreement-signers";
/// The hash of the document that the example agreement names.
pub const TEXT: &str = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83711b8c5a2d5b1c9f4cfa7a0c";
/// How soon what closes must be closed (S12).
pub const SOON: Duration = Duration::from_secs(5);

/// People with pens.
pub struct Office {
    pub bed: &'static Bed,
    pub admin: Client,
}

/// The terms of an agreement of a covered entity with `receiving`, from a minute ago without an end.
pub fn draft(name: &str, disclosing: &str, receiving: &str) -> Result<Value> {
    let mut baa = example("30-baa.yaml")?;
    baa["metadata"]["name"] = name.into();
    baa["spec"]["disclosing"] = json!({ "party": disclosing, "role": "CoveredEntity", "legalName": "A Clinic" });
    baa["spec"]["receiving"]["party"] = receiving.into();
    baa["spec"]["term"] = json!({ "effectiveTime": seconds_from_now(-60) });
    Ok(baa)
}

/// The terms of an agreement of an agency with `receiving`, which names the agreements above it.
pub fn agency(name: &str, disclosing: &str, receiving: &str, upstream: &[&str]) -> Result<Value> {
    let mut baa = draft(name, disclosing, receiving)?;
    baa["spec"]["disclosing"]["role"] = "BusinessAssociate".into();
    if !upstream.is_empty() {
        baa["spec"]["upstream"] = upstream.iter().map(|u| json!({ "baaRef": { "name": u } })).collect();
    }
    Ok(baa)
}

/// The platform's agreement with a vendor that transcribes.
pub fn vendor(name: &str, vendor: &str) -> Result<Value> {
    let mut baa = agency(name, PLATFORM, vendor, &[])?;
    baa["spec"]["receiving"]["role"] = "Subcontractor".into();
    baa["spec"]["scope"]["services"] = json!(["voicemail-transcription"]);
    Ok(baa)
}

/// A signature on behalf of `party`, under an envelope of its own.
pub fn signature(party: &str) -> Value {
    json!({
        "act": "Sign", "textSHA256": TEXT, "onBehalfOf": { "party": party, "name": "A. Signatory" },
        "evidence": { "provider": "paper", "envelopeID": unique("envelope"), "certificateSHA256": TEXT },
    })
}

impl Office {
    /// On this bed.
    pub async fn on(bed: &'static Bed) -> Result<Self> {
        bed.operator().await?.ready().await?;
        Ok(Self { bed, admin: bed.admin().await? })
    }

    /// Somebody in one group.
    pub async fn somebody(&self, who: &str, group: &str) -> Result<Client> {
        self.bed.impersonated(who, &[group]).await
    }

    /// Agreements, as the administrator sees them.
    pub fn baas(&self) -> Api<DynamicObject> {
        kind(&self.admin, "BAA", "baas")
    }

    /// Files the terms: nobody has signed yet.
    pub async fn file(&self, baa: Value) -> Result<Value> {
        let alice = self.somebody(ALICE, SIGNERS).await?;
        let filed = kind(&alice, "BAA", "baas").create(&PostParams::default(), &serde_json::from_value(baa)?).await?;
        Ok(serde_json::to_value(filed)?)
    }

    /// Files the terms, and both parties sign.
    pub async fn agree(&self, baa: Value) -> Result<Value> {
        let filed = self.file(baa).await?;
        self.sign(&filed).await?;
        Ok(filed)
    }

    /// Both parties sign: alice records for the platform or who receives, bob for who discloses.
    pub async fn sign(&self, baa: &Value) -> Result<()> {
        let [disclosing, receiving] = ["disclosing", "receiving"].map(|side| party(baa, side));
        let others = if disclosing == PLATFORM { [BOB, ALICE] } else { [ALICE, BOB] };
        self.act(others[1], baa, signature(&disclosing)).await?;
        self.act(others[0], baa, signature(&receiving)).await?;
        Ok(())
    }

    /// An act about an agreement, or about what `spec.subjectRef` names, by a signer.
    pub async fn act(&self, who: &str, baa: &Value, mut spec: Value) -> Result<Value> {
        if spec["subjectRef"].is_null() {
            spec["subjectRef"] = about("BAA", baa);
        }
        spec["by"] = who.into();
        let act = json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": unique("act") }, "spec": spec });
        let signer = self.somebody(who, SIGNERS).await?;
        let acts = kind(&signer, "Attestation", "attestations");
        let made = acts.create(&PostParams::default(), &serde_json::from_value(act)?).await?;
        Ok(serde_json::to_value(made)?)
    }

    /// Ends an agreement for the party that discloses: at once, or `seconds` from now.
    pub async fn terminate(&self, baa: &Value, seconds: Option<i64>) -> Result<Value> {
        let mut spec = json!({ "act": "Terminate", "onBehalfOf": { "party": party(baa, "disclosing") } });
        if let Some(seconds) = seconds {
            spec["effectiveTime"] = seconds_from_now(seconds).into();
        }
        self.act(BOB, baa, spec).await
    }

    /// Attests, for the agency of `baa`, an agreement of `entity`, for so many seconds.
    pub async fn attest(&self, baa: &Value, entity: &str, seconds: i64) -> Result<Value> {
        let spec = json!({
            "act": "AttestUpstream", "onBehalfOf": { "party": party(baa, "disclosing") }, "coveredEntity": { "party": entity },
            "expirationTime": seconds_from_now(seconds),
        });
        self.act(BOB, baa, spec).await
    }

    /// Takes an act back, by who did it.
    pub async fn withdraw(&self, act: &Value) -> Result<Value> {
        let by = act["spec"]["by"].as_str().unwrap_or_default();
        self.act(by, act, json!({ "act": "Withdraw", "subjectRef": about("Attestation", act) })).await
    }

    /// Waits until status of an agreement fulfils `holds`, and returns it.
    pub async fn await_status(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = wait::object(&self.baas(), name, what, |o| holds(&o.data["status"])).await?;
        Ok(found.data["status"].clone())
    }

    /// Waits until an agreement is in this phase.
    pub async fn await_phase(&self, name: &str, phase: &str) -> Result<Value> {
        self.await_status(name, phase, |s| s["phase"] == phase).await
    }

    /// A tenant whose class needs `vendor` to transcribe, with one node and these covered entities, whose fences are about to stand.
    pub async fn tenant(&self, stem: &str, vendor: &str) -> Result<Scenario> {
        let vendor = vendor.to_owned();
        Scenario::new(self.bed, stem, move |class| class["vendorFeatures"][0]["vendor"] = vendor.into()).await
    }

    /// A tenant with these covered entities, with its node and plan.
    pub async fn flip(&self, story: &Scenario, entities: &[&str]) -> Result<()> {
        story.inventory(1).await?;
        let entities: Value = entities.iter().map(|e| json!({ "party": e })).collect();
        story.plan_with(1, |spec| spec["coveredEntities"] = entities).await?;
        fenced(story).await
    }

    /// A privacy officer ends the service.
    pub async fn offboard(&self, story: &Scenario) -> Result<()> {
        let priya = self.somebody("priya@ringwell.example", "privacy-officers").await?;
        let end = json!({ "spec": { "state": "Offboarding", "offboarding": { "action": "Return" } } });
        let plans = kind(&priya, "HealthcarePlan", "healthcareplans");
        plans.patch(&story.tenant, &PatchParams::default(), &Patch::Merge(end)).await?;
        Ok(())
    }
}

/// Name and UID of an object.
pub fn about(kind: &str, object: &Value) -> Value {
    json!({ "kind": kind, "name": object["metadata"]["name"], "uid": object["metadata"]["uid"] })
}

/// A party of an agreement.
pub fn party(baa: &Value, side: &str) -> String {
    baa["spec"][side]["party"].as_str().unwrap_or_default().to_owned()
}

/// The name of an object.
pub fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// Waits until every fence but the agreement stands.
pub async fn fenced(story: &Scenario) -> Result<()> {
    for condition in ["NamespaceFenced", "NetworkIsolated", "NodesDedicated", "KeysReady", "FlagsPublished"] {
        story.await_condition(condition, "True", "").await?;
    }
    Ok(())
}

/// Waits until the tenant is unlocked and its document says so.
pub async fn open(story: &Scenario) -> Result<()> {
    story.await_condition("PhiUnlocked", "True", "Unlocked").await?;
    until(story, "it is open", |v| !captured(v).is_empty() || !entities(v).is_empty()).await.map(drop)
}

/// What both engines say of a document, without holding up who else is awaited. A window may end between the one and the other: then they are asked
/// again.
pub async fn judged(document: String) -> Result<Values> {
    tokio::task::spawn_blocking(move || evaluate(&document).or_else(|_| evaluate(&document))).await?
}

/// The categories whose short flag is permissive.
pub fn captured(values: &Values) -> BTreeSet<String> {
    let kept = values
        .iter()
        .filter(|(_, v)| **v == true)
        .filter_map(|(k, _)| k.strip_prefix("capture.")?.strip_suffix(".allowed"));
    kept.map(str::to_owned).collect()
}

/// The entities that are open.
pub fn entities(values: &Values) -> BTreeSet<String> {
    values["covered.entities"].as_object().into_iter().flat_map(|o| o.keys().cloned()).collect()
}

/// Whether transcription of voicemail is on.
pub fn transcribes(values: &Values) -> bool {
    values["voicemail.transcription.allowed"] == true
}

/// Waits until engines say of the published document what `holds` wants; returns how long that took, and what they say.
pub async fn until(story: &Scenario, what: &str, holds: impl Fn(&Values) -> bool) -> Result<(Duration, Values)> {
    let began = Instant::now();
    let (mut last, mut judged_at) = (String::new(), Instant::now());
    let mut seen = Values::new();
    wait::until(&format!("{}: {what}", story.tenant), async || {
        let document = story.document().await?;
        let asked = began.elapsed();
        // Windows end by the clock, so what did not change is judged anew, but seldom.
        if document != last || judged_at.elapsed() > Duration::from_secs(1) {
            seen = judged(document.clone()).await?;
            (last, judged_at) = (document, Instant::now());
        }
        Ok(if holds(&seen) { Look::Done((asked, seen.clone())) } else { Look::Not(format!("{seen:?}")) })
    })
    .await
}

/// Does something, waits for what must come of it as [`until`] does, and makes sure that the document was stored no later than [`SOON`]: by the API
/// server's audit log, so that what engines take to judge does not count.
pub async fn soon<T>(
    story: &Scenario,
    what: &str,
    deed: impl Future<Output = Result<T>>,
    holds: impl Fn(&Values) -> bool,
) -> Result<Values> {
    let audit = story.bed().audit();
    let mark = audit.mark()?;
    deed.await?;
    let done = Timestamp::now();
    let (_, values) = until(story, what, holds).await?;
    let documents = audit.after(mark).namespace(&story.tenant).name("ringfence-flags").writes().succeeded().events()?;
    let last = documents.last().map(|w| w.stage_timestamp.duration_since(done).as_secs_f64());
    println!("{what}: stored after {last:.2?} s");
    ensure!(last.is_none_or(|s| s <= SOON.as_secs_f64()), "{what}: after {last:?} s");
    Ok(values)
}

/// Waits until the API server dates what is done next later than what was done before: its moments are whole seconds.
pub async fn another_second() -> Result<()> {
    wait::stays(Duration::from_millis(1100), "another second", async || Ok(()), |()| true).await
}

/// The entry of an entity in the plan's status.
pub async fn entity(story: &Scenario, party: &str) -> Result<Value> {
    let plan = story.read_plan().await?;
    let all = plan.data["status"]["agreement"]["entities"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|e| e["party"] == party).with_context(|| format!("status says nothing of {party}"))
}

/// Waits until the entry of an entity in the plan's status fulfils `holds`.
pub async fn await_entity(story: &Scenario, party: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    wait::until(&format!("{party}: {what}"), async || {
        let found = entity(story, party).await.unwrap_or_default();
        Ok(if holds(&found) { Look::Done(found) } else { Look::Not(found.to_string()) })
    })
    .await
}

/// The condition of this type.
pub fn condition(status: &Value, r#type: &str) -> Value {
    let all = status["conditions"].as_array().into_iter().flatten();
    all.into_iter().find(|c| c["type"] == r#type).cloned().unwrap_or_default()
}

/// A moment of the API.
pub fn moment(value: &Value) -> Result<Timestamp> {
    value.as_str().with_context(|| format!("no moment: {value}"))?.parse().map_err(Into::into)
}
