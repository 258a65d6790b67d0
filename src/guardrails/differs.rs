//! Whether a stored object is as it is shipped: every field, and nothing more but what the API server fills in.

use serde_json::{Value, json};

/// Fields that the API server fills in, and with what.
fn is_default(field: &str, value: &Value) -> bool {
    match field {
        "matchPolicy" => value == "Equivalent",
        "namespaceSelector" | "objectSelector" => *value == json!({}),
        "scope" => value == "*",
        "failurePolicy" => value == "Fail",
        "reinvocationPolicy" => value == "Never",
        _ => false,
    }
}

/// The path of the first field in which `stored` is not as it is shipped.
#[must_use]
pub fn differs(shipped: &Value, stored: &Value, path: &str) -> Option<String> {
    let here = || Some(path.to_owned());
    match (shipped, stored) {
        (Value::Object(wanted), Value::Object(found)) => {
            let missing =
                wanted.iter().filter(|(field, value)| !found.contains_key(*field) && !is_default(field, value));
            if let Some((field, _)) = { missing }.next() {
                return Some(format!("{path}.{field}"));
            }
            found.iter().find_map(|(field, value)| match wanted.get(field) {
                Some(wanted) => differs(wanted, value, &format!("{path}.{field}")),
                None => (!is_default(field, value)).then(|| format!("{path}.{field}")),
            })
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let pairs = wanted.iter().zip(found).enumerate();
            { pairs }.find_map(|(n, (wanted, found))| differs(wanted, found, &format!("{path}[{n}]")))
        }
        (wanted, found) if wanted == found => None,
        _ => here(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_fills_in_is_no_difference_and_all_else_is() {
        let shipped = json!({"failurePolicy": "Fail", "rules": [{"verbs": ["CREATE"]}], "checks": [{"expression": "a", "message": "b"}]});
        let stored = |change: fn(&mut Value)| {
            let mut stored = shipped.clone();
            stored["matchPolicy"] = json!("Equivalent");
            stored["rules"][0]["scope"] = json!("*");
            change(&mut stored);
            differs(&shipped, &stored, "spec")
        };
        assert_eq!(stored(|_| ()), None);
        assert_eq!(stored(|s| drop(s.as_object_mut().unwrap().remove("failurePolicy"))), None, "it is the default");
        for (path, change) in [
            ("spec.failurePolicy", (|s| s["failurePolicy"] = json!("Ignore")) as fn(&mut Value)),
            ("spec.checks[0].expression", |s| s["checks"][0]["expression"] = json!("true")),
            ("spec.checks", |s| drop(s["checks"].as_array_mut().unwrap().pop())),
            ("spec.checks", |s| drop(s.as_object_mut().unwrap().remove("checks"))),
            ("spec.matchConditions", |s| s["matchConditions"] = json!([{"expression": "false"}])),
            ("spec.objectSelector", |s| s["objectSelector"] = json!({"matchLabels": {"a": "b"}})),
            ("spec.rules[0].scope", |s| s["rules"][0]["scope"] = json!("Namespaced")),
            ("spec.matchPolicy", |s| s["matchPolicy"] = json!("Exact")),
        ] {
            assert_eq!(stored(change).as_deref(), Some(path));
        }
    }
}
