//! The rights that are watched, and where each of them reaches something of a tenant's or of Ringfence's.

/// Where a right counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In tenants' namespaces.
    Tenants,
    /// In the operator's namespace.
    Operator,
    /// In `kube-system`, whose accounts guardrails let through by name.
    Kubernetes,
    /// On what has no namespace.
    Cluster,
}

/// One API that gives the right: verbs, group, resource with its subresource.
pub type Api = (&'static [&'static str], &'static str, &'static str);

/// One right.
#[derive(Debug)]
pub struct Right {
    /// What one may do, after "may".
    pub what: &'static str,
    /// Where it counts.
    pub place: Place,
    /// Each of these gives it.
    pub by: &'static [Api],
}

const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
const CHANGE: &[&str] = &["create", "update", "patch"];
/// An empty patch answers with the whole object, deletecollection with the whole list; both do so in a dry run, which changes nothing.
const READ: &[&str] = &["get", "list", "watch", "patch", "deletecollection"];
/// `impersonate`, and the narrower verbs of constrained impersonation.
const IMPERSONATE: &[&str] = &[
    "impersonate",
    "impersonate:user-info",
    "impersonate:serviceaccount",
    "impersonate:arbitrary-node",
    "impersonate:associated-node",
];
const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

/// To run under an account of a namespace, or to take its token.
const RUN: &[Api] = &[
    (CHANGE, "", "pods"),
    (CHANGE, "", "replicationcontrollers"),
    (CHANGE, "apps", "deployments"),
    (CHANGE, "apps", "replicasets"),
    (CHANGE, "apps", "statefulsets"),
    (CHANGE, "apps", "daemonsets"),
    (CHANGE, "batch", "jobs"),
    (CHANGE, "batch", "cronjobs"),
    (&["create"], "", "serviceaccounts/token"),
    (IMPERSONATE, "", "serviceaccounts"),
    (&["create", "get"], "", "pods/exec"),
    (&["create", "get"], "", "pods/attach"),
    (&["update", "patch"], "", "pods/ephemeralcontainers"),
];

/// Every watched right.
pub const RIGHTS: &[Right] = &[
    Right { what: "read pod logs", place: Place::Tenants, by: &[(&["get"], "", "pods/log")] },
    Right { what: "read Secrets", place: Place::Tenants, by: &[(READ, "", "secrets")] },
    Right {
        what: "get into pods",
        place: Place::Tenants,
        by: &[
            (&["create", "get"], "", "pods/exec"),
            (&["create", "get"], "", "pods/attach"),
            (&["create", "get"], "", "pods/portforward"),
            (&["create", "get", "update", "patch", "delete"], "", "pods/proxy"),
            (&["create", "get", "update", "patch", "delete"], "", "services/proxy"),
            (&["update", "patch"], "", "pods/ephemeralcontainers"),
        ],
    },
    Right {
        what: "create tokens of tenants' accounts",
        place: Place::Tenants,
        by: &[(&["create"], "", "serviceaccounts/token")],
    },
    Right {
        what: "impersonate tenants' accounts",
        place: Place::Tenants,
        by: &[(IMPERSONATE, "", "serviceaccounts"), (IMPERSONATE, AUTHENTICATION, "serviceaccounts")],
    },
    Right {
        what: "bind or escalate roles of tenants",
        place: Place::Tenants,
        by: &[(&["bind", "escalate"], RBAC, "roles"), (&["bind"], RBAC, "clusterroles")],
    },
    Right {
        what: "reach kubelets (nodes/proxy, nodes/log)",
        place: Place::Cluster,
        by: &[(&["create", "get", "update", "patch", "delete"], "", "nodes/proxy"), (&["get"], "", "nodes/log")],
    },
    Right {
        what: "impersonate users or groups",
        place: Place::Cluster,
        by: &[
            (IMPERSONATE, "", "users"),
            (IMPERSONATE, "", "groups"),
            (IMPERSONATE, AUTHENTICATION, "users"),
            (IMPERSONATE, AUTHENTICATION, "groups"),
            (IMPERSONATE, AUTHENTICATION, "uids"),
            (IMPERSONATE, AUTHENTICATION, "nodes"),
        ],
    },
    Right {
        what: "write admission objects",
        place: Place::Cluster,
        by: &[
            (WRITE, ADMISSION, "validatingadmissionpolicies"),
            (WRITE, ADMISSION, "validatingadmissionpolicybindings"),
            (WRITE, ADMISSION, "mutatingadmissionpolicies"),
            (WRITE, ADMISSION, "mutatingadmissionpolicybindings"),
            (WRITE, ADMISSION, "validatingwebhookconfigurations"),
            (WRITE, ADMISSION, "mutatingwebhookconfigurations"),
        ],
    },
    Right {
        what: "write kinds (CustomResourceDefinitions, APIServices)",
        place: Place::Cluster,
        by: &[
            (WRITE, "apiextensions.k8s.io", "customresourcedefinitions"),
            (WRITE, "apiregistration.k8s.io", "apiservices"),
        ],
    },
    Right {
        what: "bind or escalate ClusterRoles",
        place: Place::Cluster,
        by: &[(&["bind", "escalate"], RBAC, "clusterroles")],
    },
    Right {
        what: "approve or sign certificates",
        place: Place::Cluster,
        by: &[
            (&["update", "patch"], CERTIFICATES, "certificatesigningrequests/approval"),
            (&["approve", "sign"], CERTIFICATES, "signers"),
        ],
    },
    Right { what: "write TenantRecords", place: Place::Cluster, by: &[(WRITE, "ringfence.dev", "tenantrecords")] },
    Right { what: "run or enter pods in the operator's namespace", place: Place::Operator, by: RUN },
    Right { what: "run or enter pods in kube-system", place: Place::Kubernetes, by: RUN },
    Right {
        what: "take roles, Secrets or the lead in the operator's namespace",
        place: Place::Operator,
        by: &[
            (&["bind", "escalate"], RBAC, "roles"),
            (&["bind"], RBAC, "clusterroles"),
            (READ, "", "secrets"),
            (WRITE, "coordination.k8s.io", "leases"),
        ],
    },
];
