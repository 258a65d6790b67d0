//! Runs the shipped command as a person with a client certificate, groups and nothing else.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{Bed, tools};
use serde_json::Value;

/// One person.
pub struct Person {
    pub name: &'static str,
    kubeconfig: PathBuf,
}

/// What the command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Person {
    /// A person in these groups (two at most).
    pub fn new(bed: &Bed, name: &'static str, groups: &[&str]) -> Result<Self> {
        Ok(Self { name, kubeconfig: bed.person_kubeconfig(name, groups)? })
    }

    /// Runs `ringfence` with these arguments; nobody sits at a terminal.
    pub fn runs(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = Command::new(tools::operator()?);
        command.args(arguments).arg("--kubeconfig").arg(&self.kubeconfig).stdin(Stdio::null());
        let output = command.output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().context("it was killed")?;
        let said = Said { code, out: text(&output.stdout), err: text(&output.stderr) };
        println!("$ {} runs ringfence {}\n{}{}", self.name, arguments.join(" "), said.out, said.err);
        Ok(said)
    }
}

impl Said {
    /// Fails when it ended otherwise, or does not say all of this.
    pub fn ends(self, code: i32, words: &[&str]) -> Result<Self> {
        let plain = |c: char| !c.is_control() || c == '\n';
        ensure!(self.out.chars().chain(self.err.chars()).all(plain), "nothing steers the terminal: {self:?}");
        let said = format!("{}{}", self.out, self.err).split_whitespace().collect::<Vec<_>>().join(" ");
        // What is drawn as a tree is read without its branches.
        let said = said.replace(" │", "").replace("├─ ", "").replace("└─ ", "");
        for word in words {
            ensure!(said.contains(word), "it does not say {word:?}: {self:?}");
        }
        ensure!(self.code == code, "it ended with {}, not {code}: {self:?}", self.code);
        Ok(self)
    }

    /// What it tells a program.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }
}
