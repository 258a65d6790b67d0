//! Runs the shipped command, as somebody with the shipped role and nothing else, and reads its report.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use ringfence_e2e::{
    Bed, manifests, tools,
    wait::{self, Look},
};
use serde_json::{Value, json};

/// One who runs the doctor.
pub struct Doctor {
    pub name: &'static str,
    kubeconfig: PathBuf,
}

/// What the command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub report: Value,
}

impl Doctor {
    /// A person who holds this ClusterRole, or none.
    pub async fn new(bed: &Bed, name: &'static str, role: Option<&str>) -> Result<Self> {
        if let Some(role) = role {
            let subjects = json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name }]);
            let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role });
            let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": { "name": name }, "roleRef": role, "subjects": subjects });
            manifests::apply(&bed.admin().await?, binding).await?;
        }
        Ok(Self { name, kubeconfig: bed.person_kubeconfig(name, &[])? })
    }

    /// Runs it with these arguments: code, stdout, stderr.
    pub fn raw(&self, arguments: &[&str]) -> Result<(i32, String, String)> {
        let mut command = Command::new(tools::operator()?);
        command.arg("doctor").arg("--kubeconfig").arg(&self.kubeconfig).args(arguments).stdin(Stdio::null());
        let output = command.output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code().context("it was killed")?, text(&output.stdout), text(&output.stderr)))
    }

    /// Its report.
    pub fn says(&self, arguments: &[&str]) -> Result<Said> {
        let (code, out, err) = self.raw(&[arguments, &["-o", "json"]].concat())?;
        let report = serde_json::from_str(&out).with_context(|| format!("{code} {out} {err}"))?;
        Ok(Said { code, report })
    }

    /// Runs it until it says this: the API server takes in what changed within seconds.
    pub async fn comes_to_say(&self, arguments: &[&str], level: &str, about: &str, words: &str) -> Result<Said> {
        wait::until(&format!("the doctor says of {about}: {words}"), async || {
            let said = self.says(arguments)?;
            Ok(if said.has(level, about, words) { Look::Done(said) } else { Look::Not(said.serious()) })
        })
        .await
    }

    /// Runs it until it ends so.
    pub async fn comes_to_end(&self, arguments: &[&str], code: i32) -> Result<Said> {
        wait::until(&format!("the doctor ends with {code}"), async || {
            let said = self.says(arguments)?;
            Ok(if said.code == code { Look::Done(said) } else { Look::Not(said.serious()) })
        })
        .await
    }
}

impl Said {
    /// All findings of all checks.
    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        let checks = self.report["checks"].as_array().into_iter().flatten();
        checks.flat_map(|check| check["findings"].as_array().into_iter().flatten())
    }

    /// Whether there is such a finding.
    pub fn has(&self, level: &str, about: &str, words: &str) -> bool {
        let what = |f: &Value| f["what"].as_str().is_some_and(|what| what.contains(words));
        self.findings().any(|f| f["level"] == level && f["about"] == about && what(f))
    }

    /// Fails when there is no such finding.
    pub fn must(&self, level: &str, about: &str, words: &str) -> Result<()> {
        if !self.has(level, about, words) {
            bail!("no {level} finding about {about}: {words}; but {}", self.serious());
        }
        Ok(())
    }

    /// Who and what is found at a level.
    pub fn about(&self, level: &str) -> BTreeSet<String> {
        let found = self.findings().filter(|f| f["level"] == level);
        found.filter_map(|f| f["about"].as_str().map(str::to_owned)).collect()
    }

    /// Everything that is more than listed, for messages.
    pub fn serious(&self) -> String {
        let found = self.findings().filter(|f| f["level"] != "Ok" && f["level"] != "Listed");
        format!("ended with {}: {}", self.code, found.map(Value::to_string).collect::<Vec<_>>().join("\n"))
    }

    /// Fails when it ended otherwise.
    pub fn ended(&self, code: i32) -> Result<()> {
        ensure!(self.code == code, "{}", self.serious());
        Ok(())
    }
}
