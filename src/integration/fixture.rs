//! Small integrations for tests.

use kube::Resource;

use crate::{
    api::{Act, Attestation, Integration, Statement},
    plan::fixture::yaml,
};

/// CallerID to a CRM, in full, under BAA salesforce-2026.
pub fn crm() -> Integration {
    yaml(
        "
metadata: {name: crm, namespace: acme, uid: uid-of-crm, generation: 1, creationTimestamp: 2026-11-01T00:00:00Z}
spec:
  vendor: salesforce
  service: crm-sync
  direction: Push
  endpoints: [{host: login.salesforce.example, cidrs: [198.51.100.0/24], port: 443}]
  phiCategories: [CallerID]
  payload: Full
  cover: {baaRef: {name: salesforce-2026}}
",
    )
}

/// An act about the integration, in these words.
pub fn about(integration: &Integration, act: Act, statement: &Statement, by: &str, created: &str) -> Attestation {
    let meta = integration.meta();
    let (name, namespace, uid) = (meta.name.as_deref(), meta.namespace.as_deref(), meta.uid.as_deref());
    let mut made: Attestation = yaml(&format!(
        "
metadata: {{name: {act:?}-{by}, uid: uid-of-{act:?}-{by}, creationTimestamp: {created}}}
spec:
  act: {act:?}
  subjectRef: {{kind: Integration, name: {}, namespace: {}, uid: {}}}
  by: {by}
",
        name.unwrap_or_default(),
        namespace.unwrap_or_default(),
        uid.unwrap_or_default()
    ));
    made.spec.text_sha256 = Some(statement.text_sha256.clone());
    made.metadata.name = made.metadata.name.map(|n| n.to_lowercase());
    made
}
