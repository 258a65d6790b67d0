//! Two tenants with agreements of their own, everybody who tries, and the score.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, Client, ResourceExt, api::ListParams};
use ringfence_e2e::{
    Bed,
    scenario::{Scenario, seconds_from_now},
    table::Table,
    tenant::unique,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    desk::{acknowledge, await_all, await_status, flag, integrations, make, push, tina, with_vendor},
    office::{Office, condition, draft, judged, open},
};

/// What stands at the end although it was tried to misuse it: by tenant and name.
pub const OPEN: &str = "open";
/// Has the same name in both tenants; open in the other one.
pub const TWIN: &str = "twin";
/// What RBAC says.
pub const RBAC: &str = " cannot ";
/// Is accepted last.
const LAST: &str = "last";

/// An integration that is stored and comes to nothing.
pub struct Case {
    pub what: &'static str,
    pub object: Value,
    /// Condition and reason that refuse it.
    pub by: (&'static str, &'static str),
}

/// The stage and the score.
pub struct Play {
    pub bed: &'static Bed,
    pub office: Office,
    pub acme: Scenario,
    pub globex: Scenario,
    /// Edits integrations everywhere.
    pub tina: Client,
    /// The vendor of both tenants, and the platform's agreement with it.
    pub vendor: String,
    pub good: String,
    /// Has addresses that look public.
    pub node: Option<String>,
    table: Table,
    count: usize,
    wrong: Vec<String>,
    /// What must come to nothing: name in acme, condition, reason.
    shut: Vec<(String, &'static str, &'static str)>,
}

impl Play {
    /// Both tenants are open, and one integration of acme.
    pub async fn set(bed: &'static Bed) -> Result<Self> {
        let office = Office::on(bed).await?;
        let tina = tina(bed).await?;
        let acme = office.tenant("acme", &unique("nobody")).await?;
        let globex = acme.neighbour("globex").await?;
        acme.inventory(2).await?;
        for story in [&acme, &globex] {
            let parties = json!([{ "party": story.tenant }]);
            story.plan_with(1, |spec| spec["coveredEntities"] = parties).await?;
            let mut own = draft(&story.tenant, &story.tenant, "ringwell")?;
            own["spec"]["restrictions"]["offshoring"] = "Allow".into();
            office.agree(own).await?;
        }
        let vendor = unique("vendor");
        let good = format!("good-{vendor}");
        office.agree(with_vendor(&good, &vendor)?).await?;
        for story in [&acme, &globex] {
            crate::office::fenced(story).await?;
            open(story).await?;
        }
        let table = Table::new(&["who", "what is tried", "refused by"]);
        let play = Self {
            bed,
            office,
            acme,
            globex,
            tina,
            vendor,
            good,
            node: None,
            table,
            count: 0,
            wrong: vec![],
            shut: vec![],
        };
        make(&play.tina, play.push(OPEN)).await?;
        acknowledge(&play.tina, &play.acme.tenant, OPEN).await?;
        await_all(&play.acme, &[(OPEN.into(), "full")]).await?;
        Ok(play)
    }

    /// An integration of acme that would be open once it is accepted.
    pub fn push(&self, name: &str) -> Value {
        let mut object = push(name, &self.acme.tenant, &self.vendor);
        object["spec"]["cover"] = json!({ "baaRef": { "name": self.good } });
        object
    }

    /// An act of Tina's about an integration.
    pub fn act(&self, act: &str, object: (&str, &str, &str), text: &str) -> Value {
        let (namespace, name, uid) = object;
        let mut spec = json!({
            "act": act, "by": crate::desk::TINA, "textSHA256": text,
            "subjectRef": { "kind": "Integration", "name": name, "namespace": namespace, "uid": uid },
        });
        if act == "AttestCover" {
            spec["expirationTime"] = seconds_from_now(3600).into();
        }
        crate::ask::ours("Attestation", &unique("hostile"), spec)
    }

    fn note(&mut self, who: &str, what: &str, by: &str, wrong: Option<String>) {
        self.count += 1;
        println!("{who:<26}{what:<80}{by}");
        self.wrong.extend(wrong.map(|w| format!("{who}, {what}: {w}")));
        self.table.row([who, what, by].map(str::to_owned).to_vec());
    }

    /// Somebody's request is refused, and the answer holds `by`.
    pub async fn refused(&mut self, who: (&str, &Client), what: &str, ask: Ask, by: &str) -> Result<()> {
        let wrong = match ask.send(who.1, &self.office.admin).await? {
            Answer::Refused(_, why) if alternatives(by).into_iter().any(|by| why.contains(by)) => None,
            Answer::Refused(code, why) => Some(format!("{code} {why}")),
            Answer::Passed(object) => Some(format!("PASSED {object}")),
        };
        let shown: Vec<_> = alternatives(by)
            .into_iter()
            .map(|by| by.trim_start_matches("denied request: ").trim_end_matches(": "))
            .collect();
        let shown = if by == RBAC { "RBAC".to_owned() } else { format!("admission: {}", shown.join(" or ")) };
        self.note(who.0, what, &shown, wrong);
        Ok(())
    }

    /// An integration is refused at admission, by what `by` says.
    pub async fn no(&mut self, what: &str, object: Value, by: &str) -> Result<()> {
        let tina = self.tina.clone();
        self.refused(("tenant's admin", &tina), what, Ask::create(object).strict(), by).await
    }

    /// These integrations are stored, accepted by a person, and come to nothing.
    pub async fn idle(&mut self, cases: Vec<Case>) -> Result<()> {
        let one = async |case: &Case| {
            let name = case.object["metadata"]["name"].as_str().unwrap_or_default();
            make(&self.tina, case.object.clone()).await?;
            acknowledge(&self.tina, &self.acme.tenant, name).await?;
            let seen = self.comes_to_nothing(name, case.by.0, case.by.1, true).await;
            anyhow::Ok(seen.err().map(|e| format!("{e:#}")))
        };
        let seen: Vec<_> = stream::iter(&cases).map(one).buffered(8).try_collect().await?;
        for (case, wrong) in cases.iter().zip(seen) {
            self.shut(case.object["metadata"]["name"].as_str().unwrap_or_default(), case.by);
            self.note("tenant's admin", case.what, &format!("status: {} {}", case.by.0, case.by.1), wrong);
        }
        Ok(())
    }

    /// It must be so in the end.
    pub fn shut(&mut self, name: &str, by: (&'static str, &'static str)) {
        self.shut.push((name.to_owned(), by.0, by.1));
    }

    /// Somebody did something in several steps; what came of it is looked at in the end.
    pub fn tried(&mut self, who: &str, what: &str, name: &str, by: (&'static str, &'static str)) {
        self.shut(name, by);
        self.note(who, what, &format!("status: {} {}", by.0, by.1), None);
    }

    /// The same, of which it is known by now whether it went wrong.
    pub fn seen(&mut self, who: &str, what: &str, by: &str, wrong: Option<String>) {
        self.note(who, what, by, wrong);
    }

    async fn comes_to_nothing(&self, name: &str, r#type: &str, reason: &str, accepted: bool) -> Result<()> {
        let at = (self.acme.tenant.as_str(), name);
        let last = std::cell::RefCell::new(Value::Null);
        let look = await_status(&self.tina, at, reason, |s| {
            last.replace(s.clone());
            let of_acceptance = !accepted || condition(s, "Acknowledged")["status"] == "True";
            s["payload"] != "Full" && condition(s, r#type)["reason"] == reason && of_acceptance
        });
        match tokio::time::timeout(std::time::Duration::from_secs(20), look).await {
            Ok(done) => done.map(drop),
            Err(_) => bail!("status is {}", last.borrow()),
        }
    }

    /// Everything was refused, nothing is open but what may be, and there was enough of it.
    pub async fn judge(mut self) -> Result<()> {
        println!("{} attempts", self.count);
        // One watch brings acts in their order: once this one is seen, so is every act before it.
        make(&self.tina, self.push(LAST)).await?;
        acknowledge(&self.tina, &self.acme.tenant, LAST).await?;
        await_status(&self.tina, (&self.acme.tenant, LAST), "the last one is open", |s| s["payload"] == "Full").await?;
        for (name, r#type, reason) in self.shut.clone() {
            if let Err(why) = self.comes_to_nothing(&name, r#type, reason, false).await {
                self.wrong.push(format!("{name}: {why:#}"));
            }
        }
        for (story, may) in [(&self.acme, vec![OPEN, LAST]), (&self.globex, vec![TWIN])] {
            let values = judged(story.document().await?).await?;
            let full: BTreeSet<String> = values.iter().filter(|(_, v)| **v == "full").map(|(k, _)| k.clone()).collect();
            let may: BTreeSet<String> = may.into_iter().map(flag).collect();
            if full != may {
                self.wrong.push(format!("{}: full is {full:?}", story.tenant));
            }
            let ways: BTreeSet<String> = crate::desk::ways(story).await?.iter().map(|n| flag(n)).collect();
            if ways != may {
                self.wrong.push(format!("{}: ways out of {ways:?}", story.tenant));
            }
        }
        let everywhere: Api<NetworkPolicy> = Api::all(self.office.admin.clone());
        for policy in &everywhere.list(&ListParams::default()).await? {
            let at = policy.namespace().unwrap_or_default();
            if ["kube-system", "default", super::others::PLAIN].contains(&&*at)
                && policy.name_any().contains("ringfence")
            {
                self.wrong.push(format!("{at} has {}", policy.name_any()));
            }
        }
        for story in [&self.acme, &self.globex] {
            integrations(&self.office.admin, &story.tenant)
                .delete_collection(&Default::default(), &Default::default())
                .await?;
            await_all(story, &[]).await?;
        }
        super::covers::clear(&self).await?;
        ensure!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        ensure!(self.count >= 60, "only {} attempts", self.count);
        self.table.must_be_in("integrations.md", "hostile", 3)
    }
}

/// Rules of which either may speak first; anything else is one text.
fn alternatives(by: &str) -> Vec<&str> {
    if by.starts_with("denied request: ") { by.split(" or ").collect() } else { vec![by] }
}

/// Waits until `who` may do something that nothing but RBAC keeps them from.
pub async fn may(who: &Client, what: impl Fn() -> Ask) -> Result<()> {
    wait::until("rights are given", async || {
        Ok(match what().send(who, who).await? {
            Answer::Refused(403, why) if why.contains(RBAC) => Look::Not(why),
            _ => Look::Done(()),
        })
    })
    .await
}
