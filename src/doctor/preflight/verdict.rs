//! What the API server's answer to a dry run says about the guardrails.

use http::{HeaderMap, header::WARNING};
use serde_json::Value;

use crate::doctor::ask::Answer;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No rule refuses it.
    Passes,
    /// These would: name and words of each.
    Refused(Vec<(String, String)>),
    /// Somebody else refused it before the rules were asked, or nothing was answered.
    NotJudged(String),
}

/// Reads an answer. `rules` are the policies that refuse when they are in force.
#[must_use]
pub fn verdict(answer: &Answer, rules: &[String]) -> Verdict {
    let mut refused: Vec<_> = warnings(&answer.headers).iter().filter_map(|w| rule(w, rules)).collect();
    let message = answer.body["message"].as_str().unwrap_or_default();
    let other = match answer.status.as_u16() {
        // It exists already: admission had let the copy pass.
        200..=299 | 409 => None,
        code => match rule(message, rules) {
            Some(found) => {
                refused.push(found);
                None
            }
            None if message.contains("violates PodSecurity") => {
                refused.push(("Pod Security".into(), from(message, "violates PodSecurity").to_owned()));
                None
            }
            // The quota is asked last, after every rule.
            None if code == 403 && (message.contains("exceeded quota:") || message.contains("failed quota:")) => None,
            None => Some(not_judged(code, message, &answer.body)),
        },
    };
    refused.sort();
    refused.dedup();
    match (refused.is_empty(), other) {
        (false, _) => Verdict::Refused(refused),
        (true, None) => Verdict::Passes,
        (true, Some(why)) => Verdict::NotJudged(why),
    }
}

fn not_judged(code: u16, message: &str, body: &Value) -> String {
    if code == 403 && message.contains(" cannot create resource ") {
        let kind = body["details"]["kind"].as_str().unwrap_or("it");
        return format!(
            "you may not create {kind} in dry runs (403); bind ClusterRole ringfence-preflight to yourself"
        );
    }
    // What follows is a value of the object: not to be shown.
    let message = message.split("Invalid value").next().unwrap_or_default();
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ").replace("; ", ", ");
    format!("the API server refuses a copy for another reason ({code}: {words}); see to that first")
}

fn from<'a>(text: &'a str, words: &str) -> &'a str {
    text.find(words).map_or(text, |at| &text[at..])
}

/// The policy that a text of the API server names, and its words, when it is one of `rules`.
fn rule(text: &str, rules: &[String]) -> Option<(String, String)> {
    let (_, rest) = text.split_once("ValidatingAdmissionPolicy '")?;
    let (name, rest) = rest.split_once('\'')?;
    let (_, rest) = rest.split_once("with binding '")?;
    let (_, rest) = rest.split_once('\'')?;
    let words = rest.trim_start_matches(" denied request").trim_start_matches(':').trim();
    rules.iter().any(|r| r == name).then(|| (name.to_owned(), words.to_owned()))
}

/// The texts of `Warning` headers (RFC 7234 §5.5), as Kubernetes writes them: `299 - "text"`.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(WARNING).iter().filter_map(|v| std::str::from_utf8(v.as_bytes()).ok());
    values.flat_map(quoted).collect()
}

fn quoted(value: &str) -> Vec<String> {
    let (mut found, mut inside, mut escaped) = (vec![], None::<String>, false);
    for c in value.chars() {
        match (&mut inside, escaped, c) {
            (Some(text), true, c) => {
                text.push(c);
                escaped = false;
            }
            (Some(_), false, '\\') => escaped = true,
            (Some(_), false, '"') => found.extend(inside.take()),
            (Some(text), false, c) => text.push(c),
            (None, _, '"') => inside = Some(String::new()),
            (None, ..) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const WARNED: &str = r#"299 - "Validation failed for ValidatingAdmissionPolicy 'ringfence-g06-services' with binding 'ringfence-g06-services': G6: say \"no\"""#;
    const DENIED: &str = "services \"a\" is forbidden: ValidatingAdmissionPolicy 'ringfence-g06-services' with binding 'ringfence-g06-services' denied request: G6: spec.type must be ClusterIP";

    fn said(code: u16, message: &str, warnings: &[&str]) -> Verdict {
        let mut headers = HeaderMap::new();
        for warning in warnings {
            headers.append(WARNING, warning.parse().unwrap());
        }
        let answer =
            Answer { status: StatusCode::from_u16(code).unwrap(), headers, body: json!({ "message": message }) };
        verdict(&answer, &["ringfence-g06-services".into()])
    }

    fn refused(words: &str) -> Verdict {
        Verdict::Refused(vec![("ringfence-g06-services".into(), words.into())])
    }

    #[test]
    fn a_rule_that_warns_refuses_and_so_does_one_that_denies() {
        assert_eq!(said(201, "", &[WARNED]), refused("G6: say \"no\""));
        assert_eq!(said(409, "services \"a\" already exists", &[WARNED]), refused("G6: say \"no\""));
        assert_eq!(said(422, DENIED, &[]), refused("G6: spec.type must be ClusterIP"));
        assert_eq!(said(403, "exceeded quota: ringfence, requested: pods=1", &[WARNED]), refused("G6: say \"no\""));
    }

    #[test]
    fn what_no_rule_refuses_passes() {
        let other = r#"299 - "Validation failed for ValidatingAdmissionPolicy 'mine' with binding 'mine': no""#;
        for (code, message) in [(201, ""), (409, "already exists"), (403, "pods \"a\" is forbidden: exceeded quota: q")]
        {
            assert_eq!(said(code, message, &[other, "299 - \"unknown field\""]), Verdict::Passes, "{code}");
        }
    }

    #[test]
    fn what_the_rules_were_not_asked_about_does_not_pass() {
        let others = DENIED.replace("ringfence-g06-services", "mine");
        for (code, message) in [(403, others.as_str()), (422, "spec is invalid"), (500, ""), (404, ""), (401, "")] {
            assert!(matches!(said(code, message, &[]), Verdict::NotJudged(_)), "{code} {message}");
        }
        let Verdict::NotJudged(why) = said(403, "User \"a\" cannot create resource \"pods\" in API group", &[]) else {
            panic!()
        };
        assert!(why.contains("ringfence-preflight"), "{why}");
        let Verdict::NotJudged(why) = said(422, "pods \"a\" is invalid: spec.a: Invalid value: \"555-0100\": no", &[])
        else {
            panic!()
        };
        assert!(why.contains("spec.a") && !why.contains("555"), "{why}");
        let pod = "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged";
        let Verdict::Refused(all) = said(403, pod, &[]) else { panic!() };
        assert_eq!(all[0].0, "Pod Security");
    }

    proptest! {
        #[test]
        fn every_text_comes_through_a_warning_header_whole(texts in prop::collection::vec("[ -~]{0,40}", 0..4)) {
            let escape = |t: &String| format!("299 - \"{}\"", t.replace('\\', "\\\\").replace('"', "\\\""));
            let header = texts.iter().map(escape).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(quoted(&header), texts);
        }
    }
}
