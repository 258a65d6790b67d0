//! R26, S3, S15: what a namespace begins with, and what its quota and its RoleBinding allow.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::*;
use crate::plan::fixture::{edit, name, tenant, unlocked};

#[test]
fn a_namespace_begins_closed_and_at_the_strictest_pod_security() {
    let made = unfenced(&name(), "uid-of-record").metadata;
    let labels = made.labels.unwrap();
    for mode in ["enforce", "warn", "audit"] {
        assert_eq!(labels[&format!("pod-security.kubernetes.io/{mode}")], "restricted");
    }
    assert!(!labels.contains_key(FENCED_LABEL), "no pod is let in yet");
    assert_eq!(made.annotations.unwrap()[RECORD_UID_ANNOTATION], "uid-of-record");
}

#[test]
fn no_service_leads_round_the_network_whatever_the_class_says() {
    let mut world = unlocked();
    edit(&mut world.class, |c| {
        for service in ["services.loadbalancers", "services.nodeports"] {
            c.spec.quota.insert(service.into(), Quantity("5".into()));
        }
    });
    let hard = quota(&tenant(&world)).spec.unwrap().hard.unwrap();
    assert!(["services.loadbalancers", "services.nodeports"].iter().all(|s| hard[*s] == Quantity("0".into())));
}

#[test]
fn readers_may_read_the_one_document_and_accounts_get_no_token_unasked() {
    let world = unlocked();
    let binding = readers(&tenant(&world));
    assert_eq!(
        (binding.role_ref.kind.as_str(), binding.role_ref.name.as_str()),
        ("ClusterRole", "ringfence-flag-reader")
    );
    assert!(binding.subjects.unwrap().iter().all(|s| s.kind == "ServiceAccount" && s.namespace.is_some()));
    assert_eq!(service_account(&tenant(&world)).automount_service_account_token, Some(false));
}
