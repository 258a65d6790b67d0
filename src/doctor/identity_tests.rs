//! The operator holds what is shipped, no less and no more.

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};

use super::*;

fn installed() -> Rbac {
    let mut rbac = Rbac::default();
    let text = include_str!("../../manifests/operator/10-rbac.yaml");
    for document in serde_saphyr::from_multiple::<Value>(text).unwrap() {
        match document["kind"].as_str().unwrap() {
            "ClusterRole" => rbac.cluster_roles.push(serde_json::from_value(document).unwrap()),
            "Role" => rbac.roles.push(serde_json::from_value(document).unwrap()),
            "ClusterRoleBinding" => {
                rbac.cluster_role_bindings.push(serde_json::from_value::<ClusterRoleBinding>(document).unwrap());
            }
            _ => rbac.role_bindings.push(serde_json::from_value::<RoleBinding>(document).unwrap()),
        }
    }
    rbac
}

fn found(change: impl FnOnce(&mut Rbac)) -> (Level, String) {
    let mut rbac = installed();
    change(&mut rbac);
    let check = judge(&Fact::Known(rbac));
    (check.result, check.findings.iter().map(|f| f.what.as_str()).collect::<Vec<_>>().join("\n"))
}

fn rule(text: &str) -> PolicyRule {
    serde_saphyr::from_str(text).unwrap()
}

fn push(role: &mut Option<Vec<PolicyRule>>, text: &str) {
    role.get_or_insert_default().push(rule(text));
}

#[test]
fn what_is_shipped_is_right() {
    assert_eq!(found(|_| ()).0, Level::Ok);
}

#[test]
fn each_right_that_is_taken_away_is_named() {
    let whole = atoms(&SHIPPED.everywhere);
    for (n, rule) in SHIPPED.everywhere.iter().enumerate() {
        let (level, what) = found(|r| drop(r.cluster_roles[0].rules.as_mut().unwrap().remove(n)));
        assert_eq!(level, Level::Wrong, "{rule:?}");
        let gone = &atoms(std::slice::from_ref(rule))[0];
        assert!(whole.contains(gone) && what.contains(&gone.to_string()), "{gone}: {what}");
    }
    let (level, what) = found(|r| r.role_bindings.clear());
    assert!(
        level == Level::Wrong && what.contains("lacks in its namespace: create leases.coordination.k8s.io"),
        "{what}"
    );
    let (level, what) = found(|r| r.cluster_roles.clear());
    assert!(level == Level::Wrong && what.contains("list healthcareplans.ringfence.dev"), "{what}");
}

#[test]
fn a_right_more_is_a_warning_and_a_wider_one_lacks_nothing() {
    let secrets = "{apiGroups: [''], resources: [secrets], verbs: [get]}";
    let (level, what) = found(|r| push(&mut r.cluster_roles[0].rules, secrets));
    assert!(level == Level::Warning && what.ends_with("of ClusterRole ringfence-operator: get secrets"), "{what}");
    let all = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
    let (level, what) = found(|r| r.cluster_roles[0].rules = Some(vec![rule(all)]));
    assert!(level == Level::Warning && what.contains("* *.*"), "{what}");
    let leases = "{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [update]}";
    let (level, what) = found(|r| push(&mut r.roles[0].rules, leases));
    assert!(level == Level::Warning && what.contains("update leases"), "not held to the name any more: {what}");
}

#[test]
fn a_binding_of_its_namespaces_accounts_counts() {
    let binding = "{metadata: {name: a}, roleRef: {apiGroup: a, kind: ClusterRole, name: b}, subjects: [{kind: Group, name: 'system:serviceaccounts:ringfence-system'}]}";
    let role = "{metadata: {name: b}, rules: [{apiGroups: [''], resources: [pods/exec], verbs: [create]}]}";
    let (level, what) = found(|r| {
        r.cluster_role_bindings.push(serde_saphyr::from_str(binding).unwrap());
        r.cluster_roles.push(serde_saphyr::from_str(role).unwrap());
    });
    assert!(
        level == Level::Warning && what.contains("ClusterRoleBinding a of ClusterRole b: create pods/exec"),
        "{what}"
    );
}
