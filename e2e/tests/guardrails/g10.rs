//! G10: what Ringfence keeps in a tenant's namespace.

use serde_json::json;

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, OPEN, UID, core, flags, labels, namespace, object, owner},
};

/// On the flag document.
pub fn flags_of_a_tenant() -> Vec<Attack> {
    let at = format!("{}/configmaps", namespace(FENCED));
    let one = format!("{at}/ringfence-flags");
    let open = json!({"data": {"flags.flagd.json": "{\"flags\":{\"capture.recording.allowed\":true}}"}});
    let mut applied = flags(FENCED);
    applied["data"] = open["data"].clone();
    vec![
        attack("G10", "a flag document before Ringfence's", Ask::create(core("ConfigMap", OPEN, "ringfence-flags"))),
        attack("G10", "flags opened by merge patch", Ask::merge(&one, open)),
        attack("G10", "flags opened by apply", Ask::apply(&one, applied)),
        attack("G10", "flags opened by PUT", Ask::edit(&one, |live| live["data"] = json!({}))),
        attack("G10", "labels taken off", Ask::merge(&one, json!({"metadata": {"labels": null}}))),
        attack(
            "G10",
            "flags owned by another",
            Ask::merge(
                &one,
                json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "none", "uid": UID}]}}),
            ),
        ),
        attack("G10", "the document's deletion", Ask::delete(&one)),
        attack("G10", "deletion of all ConfigMaps", Ask::delete(&at)),
        attack("G10", "the same by label", Ask::delete(format!("{at}?labelSelector=ringfence.dev/tenant"))),
    ]
}

/// On everything else that Ringfence keeps.
pub fn attacks() -> Vec<Attack> {
    let core_at = |what: &str| format!("{}/{what}", namespace(FENCED));
    let (quota, account) = (core_at("resourcequotas/ringfence"), core_at("serviceaccounts/ringfence-app"));
    let policies = format!("/apis/networking.k8s.io/v1/namespaces/{FENCED}/networkpolicies");
    let bindings = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{FENCED}/rolebindings");
    let (base, readers) = (format!("{policies}/ringfence-base"), format!("{bindings}/ringfence-flag-readers"));
    let wide = json!({"spec": {"ingress": [{"from": [{"podSelector": {}}]}]}});
    let policy = |name: &str| object("networking.k8s.io/v1", "NetworkPolicy", FENCED, name, json!({"podSelector": {}}));
    let mut dressed = policy("gr-dressed");
    dressed["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "ringfence"});
    let mut generated = policy("");
    generated["metadata"] = json!({"generateName": "ringfence-", "namespace": FENCED});
    let off = || labels(json!({"app.kubernetes.io/managed-by": null, "ringfence.dev/tenant": null}));
    let people = json!({"subjects": [{"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}]});
    let cloud = json!({"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/mine"}}});
    let by_label = "labelSelector=app.kubernetes.io/managed-by=ringfence";
    vec![
        attack("G10", "the base policy's deletion", Ask::delete(&base)),
        attack("G10", "the base policy changed by patch", Ask::merge(&base, wide)),
        attack("G10", "the base policy changed by PUT", Ask::edit(&base, |live| live["spec"]["egress"] = json!([]))),
        attack("G10", "the base policy changed by apply", Ask::apply(&base, policy("ringfence-base"))),
        attack("G10", "the base policy without Ringfence's labels", Ask::merge(&base, off())),
        attack("G10", "the base policy owned by another", Ask::merge(&base, owner())),
        attack("G10", "deletion of all policies", Ask::delete(&policies).dry()),
        attack("G10", "deletion of all of Ringfence's policies", Ask::delete(format!("{policies}?{by_label}"))),
        attack("G10", "a policy under a name of Ringfence's", Ask::create(policy("ringfence-allow-mine"))),
        attack("G10", "a policy under such a name, generated", Ask::create(generated)),
        attack("G10", "a policy dressed up as Ringfence's", Ask::create(dressed)),
        attack(
            "G10",
            "a tenant's policy dressed up as Ringfence's",
            Ask::merge(format!("{policies}/gr-mine"), labels(json!({"app.kubernetes.io/managed-by": "ringfence"}))),
        ),
        attack(
            "G10",
            "the quota raised",
            Ask::merge(&quota, json!({"spec": {"hard": {"services.loadbalancers": "5"}}})),
        ),
        attack("G10", "the quota's deletion", Ask::delete(&quota)),
        attack("G10", "the quota's labels off through /status", Ask::merge(format!("{quota}/status"), off())),
        attack("G10", "the account given tokens", Ask::merge(&account, json!({"automountServiceAccountToken": true}))),
        attack("G10", "the account given a role of the cloud", Ask::merge(&account, cloud)),
        attack("G10", "the account's deletion", Ask::delete(&account)),
        attack("G10", "the readers replaced", Ask::merge(&readers, people)),
        attack("G10", "the readers' deletion", Ask::delete(&readers)),
        attack("G10", "deletion of all RoleBindings", Ask::delete(bindings).dry()),
    ]
}
