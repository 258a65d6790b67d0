//! What one wants to see when a test fails, gathered while the bed still stands.

use crate::{bed::Bed, process::tail, tools::repository};
use anyhow::Result;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams},
    discovery::Discovery,
};
use serde_json::Value;
use std::{fmt::Write as _, fs, path::PathBuf};

/// The group of Ringfence's kinds.
const GROUP: &str = "ringfence.dev";
const LOG_LINES: usize = 60;

/// Writes a report about the whole bed to `target/e2e/NAME.txt`, copies the logs beside it, and returns the report's path.
/// What cannot be read is said in the report instead.
///
/// # Errors
/// When the report cannot be written.
pub async fn write(bed: &Bed, name: &str, why: &str) -> Result<PathBuf> {
    let folder = repository().join("target/e2e");
    let logs = folder.join(name);
    fs::create_dir_all(&logs)?;
    let mut report = format!("{name}\n\n{why}\n");
    match bed.admin().await {
        Ok(client) => cluster(&client, &mut report).await,
        Err(why) => report.push_str(&format!("{why:#}\n")),
    }
    for log in bed.logs() {
        let _ = write!(report, "\n==== end of {}\n{}\n", log.display(), tail(&log, LOG_LINES));
        if let Some(file) = log.file_name() {
            let _ = fs::copy(&log, logs.join(file));
        }
    }
    let path = folder.join(format!("{name}.txt"));
    fs::write(&path, report)?;
    Ok(path)
}

async fn cluster(client: &Client, report: &mut String) {
    let discovery = Discovery::new(client.clone()).filter(&[GROUP]).run().await;
    match &discovery {
        Ok(discovery) => {
            for group in discovery.groups() {
                for (resource, _) in group.recommended_resources() {
                    kind(client, &resource, report, |object| serde_saphyr::to_string(object).unwrap_or_default()).await;
                }
            }
        }
        Err(why) => report.push_str(&format!("{GROUP}: {why}\n")),
    }
    let core = |group: &str, version: &str, kind: &str, plural: &str| {
        ApiResource::from_gvk_with_plural(&kube::api::GroupVersionKind::gvk(group, version, kind), plural)
    };
    kind(client, &core("", "v1", "Node", "nodes"), report, node).await;
    kind(client, &core("", "v1", "Pod", "pods"), report, pod).await;
    kind(client, &core("", "v1", "Namespace", "namespaces"), report, |object| {
        format!("labels {}\n", object["metadata"]["labels"])
    })
    .await;
    kind(client, &core("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"), report, |_| String::new()).await;
    kind(client, &core("", "v1", "Event", "events"), report, |event| {
        format!("{} {} x{} {}\n", event["type"], event["reason"], event["count"], event["message"])
    })
    .await;
}

async fn kind(client: &Client, resource: &ApiResource, report: &mut String, show: impl Fn(&Value) -> String) {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    let _ = writeln!(report, "\n==== {}", resource.plural);
    match api.list(&ListParams::default()).await {
        Ok(list) => {
            for mut object in list {
                object.metadata.managed_fields = None;
                let value = serde_json::to_value(&object).unwrap_or_default();
                let text = |key: &str| value["metadata"][key].as_str().unwrap_or_default();
                let _ = write!(report, "{} {}: {}", text("namespace"), text("name"), show(&value));
                if !report.ends_with('\n') {
                    report.push('\n');
                }
            }
        }
        Err(why) => {
            let _ = writeln!(report, "{why}");
        }
    }
}

fn node(node: &Value) -> String {
    let conditions: Vec<String> = node["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|c| format!("{}={}", c["type"].as_str().unwrap_or("?"), c["status"].as_str().unwrap_or("?")))
        .collect();
    format!("{} taints {} labels {}", conditions.join(" "), node["spec"]["taints"], node["metadata"]["labels"])
}

fn pod(pod: &Value) -> String {
    format!("{} on {} {}", pod["status"]["phase"], pod["spec"]["nodeName"], pod["status"]["conditions"])
}
