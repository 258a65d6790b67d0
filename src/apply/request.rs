//! One request: its deadline, what its failure means, and what a merge patch must name.

use std::time::Duration;

use crate::{api::conditions::Reason, fact::brief, lead::NotLeading, outcome::Failure};

/// How long one request may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Runs one request with a deadline.
///
/// # Errors
/// As a [`Failure`] that names `what` was tried.
pub async fn bounded<T>(what: &str, request: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(DEADLINE, request).await {
        Ok(answer) => answer.map_err(|e| failure(what, &e)),
        Err(_) => Err(late(what)),
    }
}

pub(super) fn late(what: &str) -> Failure {
    let message = format!("{what}: the API server did not answer in {} s; it is tried again.", DEADLINE.as_secs());
    Failure { reason: Reason::WriteFailed, message, raced: false, untidy: false }
}

pub(super) fn failure(what: &str, error: &kube::Error) -> Failure {
    let (message, raced) = match error {
        kube::Error::Api(status) if status.code == 409 => {
            (format!("{what}: it changed meanwhile; it is looked at again."), true)
        }
        kube::Error::Api(status) if status.code == 403 => (
            format!(
                "{what} was refused: {}. See the operator's ClusterRole and the guardrails.",
                brief(&status.message)
            ),
            false,
        ),
        kube::Error::Api(status) => {
            (format!("{what} failed with HTTP {} {}.", status.code, brief(&status.reason)), false)
        }
        kube::Error::Service(why) if why.is::<NotLeading>() => {
            (format!("{what} is left to the replica that leads now."), false)
        }
        _ => (format!("{what}: the API server cannot be reached; it is tried again."), false),
    };
    Failure { reason: Reason::WriteFailed, message, raced, untidy: false }
}

/// Names as null, in a merge patch, every field that `was` has and `said` has not. Lists are replaced as a whole.
pub fn name_removed(was: &serde_json::Value, said: &mut serde_json::Value) {
    let (Some(was), Some(said)) = (was.as_object(), said.as_object_mut()) else {
        return;
    };
    for (field, old) in was {
        match said.get_mut(field) {
            Some(new) => name_removed(old, new),
            None => {
                said.insert(field.clone(), serde_json::Value::Null);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_takes_away_what_is_no_longer_said() {
        let mut said = json!({"a": {"x": 1}, "list": [1]});
        name_removed(&json!({"a": {"x": 0, "y": 2}, "b": 3, "list": [1, 2]}), &mut said);
        assert_eq!(said, json!({"a": {"x": 1, "y": null}, "b": null, "list": [1]}));
    }
}
