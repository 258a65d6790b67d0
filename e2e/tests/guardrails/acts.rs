//! Who may do which act, and which edit: the groups alone decide.

use anyhow::{Result, ensure};
use kube::Client;
use ringfence_e2e::Bed;
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask, example},
    things::{CI, OPERATOR, UID, act, binding, kind, plan, user},
};

/// A table of who may: rows are what is tried, columns are callers; `y` is allowed, `-` is refused by G11.
struct Table {
    callers: Vec<(&'static str, Client)>,
    wrong: Vec<String>,
}

impl Table {
    fn new(callers: Vec<(&'static str, Client)>) -> Self {
        println!("\n{:<30}{}", "", callers.iter().map(|(name, _)| format!("{name:<12}")).collect::<String>());
        Self { callers, wrong: Vec::new() }
    }

    async fn row(
        &mut self,
        reader: &Client,
        what: &str,
        expected: &str,
        ask: impl Fn(&str) -> Result<Ask>,
    ) -> Result<()> {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        ensure!(expected.len() == self.callers.len(), "{what}: one letter a caller");
        let mut line = format!("{what:<30}");
        for ((name, client), expected) in self.callers.iter().zip(expected) {
            let (seen, why) = match ask(name)?.dry().send(client, reader).await? {
                Answer::Passed(_) => ("y", "it passed".to_owned()),
                Answer::Refused(_, why) if why.contains("denied request: G11: ") => ("-", why),
                Answer::Refused(code, why) => ("?", format!("{code} {why}")),
            };
            line.push_str(&format!("{seen:<12}"));
            if seen != expected {
                self.wrong.push(format!("{what}, {name}: {why}"));
            }
        }
        println!("{}", line.trim_end());
        Ok(())
    }

    fn finish(self) -> Result<()> {
        ensure!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        Ok(())
    }
}

/// Everybody here may write everything by RBAC, so that the groups alone decide.
pub async fn acts(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let person = async |user: &str, group: &str| bed.impersonated(user, &[group, "cluster-admins"]).await;
    let machine = async |account: &str| {
        let user = format!("system:serviceaccount:{CI}:{account}");
        bed.impersonated(&user, &["system:serviceaccounts", &format!("system:serviceaccounts:{CI}"), "cluster-admins"])
            .await
    };
    let by = |caller: &str| match caller {
        "bridge" | "pipeline" => format!("system:serviceaccount:{CI}:{caller}"),
        "operator" => OPERATOR.to_owned(),
        "acknowledger" => "ida@acme.example".to_owned(),
        other => format!("{other}@ringwell.example"),
    };
    let attest = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "gr-attest"},
        "rules": [{"apiGroups": ["ringfence.dev"], "resources": ["attestations"], "verbs": ["create"]}],
    });
    Ask::create(attest).done(&admin).await?;
    Ask::create(binding("gr-attest", "gr-attest", user("User", "ida@acme.example"))).done(&admin).await?;
    let mut table = Table::new(vec![
        ("signer", person("signer@ringwell.example", "agreement-signers").await?),
        ("officer", person("officer@ringwell.example", "privacy-officers").await?),
        ("flipper", person("flipper@ringwell.example", "sales-ops").await?),
        ("engineer", person("engineer@ringwell.example", "platform-engineers").await?),
        (
            "root",
            bed.impersonated("root@ringwell.example", &["agreement-signers", "privacy-officers", "system:masters"])
                .await?,
        ),
        ("bridge", machine("bridge").await?),
        ("pipeline", machine("pipeline").await?),
        ("operator", bed.impersonated(OPERATOR, &["system:masters"]).await?),
        ("acknowledger", bed.impersonated("ida@acme.example", &[]).await?),
    ]);
    for (name, expected) in [
        ("Sign", "y - - - - y - - -"),
        ("Terminate", "y - - - - y - - -"),
        ("AttestUpstream", "y - - - - - - - -"),
        ("AcceptRisk", "y y - - - - - - -"),
        ("AttestControl", "y y - - - - - - -"),
        ("RequestDestruction", "- y - - - - - - -"),
        ("ApproveDestruction", "- y - - - - - - -"),
        // The last one may attest, but not update the Integration.
        ("Acknowledge", "y y y y - - - - -"),
        ("AttestCover", "y y y y - - - - -"),
        ("Withdraw", "y y y y - - - - y"),
    ] {
        table.row(&admin, name, expected, |caller| Ok(Ask::create(act("gr-table", name, &by(caller))))).await?;
        let another = |_: &str| Ok(Ask::create(act("gr-table", name, "another@ringwell.example")));
        table.row(&admin, &format!("{name}, as another"), "- - - - - - - - -", another).await?;
    }
    table.finish()
}

pub async fn edits(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let person = async |user: &str, group: &str| bed.impersonated(user, &[group, "editors"]).await;
    let machine =
        async |account: &str| bed.impersonated(&format!("system:serviceaccount:{CI}:{account}"), &["editors"]).await;
    let mut table = Table::new(vec![
        ("flipper", person("sam@ringwell.example", "sales-ops").await?),
        ("officer", person("priya@ringwell.example", "privacy-officers").await?),
        ("engineer", person("paula@ringwell.example", "platform-engineers").await?),
        ("bot, named", machine("flipper").await?),
        ("bot", machine("pipeline").await?),
        ("colleague", person("erin@ringwell.example", "others").await?),
    ]);
    let patch = |name: &'static str, spec: Value| {
        move |_: &str| Ok(Ask::merge(kind("healthcareplans", name), json!({"spec": spec})))
    };
    table.row(&admin, "create a plan", "y - - y - -", |_| Ok(Ask::create(plan("gr-table")?))).await?;
    let mut ends = plan("gr-table")?;
    ends["spec"]["state"] = json!("Offboarding");
    ends["spec"]["offboarding"] = json!({"action": "Return"});
    table.row(&admin, "create one that ends", "- - - - - -", |_| Ok(Ask::create(ends.clone()))).await?;
    for (what, expected, name, spec) in [
        ("activate", "y - - y - -", "gr-suspended", json!({"state": "Active"})),
        ("another class", "y - - y - -", "gr-plan", json!({"planClassName": "gr-class"})),
        ("resume", "y - - y - -", "gr-plan", json!({"resume": {"recordUID": UID, "namespaceUID": UID}})),
        ("remove an entity", "y - - y - -", "gr-plan", json!({"coveredEntities": [{"party": "two"}]})),
        ("more nodes", "y - - y - -", "gr-plan", json!({"nodes": {"count": 3}})),
        ("end", "- y - - - -", "gr-plan", json!({"state": "Offboarding", "offboarding": {"action": "Return"}})),
        ("another end", "- y - - - -", "gr-ending", json!({"offboarding": {"action": "Destroy"}})),
        ("no end", "- y - - - -", "gr-ending", json!({"state": "Suspended", "offboarding": null})),
        ("active again after an end", "- - - - - -", "gr-ending", json!({"state": "Active", "offboarding": null})),
        ("suspend", "y y y y y y", "gr-plan", json!({"state": "Suspended"})),
        ("fewer nodes", "y y y y y y", "gr-plan", json!({"nodes": {"count": 1}})),
        (
            "one entity more",
            "y y y y y y",
            "gr-plan",
            json!({"coveredEntities": [{"party": "one"}, {"party": "two"}, {"party": "three"}]}),
        ),
        ("another display name", "y y y y y y", "gr-plan", json!({"displayName": "Acme"})),
        ("nothing", "y y y y y y", "gr-plan", json!({})),
    ] {
        table.row(&admin, what, expected, patch(name, spec)).await?;
    }
    let class = kind("healthcareplanclasses", "gr-class");
    let config = kind("ringfenceconfigs", "cluster");
    let mut made = example("10-class.yaml")?;
    made["metadata"]["name"] = json!("gr-table");
    table.row(&admin, "make a class", "- - y - - -", |_| Ok(Ask::create(made.clone()))).await?;
    table
        .row(&admin, "change a class", "- - y - - -", |_| {
            Ok(Ask::merge(&class, json!({"spec": {"flags": {"lease": "30m"}}})))
        })
        .await?;
    table.row(&admin, "delete a class", "- - y - - -", |_| Ok(Ask::delete(&class))).await?;
    table
        .row(&admin, "label a class", "y y y y y y", |_| {
            Ok(Ask::merge(&class, json!({"metadata": {"labels": {"a": "b"}}})))
        })
        .await?;
    let groups = json!({"spec": {"groups": {"signers": ["others"]}}});
    table.row(&admin, "change the configuration", "- - y - - -", |_| Ok(Ask::merge(&config, groups.clone()))).await?;
    let nobody = json!({"spec": {"groups": {"administrators": []}}});
    table.row(&admin, "... with no administrator", "- - - - - -", |_| Ok(Ask::merge(&config, nobody.clone()))).await?;
    let operator = json!({"spec": {"operator": {"serviceAccountName": "another"}}});
    table
        .row(&admin, "... with another operator", "- - - - - -", |_| Ok(Ask::merge(&config, operator.clone())))
        .await?;
    table.row(&admin, "delete the configuration", "- - y - - -", |_| Ok(Ask::delete(&config))).await?;
    table.finish()
}
