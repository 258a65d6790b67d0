//! R01, R05, R51 and the first of G1, G5, G10, G11, G12: what the API server itself refuses, with no operator running, to a
//! tenant's administrator, a cluster administrator, system:masters, a pipeline and a colleague; and what it lets through.

mod ask;

use anyhow::{Context, Result, ensure};
use ask::{Answer, Ask, example, get, ours, path};
use kube::Client;
use ringfence_e2e::{
    Bed, promise,
    wait::{self, Look},
};
use serde_json::{Value, json};

const OPERATOR: &str = "system:serviceaccount:ringfence-system:ringfence-operator";
const UID: &str = "0a1b2c3d-0000-4000-8000-000000000001";
/// A tenant whose fences stand, one whose fences do not, a plain namespace, and one that a pipeline lives in.
const FENCED: &str = "gr-fenced";
const OPEN: &str = "gr-open";
const PLAIN: &str = "gr-plain";
const CI: &str = "gr-ci";
const RINGFENCE: &str = "/apis/ringfence.dev/v1alpha1";
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Somebody who asks.
struct Caller {
    name: &'static str,
    user: &'static str,
    client: Client,
    /// RBAC lets this caller do everything, so that only a guardrail can refuse.
    everything: bool,
}

fn namespace(name: &str) -> String {
    format!("/api/v1/namespaces/{name}")
}
fn kind(plural: &str, name: &str) -> String {
    format!("{RINGFENCE}/{plural}/{name}")
}
fn core(kind: &str, namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

fn pod(namespace: &str, name: &str) -> Value {
    let mut pod = core("Pod", namespace, name);
    pod["spec"] = pod_spec();
    pod
}

/// Meets Pod Security restricted, so that nothing but Ringfence's own rules refuses it.
fn pod_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "main", "image": "registry.example/app:1",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    })
}

fn tenant_namespace(name: &str, fenced: bool) -> Value {
    let mut labels = json!({"ringfence.dev/tenant": name, "pod-security.kubernetes.io/enforce": "restricted"});
    if fenced {
        labels["ringfence.dev/fenced"] = json!("true");
    }
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": labels, "annotations": {"ringfence.dev/record-uid": UID}}})
}

fn flags(namespace: &str) -> Value {
    let mut map = core("ConfigMap", namespace, "ringfence-flags");
    map["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "ringfence", "ringfence.dev/tenant": namespace});
    map["data"] = json!({"flags.flagd.json": "{}"});
    map
}

fn plan(name: &str) -> Result<Value> {
    let mut plan = example("20-plan.yaml")?;
    plan["metadata"]["name"] = json!(name);
    plan["spec"]["coveredEntities"] = json!([{"party": "one"}, {"party": "two"}]);
    Ok(plan)
}

fn baa(name: &str) -> Result<Value> {
    let mut baa = example("30-baa.yaml")?;
    baa["metadata"]["name"] = json!(name);
    Ok(baa)
}

/// An Attestation that the kind's own rules accept.
fn act(name: &str, act: &str, by: &str) -> Value {
    let kind = match act {
        "Withdraw" => "Attestation",
        "AcceptRisk" | "AttestControl" => "HealthcarePlan",
        "RequestDestruction" | "ApproveDestruction" => "TenantRecord",
        "Acknowledge" | "AttestCover" => "Integration",
        _ => "BAA",
    };
    let mut spec = json!({
        "act": act, "by": by,
        "subjectRef": {"kind": kind, "name": "gr-subject", "uid": UID},
        "onBehalfOf": {"party": "acme-dental", "name": "Dr. A. Miller"},
        "textSHA256": "a".repeat(64),
        "evidence": {"provider": "paper", "envelopeID": "e-1", "certificateSHA256": "b".repeat(64)},
    });
    if kind == "Integration" {
        spec["subjectRef"]["namespace"] = json!(FENCED);
    }
    if matches!(act, "AcceptRisk" | "AttestControl") {
        spec["setting"] = json!("alerts.guide");
    }
    if matches!(act, "AcceptRisk" | "AttestControl" | "AttestCover") {
        spec["expirationTime"] = json!("2030-01-01T00:00:00Z");
    }
    ours("Attestation", name, spec)
}

/// A rule, what is tried, and the request.
type Attack = (&'static str, &'static str, Ask);

fn pods_and_namespaces() -> Vec<Attack> {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let fresh = |name: &str, labels: Value, notes: Value| {
        Ask::create(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels, "annotations": notes}}),
        )
    };
    let set = |at: &'static str, to: Value| {
        move |live: &mut Value| {
            live["metadata"][at].as_object_mut().expect("a map").extend(to.as_object().expect("a map").clone());
        }
    };
    let (open, fenced, plain) = (namespace(OPEN), namespace(FENCED), namespace(PLAIN));
    let mut generated = pod(OPEN, "");
    generated["metadata"] = json!({"generateName": "gr-", "namespace": OPEN});
    let mut bound = pod(OPEN, "gr-bound");
    bound["spec"]["nodeName"] = json!("gr-node");
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": UID}]);
    vec![
        ("G1", "a pod before the fences stand", Ask::create(pod(OPEN, "gr-pod"))),
        ("G1", "the same by generateName", Ask::create(generated)),
        ("G1", "the same past the scheduler", Ask::create(bound)),
        ("G5", "a namespace made a tenant's", fresh("gr-new", json!({"ringfence.dev/tenant": "gr-new"}), json!({}))),
        ("G5", "a namespace made fenced", fresh("gr-new", json!({"ringfence.dev/fenced": "true"}), json!({}))),
        ("G5", "a namespace with a record", fresh("gr-new", json!({}), json!({"ringfence.dev/record-uid": UID}))),
        ("G5", "tenant put on a plain one", Ask::merge(&plain, labels(json!({"ringfence.dev/tenant": PLAIN})))),
        ("G5", "fenced put on a plain one", Ask::merge(&plain, labels(json!({"ringfence.dev/fenced": "true"})))),
        ("G5", "fenced by merge patch", Ask::merge(&open, labels(json!({"ringfence.dev/fenced": "true"})))),
        (
            "G5",
            "fenced by JSON patch",
            Ask::json(&open, json!([{"op": "add", "path": "/metadata/labels/ringfence.dev~1fenced", "value": "true"}])),
        ),
        ("G5", "fenced by PUT", Ask::edit(&open, set("labels", json!({"ringfence.dev/fenced": "true"})))),
        (
            "G5",
            "fenced by apply",
            Ask::apply(
                &open,
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPEN, "labels": {"ringfence.dev/fenced": "true"}}}),
            ),
        ),
        (
            "G5",
            "fenced through /status",
            Ask::merge(format!("{open}/status"), labels(json!({"ringfence.dev/fenced": "true"}))),
        ),
        (
            "G5",
            "fenced through /finalize",
            Ask::edit(format!("{open}/finalize"), set("labels", json!({"ringfence.dev/fenced": "true"}))),
        ),
        (
            "G5",
            "a tenant's finalisation",
            Ask::edit(format!("{open}/finalize"), |live| live["spec"]["finalizers"] = json!([])),
        ),
        ("G5", "no tenant any more", Ask::merge(&fenced, labels(json!({"ringfence.dev/tenant": null})))),
        ("G5", "another tenant", Ask::merge(&fenced, labels(json!({"ringfence.dev/tenant": OPEN})))),
        ("G5", "a label of Ringfence's to come", Ask::merge(&fenced, labels(json!({"ringfence.dev/other": "x"})))),
        (
            "G5",
            "Pod Security made privileged",
            Ask::merge(&fenced, labels(json!({"pod-security.kubernetes.io/enforce": "privileged"}))),
        ),
        (
            "G5",
            "Pod Security taken off",
            Ask::merge(&fenced, labels(json!({"pod-security.kubernetes.io/enforce": null}))),
        ),
        (
            "G5",
            "Pod Security through /status",
            Ask::merge(format!("{fenced}/status"), labels(json!({"pod-security.kubernetes.io/enforce": "baseline"}))),
        ),
        (
            "G5",
            "another record",
            Ask::merge(&fenced, json!({"metadata": {"annotations": {"ringfence.dev/record-uid": "other"}}})),
        ),
        (
            "G5",
            "no record",
            Ask::merge(&fenced, json!({"metadata": {"annotations": {"ringfence.dev/record-uid": null}}})),
        ),
        (
            "G5",
            "an owner, for garbage collection",
            Ask::merge(&fenced, json!({"metadata": {"ownerReferences": owner}})),
        ),
        (
            "G5",
            "a finalizer of Ringfence's",
            Ask::merge(&fenced, json!({"metadata": {"finalizers": ["ringfence.dev/tenant"]}})),
        ),
        ("G12", "a fenced namespace's deletion", Ask::delete(&fenced)),
        ("G12", "a tenant's namespace's deletion", Ask::delete(&open)),
        (
            "G12",
            "the same at once, orphaning",
            Ask::delete(format!("{open}?gracePeriodSeconds=0&propagationPolicy=Orphan")),
        ),
    ]
}

fn flag_documents() -> Vec<Attack> {
    let at = format!("{}/configmaps", namespace(FENCED));
    let one = format!("{at}/ringfence-flags");
    let open = json!({"data": {"flags.flagd.json": "{\"flags\":{\"capture.recording.allowed\":true}}"}});
    let mut applied = flags(FENCED);
    applied["data"] = open["data"].clone();
    vec![
        ("G10", "a flag document before Ringfence's", Ask::create(core("ConfigMap", OPEN, "ringfence-flags"))),
        ("G10", "flags opened by merge patch", Ask::merge(&one, open)),
        ("G10", "flags opened by apply", Ask::apply(&one, applied)),
        ("G10", "flags opened by PUT", Ask::edit(&one, |live| live["data"] = json!({}))),
        ("G10", "labels taken off", Ask::merge(&one, json!({"metadata": {"labels": null}}))),
        (
            "G10",
            "flags owned by another",
            Ask::merge(
                &one,
                json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "none", "uid": UID}]}}),
            ),
        ),
        ("G10", "the document's deletion", Ask::delete(&one)),
        ("G10", "deletion of all ConfigMaps", Ask::delete(&at)),
        ("G10", "the same by label", Ask::delete(format!("{at}?labelSelector=ringfence.dev/tenant"))),
    ]
}

fn kept_objects() -> Result<Vec<Attack>> {
    let guarded = kind("healthcareplans", "gr-plan");
    let unlocked = json!({"status": {"conditions": [{"type": "PhiUnlocked", "status": "True", "reason": "Mine", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    let mut attacks = vec![
        ("G12", "a plan's deletion", Ask::delete(&guarded)),
        ("G12", "a plan's deletion, foreground", Ask::delete(format!("{guarded}?propagationPolicy=Foreground"))),
        ("G12", "deletion of all plans", Ask::delete(format!("{RINGFENCE}/healthcareplans?labelSelector=gr=plan"))),
        ("G12", "a plan's finalizer off by merge", Ask::merge(&guarded, json!({"metadata": {"finalizers": null}}))),
        (
            "G12",
            "a plan's finalizer off by JSON",
            Ask::json(&guarded, json!([{"op": "remove", "path": "/metadata/finalizers"}])),
        ),
        (
            "G12",
            "a plan's finalizer off by PUT",
            Ask::edit(&guarded, |live| live["metadata"]["finalizers"] = json!([])),
        ),
        (
            "G12",
            "a plan's finalizer swapped",
            Ask::merge(&guarded, json!({"metadata": {"finalizers": ["example.dev/mine"]}})),
        ),
        (
            "G12",
            "a plan's finalizer off in /status",
            Ask::merge(format!("{guarded}/status"), json!({"metadata": {"finalizers": null}})),
        ),
        ("G12", "a plan unlocked by its status", Ask::merge(format!("{guarded}/status"), unlocked)),
        (
            "G12",
            "a plan's status by PUT",
            Ask::edit(format!("{guarded}/status"), |live| live["status"] = json!({"conditions": []})),
        ),
        (
            "G12",
            "a plan's finalizer put on",
            Ask::merge(
                kind("healthcareplans", "gr-suspended"),
                json!({"metadata": {"finalizers": ["ringfence.dev/tenant"]}}),
            ),
        ),
        ("G12", "a record made", Ask::create(record("gr-record-2"))),
        (
            "G12",
            "a record changed",
            Ask::merge(kind("tenantrecords", "gr-record"), json!({"spec": {"nodes": [{"uid": "n", "name": "n"}]}})),
        ),
        (
            "G12",
            "a record labelled",
            Ask::merge(kind("tenantrecords", "gr-record"), json!({"metadata": {"labels": {"a": "b"}}})),
        ),
        ("G12", "a record's deletion", Ask::delete(kind("tenantrecords", "gr-record"))),
        ("G12", "deletion of all records", Ask::delete(format!("{RINGFENCE}/tenantrecords"))),
        ("G12", "a signed BAA's deletion", Ask::delete(kind("baas", "gr-signed"))),
        ("G12", "deletion of all signed BAAs", Ask::delete(format!("{RINGFENCE}/baas?labelSelector=gr=signed"))),
        (
            "G12",
            "a BAA's signatures off",
            Ask::merge(format!("{}/status", kind("baas", "gr-signed")), json!({"status": {"signatures": null}})),
        ),
        ("G12", "an Attestation's deletion", Ask::delete(kind("attestations", "gr-act"))),
        ("G12", "deletion of all Attestations", Ask::delete(format!("{RINGFENCE}/attestations"))),
        ("G12", "deletion of all kinds", Ask::delete(format!("{CRDS}?labelSelector=gr=kind"))),
        (
            "G12",
            "a kind no longer served",
            Ask::json(
                format!("{CRDS}/baas.ringfence.dev"),
                json!([{"op": "replace", "path": "/spec/versions/0/served", "value": false}]),
            ),
        ),
        (
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
        attacks.push(("G12", "a kind's deletion", Ask::delete(format!("{CRDS}/{plural}.ringfence.dev"))));
    }
    Ok(attacks)
}

fn acts_and_edits(me: &str) -> Result<Vec<Attack>> {
    let suspended = kind("healthcareplans", "gr-suspended");
    let ending = kind("healthcareplans", "gr-ending");
    let config = kind("ringfenceconfigs", "cluster");
    let class = kind("healthcareplanclasses", "gr-class");
    let spec = |spec: Value| json!({"spec": spec});
    let mut another = example("10-class.yaml")?;
    another["metadata"]["name"] = json!("gr-class-2");
    let mut attacks = vec![
        ("G11", "signing in another's name", Ask::create(act("gr-a1", "Sign", "alice@ringwell.example"))),
        ("G11", "withdrawing in another's name", Ask::create(act("gr-a2", "Withdraw", "alice@ringwell.example"))),
        ("G11", "acknowledging in another's name", Ask::create(act("gr-a3", "Acknowledge", "alice@ringwell.example"))),
        ("G11", "a plan made", Ask::create(plan("gr-mine")?)),
        ("G11", "a plan made by apply", Ask::apply(kind("healthcareplans", "gr-mine"), plan("gr-mine")?)),
        ("G11", "a plan activated", Ask::merge(&suspended, spec(json!({"state": "Active"})))),
        ("G11", "a plan activated by PUT", Ask::edit(&suspended, |live| live["spec"]["state"] = json!("Active"))),
        ("G11", "another class", Ask::merge(&suspended, spec(json!({"planClassName": "gr-class"})))),
        (
            "G11",
            "a record resumed",
            Ask::merge(&suspended, spec(json!({"resume": {"recordUID": UID, "namespaceUID": UID}}))),
        ),
        ("G11", "a namespace adopted", Ask::merge(&suspended, spec(json!({"adopt": {"namespaceUID": UID}})))),
        ("G11", "an entity removed", Ask::merge(&suspended, spec(json!({"coveredEntities": [{"party": "one"}]})))),
        (
            "G11",
            "an entity swapped",
            Ask::merge(&suspended, spec(json!({"coveredEntities": [{"party": "one"}, {"party": "three"}]}))),
        ),
        ("G11", "more nodes", Ask::merge(&suspended, spec(json!({"nodes": {"count": 3}})))),
        (
            "G11",
            "a plan offboarded",
            Ask::merge(&suspended, spec(json!({"state": "Offboarding", "offboarding": {"action": "Destroy"}}))),
        ),
        ("G11", "an end made destruction", Ask::merge(&ending, spec(json!({"offboarding": {"action": "Destroy"}})))),
        ("G11", "an end taken back", Ask::merge(&ending, spec(json!({"state": "Suspended", "offboarding": null})))),
        ("G11", "a class made", Ask::create(another)),
        ("G11", "a class widened", Ask::merge(&class, spec(json!({"network": {"allow": []}})))),
        ("G11", "a class's deletion", Ask::delete(&class)),
        (
            "G11",
            "deletion of all classes",
            Ask::delete(format!("{RINGFENCE}/healthcareplanclasses?labelSelector=gr=class")),
        ),
        (
            "G11",
            "oneself made an administrator",
            Ask::merge(
                &config,
                spec(
                    json!({"groups": {"administrators": ["cluster-admins", "editors", "system:serviceaccounts:gr-ci"]}}),
                ),
            ),
        ),
        (
            "G11",
            "another operator",
            Ask::merge(&config, spec(json!({"operator": {"namespace": CI, "serviceAccountName": "pipeline"}}))),
        ),
        ("G11", "the configuration's deletion", Ask::delete(&config)),
        ("G11", "deletion of all configurations", Ask::delete(format!("{RINGFENCE}/ringfenceconfigs"))),
    ];
    for (what, name) in [
        ("signing in one's own name", "Sign"),
        ("terminating", "Terminate"),
        ("attesting an upstream BAA", "AttestUpstream"),
        ("accepting a risk", "AcceptRisk"),
        ("attesting a control", "AttestControl"),
        ("asking for destruction", "RequestDestruction"),
        ("approving destruction", "ApproveDestruction"),
    ] {
        attacks.push(("G11", what, Ask::create(act("gr-own", name, me))));
    }
    Ok(attacks)
}

fn record(name: &str) -> Value {
    ours("TenantRecord", name, json!({"planUID": UID, "pool": name, "nodes": [], "keys": []}))
}

fn binding(name: &str, role: &str, subject: Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
    })
}

fn user(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

/// Waits until `ask` is refused by a guardrail: policies and parameters reach the API server's rules a moment after they are stored.
async fn guarded(admin: &Client, rule: &str, ask: impl Fn() -> Result<Ask>) -> Result<()> {
    wait::until(&format!("{rule} stands"), async || {
        Ok(match ask()?.dry().send(admin, admin).await? {
            Answer::Refused(_, why) if why.contains(&format!("denied request: {rule}: ")) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}

/// The guardrails stand, the first configuration is made, and there is one of everything that is attacked.
async fn stage(bed: &Bed) -> Result<()> {
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

    for (name, fenced) in [(FENCED, true), (OPEN, false)] {
        Ask::create(tenant_namespace(name, fenced)).done(&operator).await?;
    }
    guarded(&admin, "G12", || Ok(Ask::delete(namespace(OPEN)))).await?;
    guarded(&admin, "G10", || Ok(Ask::create(core("ConfigMap", OPEN, "ringfence-flags")))).await?;
    guarded(&admin, "G1", || Ok(Ask::create(pod(OPEN, "gr-early")))).await?;
    Ask::create(flags(FENCED)).done(&operator).await?;
    Ask::create(record("gr-record")).done(&operator).await?;
    for name in [FENCED, OPEN] {
        let admins = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "admins", "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
            "subjects": [user("Group", "acme-admins")],
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
    Ok(())
}

async fn attackers(bed: &Bed) -> Result<Vec<Caller>> {
    let person = async |name, user, group: &str, everything| -> Result<Caller> {
        Ok(Caller { name, user, client: bed.person(user, &[group]).await?, everything })
    };
    let pipeline = bed.service_account(CI, "pipeline").await?;
    Ok(vec![
        person("tenant admin", "tina@acme.example", "acme-admins", false).await?,
        person("cluster admin", "carl@ringwell.example", "cluster-admins", true).await?,
        Caller { name: "masters", user: "bed:admin", client: bed.admin().await?, everything: true },
        Caller { name: "pipeline", user: "system:serviceaccount:gr-ci:pipeline", client: pipeline, everything: true },
        person("colleague", "erin@ringwell.example", "editors", false).await?,
    ])
}

/// Whose word refused, or what happened instead.
fn verdict(rule: &str, caller: &Caller, answer: &Answer) -> Result<String, String> {
    match answer {
        Answer::Passed(_) => Err("PASSED".into()),
        // Each rule names itself, the field and the fix, in one sentence that a person can act on.
        Answer::Refused(_, why) if why.contains(&format!("denied request: {rule}: ")) => Ok(rule.into()),
        Answer::Refused(403, why)
            if !caller.everything && why.contains(&format!("User \"{}\" cannot", caller.user)) =>
        {
            Ok("RBAC".into())
        }
        Answer::Refused(code, why) => Err(format!("{code} {why}")),
    }
}

#[tokio::test]
async fn what_only_ringfence_may_do_is_refused_to_everybody_else() -> Result<()> {
    promise("guardrails", async |bed| {
        stage(bed).await?;
        clean_types(bed).await?;
        attacks(bed).await?;
        insiders(bed).await?;
        acts(bed).await?;
        edits(bed).await?;
        controllers(bed).await?;
        legitimate(bed).await
    })
    .await
}

/// The API server understood every expression: a rule that cannot be typed may read nothing and pass everything.
async fn clean_types(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let at = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
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
        ensure!(binding["spec"]["validationActions"] == json!(["Deny", "Audit"]), "{name}: {}", binding["spec"]);
    }
    ensure!(seen >= 10, "{seen} policies");
    println!("{seen} policies: types clean, fail closed, bound to deny");
    Ok(())
}

async fn attacks(bed: &Bed) -> Result<()> {
    let attackers = attackers(bed).await?;
    let admin = bed.admin().await?;
    let mut rows: Vec<(&str, &str, Vec<String>)> = Vec::new();
    let mut wrong = Vec::new();
    for (column, attacker) in attackers.iter().enumerate() {
        let all = [pods_and_namespaces(), flag_documents(), kept_objects()?, acts_and_edits(attacker.user)?];
        for (row, (rule, what, ask)) in all.into_iter().flatten().enumerate() {
            let verdict = verdict(rule, attacker, &ask.send(&attacker.client, &admin).await?);
            if let Err(why) = &verdict {
                wrong.push(format!("{rule}, {what}, {}: {why}", attacker.name));
            }
            if column == 0 {
                rows.push((rule, what, Vec::new()));
            }
            rows[row].2.push(verdict.unwrap_or_else(|_| "WRONG".into()));
        }
    }
    let line = |rule: &str, what: &str, cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:<14}")).collect();
        println!("{rule:<5}{what:<38}{}", cells.concat().trim_end());
    };
    line("rule", "attack", &attackers.iter().map(|attacker| attacker.name.to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|(rule, what, cells)| line(rule, what, cells));
    println!("{} attacks by {} callers", rows.len(), attackers.len());
    ensure!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// Those who may do much are refused what even they may not.
async fn insiders(bed: &Bed) -> Result<()> {
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
        ("G12", "operator", &operator, "a kind's deletion", Ask::delete(format!("{CRDS}/tenantrecords.ringfence.dev"))),
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

/// A table of who may: rows are what is tried, columns are callers; `y` is allowed, `-` is refused by G11.
struct Table {
    callers: Vec<(&'static str, Client)>,
    wrong: Vec<String>,
}

impl Table {
    fn new(callers: Vec<(&'static str, Client)>) -> Self {
        println!("\n{:<30}{}", "", callers.iter().map(|(name, _)| format!("{name:<12}")).collect::<String>());
        Self { callers, wrong: Vec::new() }
    }

    async fn row(
        &mut self,
        reader: &Client,
        what: &str,
        expected: &str,
        ask: impl Fn(&str) -> Result<Ask>,
    ) -> Result<()> {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        ensure!(expected.len() == self.callers.len(), "{what}: one letter a caller");
        let mut line = format!("{what:<30}");
        for ((name, client), expected) in self.callers.iter().zip(expected) {
            let (seen, why) = match ask(name)?.dry().send(client, reader).await? {
                Answer::Passed(_) => ("y", "it passed".to_owned()),
                Answer::Refused(_, why) if why.contains("denied request: G11: ") => ("-", why),
                Answer::Refused(code, why) => ("?", format!("{code} {why}")),
            };
            line.push_str(&format!("{seen:<12}"));
            if seen != expected {
                self.wrong.push(format!("{what}, {name}: {why}"));
            }
        }
        println!("{}", line.trim_end());
        Ok(())
    }

    fn finish(self) -> Result<()> {
        ensure!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        Ok(())
    }
}

/// Everybody here may write everything by RBAC, so that the groups alone decide.
async fn acts(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let person = async |user: &str, group: &str| bed.impersonated(user, &[group, "cluster-admins"]).await;
    let machine = async |account: &str| {
        let user = format!("system:serviceaccount:{CI}:{account}");
        bed.impersonated(&user, &["system:serviceaccounts", &format!("system:serviceaccounts:{CI}"), "cluster-admins"])
            .await
    };
    let by = |caller: &str| match caller {
        "bridge" | "pipeline" => format!("system:serviceaccount:{CI}:{caller}"),
        "operator" => OPERATOR.to_owned(),
        "acknowledger" => "ida@acme.example".to_owned(),
        other => format!("{other}@ringwell.example"),
    };
    let attest = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "gr-attest"},
        "rules": [{"apiGroups": ["ringfence.dev"], "resources": ["attestations"], "verbs": ["create"]}],
    });
    Ask::create(attest).done(&admin).await?;
    Ask::create(binding("gr-attest", "gr-attest", user("User", "ida@acme.example"))).done(&admin).await?;
    let mut table = Table::new(vec![
        ("signer", person("signer@ringwell.example", "agreement-signers").await?),
        ("officer", person("officer@ringwell.example", "privacy-officers").await?),
        ("flipper", person("flipper@ringwell.example", "sales-ops").await?),
        ("engineer", person("engineer@ringwell.example", "platform-engineers").await?),
        (
            "root",
            bed.impersonated("root@ringwell.example", &["agreement-signers", "privacy-officers", "system:masters"])
                .await?,
        ),
        ("bridge", machine("bridge").await?),
        ("pipeline", machine("pipeline").await?),
        ("operator", bed.impersonated(OPERATOR, &["system:masters"]).await?),
        ("acknowledger", bed.impersonated("ida@acme.example", &[]).await?),
    ]);
    for (name, expected) in [
        ("Sign", "y - - - - y - - -"),
        ("Terminate", "y - - - - y - - -"),
        ("AttestUpstream", "y - - - - - - - -"),
        ("AcceptRisk", "y y - - - - - - -"),
        ("AttestControl", "y y - - - - - - -"),
        ("RequestDestruction", "- y - - - - - - -"),
        ("ApproveDestruction", "- y - - - - - - -"),
        // The last one may attest, but not update the Integration.
        ("Acknowledge", "y y y y - - - - -"),
        ("AttestCover", "y y y y - - - - -"),
        ("Withdraw", "y y y y - - - - y"),
    ] {
        table.row(&admin, name, expected, |caller| Ok(Ask::create(act("gr-table", name, &by(caller))))).await?;
        let another = |_: &str| Ok(Ask::create(act("gr-table", name, "another@ringwell.example")));
        table.row(&admin, &format!("{name}, as another"), "- - - - - - - - -", another).await?;
    }
    table.finish()
}

async fn edits(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let person = async |user: &str, group: &str| bed.impersonated(user, &[group, "editors"]).await;
    let machine =
        async |account: &str| bed.impersonated(&format!("system:serviceaccount:{CI}:{account}"), &["editors"]).await;
    let mut table = Table::new(vec![
        ("flipper", person("sam@ringwell.example", "sales-ops").await?),
        ("officer", person("priya@ringwell.example", "privacy-officers").await?),
        ("engineer", person("paula@ringwell.example", "platform-engineers").await?),
        ("bot, named", machine("flipper").await?),
        ("bot", machine("pipeline").await?),
        ("colleague", person("erin@ringwell.example", "others").await?),
    ]);
    let patch = |name: &'static str, spec: Value| {
        move |_: &str| Ok(Ask::merge(kind("healthcareplans", name), json!({"spec": spec})))
    };
    table.row(&admin, "create a plan", "y - - y - -", |_| Ok(Ask::create(plan("gr-table")?))).await?;
    let mut ends = plan("gr-table")?;
    ends["spec"]["state"] = json!("Offboarding");
    ends["spec"]["offboarding"] = json!({"action": "Return"});
    table.row(&admin, "create one that ends", "- - - - - -", |_| Ok(Ask::create(ends.clone()))).await?;
    for (what, expected, name, spec) in [
        ("activate", "y - - y - -", "gr-suspended", json!({"state": "Active"})),
        ("another class", "y - - y - -", "gr-plan", json!({"planClassName": "gr-class"})),
        ("resume", "y - - y - -", "gr-plan", json!({"resume": {"recordUID": UID, "namespaceUID": UID}})),
        ("remove an entity", "y - - y - -", "gr-plan", json!({"coveredEntities": [{"party": "two"}]})),
        ("more nodes", "y - - y - -", "gr-plan", json!({"nodes": {"count": 3}})),
        ("end", "- y - - - -", "gr-plan", json!({"state": "Offboarding", "offboarding": {"action": "Return"}})),
        ("another end", "- y - - - -", "gr-ending", json!({"offboarding": {"action": "Destroy"}})),
        ("no end", "- y - - - -", "gr-ending", json!({"state": "Suspended", "offboarding": null})),
        ("active again after an end", "- - - - - -", "gr-ending", json!({"state": "Active", "offboarding": null})),
        ("suspend", "y y y y y y", "gr-plan", json!({"state": "Suspended"})),
        ("fewer nodes", "y y y y y y", "gr-plan", json!({"nodes": {"count": 1}})),
        (
            "one entity more",
            "y y y y y y",
            "gr-plan",
            json!({"coveredEntities": [{"party": "one"}, {"party": "two"}, {"party": "three"}]}),
        ),
        ("another display name", "y y y y y y", "gr-plan", json!({"displayName": "Acme"})),
        ("nothing", "y y y y y y", "gr-plan", json!({})),
    ] {
        table.row(&admin, what, expected, patch(name, spec)).await?;
    }
    let class = kind("healthcareplanclasses", "gr-class");
    let config = kind("ringfenceconfigs", "cluster");
    let mut made = example("10-class.yaml")?;
    made["metadata"]["name"] = json!("gr-table");
    table.row(&admin, "make a class", "- - y - - -", |_| Ok(Ask::create(made.clone()))).await?;
    table
        .row(&admin, "change a class", "- - y - - -", |_| {
            Ok(Ask::merge(&class, json!({"spec": {"flags": {"lease": "30m"}}})))
        })
        .await?;
    table.row(&admin, "delete a class", "- - y - - -", |_| Ok(Ask::delete(&class))).await?;
    table
        .row(&admin, "label a class", "y y y y y y", |_| {
            Ok(Ask::merge(&class, json!({"metadata": {"labels": {"a": "b"}}})))
        })
        .await?;
    let groups = json!({"spec": {"groups": {"signers": ["others"]}}});
    table.row(&admin, "change the configuration", "- - y - - -", |_| Ok(Ask::merge(&config, groups.clone()))).await?;
    let nobody = json!({"spec": {"groups": {"administrators": []}}});
    table.row(&admin, "... with no administrator", "- - - - - -", |_| Ok(Ask::merge(&config, nobody.clone()))).await?;
    let operator = json!({"spec": {"operator": {"serviceAccountName": "another"}}});
    table
        .row(&admin, "... with another operator", "- - - - - -", |_| Ok(Ask::merge(&config, operator.clone())))
        .await?;
    table.row(&admin, "delete the configuration", "- - y - - -", |_| Ok(Ask::delete(&config))).await?;
    table.finish()
}

/// The real controllers start no pod before the fences stand, and garbage collection takes nothing that is kept.
async fn controllers(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let template = json!({"metadata": {"labels": {"app": "gr"}}, "spec": pod_spec()});
    let mut job = template.clone();
    job["spec"]["restartPolicy"] = json!("Never");
    for (kind, spec) in [
        ("Deployment", json!({"replicas": 1, "selector": {"matchLabels": {"app": "gr"}}, "template": template})),
        (
            "StatefulSet",
            json!({"replicas": 1, "serviceName": "gr", "selector": {"matchLabels": {"app": "gr"}}, "template": template}),
        ),
    ] {
        Ask::create(
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "gr", "namespace": OPEN}, "spec": spec}),
        )
        .done(&admin)
        .await?;
    }
    Ask::create(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "gr", "namespace": OPEN}, "spec": {"template": job}})).done(&admin).await?;
    for kind in ["ReplicaSet", "StatefulSet", "Job"] {
        wait::until(&format!("G1 stops the controller of {kind}"), async || {
            let events = get(&admin, &format!("{}/events", namespace(OPEN))).await?;
            let refused = events["items"].as_array().into_iter().flatten().any(|event| {
                event["involvedObject"]["kind"] == kind
                    && event["message"].as_str().is_some_and(|text| text.contains("G1: no pod starts"))
            });
            Ok(if refused {
                Look::Done(())
            } else {
                Look::Not(format!("{} events", events["items"].as_array().map_or(0, Vec::len)))
            })
        })
        .await?;
    }
    let pods = get(&admin, &format!("{}/pods", namespace(OPEN))).await?;
    ensure!(pods["items"] == json!([]), "pods run before the fences stand: {}", pods["items"]);

    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": "gr-none", "uid": UID}]);
    let alice = bed.person("alice@ringwell.example", &["agreement-signers"]).await?;
    let mut owned = act("gr-owned", "Sign", "alice@ringwell.example");
    owned["metadata"]["ownerReferences"] = owner.clone();
    let kept = path(&owned);
    Ask::create(owned).done(&alice).await?;
    let mut map = core("ConfigMap", PLAIN, "gr-owned");
    map["metadata"]["ownerReferences"] = owner;
    let gone = path(&map);
    Ask::create(map).done(&admin).await?;
    wait::until("garbage collection takes the ConfigMap without an owner", async || {
        Ok(match Ask::merge(&gone, json!({})).dry().send(&admin, &admin).await? {
            Answer::Refused(404, _) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    get(&admin, &kept).await.context("garbage collection took an Attestation")?;
    println!(
        "\ncontrollers: no pod by ReplicaSet, StatefulSet, Job; garbage collection takes an orphan and leaves an Attestation"
    );
    Ok(())
}

/// What has to go on working.
async fn legitimate(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let operator = bed.impersonated(OPERATOR, &["system:masters"]).await?;
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let tina = bed.person("tina@acme.example", &["acme-admins"]).await?;
    let sam = bed.person("sam@ringwell.example", &["sales-ops"]).await?;
    let paula = bed.person("paula@ringwell.example", &["platform-engineers"]).await?;
    let fenced = namespace(FENCED);
    let mut policy = core("NetworkPolicy", FENCED, "ringfence-base");
    policy["apiVersion"] = json!("networking.k8s.io/v1");
    policy["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "ringfence", "ringfence.dev/tenant": FENCED});
    policy["spec"] = json!({"podSelector": {}});
    let base = path(&policy);
    let status = |spec: Value| json!({"status": spec});
    let app = example("60-app.yaml")?;
    let mut example_pod = core("Pod", FENCED, "gr-example");
    example_pod["metadata"]["labels"] = app["spec"]["template"]["metadata"]["labels"].clone();
    example_pod["spec"] = app["spec"]["template"]["spec"].clone();
    Ask::create(core("ServiceAccount", FENCED, "ringfence-app")).done(&operator).await?;
    let lease = json!({"data": {"flags.flagd.json": "{\"flags\":{}}"}});
    for (what, who, ask) in [
        ("the operator renews flags", &operator, Ask::merge(format!("{fenced}/configmaps/ringfence-flags"), lease)),
        (
            "the operator writes a status",
            &operator,
            Ask::merge(
                format!("{}/status", kind("healthcareplans", "gr-plan")),
                status(json!({"observedGeneration": 1})),
            ),
        ),
        (
            "the operator adds to a record",
            &operator,
            Ask::merge(kind("tenantrecords", "gr-record"), json!({"spec": {"keys": [{"purpose": "phi"}]}})),
        ),
        (
            "the operator repairs a label",
            &operator,
            Ask::merge(&fenced, json!({"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted"}}})),
        ),
        ("the operator makes the base policy", &operator, Ask::create(policy)),
        ("a pod once fenced", &tina, Ask::create(pod(FENCED, "gr-pod"))),
        ("the example application's pod", &tina, Ask::create(example_pod)),
        ("a pod elsewhere", &carl, Ask::create(pod(PLAIN, "gr-pod"))),
        ("a tenant's own ConfigMap", &tina, Ask::create(core("ConfigMap", FENCED, "mine"))),
        ("its deletion", &tina, Ask::delete(format!("{fenced}/configmaps/mine"))),
        ("a ConfigMap of that name elsewhere", &carl, Ask::create(core("ConfigMap", PLAIN, "ringfence-flags"))),
        ("its deletion", &carl, Ask::delete(format!("{}/configmaps/ringfence-flags", namespace(PLAIN)))),
        (
            "a tenant's namespace annotated",
            &carl,
            Ask::merge(
                &fenced,
                json!({"metadata": {"annotations": {"example.dev/owner": "a"}, "labels": {"team": "a"}}}),
            ),
        ),
        (
            "a namespace offered for adoption",
            &carl,
            Ask::merge(namespace(PLAIN), json!({"metadata": {"annotations": {"ringfence.dev/adoptable-by": "acme"}}})),
        ),
        (
            "Pod Security of a plain namespace",
            &carl,
            Ask::merge(
                namespace(PLAIN),
                json!({"metadata": {"labels": {"pod-security.kubernetes.io/warn": "baseline"}}}),
            ),
        ),
        ("the base policy deleted (it heals)", &carl, Ask::delete(base)),
        ("a draft BAA deleted", &sam, Ask::delete(kind("baas", "gr-draft"))),
        ("a plan without finalizer deleted", &sam, Ask::delete(kind("healthcareplans", "gr-suspended"))),
        (
            "an Attestation labelled",
            &carl,
            Ask::merge(kind("attestations", "gr-act"), json!({"metadata": {"labels": {"case": "1"}}})),
        ),
        (
            "another's finalizer on a plan",
            &carl,
            Ask::merge(kind("healthcareplans", "gr-ending"), json!({"metadata": {"finalizers": ["example.dev/mine"]}})),
        ),
        (
            "and off again",
            &carl,
            Ask::merge(kind("healthcareplans", "gr-ending"), json!({"metadata": {"finalizers": null}})),
        ),
        (
            "a kind annotated by an upgrade",
            &carl,
            Ask::merge(
                format!("{CRDS}/baas.ringfence.dev"),
                json!({"metadata": {"annotations": {"example.dev/release": "2"}}}),
            ),
        ),
        ("a class deleted by an administrator", &paula, Ask::delete(kind("healthcareplanclasses", "gr-class"))),
        (
            "a finalizer taken off by the operator",
            &operator,
            Ask::merge(kind("healthcareplans", "gr-plan"), json!({"metadata": {"finalizers": null}})),
        ),
        ("the plan deleted after that", &sam, Ask::delete(kind("healthcareplans", "gr-plan"))),
        ("a plain namespace deleted", &carl, Ask::delete(namespace(PLAIN))),
        ("a tenant's namespace deleted by Ringfence", &operator, Ask::delete(&fenced)),
    ] {
        ask.done(who).await.with_context(|| what.to_owned())?;
        println!("ok  {what}");
    }
    for name in [PLAIN, FENCED] {
        wait::until(&format!("the namespace controller empties {name}"), async || {
            let request = http::Request::get(namespace(name)).body(Vec::new())?;
            Ok(match admin.request_text(request).await {
                Err(kube::Error::Api(status)) if status.code == 404 => Look::Done(()),
                Ok(text) => Look::Not(text),
                Err(why) => Look::Not(why.to_string()),
            })
        })
        .await?;
        println!("ok  the namespace controller has emptied and finalised {name}");
    }
    Ok(())
}
