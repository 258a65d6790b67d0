//! Those who may do much are refused what even they may not.

use anyhow::{Result, ensure};
use ringfence_e2e::Bed;
use serde_json::json;

use crate::{
    ask::{Answer, Ask},
    things::{FENCED, OPEN, OPERATOR, kind, namespace, plan, pod},
};

/// Those who may do much are refused what even they may not.
pub async fn insiders(bed: &Bed) -> Result<()> {
    let sam = bed.person("sam@ringwell.example", &["sales-ops"]).await?;
    let paula = bed.person("paula@ringwell.example", &["platform-engineers"]).await?;
    let as_machine = async |user: &str| bed.impersonated(user, &["system:masters"]).await;
    let operator = as_machine(OPERATOR).await?;
    let namespaces = as_machine("system:serviceaccount:kube-system:namespace-controller").await?;
    let garbage = as_machine("system:serviceaccount:kube-system:generic-garbage-collector").await?;
    let kcm = as_machine("system:kube-controller-manager").await?;
    let mut held = plan("gr-held")?;
    held["metadata"]["finalizers"] = json!(["ringfence.dev/tenant"]);
    let flags = || Ask::delete(format!("{}/configmaps/ringfence-flags", namespace(FENCED)));
    let mut wrong = Vec::new();
    for (rule, who, client, what, ask) in [
        ("G12", "flipper", &sam, "a plan created with a finalizer", Ask::create(held)),
        ("G12", "flipper", &sam, "a plan's deletion", Ask::delete(kind("healthcareplans", "gr-plan"))),
        ("G12", "flipper", &sam, "a signed BAA's deletion", Ask::delete(kind("baas", "gr-signed"))),
        ("G12", "engineer", &paula, "a class in use, deleted", Ask::delete(kind("healthcareplanclasses", "gr-used"))),
        ("G12", "operator", &operator, "a plan's deletion", Ask::delete(kind("healthcareplans", "gr-plan"))),
        ("G12", "operator", &operator, "a record's deletion", Ask::delete(kind("tenantrecords", "gr-record"))),
        ("G12", "operator", &operator, "a signed BAA's deletion", Ask::delete(kind("baas", "gr-signed"))),
        ("G12", "operator", &operator, "an Attestation's deletion", Ask::delete(kind("attestations", "gr-act"))),
        ("G11", "operator", &operator, "a plan made", Ask::create(plan("gr-own")?)),
        ("G1", "operator", &operator, "a pod before the fences stand", Ask::create(pod(OPEN, "gr-pod"))),
        ("G12", "ns controller", &namespaces, "a live namespace's deletion", Ask::delete(namespace(FENCED))),
        ("G12", "gc", &garbage, "a live namespace's deletion", Ask::delete(namespace(FENCED))),
        ("G12", "kcm", &kcm, "a live namespace's deletion", Ask::delete(namespace(FENCED))),
        ("G10", "ns controller", &namespaces, "flags of a live namespace", flags()),
        ("G10", "gc", &garbage, "flags of a live namespace", flags()),
        (
            "G5",
            "kcm",
            &kcm,
            "fenced by merge patch",
            Ask::merge(namespace(OPEN), json!({"metadata": {"labels": {"ringfence.dev/fenced": "true"}}})),
        ),
        ("G12", "gc", &garbage, "an Attestation's deletion", Ask::delete(kind("attestations", "gr-act"))),
    ] {
        let seen = match ask.send(client, client).await? {
            Answer::Refused(_, why) if why.contains(&format!("denied request: {rule}: ")) => rule,
            other => {
                wrong.push(format!("{rule}, {who}, {what}: {other:?}"));
                "WRONG"
            }
        };
        println!("{seen:<5}{what:<38}{who}");
    }
    ensure!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}
