//! Without the parameters: tenants stay closed, the rest of the cluster works.

use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    Bed,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask, get},
    g09::{into, token},
    things::{BARE, FENCED, NODE, PLAIN, core, kind, labels, namespace, object, pod, pod_with},
};

/// RingfenceConfig is deleted, and put back.
pub async fn without_parameters(bed: &Bed) -> Result<()> {
    let admin = bed.admin().await?;
    let paula = bed.person("paula@ringwell.example", &["platform-engineers"]).await?;
    let carl = bed.person("carl@ringwell.example", &["cluster-admins"]).await?;
    let tina = bed.person("tina@acme.example", &["acme-admins"]).await?;
    let scheduler = bed.impersonated("system:kube-scheduler", &["system:masters"]).await?;
    let at = kind("ringfenceconfigs", "cluster");
    let mut config = get(&admin, &at).await?;
    config["metadata"] = json!({"name": "cluster"});
    Ask::delete(&at).done(&paula).await?;
    let starts = || Ask::create(pod_with("gr-without", json!({}))).dry();
    wait::until("the rules know that their parameters are gone", async || {
        Ok(match starts().send(&tina, &tina).await? {
            Answer::Refused(_, why) if why.contains("no params found") => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await?;

    let room = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "encrypted-ssd", "resources": {"requests": {"storage": "1Gi"}}});
    let target = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "gr-gated"}, "target": {"kind": "Node", "name": NODE}});
    for (what, who, ask) in [
        ("a tenant's pod", &tina, starts()),
        (
            "a tenant's pod bound by the scheduler",
            &scheduler,
            Ask::post(format!("{}/pods/gr-gated/binding", namespace(FENCED)), target),
        ),
        ("exec", &carl, Ask::post(into("exec?command=ls"), Value::Null)),
        (
            "a token for break-glass",
            &carl,
            Ask::post(format!("{}/serviceaccounts/ringfence-break-glass/token", namespace(FENCED)), token()),
        ),
        ("a token", &carl, Ask::post(format!("{}/serviceaccounts/default/token", namespace(FENCED)), token())),
        ("a claim", &tina, Ask::create(object("v1", "PersistentVolumeClaim", FENCED, "gr-without", room)).dry()),
        ("a plan", &paula, Ask::merge(kind("healthcareplans", "gr-plan"), json!({"spec": {"nodes": {"count": 9}}}))),
        ("an act", &carl, Ask::create(crate::things::act("gr-without", "Withdraw", "carl@ringwell.example"))),
    ] {
        let answer = ask.send(who, &admin).await?;
        let closed = matches!(&answer, Answer::Refused(_, why) if ["no params found", "cannot", "denied request: G9: "].iter().any(|w| why.contains(w)));
        ensure!(closed, "{what} without parameters: {answer:?}");
    }
    // What takes no parameters holds as before.
    for (rule, ask) in [
        ("G4", Ask::merge(format!("/api/v1/nodes/{NODE}"), json!({"spec": {"taints": null}}))),
        ("G5", Ask::merge(namespace(FENCED), labels(json!({"ringfence.dev/fenced": null})))),
        ("G10", Ask::delete(format!("{}/configmaps/ringfence-flags", namespace(FENCED)))),
        ("G12", Ask::delete(namespace(FENCED))),
    ] {
        let answer = ask.send(&carl, &admin).await?;
        ensure!(matches!(&answer, Answer::Refused(_, why) if why.contains(&format!("{rule}: "))), "{rule}: {answer:?}");
    }

    let fenced = namespace(FENCED);
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gr-during"}});
    let mut secret = core("Secret", FENCED, "gr-during");
    secret["stringData"] = json!({"a": "b"});
    for (what, who, ask) in [
        ("a pod elsewhere", &carl, Ask::create(pod(PLAIN, "gr-during"))),
        ("a pod in kube-system", &carl, Ask::create(pod("kube-system", "gr-during"))),
        ("a namespace", &carl, Ask::create(space)),
        ("a node's label", &carl, Ask::merge(format!("/api/v1/nodes/{BARE}"), labels(json!({"team": "a"})))),
        ("a tenant's node's label", &carl, Ask::merge(format!("/api/v1/nodes/{NODE}"), labels(json!({"team": "a"})))),
        (
            "a tenant's running pod's label",
            &tina,
            Ask::merge(format!("{fenced}/pods/gr-running"), labels(json!({"team": "a"}))),
        ),
        ("a tenant's ConfigMap", &tina, Ask::create(core("ConfigMap", FENCED, "gr-during"))),
        ("a tenant's Secret", &tina, Ask::create(secret)),
        (
            "a tenant's Service",
            &tina,
            Ask::create(object("v1", "Service", FENCED, "gr-during", json!({"ports": [{"port": 80}]}))),
        ),
        (
            "a tenant's claim's label",
            &tina,
            Ask::merge(format!("{fenced}/persistentvolumeclaims/gr-waiting"), labels(json!({"team": "a"}))),
        ),
        ("a tenant's namespace's label", &carl, Ask::merge(&fenced, labels(json!({"team": "a"})))),
        ("a volume", &carl, Ask::create(crate::g13::volume("gr-during", Value::Null))),
        ("a token elsewhere", &carl, Ask::post(format!("{}/serviceaccounts/default/token", namespace(PLAIN)), token())),
    ] {
        ask.done(who).await.with_context(|| format!("{what} without parameters"))?;
        println!("ok  without parameters: {what}");
    }
    Ask::create(config).done(&paula).await?;
    wait::until("a tenant's pod starts again", async || {
        Ok(match starts().send(&tina, &tina).await? {
            Answer::Passed(_) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}
