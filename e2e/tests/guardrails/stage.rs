//! The stage: guardrails stand, the first configuration is made, there is one of everything that is attacked, and no operator runs.

use anyhow::Result;
use kube::Client;
use ringfence_e2e::{
    Bed,
    wait::{self, Look},
};
use serde_json::json;

use crate::{
    ask::{Answer, Ask, example},
    props,
    things::{
        CI, CRDS, FENCED, NEXT, OPEN, OPERATOR, PLAIN, act, baa, binding, core, flags, kind, namespace, plan, pod,
        record, tenant_namespace, user,
    },
};

/// Waits until `ask` is refused by a guardrail: policies and parameters reach the API server's rules a moment after they are stored.
pub async fn guarded(admin: &Client, rule: &str, ask: impl Fn() -> Result<Ask>) -> Result<()> {
    wait::until(&format!("{rule} stands"), async || {
        Ok(match ask()?.dry().send(admin, admin).await? {
            Answer::Refused(_, why) if why.contains(&format!("denied request: {rule}: ")) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}

/// The guardrails stand, the first configuration is made, and there is one of everything that is attacked.
pub async fn stage(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let operator = bed.impersonated(OPERATOR, &["system:masters"]).await?;
    for name in [PLAIN, CI] {
        Ask::create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).done(&admin).await?;
    }
    for name in ["pipeline", "bridge", "flipper"] {
        Ask::create(core("ServiceAccount", CI, name)).done(&admin).await?;
    }
    for (name, role, subject) in [
        ("gr-cluster-admins", "cluster-admin", user("Group", "cluster-admins")),
        ("gr-pipeline", "cluster-admin", json!({"kind": "ServiceAccount", "name": "pipeline", "namespace": CI})),
        ("gr-editors-1", "ringfence-platform-engineer", user("Group", "editors")),
        ("gr-editors-2", "ringfence-flipper", user("Group", "editors")),
        ("gr-editors-3", "ringfence-signer", user("Group", "editors")),
        ("gr-editors-4", "ringfence-privacy-officer", user("Group", "editors")),
    ] {
        Ask::create(binding(name, role, subject)).done(&admin).await?;
    }

    let paula = bed.person("paula@ringwell.example", &["platform-engineers"]).await?;
    let at = kind("ringfenceconfigs", "cluster");
    wait::until("the bed's configuration is there", async || {
        Ok(match Ask::delete(&at).send(&paula, &paula).await? {
            Answer::Passed(_) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    // Without a configuration nobody acts and nobody flips; the first one is made by whoever may.
    let sam = bed.person("sam@ringwell.example", &["sales-ops"]).await?;
    wait::until("a plan without a configuration is refused", async || {
        Ok(match Ask::create(plan("gr-early")?).dry().send(&sam, &sam).await? {
            Answer::Refused(_, why) if why.contains("ringfence-g11-plans") && why.contains("no params found") => {
                Look::Done(())
            }
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    guarded(&admin, "G11", || {
        let mut config = example("00-config.yaml")?;
        config["spec"]["groups"] = json!({});
        Ok(Ask::create(config))
    })
    .await?;
    let mut config = example("00-config.yaml")?;
    config["spec"]["groups"]["signers"] = json!(["agreement-signers", format!("system:serviceaccount:{CI}:bridge")]);
    config["spec"]["groups"]["flippers"] = json!(["sales-ops", format!("system:serviceaccount:{CI}:flipper")]);
    Ask::create(config).done(&admin).await?;
    guarded(&admin, "G11", || Ok(Ask::create(plan("gr-early")?))).await?;
    guarded(&admin, "G11", || Ok(Ask::create(example("10-class.yaml")?))).await?;
    guarded(&admin, "G11", || Ok(Ask::create(act("gr-early", "Sign", "nobody@ringwell.example")))).await?;
    guarded(&admin, "G12", || Ok(Ask::create(record("gr-early")))).await?;
    guarded(&admin, "G12", || Ok(Ask::delete(format!("{CRDS}/baas.ringfence.dev")))).await?;
    guarded(&admin, "G5", || Ok(Ask::create(tenant_namespace("gr-early", false)))).await?;

    for (name, fenced) in [(FENCED, true), (OPEN, false), (NEXT, true)] {
        Ask::create(tenant_namespace(name, fenced)).done(&operator).await?;
    }
    guarded(&admin, "G12", || Ok(Ask::delete(namespace(OPEN)))).await?;
    guarded(&admin, "G10", || Ok(Ask::create(core("ConfigMap", OPEN, "ringfence-flags")))).await?;
    guarded(&admin, "G1", || Ok(Ask::create(pod(OPEN, "gr-early")))).await?;
    Ask::create(flags(FENCED)).done(&operator).await?;
    Ask::create(record("gr-record")).done(&operator).await?;
    for (name, group) in [(FENCED, "acme-admins"), (OPEN, "acme-admins"), (NEXT, "globex-admins")] {
        let admins = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "admins", "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
            "subjects": [user("Group", group)],
        });
        Ask::create(admins).done(&admin).await?;
    }

    for (name, label) in [("standard-1", "none"), ("gr-class", "class"), ("gr-used", "used")] {
        let mut class = example("10-class.yaml")?;
        class["metadata"] = json!({"name": name, "labels": {"gr": label}});
        Ask::create(class).done(&paula).await?;
    }
    let held = || json!({"metadata": {"finalizers": ["ringfence.dev/tenant"]}});
    Ask::merge(kind("healthcareplanclasses", "gr-used"), held()).done(&operator).await?;
    for name in ["gr-plan", "gr-suspended", "gr-ending"] {
        let mut plan = plan(name)?;
        plan["metadata"]["labels"] = json!({"gr": if name == "gr-plan" { "plan" } else { "other" }});
        Ask::create(plan).done(&sam).await?;
    }
    Ask::merge(kind("healthcareplans", "gr-plan"), held()).done(&operator).await?;
    Ask::merge(kind("healthcareplans", "gr-suspended"), json!({"spec": {"state": "Suspended"}})).done(&sam).await?;
    let priya = bed.person("priya@ringwell.example", &["privacy-officers"]).await?;
    let end = json!({"spec": {"state": "Offboarding", "offboarding": {"action": "Return"}}});
    Ask::merge(kind("healthcareplans", "gr-ending"), end).done(&priya).await?;
    for name in ["gr-signed", "gr-draft"] {
        let mut baa = baa(name)?;
        baa["metadata"]["labels"] = json!({"gr": name.trim_start_matches("gr-")});
        Ask::create(baa).done(&sam).await?;
    }
    let signed = json!({"status": {"signatures": [{"party": "ringwell", "recordedBy": "alice@ringwell.example", "attestation": "gr-act"}]}});
    Ask::merge(format!("{}/status", kind("baas", "gr-signed")), signed).done(&operator).await?;
    let alice = bed.person("alice@ringwell.example", &["agreement-signers"]).await?;
    Ask::create(act("gr-act", "Sign", "alice@ringwell.example")).done(&alice).await?;
    for plural in ["baas", "healthcareplans"] {
        Ask::merge(format!("{CRDS}/{plural}.ringfence.dev"), json!({"metadata": {"labels": {"gr": "kind"}}}))
            .done(&admin)
            .await?;
    }
    props::cluster(bed, &admin).await?;
    props::kept(&operator).await?;
    props::running(bed, &admin).await
}
