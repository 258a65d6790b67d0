//! Where the things are that a guardrail could refuse to let in again.

use std::collections::BTreeSet;

use kube::Client;
use serde_json::Value;

use crate::{
    doctor::ask,
    fact::Fact,
    guardrails::{Kind, shipped},
};

/// One collection of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `v1`, `apps/v1`.
    pub version: String,
    /// `deployments`
    pub plural: String,
    /// `Deployment`
    pub kind: String,
    /// What of it is judged.
    pub judged: Judged,
}

/// What of an object is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The pods that are made from its template, which is here.
    Template(&'static str),
    /// Itself, in every namespace.
    Pod,
    /// Itself, in tenants' namespaces, where alone it is judged.
    InTenants,
}

impl Source {
    fn new(version: &str, plural: &str, kind: &str, judged: Judged) -> Self {
        Self { version: version.into(), plural: plural.into(), kind: kind.into(), judged }
    }

    /// The path of the collection, in a namespace or of the whole cluster.
    #[must_use]
    pub fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.version.contains('/') { "/apis" } else { "/api" };
        let within = namespace.map(|n| format!("/namespaces/{n}")).unwrap_or_default();
        format!("{root}/{}{within}/{}", self.version, self.plural)
    }
}

/// Kinds of Kubernetes itself.
#[must_use]
pub fn built_in() -> Vec<Source> {
    use Judged::{InTenants, Pod, Template};
    let pods = Template("/spec/template");
    vec![
        Source::new("apps/v1", "deployments", "Deployment", pods),
        Source::new("apps/v1", "statefulsets", "StatefulSet", pods),
        Source::new("apps/v1", "daemonsets", "DaemonSet", pods),
        Source::new("apps/v1", "replicasets", "ReplicaSet", pods),
        Source::new("v1", "replicationcontrollers", "ReplicationController", pods),
        Source::new("batch/v1", "jobs", "Job", pods),
        Source::new("batch/v1", "cronjobs", "CronJob", Template("/spec/jobTemplate/spec/template")),
        Source::new("v1", "pods", "Pod", Pod),
        Source::new("v1", "services", "Service", InTenants),
        Source::new("v1", "persistentvolumeclaims", "PersistentVolumeClaim", InTenants),
        Source::new("networking.k8s.io/v1", "ingresses", "Ingress", InTenants),
        Source::new("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", InTenants),
    ]
}

/// Groups of which guardrails judge every kind: gateways, meshes, network engines, snapshots.
fn whole_groups() -> BTreeSet<String> {
    let policies = shipped().into_iter().filter(|s| s.kind == Kind::Validating);
    let rules =
        policies.flat_map(|s| s.spec["matchConstraints"]["resourceRules"].as_array().cloned().unwrap_or_default());
    let has =
        |rule: &Value, field: &str, word: &str| rule[field].as_array().is_some_and(|a| a.iter().any(|v| v == word));
    let whole = rules.filter(|r| has(r, "resources", "*") && has(r, "operations", "CREATE"));
    let groups = whole.flat_map(|r| r["apiGroups"].as_array().cloned().unwrap_or_default());
    groups.filter_map(|g| g.as_str().map(str::to_owned)).filter(|g| g != "*" && !g.is_empty()).collect()
}

/// What of those groups this cluster serves.
///
/// # Errors
/// When it cannot be told, in words.
pub async fn served(client: &Client) -> Result<Vec<Source>, String> {
    let wanted = whole_groups();
    let groups = known(ask::one::<Value>(client, "/apis").await)?;
    let mut found = vec![];
    for group in groups["groups"].as_array().into_iter().flatten() {
        let is_wanted = group["name"].as_str().is_some_and(|name| wanted.contains(name));
        if let Some(version) = group["preferredVersion"]["groupVersion"].as_str().filter(|_| is_wanted) {
            let kinds = known(ask::one::<Value>(client, format!("/apis/{version}")).await)?;
            found.extend(namespaced(version, &kinds));
        }
    }
    Ok(found)
}

fn known(fact: Fact<Value>) -> Result<Value, String> {
    match fact {
        Fact::Known(value) => Ok(value),
        other => Err(other.doubt().unwrap_or("it is not served; see check versions").to_owned()),
    }
}

/// The kinds of a version that have namespaces and can be created.
fn namespaced(version: &str, list: &Value) -> Vec<Source> {
    let may = |kind: &Value, verb: &str| kind["verbs"].as_array().is_some_and(|v| v.iter().any(|v| v == verb));
    let kinds = list["resources"].as_array().into_iter().flatten();
    let usable = kinds.filter(|k| k["namespaced"] == true && may(k, "list") && may(k, "create"));
    let source = |k: &Value| Some(Source::new(version, k["name"].as_str()?, k["kind"].as_str()?, Judged::InTenants));
    usable.filter_map(source).filter(|s| !s.plural.contains('/')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_that_are_judged_whole_are_those_of_the_files() {
        let groups = whole_groups();
        for group in ["gateway.networking.k8s.io", "cilium.io", "snapshot.storage.k8s.io", "traefik.io"] {
            assert!(groups.contains(group), "{group}: {groups:?}");
        }
        assert!(!groups.contains("networking.k8s.io") && !groups.contains("*"), "{groups:?}");
    }

    #[test]
    fn the_shipped_role_lists_and_creates_what_is_asked_about() {
        let text = include_str!("../../../manifests/roles/doctor.yaml");
        let roles: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        let role = roles.iter().find(|r| r["metadata"]["name"] == "ringfence-preflight").unwrap();
        let may = |verb: &str, group: &str, plural: &str| {
            let has = |rule: &Value, field: &str, word: &str| rule[field].as_array().unwrap().iter().any(|v| v == word);
            let rules = role["rules"].as_array().unwrap().iter();
            { rules }.any(|r| has(r, "verbs", verb) && has(r, "apiGroups", group) && has(r, "resources", plural))
        };
        for source in built_in() {
            let group = source.version.split_once('/').map_or("", |(group, _)| group);
            assert!(may("list", group, &source.plural), "{source:?}");
            let created = !matches!(source.judged, Judged::Template(_));
            assert_eq!(may("create", group, &source.plural), created, "{source:?}");
        }
        for group in whole_groups() {
            assert!(may("list", &group, "*") && may("create", &group, "*"), "{group}");
        }
    }

    #[test]
    fn only_kinds_that_can_be_made_in_a_namespace_are_asked_about() {
        let list = json!({ "resources": [
            { "name": "httproutes", "kind": "HTTPRoute", "namespaced": true, "verbs": ["create", "list"] },
            { "name": "httproutes/status", "kind": "HTTPRoute", "namespaced": true, "verbs": ["create", "list"] },
            { "name": "gatewayclasses", "kind": "GatewayClass", "namespaced": false, "verbs": ["create", "list"] },
            { "name": "reads", "kind": "Read", "namespaced": true, "verbs": ["list"] },
        ] });
        let found = namespaced("g/v1", &list);
        assert_eq!(found, [Source::new("g/v1", "httproutes", "HTTPRoute", Judged::InTenants)]);
        assert_eq!(found[0].path(Some("a")), "/apis/g/v1/namespaces/a/httproutes");
        assert_eq!(built_in()[7].path(None), "/api/v1/pods");
    }
}
