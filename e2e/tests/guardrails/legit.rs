//! What has to go on working.

use anyhow::{Context, Result};
use ringfence_e2e::{
    Bed,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Ask, example, path},
    things::{
        BARE, CRDS, FENCED, FREE, NEXT, NODE, OPERATOR, PLAIN, POOL, core, kind, labels, namespace, object, pod,
        pod_in, taints, user,
    },
};

/// What has to go on working.
pub async fn legitimate(bed: &Bed) -> Result<()> {
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
    policy["metadata"]["name"] = json!("ringfence-allow-gateway");
    let web = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}});
    policy["spec"] = json!({"podSelector": {"matchLabels": {"tier": "web"}}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [web]}]});
    let base = path(&policy);
    let status = |spec: Value| json!({"status": spec});
    let app: Value = serde_json::from_str(&example("60-app.yaml")?.to_string().replace("acme-dental", FENCED))?;
    let mut example_pod = core("Pod", FENCED, "gr-example");
    example_pod["metadata"]["labels"] = app["spec"]["template"]["metadata"]["labels"].clone();
    example_pod["spec"] = app["spec"]["template"]["spec"].clone();
    let lease = json!({"data": {"flags.flagd.json": "{\"flags\":{}}"}});
    everyday(bed).await?;
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
        ("the operator makes a policy of the class", &operator, Ask::create(policy)),
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
        ("the operator takes a policy of the class away", &operator, Ask::delete(base)),
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

/// What people, nodes and the operator do every day.
async fn everyday(bed: &Bed) -> Result<()> {
    let operator = bed.impersonated(OPERATOR, &["system:masters"]).await?;
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let tina = bed.person("tina@acme.example", &["acme-admins"]).await?;
    let kubelet = bed.person(&format!("system:node:{NODE}"), &["system:nodes"]).await?;
    let node = |name: &str| format!("/api/v1/nodes/{name}");
    let ports = || json!({"ports": [{"port": 80}], "selector": {"app": "gr"}});
    let mut headless = ports();
    headless["clusterIP"] = json!("None");
    let own = json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "gr"}}}]}]});
    let room = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "encrypted-ssd", "resources": {"requests": {"storage": "1Gi"}}});
    let team = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "gr-team", "namespace": FENCED},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}, "subjects": [user("Group", "acme-team")],
    });
    let joins = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gr-joins"},
        "spec": {"taints": [{"key": "ringfence.dev/pool", "value": "unassigned", "effect": "NoExecute"}]}});
    let taken = json!({"metadata": {"labels": {POOL: NEXT}}, "spec": {"taints": taints(NEXT)}});
    let evict =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "gr-running", "namespace": FENCED}});
    let tolerant = json!({"tolerations": [{"operator": "Exists"}]});
    let scale = format!("/apis/apps/v1/namespaces/{FENCED}/deployments/gr-silent/scale");
    let fenced = namespace(FENCED);
    for (what, who, ask) in [
        ("a tenant's Service", &tina, Ask::create(object("v1", "Service", FENCED, "gr-more", ports()))),
        ("a tenant's headless Service", &tina, Ask::create(object("v1", "Service", FENCED, "gr-headless", headless))),
        (
            "a tenant's own policy between its pods",
            &tina,
            Ask::create(object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "gr-own", own)),
        ),
        (
            "its deletion",
            &tina,
            Ask::delete(format!("/apis/networking.k8s.io/v1/namespaces/{FENCED}/networkpolicies/gr-own")),
        ),
        (
            "a claim of a listed class",
            &tina,
            Ask::create(object("v1", "PersistentVolumeClaim", FENCED, "gr-data", room)),
        ),
        ("a RoleBinding for a team", &tina, Ask::create(team)),
        ("a Deployment scaled", &tina, Ask::merge(scale, json!({"spec": {"replicas": 2}}))),
        (
            "a pull secret for the tenant's account",
            &tina,
            Ask::merge(
                format!("{fenced}/serviceaccounts/ringfence-app"),
                json!({"imagePullSecrets": [{"name": "registry"}]}),
            ),
        ),
        ("an account of the tenant's own", &tina, Ask::create(core("ServiceAccount", FENCED, "gr-own"))),
        ("a pod that tolerates everything, elsewhere", &carl, Ask::create(pod_in(PLAIN, "gr-tolerant", tolerant))),
        (
            "a kubelet's heartbeat",
            &kubelet,
            Ask::merge(format!("{}/status", node(NODE)), json!({"status": {"phase": "Running"}})),
        ),
        ("a kubelet's label of its own", &kubelet, Ask::merge(node(NODE), labels(json!({"example.dev/kernel": "6"})))),
        ("a tenant's node cordoned", &carl, Ask::merge(node(NODE), json!({"spec": {"unschedulable": true}}))),
        ("and uncordoned", &carl, Ask::merge(node(NODE), json!({"spec": {"unschedulable": null}}))),
        ("a node that joins with the standing taint", &carl, Ask::create(joins)),
        (
            "and is entered in an inventory",
            &carl,
            Ask::merge(node("gr-joins"), labels(json!({"ringfence.node-restriction.kubernetes.io/inventory": "gr"}))),
        ),
        ("and deleted, while nobody has it", &carl, Ask::delete(node("gr-joins"))),
        (
            "a plain node tainted",
            &carl,
            Ask::merge(node(BARE), json!({"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}})),
        ),
        ("the operator opens a way out by networks", &operator, Ask::create(crate::g14::networks())),
        ("the operator opens a way out by host names", &operator, Ask::create(crate::g14::hosts())),
        ("the operator takes a free node", &operator, Ask::merge(node(FREE), taken)),
        (
            "the operator evicts a pod of a fenced tenant",
            &operator,
            Ask::post(format!("{fenced}/pods/gr-running/eviction"), evict),
        ),
        (
            "an Ingress elsewhere",
            &carl,
            Ask::create(object(
                "networking.k8s.io/v1",
                "Ingress",
                PLAIN,
                "gr",
                json!({"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}}),
            )),
        ),
        ("a Service of type NodePort elsewhere", &carl, {
            let mut spec = ports();
            spec["type"] = json!("NodePort");
            Ask::create(object("v1", "Service", PLAIN, "gr-open", spec))
        }),
    ] {
        ask.done(who).await.with_context(|| what.to_owned())?;
        println!("ok  {what}");
    }
    Ok(())
}
