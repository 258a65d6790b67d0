//! What is understood of the key service's answers: every setting that must not be, and never a word that somebody wrote.

use serde_json::{Value, json};
use vaultrs::error::ClientError;

use super::endpoints::{KEY_TYPE, RawKey, trouble, understand};
use crate::keys::{Key, Trouble};

/// What a key's answer holds when all is as it must be.
fn good() -> Value {
    json!({"type": KEY_TYPE, "deletion_allowed": false, "exportable": false, "allow_plaintext_backup": false, "derived": false,
        "imported_key": false, "soft_deleted": false, "auto_rotate_period": 60, "keys": {"1": 1_800_000_000}})
}

fn understood(answer: Value, upsert_disabled: bool) -> Key {
    let raw: RawKey = serde_json::from_value(answer).unwrap();
    understand("ringfence-phi", "acme", &raw, upsert_disabled)
}

#[test]
fn every_setting_that_must_not_be_is_named() {
    let key = understood(good(), true);
    assert_eq!((key.wrong, key.created, key.rotation_seconds), (vec![], 1_800_000_000, 60));
    for (setting, bad) in [
        ("type", json!("rsa-4096")),
        ("deletion_allowed", json!(true)),
        ("exportable", json!(true)),
        ("allow_plaintext_backup", json!(true)),
        ("derived", json!(true)),
        ("imported_key", json!(true)),
        ("keys", json!({"2": 1_800_000_000})),
    ] {
        let mut answer = good();
        answer[setting] = bad;
        assert_eq!(understood(answer, true).wrong.len(), 1, "{setting}");
    }
    let upsert = understood(good(), false).wrong;
    assert_eq!(upsert, ["disable_upsert of the mount is off"], "a misspelt name would make a key");
}

#[test]
fn a_suspended_key_is_said_to_be_suspended() {
    let mut answer = good();
    answer["soft_deleted"] = json!(true);
    assert!(understood(answer, true).soft_deleted && !understood(good(), true).soft_deleted);
}

#[test]
fn a_refusal_or_a_seal_is_told_apart_and_says_nothing_of_the_key() {
    let said = |code, words: &str| trouble(&ClientError::APIError { code, errors: vec![words.to_owned()] }, "reading");
    assert_eq!(said(403, "permission denied"), Trouble::Denied("reading".into()));
    assert_eq!(said(503, "Vault is sealed"), Trouble::Sealed);
    assert!(matches!(said(500, "anything"), Trouble::Unreachable(_)));
}

#[test]
fn words_of_an_answer_are_never_passed_on() {
    for code in [400, 403, 404, 429, 500, 503] {
        let error = ClientError::APIError { code, errors: vec!["hvs.token of +1 555 0100".into()] };
        let said = trouble(&error, "reading a key").to_string();
        assert!(!said.contains("hvs.") && !said.contains("555"), "{said}");
    }
}
