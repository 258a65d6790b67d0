//! G9: nobody gets in, or takes an account, without break-glass.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, NODE, PLAIN, core, namespace},
};

/// The three annotations.
pub fn glass(by: Value, reason: Value, until: Value) -> Value {
    json!({"metadata": {"annotations": {
        "ringfence.dev/break-glass-by": by, "ringfence.dev/break-glass-reason": reason, "ringfence.dev/break-glass-until": until,
    }}})
}

/// A subresource of the running pod.
pub fn into(sub: &str) -> String {
    format!("{}/pods/gr-running/{sub}", namespace(FENCED))
}

/// A debug container.
pub fn debug() -> Value {
    json!({"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox", "securityContext": {
        "allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}}}]}})
}

/// A request for a token.
pub fn token() -> Value {
    token_for(600)
}

/// A request for a token that lasts so long.
pub fn token_for(seconds: i64) -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}})
}

/// On what runs, on accounts, and on the glass; `me` is who asks.
pub fn attacks(me: &str) -> Vec<Attack> {
    let account = |name: &str| format!("{}/serviceaccounts/{name}/token", namespace(FENCED));
    let mut secret = core("Secret", FENCED, "gr-bad");
    secret["type"] = json!("kubernetes.io/service-account-token");
    secret["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "default"});
    let mut of_glass = secret.clone();
    of_glass["metadata"]["annotations"]["kubernetes.io/service-account.name"] = json!("ringfence-break-glass");
    let (until, why) = (json!("2026-12-24T12:00:00Z"), json!("a call is stuck, ticket 17"));
    let (fenced, plain) = (namespace(FENCED), namespace(PLAIN));
    let mut debugged = debug();
    debugged["apiVersion"] = json!("v1");
    debugged["kind"] = json!("Pod");
    debugged["metadata"] = json!({"name": "gr-running", "namespace": FENCED});
    vec![
        attack("G9", "exec", Ask::post(into("exec?command=ls&stdout=true"), Value::Null)),
        attack("G9", "exec by GET", Ask::get(into("exec?command=ls&stdout=true"))),
        attack("G9", "attach", Ask::post(into("attach?stdout=true"), Value::Null)),
        attack("G9", "port-forward", Ask::post(into("portforward?ports=8080"), Value::Null)),
        attack("G9", "a pod through the API server", Ask::get(into("proxy/"))),
        attack("G9", "a pod through the API server, by POST", Ask::post(into("proxy/admin"), json!({}))),
        attack("G9", "a Service through the API server", Ask::get(format!("{fenced}/services/gr-web/proxy/"))),
        attack("G9", "a debug container by patch", Ask::merge(into("ephemeralcontainers"), debug())),
        attack(
            "G9",
            "a debug container by PUT",
            Ask::edit(into("ephemeralcontainers"), |live| {
                live["spec"]["ephemeralContainers"] = debug()["spec"]["ephemeralContainers"].clone();
            }),
        ),
        attack("G9", "a debug container by apply", Ask::apply(into("ephemeralcontainers"), debugged)),
        attack("G9", "a debug container in a dry run", Ask::merge(into("ephemeralcontainers"), debug()).dry()),
        attack("G9", "a token of a tenant's account", Ask::post(account("default"), token())),
        attack("G9", "a token of the account that uses the keys", Ask::post(account("ringfence-app"), token())),
        attack("G9", "such a token in a dry run", Ask::post(account("ringfence-app"), token()).dry()),
        attack("G9", "a token of the account for break-glass", Ask::post(account("ringfence-break-glass"), token())),
        attack("G9", "such a one in a dry run", Ask::post(account("ringfence-break-glass"), token()).dry()),
        attack(
            "G9",
            "such a one without a reason, with its own in the request",
            Ask::post(account("ringfence-break-glass"), {
                let mut request = token();
                request["metadata"]["annotations"] =
                    glass(json!(me), why.clone(), until.clone())["metadata"]["annotations"].clone();
                request["metadata"]["creationTimestamp"] = until.clone();
                request
            }),
        ),
        attack("G9", "a Secret with a token of the account for break-glass", Ask::create(of_glass)),
        attack("G9", "a Secret with a token without an end", Ask::create(secret.clone())),
        attack("G9", "such a Secret by apply", Ask::apply(format!("{fenced}/secrets/gr-bad"), secret)),
        attack("G9", "a node's pods through its kubelet", Ask::get(format!("/api/v1/nodes/{NODE}/proxy/pods"))),
        attack("G9", "any node's pods through its kubelet", Ask::get("/api/v1/nodes/gr-bare/proxy/run")),
        attack(
            "G9",
            "the glass broken in another's name",
            Ask::merge(&fenced, glass(json!("grace@ringwell.example"), why.clone(), until.clone())),
        ),
        attack(
            "G9",
            "the glass broken without a reason",
            Ask::merge(&fenced, glass(json!(me), json!("because"), until.clone())),
        ),
        attack(
            "G9",
            "the glass broken without an end",
            Ask::merge(&fenced, glass(json!(me), why.clone(), Value::Null)),
        ),
        attack(
            "G9",
            "the glass broken until whenever",
            Ask::merge(&fenced, glass(json!(me), why.clone(), json!("for ever"))),
        ),
        attack(
            "G9",
            "the glass broken through /status",
            Ask::merge(format!("{fenced}/status"), glass(json!(me), why.clone(), until.clone())),
        ),
        attack("G9", "the glass broken in a plain namespace", Ask::merge(plain, glass(json!(me), why, until))),
    ]
}
