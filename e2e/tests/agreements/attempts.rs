//! Who tries what, on three tenants: one that is open, one whose agreement one party has signed, one whose agreement was terminated.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use kube::Client;
use ringfence_e2e::{
    evaluators::Values,
    operator,
    scenario::{Scenario, kind},
    table::Table,
    tenant::unique,
    wait,
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    office::{ALICE, BOB, Office, PLATFORM, SIGNERS, about, captured, draft, judged, name_of, open, signature, until},
};

/// Where Ringfence's objects are.
pub const ROOT: &str = "/apis/ringfence.dev/v1alpha1";
/// The pipeline's account, which may do everything by RBAC.
pub const PIPELINE: &str = "system:serviceaccount:tamper-ci:pipeline";
/// A person who may do everything by RBAC, and is in no group of Ringfence's.
pub const CARL: &str = "carl@ringwell.example";
/// A signer who records for another clinic.
pub const MALLORY: &str = "mallory@globex.example";
/// The tenant's own administrator.
pub const TINA: &str = "tina@acme.example";

/// How a tenant stands: what engines say, its document's text, status and reason of `PhiUnlocked`.
struct Stand {
    values: Values,
    text: String,
    unlocked: (String, String),
}

/// The stage, the people and the score.
pub struct Play {
    pub office: Office,
    pub open: Scenario,
    pub shut: Scenario,
    pub gone: Scenario,
    /// The agreement of each: in force, half signed, terminated.
    pub baas: [Value; 3],
    people: BTreeMap<&'static str, Client>,
    before: Vec<Stand>,
    table: Table,
    count: usize,
    wrong: Vec<String>,
}

/// An Attestation of `who` about `object`.
pub fn act(who: &str, object: (&str, &Value), mut spec: Value) -> Value {
    spec["by"] = who.into();
    if spec["subjectRef"].is_null() {
        spec["subjectRef"] = about(object.0, object.1);
    }
    json!({ "apiVersion": "ringfence.dev/v1alpha1", "kind": "Attestation", "metadata": { "name": unique("tamper") }, "spec": spec })
}

/// Where an agreement is.
pub fn at(baa: &Value) -> String {
    format!("{ROOT}/baas/{}", name_of(baa))
}

impl Play {
    /// Sets the stage: three tenants and everybody who tries.
    pub async fn set(office: Office) -> Result<Self> {
        let admin = &office.admin;
        let subject = json!({ "kind": "ServiceAccount", "name": "pipeline", "namespace": "tamper-ci" });
        let carl = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "tamper-admins" });
        for (name, role, subject) in
            [("tamper-pipeline", "cluster-admin", subject), ("tamper-carl", "cluster-admin", carl)]
        {
            let binding = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role }, "subjects": [subject],
            });
            Ask::create(binding).done(admin).await?;
        }
        let bed = office.bed;
        let accounts = ["system:serviceaccounts", "system:serviceaccounts:tamper-ci", "system:authenticated"];
        let masters = format!("system:serviceaccount:{}:{}", operator::NAMESPACE, operator::ACCOUNT);
        let people = BTreeMap::from([
            ("a pipeline with */*", bed.impersonated(PIPELINE, &accounts).await?),
            ("an administrator", bed.person(CARL, &["tamper-admins"]).await?),
            ("another clinic's signer", bed.person(MALLORY, &[SIGNERS]).await?),
            ("the platform's signer", bed.person(ALICE, &[SIGNERS]).await?),
            ("the clinic's signer", bed.person(BOB, &[SIGNERS]).await?),
            ("a privacy officer", bed.person("priya@ringwell.example", &["privacy-officers"]).await?),
            ("sales", bed.person("sam@ringwell.example", &["sales-ops"]).await?),
            ("the tenant's admin", bed.person(TINA, &["acme-admins"]).await?),
            ("system:masters", admin.clone()),
            ("the operator's token", bed.service_account(operator::NAMESPACE, operator::ACCOUNT).await?),
            ("the operator with */*", bed.impersonated(&masters, &["system:masters"]).await?),
        ]);
        let open = office.tenant("tampered", &unique("vendor")).await?;
        let (shut, gone) = (open.neighbour("half").await?, open.neighbour("ended").await?);
        let mut baas = vec![];
        for story in [&open, &shut, &gone] {
            let mut baa = draft(&story.tenant, &story.tenant, PLATFORM)?;
            baa["metadata"]["labels"] = json!({ "tamper": story.tenant });
            baa["spec"]["scope"]["phiCategories"] = json!(["CallerID", "Recording", "Transcript", "Message", "Form"]);
            baas.push(office.file(baa).await?);
        }
        let baas: [Value; 3] = baas.try_into().ok().context("three agreements")?;
        office.sign(&baas[0]).await?;
        office.sign(&baas[2]).await?;
        office.act(BOB, &baas[1], signature(&shut.tenant)).await?;
        futures::future::try_join_all(
            [&open, &shut, &gone].map(async |story| office.flip(story, &[&story.tenant]).await),
        )
        .await?;
        self::open(&open).await?;
        self::open(&gone).await?;
        for story in [&open, &gone] {
            until(story, "it is read", |v| v["phi.read.allowed"] == true).await?;
        }
        let table = Table::new(&["who", "attempt", "outcome"]);
        let (before, wrong) = (vec![], vec![]);
        Ok(Self { office, open, shut, gone, baas, people, before, table, count: 0, wrong })
    }

    /// The tenants as they stand now are as they must stay.
    pub async fn remember(&mut self) -> Result<()> {
        self.before = vec![];
        for story in [&self.open, &self.shut, &self.gone] {
            let text = story.document().await?;
            let (status, reason, _) = story.condition("PhiUnlocked").await?;
            let values = judged(text.clone()).await?;
            self.before.push(Stand { values, text, unlocked: (status, reason) });
        }
        let kept = self.before.iter().map(|b| captured(&b.values).len()).collect::<Vec<_>>();
        self.must("the first is open, the others are not", kept == [5, 0, 0], &json!(kept));
        Ok(())
    }

    /// Somebody by the word for them.
    pub fn person(&self, who: &str) -> Result<&Client> {
        self.people.get(who).with_context(|| format!("nobody is {who}"))
    }

    fn note(&mut self, who: &str, what: &str, outcome: String, wrong: Option<String>) {
        self.count += 1;
        println!("{who:<26}{what:<70}{outcome}");
        self.wrong.extend(wrong.map(|w| format!("{who}, {what}: {w}")));
        self.table.row(vec![who.into(), what.into(), outcome]);
    }

    /// It is refused, and the answer holds `by`: a rule, a field or RBAC's word.
    pub async fn refused(&mut self, who: &str, what: &str, ask: Ask, by: &str) -> Result<()> {
        let answer = ask.send(self.person(who)?, &self.office.admin).await?;
        let wrong = match &answer {
            Answer::Refused(_, why) if why.contains(by) => None,
            other => Some(brief(other)),
        };
        self.note(
            who,
            what,
            format!("refused: {}", by.trim_start_matches("denied request: ").trim_end_matches(": ")),
            wrong,
        );
        Ok(())
    }

    /// It is stored and comes to nothing; returns what was stored.
    pub async fn idle(&mut self, who: &str, what: &str, ask: Ask) -> Result<Value> {
        match ask.send(self.person(who)?, &self.office.admin).await? {
            Answer::Passed(stored) => {
                self.idle_all(who, what, None).await?;
                Ok(stored)
            }
            other => {
                self.note(who, what, "no effect".into(), Some(format!("it was to be stored: {}", brief(&other))));
                Ok(Value::Null)
            }
        }
    }

    /// Notes what must hold besides what engines say.
    pub fn must(&mut self, what: &str, holds: bool, seen: &Value) {
        if !holds {
            self.wrong.push(format!("{what}: {seen}"));
        }
    }

    /// Notes what was tried in several steps, and what was wrong with its outcome besides what engines say.
    pub async fn idle_all(&mut self, who: &str, what: &str, wrong: Option<String>) -> Result<()> {
        let wrong = wrong.or(self.stands().await?);
        if wrong.is_some() {
            // What follows is judged by itself.
            self.remember().await?;
        }
        self.note(who, what, "no effect".into(), wrong);
        Ok(())
    }

    /// Once the operator has seen everything so far: what is other than before.
    async fn stands(&self) -> Result<Option<String>> {
        self.observed().await?;
        let stories = [&self.open, &self.shut, &self.gone];
        for (story, before) in stories.into_iter().zip(&self.before) {
            let (status, reason, message) = story.condition("PhiUnlocked").await?;
            let text = story.document().await?;
            if text != before.text && judged(text.clone()).await? != before.values {
                return Ok(Some(format!("the document of {} says otherwise: {text}", story.tenant)));
            }
            if (&status, &reason) != (&before.unlocked.0, &before.unlocked.1) {
                return Ok(Some(format!("{}: PhiUnlocked is {status} {reason}: {message}", story.tenant)));
            }
            if ends(&text) != ends(&before.text) {
                return Ok(Some(format!("{}: windows end otherwise", story.tenant)));
            }
        }
        Ok(None)
    }

    /// Waits until the operator has seen what was stored before: one watch brings its objects in order, and a plan is taken up before an agreement.
    async fn observed(&self) -> Result<()> {
        let name = unique("barrier");
        let baa = self.office.file(draft(&name, &name, PLATFORM)?).await?;
        let mut other = signature(&name);
        other["textSHA256"] = "0".repeat(64).into();
        self.office.act(BOB, &baa, other).await?;
        self.office.await_status(&name, "the barrier is seen", |s| s["ignored"][0].is_string()).await?;
        wait::stays(Duration::from_millis(300), "a moment", async || Ok(()), |()| true).await
    }

    /// Every attempt came to what it must, and there were enough of them.
    pub async fn judge(self) -> Result<()> {
        println!("{} attempts", self.count);
        for (story, before) in [&self.open, &self.shut, &self.gone].into_iter().zip(&self.before) {
            ensure!(
                judged(story.document().await?).await? == before.values,
                "{}: by the engines, in the end",
                story.tenant
            );
        }
        if !self.wrong.is_empty() {
            bail!("{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        }
        ensure!(self.count >= 40, "only {} attempts", self.count);
        self.table.must_be_in("agreements.md", "attempts", 3)
    }

    /// The endpoint of an object by its plural and name, as the administrator reads it.
    pub async fn read(&self, kind_name: &str, plural: &str, name: &str) -> Result<Value> {
        let api = kind(&self.office.admin, kind_name, plural);
        Ok(serde_json::to_value(api.get(name).await?)?)
    }
}

/// The ends of all windows, but for those that a renewal moves: the windows' lengths.
fn ends(text: &str) -> Vec<i64> {
    fn walk(value: &Value, found: &mut Vec<i64>) {
        match value {
            Value::Object(map) => {
                if let Some([from, _, until]) = map.get("<").and_then(Value::as_array).map(Vec::as_slice) {
                    found.push(until.as_i64().unwrap_or_default() - from.as_i64().unwrap_or_default());
                }
                map.values().for_each(|v| walk(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let mut found = vec![];
    walk(&serde_json::from_str(text).unwrap_or_default(), &mut found);
    found
}

fn brief(answer: &Answer) -> String {
    match answer {
        Answer::Passed(object) => format!("PASSED {}", object.to_string().chars().take(400).collect::<String>()),
        Answer::Refused(code, why) => format!("{code} {}", why.chars().take(600).collect::<String>()),
    }
}
