//! R55: uninstalling the operator leaves guardrails, fences, kinds, tenants, keys and records where they are, and the rules go on; installed
//! again, it goes on where it was and writes nothing.

#[path = "ask/mod.rs"]
mod ask;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use ask::{Answer, Ask, get, path};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams},
};
use ringfence_e2e::{
    Bed, manifests,
    nodes::{self, NodeSpec},
    operator::{self, Operator, OperatorTokens},
    promise::explained,
    scenario::Scenario,
    tools::repository,
    wait::{self, Look},
};
use serde_json::{Value, json};

const PLATFORM: &str = "platform-1";
const POOL: &str = "ringfence.node-restriction.kubernetes.io/pool";
const RESYNC: [&str; 2] = ["--resync", "2s"];

#[tokio::test(flavor = "multi_thread")]
async fn uninstalling_the_operator_leaves_everything_that_protects() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "uninstalled", story(bed)).await
}

async fn story(bed: &'static Bed) -> Result<()> {
    let admin = bed.admin().await?;
    nodes::add(&admin, &NodeSpec::named(PLATFORM)).await?;
    let folder = repository().join("manifests/operator");
    manifests::apply_folder(&admin, &folder, |_| false).await?;
    a_pod(&admin).await?;
    let operator = bed.start_operator("first", &RESYNC).await?;
    operator.ready().await?;
    let tenant = Scenario::new(bed, "kept", |_| ()).await?;
    tenant.unlock(1).await?;
    app(&admin, &tenant.tenant).await?;
    tenant.await_condition("WorkloadsPlaced", "True", "").await?;
    let before = standing(&admin, &tenant.tenant).await?;

    operator.server().terminate().await?;
    uninstall(&admin).await?;
    // Longer than the garbage collector takes to see that an owner is gone.
    let left = async || standing(&admin, &tenant.tenant).await;
    wait::stays(Duration::from_secs(10), "everything stays", left, |now| *now == before).await?;
    println!("uninstalled: {} objects are as they were", before.len());
    for mount in ["ringfence-phi", "ringfence-lookup"] {
        bed.openbao().root()?.expect(200, "GET", &format!("{mount}/keys/{}", tenant.tenant), None).await?;
    }
    ensure!(tenant.flags().await?["capture.recording.allowed"] == true, "what is open lapses, and is not cut");
    let reader = bed.service_account(&tenant.tenant, "ringfence-app").await?;
    get(&reader, &format!("/api/v1/namespaces/{}/configmaps/ringfence-flags", tenant.tenant)).await?;
    denied(bed, &tenant.tenant).await?;
    scaled(&admin, &tenant.tenant).await?;

    manifests::apply_folder(&admin, &folder, |_| false).await?;
    let kubelet = bed.person(&format!("system:node:{PLATFORM}"), &["system:nodes"]).await?;
    let tokens = OperatorTokens::of_pod(&kubelet, &a_pod(&admin).await?).await?;
    let mark = bed.audit().mark()?;
    let operator = bed.start_operator_with("again", &RESYNC, &tokens)?;
    operator.ready().await?;
    looked(&operator, 3).await?;
    tenant.await_condition("PhiUnlocked", "True", "Unlocked").await?;
    let by = bed.audit().after(mark).service_account(operator::NAMESPACE, operator::ACCOUNT);
    let wrote = by.writes().filter(|e| e.object_ref.resource != "leases").events()?;
    ensure!(wrote.is_empty(), "{:?}", wrote.iter().map(ringfence_e2e::audit::ApiEvent::brief).collect::<Vec<_>>());
    // It is at work, and not only silent.
    tenant.terminate().await?;
    tenant.await_condition("PhiUnlocked", "False", "AgreementTerminated").await?;
    println!("installed again: no write but its own lease, and it locks when an agreement ends");
    Ok(())
}

/// One of the operator's pods, once it runs.
async fn a_pod(admin: &Client) -> Result<Pod> {
    let pods: Api<Pod> = Api::namespaced(admin.clone(), operator::NAMESPACE);
    wait::until("a pod of the operator's runs", async || {
        let all = pods.list(&ListParams::default()).await?.items;
        let runs = |p: &Pod| p.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running");
        Ok(match all.into_iter().find(runs) {
            Some(pod) => Look::Done(pod),
            None => Look::Not("none runs".into()),
        })
    })
    .await
}

/// The tenant's application.
async fn app(admin: &Client, tenant: &str) -> Result<()> {
    let examples = repository().join("manifests/examples");
    for object in manifests::read(&examples.join("60-app.yaml"))? {
        let object: Value = serde_json::from_str(&object.to_string().replace("acme-dental", tenant))?;
        manifests::apply(admin, object).await?;
    }
    placed(admin, tenant, 1).await
}

async fn placed(admin: &Client, tenant: &str, at_least: usize) -> Result<()> {
    wait::until("the application runs on its pool", async || {
        let pods = get(admin, &format!("/api/v1/namespaces/{tenant}/pods")).await?;
        let pods = pods["items"].as_array().cloned().unwrap_or_default();
        let on = pods.iter().filter(|p| p["status"]["phase"] == "Running" && p["spec"]["nodeSelector"][POOL] == tenant);
        let n = on.count();
        Ok(if n >= at_least && n == pods.len() { Look::Done(()) } else { Look::Not(format!("{n} of {}", pods.len())) })
    })
    .await
}

/// One more pod of the application, with nobody but Kubernetes to place it.
async fn scaled(admin: &Client, tenant: &str) -> Result<()> {
    let at = format!("/apis/apps/v1/namespaces/{tenant}/deployments");
    let all = get(admin, &at).await?;
    let first = &all["items"][0];
    let (name, n) = (first["metadata"]["name"].as_str().context("an application")?, first["spec"]["replicas"].as_u64());
    let more = n.unwrap_or(1) + 1;
    Ask::merge(format!("{at}/{name}/scale"), json!({"spec": {"replicas": more}})).done(admin).await?;
    placed(admin, tenant, usize::try_from(more)?).await
}

/// Deletes every object of `manifests/operator`, as `kubectl delete -f` does, and waits for the controllers to clear up.
async fn uninstall(admin: &Client) -> Result<()> {
    let mut files: Vec<_> = std::fs::read_dir(repository().join("manifests/operator"))?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    for file in files {
        for object in manifests::read(&file.path())? {
            let name = object["metadata"]["name"].as_str().context("a name")?;
            match manifests::api(admin, &object).await?.delete(name, &DeleteParams::background()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => (),
                other => drop(other.with_context(|| path(&object))?),
            }
        }
    }
    wait::gone(&Api::<Namespace>::all(admin.clone()), operator::NAMESPACE).await
}

/// Everything of Ringfence's that must stay, with what must not change about it.
async fn standing(admin: &Client, tenant: &str) -> Result<BTreeMap<String, Value>> {
    let (admission, ours) = ("/apis/admissionregistration.k8s.io/v1", "/apis/ringfence.dev/v1alpha1");
    let (rbac, space) = ("/apis/rbac.authorization.k8s.io/v1", format!("namespaces/{tenant}"));
    let mut lists = vec![
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions".to_owned(),
        format!("{rbac}/clusterroles"),
        format!("{rbac}/{space}/rolebindings"),
        format!("/apis/networking.k8s.io/v1/{space}/networkpolicies"),
        "/api/v1/namespaces".into(),
        "/api/v1/nodes".into(),
    ];
    for kind in ["configmaps", "resourcequotas", "serviceaccounts", "pods"] {
        lists.push(format!("/api/v1/{space}/{kind}"));
    }
    for kind in ["validatingadmissionpolicies", "mutatingadmissionpolicies"] {
        lists.push(format!("{admission}/{kind}"));
        lists.push(format!("{admission}/{}bindings", kind.replace("policies", "policy")));
    }
    for kind in
        ["ringfenceconfigs", "healthcareplanclasses", "healthcareplans", "baas", "attestations", "tenantrecords"]
    {
        lists.push(format!("{ours}/{kind}"));
    }
    let mut all = BTreeMap::new();
    for list in lists {
        let found = get(admin, &list).await?;
        for object in found["items"].as_array().into_iter().flatten() {
            let metadata = &object["metadata"];
            let name = metadata["name"].as_str().unwrap_or_default();
            let own =
                list.ends_with("clusterroles") && (name == "ringfence-operator" || !name.starts_with("ringfence"));
            let others = list.ends_with("/namespaces") && name != tenant
                || list.ends_with("/nodes") && metadata["labels"][POOL] != tenant;
            if own || others {
                continue;
            }
            // Heartbeats and usage are written all the time.
            let busy = ["/nodes", "/resourcequotas", "/pods"].iter().any(|kind| list.ends_with(kind));
            let version = if busy { &Value::Null } else { &metadata["resourceVersion"] };
            let what = json!([metadata["uid"], metadata["labels"], object["spec"], object["data"], version]);
            all.insert(format!("{list}/{name}"), what);
        }
    }
    Ok(all)
}

/// The rules hold against the mightiest, and nobody takes Ringfence's place.
async fn denied(bed: &Bed, tenant: &str) -> Result<()> {
    let admin = bed.admin().await?;
    let space = format!("/api/v1/namespaces/{tenant}");
    let pod = |namespace: &str, spec: Value| {
        Ask::create(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "un-bad", "namespace": namespace}, "spec": spec}),
        )
    };
    let hardened = json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}});
    let containers = json!([{"name": "main", "image": "registry.example/app:1", "securityContext": hardened}]);
    let nodes = get(&admin, &format!("/api/v1/nodes?labelSelector={POOL}={tenant}")).await?;
    let node = nodes["items"][0]["metadata"]["name"].as_str().context("a node of the pool")?;
    let pods = get(&admin, &format!("{space}/pods")).await?;
    let running = pods["items"][0]["metadata"]["name"].as_str().context("a pod")?;
    let open = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "un-bad", "namespace": tenant},
        "spec": {"podSelector": {}, "ingress": [{}]}});
    let mut plan = get(&admin, &format!("/apis/ringfence.dev/v1alpha1/healthcareplans/{tenant}")).await?;
    plan["metadata"] = json!({"name": "un-bad"});
    for (rule, ask) in [
        ("G1", pod(tenant, json!({"containers": containers, "nodeName": PLATFORM}))),
        (
            "G2",
            pod(
                "default",
                json!({"containers": containers, "tolerations": [{"key": "ringfence.dev/pool", "operator": "Exists"}]}),
            ),
        ),
        ("G4", Ask::merge(format!("/api/v1/nodes/{node}"), json!({"spec": {"taints": null}}))),
        ("G5", Ask::merge(&space, json!({"metadata": {"labels": {"ringfence.dev/fenced": null}}}))),
        ("G8", Ask::create(open)),
        ("G9", Ask::post(format!("{space}/pods/{running}/exec?command=ls&stdout=true"), Value::Null)),
        ("G10", Ask::delete(format!("{space}/configmaps/ringfence-flags"))),
        ("G11", Ask::create(plan)),
        ("G12", Ask::delete(&space)),
        ("G12", Ask::delete(format!("/apis/ringfence.dev/v1alpha1/healthcareplans/{tenant}"))),
        ("G12", Ask::delete("/apis/ringfence.dev/v1alpha1/tenantrecords")),
        ("G12", Ask::delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tenantrecords.ringfence.dev")),
    ] {
        match ask.send(&admin, &admin).await? {
            Answer::Refused(_, why) if why.contains(&format!("denied request: {rule}: ")) => (),
            other => bail!("{rule} with the operator uninstalled: {other:?}"),
        }
    }
    // The name of its namespace is free now; who is let make namespaces is not let take that one.
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "un-spaces"},
        "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]}]});
    let bound = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "un-spaces"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "un-spaces"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "developers"}]});
    Ask::create(role).done(&admin).await?;
    Ask::create(bound).done(&admin).await?;
    let developer = bed.person("dave@ringwell.example", &["developers"]).await?;
    let space =
        |name: &str| Ask::create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).dry();
    wait::until("a developer makes a namespace", async || {
        Ok(match space("un-mine").send(&developer, &developer).await? {
            Answer::Passed(_) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;
    match space(operator::NAMESPACE).send(&developer, &developer).await? {
        Answer::Refused(_, why) if why.contains("denied request: G11: ") => Ok(()),
        other => bail!("a developer takes Ringfence's namespace: {other:?}"),
    }
}

/// Waits until the operator has looked at its plans so many times.
async fn looked(operator: &Operator, more: u64) -> Result<()> {
    let count = async || -> Result<u64> {
        let (_, text) = operator.page("metrics").await?;
        let counts =
            text.lines().filter(|l| l.starts_with("ringfence_reconciles_total") && l.contains("kind=\"plan\""));
        Ok(counts.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    };
    wait::until("the operator looks at its plans", async || {
        let n = count().await?;
        Ok(if n >= more { Look::Done(()) } else { Look::Not(format!("{n} of {more}")) })
    })
    .await
}
