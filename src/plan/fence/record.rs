//! The TenantRecord: written before anything else is, so that nothing is ever done twice.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use super::{keys, labels, nodes::static_inventory};
use crate::{
    api::{KeyPurpose, RecordedKey, TenantRecord, TenantRecordSpec},
    plan::{decide::Step, validate::Tenant, world::World},
};

/// The record that a new tenant begins with: its nodes if enough are free, its keys if they are known not to exist.
#[must_use]
pub fn first(tenant: &Tenant, world: &World, now: Timestamp) -> TenantRecord {
    TenantRecord {
        metadata: ObjectMeta {
            name: Some(tenant.name.as_str().to_owned()),
            labels: Some(labels(&tenant.name)),
            ..ObjectMeta::default()
        },
        spec: TenantRecordSpec {
            plan_uid: tenant.uid.clone(),
            namespace_uid: None,
            pool: tenant.name.as_str().to_owned(),
            nodes: static_inventory::choose(tenant, world, now).unwrap_or_default(),
            keys: keys::absent(world).map(|purpose| RecordedKey { purpose, fingerprint: None }).collect(),
        },
    }
}

/// What the record lacks: nodes that were chosen, keys that may be made, UIDs and fingerprints that were read back.
#[must_use]
pub fn growth(tenant: &Tenant, world: &World, record: &TenantRecord, now: Timestamp) -> Option<Step> {
    let mut grown = record.clone();
    if let Some(chosen) = static_inventory::choose(tenant, world, now) {
        grown.spec.nodes.extend(chosen);
    }
    for purpose in keys::absent(world) {
        if !grown.spec.keys.iter().any(|k| k.purpose == purpose) {
            grown.spec.keys.push(RecordedKey { purpose, fingerprint: None });
        }
    }
    // UIDs and fingerprints are written together, once all keys were read back.
    let all_made = KeyPurpose::ALL.iter().all(|p| keys::own(world, record, *p).is_some());
    if all_made {
        grown.spec.namespace_uid = grown.spec.namespace_uid.or_else(|| world.namespace.known().and_then(|n| n.uid()));
        for key in &mut grown.spec.keys {
            let read = keys::own(world, record, key.purpose).map(|k| k.fingerprint.clone());
            key.fingerprint = key.fingerprint.take().or(read);
        }
    }
    (grown.spec != record.spec).then(|| Step::UpdateRecord(Box::new(grown)))
}
