//! R52: who may read a tenant's logs and Secrets is listed.

use super::*;
use crate::api::Groups;

const CLUSTER: &str = "
cluster_roles:
- {metadata: {name: cluster-admin}, rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}
- {metadata: {name: logs}, rules: [{apiGroups: [''], resources: ['*/log'], verbs: [get]}]}
- {metadata: {name: joined}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}, rules: [{apiGroups: [''], resources: [secrets], verbs: [watch]}]}
- {metadata: {name: plain}, rules: [{apiGroups: [''], resources: ['pods/*'], verbs: ['*']}]}
- {metadata: {name: 'system:controller:legacy-service-account-token-cleaner'}, rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]}
- {metadata: {name: 'system:controller:helper'}, rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]}
- {metadata: {name: 'system:controller:job-controller'}, rules: [{apiGroups: ['', batch], resources: [pods, jobs, secrets], verbs: [create, get]}]}
- {metadata: {name: patches}, rules: [{apiGroups: [''], resources: [secrets], verbs: [patch]}]}
- {metadata: {name: collects}, rules: [{apiGroups: [''], resources: [secrets], verbs: [deletecollection]}]}
- {metadata: {name: writes}, rules: [{apiGroups: [''], resources: [secrets], verbs: [create, update, delete]}]}
- {metadata: {name: binds}, rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}]}
- {metadata: {name: kinds}, rules: [{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [patch]}]}
- {metadata: {name: tokens}, rules: [{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}]}
- {metadata: {name: policies}, rules: [{apiGroups: [admissionregistration.k8s.io], resources: [validatingadmissionpolicybindings], verbs: [delete]}]}
roles:
- {metadata: {name: secrets, namespace: acme}, rules: [{apiGroups: [''], resources: [secrets], resourceNames: [db], verbs: [get]}]}
cluster_role_bindings:
- {metadata: {name: masters}, roleRef: {apiGroup: a, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: Group, name: 'system:masters'}]}
- {metadata: {name: admins}, roleRef: {apiGroup: a, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: User, name: eve}]}
- {metadata: {name: shippers}, roleRef: {apiGroup: a, kind: ClusterRole, name: logs}, subjects: [{kind: ServiceAccount, name: shipper, namespace: logging}]}
- {metadata: {name: controller}, roleRef: {apiGroup: a, kind: ClusterRole, name: 'system:controller:legacy-service-account-token-cleaner'}, subjects: [{kind: ServiceAccount, name: legacy-service-account-token-cleaner, namespace: kube-system}, {kind: ServiceAccount, name: legacy-service-account-token-cleaner, namespace: elsewhere}]}
- {metadata: {name: helper}, roleRef: {apiGroup: a, kind: ClusterRole, name: 'system:controller:helper'}, subjects: [{kind: ServiceAccount, name: helper, namespace: kube-system}]}
- {metadata: {name: jobs}, roleRef: {apiGroup: a, kind: ClusterRole, name: 'system:controller:job-controller'}, subjects: [{kind: ServiceAccount, name: job-controller, namespace: kube-system}]}
- {metadata: {name: nothing}, roleRef: {apiGroup: a, kind: ClusterRole, name: plain}, subjects: [{kind: User, name: harmless}]}
- {metadata: {name: gone}, roleRef: {apiGroup: a, kind: ClusterRole, name: not-there}, subjects: [{kind: User, name: waiting}]}
- {metadata: {name: kinds}, roleRef: {apiGroup: a, kind: ClusterRole, name: kinds}, subjects: [{kind: User, name: ken}]}
- {metadata: {name: engineers}, roleRef: {apiGroup: a, kind: ClusterRole, name: policies}, subjects: [{kind: Group, name: engineers}, {kind: User, name: engineers}]}
- {metadata: {name: engineers-read}, roleRef: {apiGroup: a, kind: ClusterRole, name: logs}, subjects: [{kind: Group, name: engineers}]}
role_bindings:
- {metadata: {name: readers, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: joined}, subjects: [{kind: Group, name: support}]}
- {metadata: {name: named, namespace: acme}, roleRef: {apiGroup: a, kind: Role, name: secrets}, subjects: [{kind: User, name: dba}]}
- {metadata: {name: readers, namespace: elsewhere}, roleRef: {apiGroup: a, kind: ClusterRole, name: joined}, subjects: [{kind: Group, name: strangers}]}
- {metadata: {name: policies, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: policies}, subjects: [{kind: User, name: no-policies}]}
- {metadata: {name: patches, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: patches}, subjects: [{kind: User, name: pat}]}
- {metadata: {name: collects, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: collects}, subjects: [{kind: User, name: cole}]}
- {metadata: {name: writes, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: writes}, subjects: [{kind: User, name: writer}]}
- {metadata: {name: binds, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: binds}, subjects: [{kind: User, name: ben}]}
- {metadata: {name: tokens, namespace: kube-system}, roleRef: {apiGroup: a, kind: ClusterRole, name: tokens}, subjects: [{kind: User, name: tom}]}
- {metadata: {name: glass, namespace: acme}, roleRef: {apiGroup: a, kind: ClusterRole, name: cluster-admin}, subjects: [{kind: Group, name: glass}]}
";

#[derive(serde::Deserialize)]
struct Cluster {
    cluster_roles: Vec<k8s_openapi::api::rbac::v1::ClusterRole>,
    roles: Vec<k8s_openapi::api::rbac::v1::Role>,
    cluster_role_bindings: Vec<k8s_openapi::api::rbac::v1::ClusterRoleBinding>,
    role_bindings: Vec<k8s_openapi::api::rbac::v1::RoleBinding>,
}

fn rbac() -> Rbac {
    let Cluster { cluster_roles, roles, cluster_role_bindings, role_bindings } =
        serde_saphyr::from_str(CLUSTER).unwrap();
    Rbac { cluster_roles, roles, cluster_role_bindings, role_bindings }
}

fn config() -> Fact<RingfenceConfig> {
    let text = include_str!("../../../manifests/examples/00-config.yaml");
    let mut config: RingfenceConfig = serde_saphyr::from_str(text).unwrap();
    config.spec.groups = Some(Groups {
        administrators: vec!["engineers".into()],
        break_glass: vec!["glass".into()],
        ..Groups::default()
    });
    Fact::Known(config)
}

fn found(rbac: Fact<Rbac>, config: &Fact<RingfenceConfig>) -> Check {
    let tenants = Fact::Known(BTreeSet::from(["acme".to_owned()]));
    judge(&rbac, &tenants, ("ringfence-system", "ringfence-operator"), config)
}

fn levels(check: &Check, about: &str) -> Vec<Level> {
    check.findings.iter().filter(|f| f.about == about).map(|f| f.level).collect()
}

#[test]
fn readers_are_named_through_wildcards_aggregation_groups_and_names() {
    let check = found(Fact::Known(rbac()), &config());
    let said = |about: &str, words: &[&str]| {
        let one = check.findings.iter().find(|f| f.about == about && words.iter().all(|w| f.what.contains(w)));
        assert_eq!(one.unwrap_or_else(|| panic!("{about} {words:?}: {check:#?}")).level, Level::Warning);
    };
    said("User eve", &["may do everything that is watched by ClusterRoleBinding admins"]);
    said(
        "ServiceAccount logging/shipper",
        &["may read pod logs, reach kubelets", "of ClusterRole logs", "every namespace"],
    );
    said("Group support", &["may read Secrets", "RoleBinding acme/readers of ClusterRole joined", "in namespace acme"]);
    said("User dba", &["read Secrets (only named db)"]);
    said("ServiceAccount elsewhere/legacy-service-account-token-cleaner", &["read Secrets"]);
    said("ServiceAccount kube-system/helper", &["read Secrets"]);
    said("ServiceAccount kube-system/job-controller", &["read Secrets", "run or enter pods"]);
    said("User pat", &["may read Secrets by RoleBinding acme/patches"]);
    said("User cole", &["may read Secrets by RoleBinding acme/collects"]);
    said("User ben", &["may bind or escalate roles of tenants by RoleBinding acme/binds", "in namespace acme"]);
    said("User ken", &["may write kinds (CustomResourceDefinitions, APIServices)", "in the cluster"]);
    said("User tom", &["may run or enter pods in kube-system by RoleBinding kube-system/tokens"]);
    said("User waiting", &["ClusterRole not-there, which does not exist"]);
    for nobody in ["User harmless", "User writer", "Group strangers", "User no-policies"] {
        assert_eq!(levels(&check, nobody), [], "{nobody}");
    }
    assert_eq!(check.result, Level::Warning);
}

#[test]
fn no_shipped_role_of_people_reads_logs_or_secrets() {
    let text = include_str!("../../../manifests/roles/ringfence-roles.yaml");
    let roles: Vec<k8s_openapi::api::rbac::v1::ClusterRole> = serde_saphyr::from_multiple(text).unwrap();
    assert!(roles.len() > 15);
    for role in roles {
        let rules = role.rules.unwrap_or_default();
        for right in RIGHTS.iter().filter(|r| matches!(r.what, "read pod logs" | "read Secrets")) {
            assert_eq!(rule::reach(&rules, right), None, "{:?}: {}", role.metadata.name, right.what);
        }
    }
}

#[test]
fn who_is_expected_is_listed_and_no_finding() {
    let check = found(Fact::Known(rbac()), &config());
    for expected in ["Group system:masters", "Kubernetes' own controllers", "Group glass"] {
        assert_eq!(levels(&check, expected), [Level::Listed], "{expected}");
    }
    assert_eq!(
        levels(&check, "Group engineers"),
        [Level::Warning, Level::Listed],
        "they write policies, and read logs"
    );
    assert_eq!(levels(&check, "User engineers"), [Level::Warning], "a person of the group's name is not the group");
    let own = check.findings.iter().find(|f| f.about == "Kubernetes' own controllers").unwrap();
    assert!(
        own.what.starts_with("hold by their own roles: read Secrets: legacy-service-account-token-cleaner; take roles"),
        "{}",
        own.what
    );
    let nobody = found(Fact::Known(rbac()), &Fact::Absent);
    assert_eq!(levels(&nobody, "Group glass"), [Level::Warning], "without RingfenceConfig nobody is listed");
}

#[test]
fn what_may_not_be_read_is_unknown() {
    let no = || Fact::Unknown("you may not read it (403); bind a role".to_owned());
    let none = Fact::Known(BTreeSet::new());
    for check in [
        judge(&Fact::Unknown("no; bind".into()), &none, ("a", "b"), &config()),
        judge(&Fact::Known(rbac()), &no(), ("a", "b"), &config()),
        judge(&Fact::Known(rbac()), &none, ("a", "b"), &Fact::Unknown("no; bind".into())),
    ] {
        assert!(check.result == Level::Unknown && check.findings[0].todo.is_some(), "{check:?}");
    }
}
