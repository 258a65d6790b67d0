//! The files of `manifests/guardrails`, as they were when this operator was built, and those of the release before.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

macro_rules! files {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("../../manifests/guardrails/", $name, ".yaml")))),+] };
}

/// Name and text of each file.
const FILES: &[(&str, &str)] = files![
    "g01-pod-updates",
    "g01-tenant-pods",
    "g02-foreign-pods",
    "g03-binding",
    "g04-nodes",
    "g05-namespaces",
    "g06-services",
    "g07-endpoints",
    "g07-entries",
    "g08-engine-policies",
    "g08-network-policies",
    "g09-access",
    "g09-break-glass",
    "g09-node-proxy",
    "g09-notice",
    "g09-token-secrets",
    "g09-tokens",
    "g10-managed",
    "g10-names",
    "g11-acts",
    "g11-classes",
    "g11-config",
    "g11-own-identity",
    "g11-own-namespace",
    "g11-plans",
    "g11-rolebindings",
    "g12-kinds",
    "g12-namespaces",
    "g12-retention",
    "g13-claim-updates",
    "g13-claims",
    "g13-planted-volumes",
    "g13-snapshots",
    "g13-volumes",
    "g14-cluster",
    "g14-elsewhere",
    "g14-namespaces",
    "g14-nodes",
    "g14-tenants",
    "m1-placement",
    "m2-keep-off",
];

/// What an admission object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Validating,
    ValidatingBinding,
    Mutating,
    MutatingBinding,
}

/// One shipped object.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: Value,
}

/// Everything that is shipped.
///
/// # Panics
/// When a file does not parse, which a test sees to.
#[must_use]
pub fn shipped() -> Vec<Shipped> {
    FILES.iter().flat_map(|(file, text)| parsed(file, text)).collect()
}

/// Everything that the release before this one shipped; empty when there was none.
///
/// # Panics
/// When the file does not parse, which a test sees to.
#[must_use]
pub fn previous() -> Vec<Shipped> {
    parsed("previous", include_str!("previous.yaml"))
}

fn parsed(file: &str, text: &str) -> Vec<Shipped> {
    let documents = serde_saphyr::from_multiple::<Value>(text).unwrap_or_else(|e| panic!("{file}: {e}"));
    // A file of comments holds one document that is null.
    documents.into_iter().filter(|d| !d.is_null()).map(one).collect()
}

fn one(document: Value) -> Shipped {
    let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let (kind, whole) = match document["kind"].as_str().unwrap_or_default() {
        "ValidatingAdmissionPolicy" => (Kind::Validating, as_typed::<ValidatingAdmissionPolicy>(document)),
        "ValidatingAdmissionPolicyBinding" => {
            (Kind::ValidatingBinding, as_typed::<ValidatingAdmissionPolicyBinding>(document))
        }
        "MutatingAdmissionPolicy" => (Kind::Mutating, as_typed::<MutatingAdmissionPolicy>(document)),
        "MutatingAdmissionPolicyBinding" => {
            (Kind::MutatingBinding, as_typed::<MutatingAdmissionPolicyBinding>(document))
        }
        other => panic!("{name}: {other} is not an admission object"),
    };
    Shipped { kind, name, spec: whole["spec"].clone() }
}

/// As it looks when it has been read from an API server.
fn as_typed<K: DeserializeOwned + Serialize>(document: Value) -> Value {
    let typed: K = serde_json::from_value(document).expect("a shipped file holds what its kind calls for");
    serde_json::to_value(typed).expect("it serialises")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_set_parses_and_a_file_without_objects_is_no_set() {
        assert!(previous().iter().all(|s| s.name.starts_with("ringfence-")));
        assert!(parsed("none", "# nothing yet\n").is_empty());
        let (_, text) = FILES[0];
        assert_eq!(parsed("two", &format!("# first\n{text}---\n{text}")).len(), 4);
    }

    #[test]
    fn every_file_of_the_folder_is_known_here_and_every_policy_has_its_binding() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/guardrails");
        let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
        let mut there: Vec<_> = files.filter_map(|f| f.strip_suffix(".yaml").map(str::to_owned)).collect();
        there.sort();
        assert_eq!(FILES.iter().map(|f| f.0).collect::<Vec<_>>(), there);
        let all = shipped();
        for policy in all.iter().filter(|s| matches!(s.kind, Kind::Validating | Kind::Mutating)) {
            assert!(policy.spec["failurePolicy"] == "Fail", "{}", policy.name);
            let bound = all.iter().any(|b| {
                matches!(b.kind, Kind::ValidatingBinding | Kind::MutatingBinding)
                    && b.spec["policyName"] == *policy.name
            });
            assert!(bound, "{} has no binding", policy.name);
        }
    }
}
