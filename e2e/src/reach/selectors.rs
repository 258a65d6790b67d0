//! Label selectors: whom one selects, and whether there could be labels that some select and others do not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels of a pod or of a namespace.
pub type Labels = BTreeMap<String, String>;

/// A selector. Its requirements must all hold, so that an empty one selects everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector(Vec<(String, Values)>);

/// What one key may be: absent, one of some values, or any but some.
#[derive(Clone, Debug)]
struct Values {
    absent: bool,
    but: bool,
    listed: BTreeSet<String>,
}

impl Selector {
    /// Reads one; what is not there selects everything, as what is empty does.
    pub(super) fn read(selector: Option<&LabelSelector>) -> Result<Self> {
        let Some(selector) = selector else {
            return Ok(Self::default());
        };
        let one_of = |value: &String| Values { absent: false, but: false, listed: [value.clone()].into() };
        let labels = selector.match_labels.iter().flatten().map(|(key, value)| Ok((key.clone(), one_of(value))));
        let expressions = selector.match_expressions.iter().flatten().map(|expression| {
            let listed: BTreeSet<String> = expression.values.iter().flatten().cloned().collect();
            let (absent, but, lists) = match expression.operator.as_str() {
                "In" => (false, false, true),
                "NotIn" => (true, true, true),
                "Exists" => (false, true, false),
                "DoesNotExist" => (true, false, false),
                other => bail!("{}: {other} is no operator", expression.key),
            };
            ensure!(lists != listed.is_empty(), "{}: {} with {listed:?}", expression.key, expression.operator);
            Ok((expression.key.clone(), Values { absent, but, listed }))
        });
        labels.chain(expressions).collect::<Result<_>>().map(Self).context("a selector")
    }

    /// Whether it selects whoever has these labels.
    pub(super) fn selects(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(key, values)| match labels.get(key) {
            None => values.absent,
            Some(value) => values.listed.contains(value) != values.but,
        })
    }
}

impl Values {
    fn any() -> Self {
        Self { absent: true, but: true, listed: BTreeSet::new() }
    }

    fn negated(&self) -> Self {
        Self { absent: !self.absent, but: !self.but, listed: self.listed.clone() }
    }

    fn and(&self, other: &Self) -> Self {
        let (one, two) = (&self.listed, &other.listed);
        let (but, listed): (bool, BTreeSet<String>) = match (self.but, other.but) {
            (true, true) => (true, one | two),
            (true, false) => (false, two - one),
            (false, true) => (false, one - two),
            (false, false) => (false, one & two),
        };
        Self { absent: self.absent && other.absent, but, listed }
    }

    /// There are more values than any selector lists.
    fn is_possible(&self) -> bool {
        self.absent || self.but || !self.listed.is_empty()
    }
}

/// Whether there could be labels that `all` of some selectors select and `none` of others.
pub(super) fn conceivable(all: &[&Selector], none: &[&Selector]) -> bool {
    let mut known = BTreeMap::new();
    let must = all.iter().flat_map(|selector| &selector.0);
    must.into_iter().all(|(key, values)| narrow(&mut known, key, values)) && escapes(&known, none)
}

fn narrow<'a>(known: &mut BTreeMap<&'a str, Values>, key: &'a str, values: &Values) -> bool {
    let narrowed = known.get(key).unwrap_or(&Values::any()).and(values);
    let possible = narrowed.is_possible();
    known.insert(key, narrowed);
    possible
}

/// Whether one requirement of each selector can fail.
fn escapes<'a>(known: &BTreeMap<&'a str, Values>, none: &[&'a Selector]) -> bool {
    let Some((first, others)) = none.split_first() else {
        return true;
    };
    first.0.iter().any(|(key, values)| {
        let mut known = known.clone();
        narrow(&mut known, key, &values.negated()) && escapes(&known, others)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn selector(text: Value) -> Selector {
        Selector::read(Some(&serde_json::from_value(text).unwrap())).unwrap()
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
        json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] })
    }

    #[test]
    fn a_selector_selects_as_the_reference_says() {
        let labels: Labels = [("app".to_owned(), "web".to_owned()), ("empty".to_owned(), String::new())].into();
        for (text, expected) in [
            (json!({}), true),
            (json!({ "matchLabels": {}, "matchExpressions": [] }), true),
            (json!({ "matchLabels": { "app": "web" } }), true),
            (json!({ "matchLabels": { "app": "Web" } }), false),
            (json!({ "matchLabels": { "empty": "" } }), true),
            (json!({ "matchLabels": { "missing": "" } }), false),
            (expression("app", "In", &["db", "web"]), true),
            (expression("app", "In", &["db"]), false),
            (expression("missing", "In", &["", "db"]), false),
            (expression("app", "NotIn", &["web"]), false),
            (expression("app", "NotIn", &["db"]), true),
            (expression("missing", "NotIn", &["db"]), true),
            (expression("app", "Exists", &[]), true),
            (expression("missing", "Exists", &[]), false),
            (expression("app", "DoesNotExist", &[]), false),
            (expression("missing", "DoesNotExist", &[]), true),
            (
                json!({ "matchLabels": { "app": "web" }, "matchExpressions": [{ "key": "app", "operator": "NotIn", "values": ["web"] }] }),
                false,
            ),
        ] {
            assert_eq!(selector(text.clone()).selects(&labels), expected, "{text}");
        }
        assert!(Selector::read(None).unwrap().selects(&labels), "what is not there");
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            expression("app", "Is", &["web"]),
            expression("app", "in", &["web"]),
            expression("app", "In", &[]),
            expression("app", "NotIn", &[]),
            expression("app", "Exists", &["web"]),
            expression("app", "DoesNotExist", &["web"]),
        ] {
            assert!(Selector::read(Some(&serde_json::from_value(text.clone()).unwrap())).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_are_conceivable_unless_selectors_leave_none() {
        let (all, web, db) =
            (json!({}), json!({ "matchLabels": { "app": "web" } }), json!({ "matchLabels": { "app": "db" } }));
        let both = json!({ "matchLabels": { "app": "web", "tier": "front" } });
        let (not_web, any_app, no_app) = (
            expression("app", "NotIn", &["web"]),
            expression("app", "Exists", &[]),
            expression("app", "DoesNotExist", &[]),
        );
        for (must, never, expected) in [
            (vec![], vec![], true),
            (vec![], vec![&all], false),
            (vec![&all], vec![], true),
            (vec![&web], vec![&db], true),
            (vec![&web, &db], vec![], false),
            (vec![&web], vec![&web], false),
            (vec![&web], vec![&both], true),
            (vec![&both], vec![&web], false),
            (vec![], vec![&web, &not_web], false),
            (vec![], vec![&web, &db], true),
            (vec![], vec![&any_app, &no_app], false),
            (vec![&any_app], vec![&web, &db], true),
            (vec![&no_app], vec![&web, &db], true),
            (vec![&no_app], vec![&not_web], false),
            (vec![&any_app, &not_web], vec![], true),
            (vec![&any_app], vec![&web, &not_web], false),
            (vec![], vec![&both, &web], true),
        ] {
            let read = |texts: &[&Value]| texts.iter().map(|t| selector((*t).clone())).collect::<Vec<_>>();
            let (m, n) = (read(&must), read(&never));
            let is = conceivable(&m.iter().collect::<Vec<_>>(), &n.iter().collect::<Vec<_>>());
            assert_eq!(is, expected, "{must:?} but {never:?}");
        }
    }
}
