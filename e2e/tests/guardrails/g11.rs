//! G11: acts, edits, groups and identities.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    ask::{Ask, example},
    suite::{Attack, attack},
    things::{CI, FENCED, RINGFENCE, UID, act, kind, namespace, object, plan},
};

/// On acts and edits.
pub fn acts_and_edits(me: &str) -> Result<Vec<Attack>> {
    let suspended = kind("healthcareplans", "gr-suspended");
    let ending = kind("healthcareplans", "gr-ending");
    let config = kind("ringfenceconfigs", "cluster");
    let class = kind("healthcareplanclasses", "gr-class");
    let spec = |spec: Value| json!({"spec": spec});
    let mut another = example("10-class.yaml")?;
    another["metadata"]["name"] = json!("gr-class-2");
    let mut attacks = vec![
        attack("G11", "signing in another's name", Ask::create(act("gr-a1", "Sign", "alice@ringwell.example"))),
        attack("G11", "withdrawing in another's name", Ask::create(act("gr-a2", "Withdraw", "alice@ringwell.example"))),
        attack(
            "G11",
            "acknowledging in another's name",
            Ask::create(act("gr-a3", "Acknowledge", "alice@ringwell.example")),
        ),
        attack("G11", "a plan made", Ask::create(plan("gr-mine")?)),
        attack("G11", "a plan made by apply", Ask::apply(kind("healthcareplans", "gr-mine"), plan("gr-mine")?)),
        attack("G11", "a plan activated", Ask::merge(&suspended, spec(json!({"state": "Active"})))),
        attack("G11", "a plan activated by PUT", Ask::edit(&suspended, |live| live["spec"]["state"] = json!("Active"))),
        attack("G11", "another class", Ask::merge(&suspended, spec(json!({"planClassName": "gr-class"})))),
        attack(
            "G11",
            "a record resumed",
            Ask::merge(&suspended, spec(json!({"resume": {"recordUID": UID, "namespaceUID": UID}}))),
        ),
        attack("G11", "a namespace adopted", Ask::merge(&suspended, spec(json!({"adopt": {"namespaceUID": UID}})))),
        attack(
            "G11",
            "an entity removed",
            Ask::merge(&suspended, spec(json!({"coveredEntities": [{"party": "one"}]}))),
        ),
        attack(
            "G11",
            "an entity swapped",
            Ask::merge(&suspended, spec(json!({"coveredEntities": [{"party": "one"}, {"party": "three"}]}))),
        ),
        attack("G11", "more nodes", Ask::merge(&suspended, spec(json!({"nodes": {"count": 3}})))),
        attack(
            "G11",
            "a plan offboarded",
            Ask::merge(&suspended, spec(json!({"state": "Offboarding", "offboarding": {"action": "Destroy"}}))),
        ),
        attack(
            "G11",
            "an end made destruction",
            Ask::merge(&ending, spec(json!({"offboarding": {"action": "Destroy"}}))),
        ),
        attack(
            "G11",
            "an end taken back",
            Ask::merge(&ending, spec(json!({"state": "Suspended", "offboarding": null}))),
        ),
        attack("G11", "a class made", Ask::create(another)),
        attack("G11", "a class widened", Ask::merge(&class, spec(json!({"network": {"allow": []}})))),
        attack("G11", "a class's deletion", Ask::delete(&class)),
        attack(
            "G11",
            "deletion of all classes",
            Ask::delete(format!("{RINGFENCE}/healthcareplanclasses?labelSelector=gr=class")),
        ),
        attack(
            "G11",
            "oneself made an administrator",
            Ask::merge(
                &config,
                spec(
                    json!({"groups": {"administrators": ["cluster-admins", "editors", "system:serviceaccounts:gr-ci"]}}),
                ),
            ),
        ),
        attack(
            "G11",
            "another operator",
            Ask::merge(&config, spec(json!({"operator": {"namespace": CI, "serviceAccountName": "pipeline"}}))),
        ),
        attack("G11", "the configuration's deletion", Ask::delete(&config)),
        attack("G11", "deletion of all configurations", Ask::delete(format!("{RINGFENCE}/ringfenceconfigs"))),
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
        attacks.push(attack("G11", what, Ask::create(act("gr-own", name, me))));
    }
    Ok(attacks)
}

/// On RoleBindings of a tenant's namespace, and on Ringfence's own identity.
pub fn identities() -> Vec<Attack> {
    let at = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{FENCED}/rolebindings");
    let bind = |subject: Value| {
        let mut binding = object("rbac.authorization.k8s.io/v1", "RoleBinding", FENCED, "gr-bad", json!(null));
        binding.as_object_mut().expect("an object").remove("spec");
        binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"});
        binding["subjects"] = json!([subject]);
        binding
    };
    let named = |kind: &str, name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let account = |namespace: &str, name: &str| json!({"kind": "ServiceAccount", "namespace": namespace, "name": name});
    let everybody = named("Group", "system:authenticated");
    let system = namespace("ringfence-system");
    let pod = |sub: &str| format!("{system}/pods/gr-operator/{sub}");
    let mut secret = object("v1", "Secret", "ringfence-system", "gr-bad", json!(null));
    secret.as_object_mut().expect("an object").remove("spec");
    secret["type"] = json!("kubernetes.io/service-account-token");
    secret["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "ringfence-operator"});
    vec![
        attack("G11", "everybody let into a tenant's namespace", Ask::create(bind(everybody.clone()))),
        attack("G11", "everybody let in, by apply", Ask::apply(format!("{at}/gr-bad"), bind(everybody.clone()))),
        attack(
            "G11",
            "everybody added to a tenant's administrators",
            Ask::json(format!("{at}/admins"), json!([{"op": "add", "path": "/subjects/-", "value": everybody}])),
        ),
        attack("G11", "the unknown user let in", Ask::create(bind(named("User", "system:anonymous")))),
        attack(
            "G11",
            "all accounts of a namespace let in",
            Ask::create(bind(named("Group", "system:serviceaccounts:gr-ci"))),
        ),
        attack("G11", "an account of another namespace let in", Ask::create(bind(account(CI, "pipeline")))),
        attack("G11", "a neighbour's account let in", Ask::create(bind(account("gr-next", "default")))),
        attack("G11", "more rights for the account for break-glass", {
            let mut binding = bind(account(FENCED, "ringfence-break-glass"));
            binding["roleRef"]["name"] = json!("admin");
            Ask::create(binding)
        }),
        attack("G11", "that account let in with others", {
            let mut binding = bind(named("User", "mallory"));
            binding["subjects"] =
                json!([named("User", "mallory"), {"kind": "ServiceAccount", "name": "ringfence-break-glass"}]);
            Ask::create(binding)
        }),
        attack(
            "G11",
            "that account of a neighbour's let in",
            Ask::create(bind(account("gr-next", "ringfence-break-glass"))),
        ),
        attack("G11", "a kubelet let in", Ask::create(bind(named("User", "system:node:gr-bare")))),
        attack(
            "G11",
            "a token of Ringfence's",
            Ask::post(format!("{system}/serviceaccounts/ringfence-operator/token"), crate::g09::token()),
        ),
        attack(
            "G11",
            "a token of Ringfence's, in a dry run",
            Ask::post(format!("{system}/serviceaccounts/ringfence-operator/token"), crate::g09::token()).dry(),
        ),
        attack(
            "G11",
            "a token of another account beside Ringfence",
            Ask::post(format!("{system}/serviceaccounts/default/token"), crate::g09::token()),
        ),
        attack("G11", "a Secret with Ringfence's token", Ask::create(secret)),
        attack("G11", "exec into Ringfence's pod", Ask::post(pod("exec?command=cat"), Value::Null)),
        attack("G11", "attach to Ringfence's pod", Ask::post(pod("attach"), Value::Null)),
        attack("G11", "port-forward to Ringfence's pod", Ask::post(pod("portforward"), Value::Null)),
        attack("G11", "Ringfence's pod through the API server", Ask::get(pod("proxy/metrics"))),
        attack(
            "G11",
            "a debug container beside Ringfence",
            Ask::merge(pod("ephemeralcontainers"), crate::g09::debug()),
        ),
    ]
}
