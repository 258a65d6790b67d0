//! What may be changed behind Ringfence's back, and what must come of it.

use serde_json::{Value, json};

use crate::{
    act::{Act, POOL},
    kinds::Kind,
};

/// What becomes of what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It is closed at once.
    Locks,
    /// It stays until its windows end; nothing is renewed.
    Holds,
    /// It stays, and status says what is being repaired.
    Reports,
    /// The change itself is refused by the schema.
    Refused,
}

impl Reaction {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Holds => "holds",
            Self::Reports => "reports, stays open",
            Self::Refused => "refused by the schema",
        }
    }
}

/// How it ends.
#[derive(Clone, Debug)]
pub enum End {
    /// Ringfence puts it right and, if it was closed, opens again.
    Repaired,
    /// People put it right.
    Mended(&'static str, Vec<Act>),
    /// It stays locked.
    Locked,
    /// Nothing was changed.
    Untouched,
}

impl End {
    /// In words.
    pub fn text(&self) -> &'static str {
        match self {
            Self::Repaired => "put right by Ringfence",
            Self::Mended(how, _) => how,
            Self::Locked => "stays locked",
            Self::Untouched => "nothing was changed",
        }
    }
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Case {
    /// The object's kind.
    pub kind: Kind,
    /// Its name; `TENANT` is the tenant's, `NODE` its node's.
    pub name: &'static str,
    /// What is changed, in words.
    pub change: &'static str,
    /// The change.
    pub act: Act,
    /// What becomes of what is open.
    pub reaction: Reaction,
    /// Type, status and reason of the condition that says so meanwhile.
    pub said: (&'static str, &'static str, &'static str),
    /// How it ends.
    pub end: End,
}

impl Case {
    /// The object, for people.
    pub fn object(&self) -> String {
        match self.name {
            _ if matches!(self.act, Act::MakeNamespace) => "Namespace".into(),
            "TENANT" | "NODE" => format!("{:?}", self.kind),
            name => format!("{:?} `{name}`", self.kind),
        }
    }

    fn ends(self, end: End) -> Self {
        Self { end, ..self }
    }

    fn mended(self, how: &'static str, by: Act) -> Self {
        self.ends(End::Mended(how, vec![by]))
    }
}

/// Cases that are played one after the other on a tenant of their own.
pub struct Group {
    /// The stem of the tenant's name.
    pub name: &'static str,
    /// The cases.
    pub cases: Vec<Case>,
    /// Whether an Event tells of a repair.
    pub repairs: bool,
}

/// Every case, in the order of the table.
pub fn groups() -> Vec<Group> {
    let group = |name, cases: Vec<Case>| {
        let repairs = cases.iter().any(|c| c.said.1 == "True" && c.said.2 == "Repairing");
        Group { name, cases, repairs }
    };
    vec![
        group("network", network()),
        group("inside", inside()),
        group("namespace", namespace()),
        group("flags", flags()),
        group("record", record()),
        group("nodes", nodes()),
        group("strangers", strangers()),
        group("strays", strays()),
        group("removed", removed()),
    ]
}

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const TENANT: &str = "ringfence.dev/tenant";
const LEVEL: &str = "pod-security.kubernetes.io/enforce";

fn label(key: &str, value: Value) -> Act {
    Act::Change(json!({ "metadata": { "labels": { key: value } } }))
}

fn network() -> Vec<Case> {
    let locks = |name, change, act, reason| Case {
        kind: Kind::NetworkPolicy,
        name,
        change,
        act,
        reaction: Reaction::Locks,
        said: ("NetworkIsolated", "False", reason),
        end: End::Repaired,
    };
    let base =
        |change, spec| locks("ringfence-base", change, Act::Change(json!({ "spec": spec })), "BasePolicyAltered");
    vec![
        locks("ringfence-base", "deleted", Act::Delete, "BasePolicyMissing"),
        base("ingress opened to everybody", json!({ "ingress": [{}] })),
        base("egress opened to everybody", json!({ "egress": [{}] })),
        base("podSelector narrowed", json!({ "podSelector": { "matchLabels": { "app": "one" } } })),
        base("policyTypes without Egress", json!({ "policyTypes": ["Ingress"] })),
        base("policyTypes without Ingress", json!({ "policyTypes": ["Egress"] })),
        locks("ringfence-base", "Ringfence's label taken off", label(MANAGED_BY, Value::Null), "BasePolicyMissing"),
        locks("ringfence-base", "given to another tenant by label", label(TENANT, json!("other")), "BasePolicyAltered"),
        locks("ringfence-allow-gateway", "deleted", Act::Delete, "BasePolicyAltered"),
        locks(
            "ringfence-allow-gateway",
            "opened to everybody",
            Act::Change(json!({ "spec": { "ingress": [{}] } })),
            "BasePolicyAltered",
        ),
        locks(
            "ringfence-base",
            "another policy made like it, open to everybody",
            Act::Copy("ringfence-allow-all", json!({ "spec": { "ingress": [{}] } })),
            "BasePolicyAltered",
        ),
    ]
}

fn inside() -> Vec<Case> {
    let reports = |kind, name, change, act| Case {
        kind,
        name,
        change,
        act,
        reaction: Reaction::Reports,
        said: ("NamespaceFenced", "True", "Repairing"),
        end: End::Repaired,
    };
    let quota = |change, act| reports(Kind::ResourceQuota, "ringfence", change, act);
    let account = |change, act| reports(Kind::ServiceAccount, "ringfence-app", change, act);
    let readers = |change, act| reports(Kind::RoleBinding, "ringfence-flag-readers", change, act);
    let hard = |limits| Act::Change(json!({ "spec": { "hard": limits } }));
    let mallory = json!([{ "kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io" }]);
    vec![
        quota("deleted", Act::Delete),
        quota("a limit raised", hard(json!({ "pods": "9999" }))),
        quota("load balancers allowed", hard(json!({ "services.loadbalancers": "1" }))),
        quota("the limit of node ports taken out", hard(json!({ "services.nodeports": null }))),
        quota("Ringfence's label taken off", label(MANAGED_BY, Value::Null)),
        account("deleted", Act::Delete),
        account("token mounted into every pod", Act::Change(json!({ "automountServiceAccountToken": true }))),
        account("Ringfence's label taken off", label(MANAGED_BY, Value::Null)),
        readers("deleted", Act::Delete),
        readers("subjects replaced", Act::Change(json!({ "subjects": mallory }))),
        readers("subjects taken out", Act::Change(json!({ "subjects": null }))),
        readers("made anew with another role", Act::Anew(json!({ "roleRef": { "name": "cluster-admin" } }))),
        readers("Ringfence's label taken off", label(MANAGED_BY, Value::Null)),
    ]
}

fn namespace() -> Vec<Case> {
    let reports = |change, act| Case {
        kind: Kind::Namespace,
        name: "TENANT",
        change,
        act,
        reaction: Reaction::Reports,
        said: ("NamespaceFenced", "True", "Repairing"),
        end: End::Repaired,
    };
    vec![
        reports("Pod Security lowered to privileged", label(LEVEL, json!("privileged"))),
        reports("Pod Security taken off", label(LEVEL, Value::Null)),
        reports("Pod Security pinned to an old version", label(&format!("{LEVEL}-version"), json!("v1.25"))),
        reports("tenant label taken off", label(TENANT, Value::Null)),
        reports("tenant label of another tenant", label(TENANT, json!("other"))),
        Case {
            reaction: Reaction::Locks,
            said: ("NamespaceFenced", "False", "WaitingForFence"),
            ..reports("label fenced taken off", label("ringfence.dev/fenced", Value::Null))
        },
    ]
}

fn flags() -> Vec<Case> {
    let case = |change, act, reaction, status, reason| Case {
        kind: Kind::ConfigMap,
        name: "ringfence-flags",
        change,
        act,
        reaction,
        said: ("FlagsPublished", status, reason),
        end: End::Repaired,
    };
    let locks = |change, act, reason| case(change, act, Reaction::Locks, "False", reason);
    let reports = |change, act| case(change, Act::Document(act), Reaction::Reports, "True", "Repairing");
    vec![
        locks("deleted", Act::Delete, "WaitingForFence"),
        locks("emptied", Act::Change(json!({ "data": null })), "Repairing"),
        locks(
            "document of another tenant",
            Act::Document(|t| edit(t, |d| d["metadata"]["flagSetId"] = json!("x"))),
            "Repairing",
        ),
        // What is there all the time is not said to be closed meanwhile.
        Case {
            reaction: Reaction::Holds,
            ..locks("Ringfence's label taken off", label(MANAGED_BY, Value::Null), "WaitingForFence")
        },
        reports("a fixed flag opened", |t| {
            edit(t, |d| {
                d["flags"]["audit.suppress.allowed"]["variants"] = json!({ "on": true });
                d["flags"]["audit.suppress.allowed"]["defaultVariant"] = json!("on");
            })
        }),
        reports("a leased flag opened without a window", |t| {
            edit(t, |d| {
                d["flags"]["capture.recording.allowed"]["defaultVariant"] = json!("granted");
                d["flags"]["capture.recording.allowed"]["targeting"] = json!({});
            })
        }),
        reports("windows that end in ten years", |t| {
            edit(t, |d| {
                for flag in ["capture.recording.allowed", "export.mode", "covered.entities", "phi.read.allowed"] {
                    let end = d["flags"][flag]["targeting"]["if"][0]["<"][2].as_i64().unwrap_or_default();
                    d["flags"][flag]["targeting"]["if"][0]["<"][2] = json!(end + 315_360_000);
                }
            })
        }),
    ]
}

fn edit(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document = serde_json::from_str(text).unwrap_or_default();
    change(&mut document);
    document.to_string()
}

fn record() -> Vec<Case> {
    let case = |change, act| Case {
        kind: Kind::TenantRecord,
        name: "TENANT",
        change,
        act,
        reaction: Reaction::Refused,
        said: ("", "", ""),
        end: End::Untouched,
    };
    let spec = |change| Act::Change(json!({ "spec": change }));
    let deleted = Case {
        reaction: Reaction::Locks,
        said: ("NamespaceFenced", "False", "RecordMissing"),
        ..case("deleted", Act::Delete)
    };
    vec![
        case("given to another plan", spec(json!({ "planUID": "another" }))),
        case("another namespace's UID", spec(json!({ "namespaceUID": "another" }))),
        case("keys taken out", spec(json!({ "keys": [] }))),
        case("nodes taken out", spec(json!({ "nodes": [] }))),
        deleted.mended("restored from a backup by people", Act::Restore),
    ]
}

fn nodes() -> Vec<Case> {
    let case = |change, act, reaction, status, reason| Case {
        kind: Kind::Node,
        name: "NODE",
        change,
        act,
        reaction,
        said: ("NodesDedicated", status, reason),
        end: End::Repaired,
    };
    let repairs = |change, act| case(change, act, Reaction::Reports, "True", "Repairing");
    let waits = |change, act, reason| case(change, act, Reaction::Reports, "True", reason);
    let locks = |change, act| case(change, act, Reaction::Locks, "False", "IsolationFell");
    let back = || label(POOL, json!("TENANT"));
    vec![
        repairs("taint NoSchedule taken off", Act::Taint("NoSchedule", None)),
        repairs("taint NoExecute taken off", Act::Taint("NoExecute", None)),
        repairs("both taints taken off", Act::Taint("", None)),
        repairs("both taints given to another pool", Act::Taint("", Some("other"))),
        locks("pool label taken off", label(POOL, Value::Null)).mended("label put back by people", back()),
        locks("pool label of another pool", label(POOL, json!("other"))).mended("label put back by people", back()),
        waits("not ready", Act::Fail, "NodesNotReady").mended("well again", Act::Heal),
        waits("deleted", Act::Delete, "NodesMissing").mended("another machine joins, and is taken", Act::Add),
        waits("replaced under its name", Act::Replace(false), "NodesMissing"),
        locks("replaced under its name, with the pool's label", Act::Replace(true))
            .mended("replaced by people with a machine without it", Act::Replace(false)),
    ]
}

fn placed(
    kind: Kind,
    name: &'static str,
    change: &'static str,
    act: Act,
    reaction: Reaction,
    reason: &'static str,
) -> Case {
    let status = if reaction == Reaction::Holds { "Unknown" } else { "False" };
    Case { kind, name, change, act, reaction, said: ("WorkloadsPlaced", status, reason), end: End::Repaired }
}

fn strangers() -> Vec<Case> {
    let case = |change, reaction| {
        let case = placed(Kind::Node, "NODE", change, Act::ForeignPod, reaction, "ForeignPodOnPool");
        case.mended("pod deleted by people", Act::NoForeignPod)
    };
    vec![
        case("somebody else's pod runs on it, for less than 15 s", Reaction::Holds),
        case("somebody else's pod runs on it, and stays", Reaction::Locks),
    ]
}

fn strays() -> Vec<Case> {
    let case = |change, budget, reaction| {
        placed(Kind::Namespace, "TENANT", change, Act::StrayPod(budget), reaction, "PodOffPool")
    };
    vec![
        case("a pod of the tenant runs off its nodes", false, Reaction::Holds),
        case("a pod runs off its nodes, and a PodDisruptionBudget holds it", true, Reaction::Locks)
            .mended("budget deleted by people, pod evicted by Ringfence", Act::NoBudget),
    ]
}

fn removed() -> Vec<Case> {
    let case = |kind, change, act| Case {
        kind,
        name: "TENANT",
        change,
        act,
        reaction: Reaction::Locks,
        said: ("NamespaceFenced", "False", "NamespaceReplaced"),
        end: End::Locked,
    };
    vec![
        case(Kind::Namespace, "deleted", Act::Delete),
        case(Kind::TenantRecord, "made anew under its name", Act::MakeNamespace),
    ]
}
