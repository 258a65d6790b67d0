//! The API server understood every expression: a rule that cannot be typed may read nothing and pass everything.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{Bed, tools::repository};
use serde_json::json;

use crate::ask::get;

/// Types, failure policy, bindings, and that there are as many as the page says.
pub async fn clean_types(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let at = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    let page = std::fs::read_to_string(repository().join("manifests/guardrails/README.md"))?;
    let all = get(&admin, at).await?;
    let mut seen = 0;
    for policy in all["items"].as_array().context("a list")? {
        let name = policy["metadata"]["name"].as_str().unwrap_or_default();
        if !name.starts_with("ringfence-") {
            continue;
        }
        seen += 1;
        let warnings = &policy["status"]["typeChecking"]["expressionWarnings"];
        ensure!(policy["status"]["typeChecking"].is_object() && warnings.is_null(), "{name}: {}", policy["status"]);
        ensure!(policy["spec"]["failurePolicy"] == "Fail", "{name} does not fail closed");
        let binding = get(&admin, &format!("{}/{name}", at.replace("policies", "policybindings"))).await?;
        let wanted = if name == "ringfence-g09-notice" { json!(["Warn", "Audit"]) } else { json!(["Deny", "Audit"]) };
        ensure!(binding["spec"]["validationActions"] == wanted, "{name}: {}", binding["spec"]);
        let file = format!("`{}`", name.trim_start_matches("ringfence-"));
        ensure!(page.contains(&file), "manifests/guardrails/README.md does not name {file}");
    }
    let mutating = get(&admin, "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies").await?;
    let mutating = mutating["items"].as_array().context("a list")?.len();
    let said = format!("{seen} validating and {mutating} mutating policies");
    ensure!(page.contains(&said), "manifests/guardrails/README.md does not say: {said}");
    println!("{seen} policies: types clean, fail closed, bound to deny");
    Ok(())
}
