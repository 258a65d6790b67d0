//! G12: what must be kept.

use anyhow::Result;
use serde_json::json;

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{CRDS, RINGFENCE, kind, record},
};

/// On what is kept.
pub fn attacks() -> Result<Vec<Attack>> {
    let guarded = kind("healthcareplans", "gr-plan");
    let unlocked = json!({"status": {"conditions": [{"type": "PhiUnlocked", "status": "True", "reason": "Mine", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    let mut attacks = vec![
        attack("G12", "a plan's deletion", Ask::delete(&guarded)),
        attack("G12", "a plan's deletion, foreground", Ask::delete(format!("{guarded}?propagationPolicy=Foreground"))),
        attack(
            "G12",
            "deletion of all plans",
            Ask::delete(format!("{RINGFENCE}/healthcareplans?labelSelector=gr=plan")),
        ),
        attack(
            "G12",
            "a plan's finalizer off by merge",
            Ask::merge(&guarded, json!({"metadata": {"finalizers": null}})),
        ),
        attack(
            "G12",
            "a plan's finalizer off by JSON",
            Ask::json(&guarded, json!([{"op": "remove", "path": "/metadata/finalizers"}])),
        ),
        attack(
            "G12",
            "a plan's finalizer off by PUT",
            Ask::edit(&guarded, |live| live["metadata"]["finalizers"] = json!([])),
        ),
        attack(
            "G12",
            "a plan's finalizer swapped",
            Ask::merge(&guarded, json!({"metadata": {"finalizers": ["example.dev/mine"]}})),
        ),
        attack(
            "G12",
            "a plan's finalizer off in /status",
            Ask::merge(format!("{guarded}/status"), json!({"metadata": {"finalizers": null}})),
        ),
        attack("G12", "a plan unlocked by its status", Ask::merge(format!("{guarded}/status"), unlocked)),
        attack(
            "G12",
            "a plan's status by PUT",
            Ask::edit(format!("{guarded}/status"), |live| live["status"] = json!({"conditions": []})),
        ),
        attack(
            "G12",
            "a plan's finalizer put on",
            Ask::merge(
                kind("healthcareplans", "gr-suspended"),
                json!({"metadata": {"finalizers": ["ringfence.dev/tenant"]}}),
            ),
        ),
        attack("G12", "a record made", Ask::create(record("gr-record-2"))),
        attack(
            "G12",
            "a record changed",
            Ask::merge(kind("tenantrecords", "gr-record"), json!({"spec": {"nodes": [{"uid": "n", "name": "n"}]}})),
        ),
        attack(
            "G12",
            "a record labelled",
            Ask::merge(kind("tenantrecords", "gr-record"), json!({"metadata": {"labels": {"a": "b"}}})),
        ),
        attack("G12", "a record's deletion", Ask::delete(kind("tenantrecords", "gr-record"))),
        attack("G12", "deletion of all records", Ask::delete(format!("{RINGFENCE}/tenantrecords"))),
        attack("G12", "a signed BAA's deletion", Ask::delete(kind("baas", "gr-signed"))),
        attack("G12", "deletion of all signed BAAs", Ask::delete(format!("{RINGFENCE}/baas?labelSelector=gr=signed"))),
        attack(
            "G12",
            "a BAA's signatures off",
            Ask::merge(format!("{}/status", kind("baas", "gr-signed")), json!({"status": {"signatures": null}})),
        ),
        attack("G12", "an Attestation's deletion", Ask::delete(kind("attestations", "gr-act"))),
        attack("G12", "deletion of all Attestations", Ask::delete(format!("{RINGFENCE}/attestations"))),
        attack("G12", "deletion of all kinds", Ask::delete(format!("{CRDS}?labelSelector=gr=kind"))),
        attack(
            "G12",
            "a kind no longer served",
            Ask::json(
                format!("{CRDS}/baas.ringfence.dev"),
                json!([{"op": "replace", "path": "/spec/versions/0/served", "value": false}]),
            ),
        ),
        attack(
            "G12",
            "another server for what a kind holds",
            Ask::merge(
                format!("{CRDS}/attestations.ringfence.dev"),
                json!({"spec": {"conversion": {"strategy": "Webhook", "webhook": {
                    "conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://mine.example/convert"}}}}}),
            ),
        ),
        attack(
            "G12",
            "another server for the group",
            Ask::create(json!({
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1alpha2.ringfence.dev"},
                "spec": {"group": "ringfence.dev", "version": "v1alpha2", "groupPriorityMinimum": 1000, "versionPriority": 100, "service": {"name": "mine", "namespace": "default"}},
            })),
        ),
    ];
    for plural in
        ["attestations", "baas", "healthcareplanclasses", "healthcareplans", "ringfenceconfigs", "tenantrecords"]
    {
        attacks.push(attack(
            "G12",
            format!("deletion of the kind {plural}"),
            Ask::delete(format!("{CRDS}/{plural}.ringfence.dev")),
        ));
    }
    Ok(attacks)
}
