//! Evaluates flag documents by engines that are not Ringfence's: the Python provider in file mode, and flagd's own core.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use crate::tools::tool;

/// What one engine says: each flag's value by its key.
pub type Values = Map<String, Value>;

/// Both engines' answers to `document`, which must agree in every value.
///
/// # Errors
/// When an engine fails, or they differ.
pub fn evaluate(document: &str) -> Result<Values> {
    let [one, two] = ["flageval", "flageval-python"].map(|engine| by(engine, document));
    let (one, two) = (one?, two?);
    for (key, value) in &one {
        ensure!(two.get(key) == Some(value), "the engines differ on {key}: {value} and {:?}", two.get(key));
    }
    ensure!(one.len() == two.len(), "the engines know {} and {} flags", one.len(), two.len());
    Ok(one)
}

/// One engine's answers.
///
/// # Errors
/// When it fails.
pub fn by(engine: &str, document: &str) -> Result<Values> {
    let file = tempfile::Builder::new().suffix(".flagd.json").tempfile()?;
    fs::write(file.path(), document)?;
    let output = Command::new(tool(engine)?).arg(file.path()).output()?;
    ensure!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    let answers: Map<String, Value> = serde_json::from_slice(&output.stdout).with_context(|| engine.to_owned())?;
    answers
        .into_iter()
        .map(|(key, answer)| {
            ensure!(answer["error"].is_null(), "{engine}: {key}: {}", answer["error"]);
            Ok((key, answer["value"].clone()))
        })
        .collect()
}
