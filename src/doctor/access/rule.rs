//! Whether a rule of RBAC gives something: as the API server's own authorizer reads it.

use k8s_openapi::api::rbac::v1::PolicyRule;

use super::right::{Api, Right};

/// On which objects a right is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On all.
    All,
    /// On those of these names.
    Named(Vec<String>),
}

/// Whether a list of a rule names `wanted`, or everything.
pub fn names(list: Option<&Vec<String>>, wanted: &str) -> bool {
    list.into_iter().flatten().any(|item| item == "*" || item == wanted)
}

/// Whether the resources of a rule hold `wanted`, such as `pods/log`. `*` is all, with their subresources; `*/log` is that subresource of
/// all; `pods` is not its subresources; `pods/*` is nothing to the authorizer.
pub fn resources(list: Option<&Vec<String>>, wanted: &str) -> bool {
    let any = wanted.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    names(list, wanted) || any.is_some_and(|any| list.into_iter().flatten().any(|item| *item == any))
}

/// Whether a rule gives this API, and on which objects.
fn gives(rule: &PolicyRule, (verbs, group, resource): &Api) -> Option<Reach> {
    let verb = |wanted: &&&str| rule.verbs.iter().any(|v| v == "*" || v == **wanted);
    let given = names(rule.api_groups.as_ref(), group) && resources(rule.resources.as_ref(), resource);
    if !given || verbs.iter().find(verb).is_none() {
        return None;
    }
    match rule.resource_names.as_ref().filter(|names| !names.is_empty()) {
        None => Some(Reach::All),
        // A name is not known when an object without one is created: such a rule gives nothing.
        Some(_)
            if verbs.iter().filter(verb).all(|v| *v == "create" || *v == "deletecollection")
                && !resource.contains('/') =>
        {
            None
        }
        Some(names) => Some(Reach::Named(names.clone())),
    }
}

/// Whether these rules give a right, and on which objects.
pub fn reach(rules: &[PolicyRule], right: &Right) -> Option<Reach> {
    let all = rules.iter().flat_map(|rule| right.by.iter().filter_map(|api| gives(rule, api)));
    all.reduce(|one, other| match (one, other) {
        (Reach::Named(mut one), Reach::Named(other)) => {
            one.extend(other);
            one.sort();
            one.dedup();
            Reach::Named(one)
        }
        _ => Reach::All,
    })
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use proptest::prelude::*;

    use super::*;
    use crate::doctor::access::right::RIGHTS;

    fn rule(text: &str) -> PolicyRule {
        serde_saphyr::from_str(text).unwrap()
    }

    fn gives_logs(text: &str) -> Option<Reach> {
        reach(&[rule(text)], &RIGHTS[0])
    }

    #[test]
    fn wildcards_and_subresources_are_read_as_the_authorizer_reads_them() {
        for (held, resources) in [
            (true, "['*']"),
            (true, "['*/log']"),
            (true, "[pods/log]"),
            (false, "['pods/*']"),
            (false, "[pods]"),
            (false, "['*/*']"),
        ] {
            let got = gives_logs(&format!("{{apiGroups: ['*'], resources: {resources}, verbs: [get]}}"));
            assert_eq!(got.is_some(), held, "{resources}");
        }
        assert_eq!(gives_logs("{apiGroups: [apps], resources: ['*'], verbs: ['*']}"), None, "another group");
        assert_eq!(gives_logs("{apiGroups: [''], resources: [pods/log], verbs: [list]}"), None, "another verb");
        assert_eq!(gives_logs("{nonResourceURLs: ['*'], verbs: ['*']}"), None, "no resource");
    }

    #[test]
    fn a_rule_for_names_reaches_those_names() {
        let named = "{apiGroups: [''], resources: [pods/log], resourceNames: [a], verbs: [get]}";
        assert_eq!(gives_logs(named), Some(Reach::Named(vec!["a".into()])));
        let other = rule("{apiGroups: [''], resources: [pods/log], resourceNames: [b, a], verbs: ['*']}");
        let both = reach(&[rule(named), other], &RIGHTS[0]);
        assert_eq!(both, Some(Reach::Named(vec!["a".into(), "b".into()])));
        let all = rule("{apiGroups: [''], resources: [pods/log], verbs: [get]}");
        assert_eq!(reach(&[rule(named), all], &RIGHTS[0]), Some(Reach::All));
        let records = RIGHTS.iter().find(|r| r.what == "write TenantRecords").unwrap();
        let create =
            rule("{apiGroups: [ringfence.dev], resources: [tenantrecords], resourceNames: [a], verbs: [create]}");
        assert_eq!(reach(&[create], records), None, "nothing can be created by name");
    }

    proptest! {
        #[test]
        fn more_rules_never_give_less(a in any_rule(), b in any_rule()) {
            for right in RIGHTS {
                let (one, both) = (reach(from_ref(&a), right), reach(&[a.clone(), b.clone()], right));
                prop_assert!(one.is_none() || both.is_some());
                prop_assert!(one != Some(Reach::All) || both == Some(Reach::All));
            }
        }

        #[test]
        fn whoever_holds_everything_holds_every_right(verbs in Just(vec!["*".to_owned()])) {
            let all = PolicyRule { api_groups: Some(vec!["*".into()]), resources: Some(vec!["*".into()]), verbs, ..PolicyRule::default() };
            for right in RIGHTS {
                prop_assert_eq!(reach(from_ref(&all), right), Some(Reach::All));
            }
        }
    }

    fn any_rule() -> impl Strategy<Value = PolicyRule> {
        let some = |words: &'static [&'static str]| {
            prop::collection::vec(prop::sample::select(words).prop_map(str::to_owned), 0..3)
        };
        let groups = some(&["*", "", "apps", "admissionregistration.k8s.io", "ringfence.dev"]);
        let resources =
            some(&["*", "*/log", "pods/log", "pods", "secrets", "pods/exec", "tenantrecords", "nodes/proxy"]);
        (groups, resources, some(&["a", "b"]), some(&["*", "get", "create", "bind", "patch"])).prop_map(
            |(groups, resources, names, verbs)| PolicyRule {
                api_groups: Some(groups),
                resources: Some(resources),
                resource_names: Some(names),
                verbs,
                ..PolicyRule::default()
            },
        )
    }
}
