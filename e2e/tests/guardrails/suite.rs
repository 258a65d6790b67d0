//! Attacks, who makes them, and whose word stops each.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use kube::Client;
use ringfence_e2e::{Bed, table::Table};
use serde_json::Value;

use crate::{
    ask::{Answer, Ask},
    things::{CI, NODE, OPERATOR},
};

/// Every way to write, or to get in.
const WAYS: &[&str] = &[
    "POST",
    "PUT",
    "PATCH",
    "server-side apply",
    "DELETE",
    "deletecollection",
    "generateName",
    "dry run",
    "/status",
    "/finalize",
    "/binding",
    "/ephemeralcontainers",
    "/resize",
    "/scale",
    "/token",
    "/eviction",
    "/exec",
    "/attach",
    "/portforward",
    "/proxy",
];

/// One thing that must not succeed: who stops it (several where more than one may speak first), what it is, and the request.
pub struct Attack {
    /// A rule, or a layer that speaks before admission policies: `Pod Security`, `NodeRestriction`, `validation`, `RBAC`.
    pub by: &'static str,
    /// In words; no two attacks have the same.
    pub what: String,
    /// The request.
    pub ask: Ask,
}

/// An attack.
pub fn attack(by: &'static str, what: impl Into<String>, ask: Ask) -> Attack {
    Attack { by, what: what.into(), ask }
}

/// Somebody who asks.
pub struct Caller {
    pub name: &'static str,
    pub user: String,
    pub client: Client,
    /// RBAC lets this caller do everything, so that only a guardrail can refuse.
    pub everything: bool,
}

/// Those who are neither Ringfence nor in one of its groups.
pub async fn strangers(bed: &Bed) -> Result<Vec<Caller>> {
    let person = async |name, user: &str, group: &str, everything| -> Result<Caller> {
        Ok(Caller { name, user: user.to_owned(), client: bed.person(user, &[group]).await?, everything })
    };
    let kubelet = format!("system:node:{NODE}");
    let pipeline = Caller {
        name: "pipeline",
        user: format!("system:serviceaccount:{CI}:pipeline"),
        client: bed.service_account(CI, "pipeline").await?,
        everything: true,
    };
    Ok(vec![
        person("tenant admin", "tina@acme.example", "acme-admins", false).await?,
        person("neighbour", "nora@globex.example", "globex-admins", false).await?,
        person("cluster admin", "carl@ringwell.example", "cluster-admins", true).await?,
        Caller { name: "masters", user: "bed:admin".into(), client: bed.admin().await?, everything: true },
        pipeline,
        person("colleague", "erin@ringwell.example", "editors", false).await?,
        person("kubelet", &kubelet, "system:nodes", false).await?,
    ])
}

/// A kubelet, by the certificate of a node of the tenant's pool.
pub async fn kubelet(bed: &Bed) -> Result<Vec<Caller>> {
    let user = format!("system:node:{NODE}");
    let client = bed.person(&user, &["system:nodes"]).await?;
    Ok(vec![Caller { name: "kubelet", user, client, everything: false }])
}

/// Whoever has the operator's token, and whoever has its identity with every right in RBAC.
pub async fn thieves(bed: &Bed) -> Result<Vec<Caller>> {
    let token = bed.service_account("ringfence-system", "ringfence-operator").await?;
    let all = bed.impersonated(OPERATOR, &["system:masters"]).await?;
    Ok(vec![
        Caller { name: "stolen token", user: OPERATOR.into(), client: token, everything: false },
        Caller { name: "with */*", user: OPERATOR.into(), client: all, everything: true },
    ])
}

/// Whose word refused, or what happened instead.
fn layer(caller: &Caller, answer: &Answer) -> Result<String, String> {
    let (code, why) = match answer {
        Answer::Passed(object) => return Err(format!("PASSED {}", brief(object))),
        Answer::Refused(code, why) => (*code, why),
    };
    // Each rule names itself, the field and the fix, in one sentence that a person can act on.
    if let Some((_, said)) = why.split_once("denied request: G")
        && let Some((rule, _)) = said.split_once(": ")
        && rule.parse::<u8>().is_ok()
    {
        return Ok(format!("G{rule}"));
    }
    let says = |part: &str| why.contains(part);
    let spoke = match code {
        403 if says(&format!("User \"{}\" cannot", caller.user)) => "RBAC",
        403 if says("is attempting to grant RBAC permissions not currently held") => "RBAC",
        403 if says("violates PodSecurity") => "Pod Security",
        403 if says(&format!("node \"{NODE}\" ")) || says("node requested token") => "NodeRestriction",
        403 if says("is not allowed to modify labels: ringfence.node-restriction.kubernetes.io/") => "NodeRestriction",
        422 if says("is invalid: ") => "validation",
        _ => return Err(format!("{code} {why}")),
    };
    Ok(spoke.into())
}

fn brief(object: &Value) -> String {
    object.to_string().chars().take(300).collect()
}

/// What was tried so far, by whom it is stopped, and what was not stopped.
#[derive(Default)]
pub struct Score {
    rows: Vec<(String, String, Vec<String>)>,
    seen: BTreeSet<String>,
    wrong: Vec<String>,
    asked: usize,
    ways: BTreeMap<String, usize>,
}

impl Score {
    /// Has every caller make each attack; `all` is made anew for each caller.
    pub async fn play(
        &mut self,
        reader: &Client,
        callers: &[Caller],
        all: impl Fn(&str) -> Result<Vec<Attack>>,
    ) -> Result<()> {
        let mut rows: Vec<(String, String, Vec<String>)> = vec![];
        for (column, caller) in callers.iter().enumerate() {
            for (row, attack) in all(&caller.user)?.into_iter().enumerate() {
                self.asked += 1;
                let answer = attack.ask.send(&caller.client, reader).await?;
                let spoke = layer(caller, &answer);
                let alternatives: Vec<&str> = attack.by.split(" or ").collect();
                let weaker = ["RBAC", "NodeRestriction"];
                let cell = match spoke {
                    Ok(by) if alternatives.contains(&by.as_str()) => attack.by.to_owned(),
                    Ok(by) if !caller.everything && weaker.contains(&by.as_str()) => by,
                    Ok(by) => {
                        let (who, wanted) = (caller.name, attack.by);
                        self.wrong.push(format!("{}, {who}: {by} instead of {wanted}: {answer:?}", attack.what));
                        "WRONG".into()
                    }
                    Err(why) => {
                        self.wrong.push(format!("{}, {}: {why} instead of {}", attack.what, caller.name, attack.by));
                        "WRONG".into()
                    }
                };
                if column == 0 {
                    for way in attack.ask.ways() {
                        *self.ways.entry(way).or_default() += 1;
                    }
                    if !self.seen.insert(attack.what.clone()) {
                        self.wrong.push(format!("{}: twice in the table", attack.what));
                    }
                    rows.push((attack.by.into(), attack.what, vec![]));
                }
                rows[row].2.push(format!("{}: {cell}", caller.name));
            }
        }
        self.rows.append(&mut rows);
        Ok(())
    }

    /// Attacks by who stops them when RBAC does not.
    pub fn layers(&self) -> BTreeMap<String, usize> {
        let mut layers = BTreeMap::new();
        for (by, ..) in &self.rows {
            *layers.entry(by.clone()).or_default() += 1;
        }
        layers
    }

    /// Attacks by the way they came, with none for a way that was not tried.
    pub fn ways(&self) -> Result<Table> {
        let mut table = Table::new(&["way", "attacks"]);
        for way in WAYS {
            let count = self.ways.get(*way).copied().unwrap_or_default();
            ensure!(count > 0, "no attack comes by {way}: {:?}", self.ways);
            table.row(vec![(*way).to_owned(), count.to_string()]);
        }
        Ok(table)
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The table, with every answer.
    pub fn table(&self) -> Table {
        let mut table = Table::new(&["stopped by", "attack", "who gets which answer"]);
        for (by, what, cells) in &self.rows {
            // Callers with the same answer are named together.
            let mut answers: Vec<(String, Vec<String>)> = vec![];
            for cell in cells {
                let (who, answer) = cell.split_once(": ").unwrap_or((cell, ""));
                match answers.iter_mut().find(|(a, _)| a == answer) {
                    Some((_, names)) => names.push(who.into()),
                    None => answers.push((answer.into(), vec![who.into()])),
                }
            }
            let answers: Vec<String> =
                answers.into_iter().map(|(answer, names)| format!("{answer}: {}", names.join(", "))).collect();
            table.row(vec![by.clone(), what.clone(), answers.join("; ")]);
        }
        table
    }

    /// Every attack was stopped by whom the table says.
    pub fn judge(&self) -> Result<()> {
        println!("{} attacks, {} requests: {:?}", self.count(), self.asked, self.layers());
        ensure!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        Ok(())
    }
}
