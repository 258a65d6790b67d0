//! Requests as they go over the wire. What is not answered as it should be is unknown, with what to do.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fact::{Fact, brief};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How many objects are asked for at once.
const PAGE: usize = 500;

/// What the API server answered, good or bad.
pub struct Answer {
    /// Its code.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; `Null` when it is no JSON.
    pub body: Value,
}

/// Sends one request.
///
/// # Errors
/// When nothing answers in time, in words.
pub async fn send(client: &Client, request: Request<Vec<u8>>) -> Result<Answer, String> {
    let whole = async {
        let answer = client.send(request.map(Body::from)).await.map_err(|e| brief(&e))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|e| brief(&e))?.to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { status: head.status, headers: head.headers, body })
    };
    let late = |_| Err(format!("no answer within {} s", TIMEOUT.as_secs()));
    tokio::time::timeout(TIMEOUT, whole).await.unwrap_or_else(late)
}

/// Reads one page.
///
/// # Errors
/// When nothing answers in time, in words.
pub async fn get(client: &Client, path: &str) -> Result<Answer, String> {
    let request = Request::get(path).body(vec![]).map_err(|e| brief(&e))?;
    send(client, request).await
}

/// One object. `Absent` when the API server says that it is not there.
pub async fn one<T: DeserializeOwned>(client: &Client, path: impl Into<String>) -> Fact<T> {
    let path = path.into();
    match get(client, &path).await {
        Ok(answer) if answer.status.is_success() => match serde_json::from_value(answer.body) {
            Ok(object) => Fact::Known(object),
            Err(e) => Fact::Unknown(format!(
                "it cannot be understood ({}); use the doctor of the version that is installed",
                brief(&e)
            )),
        },
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => Fact::Absent,
        Ok(answer) => Fact::Unknown(refused(&answer, &path)),
        Err(why) => Fact::Unknown(silent(&why)),
    }
}

/// Every object of a collection.
pub async fn list<T: DeserializeOwned>(client: &Client, path: impl Into<String>) -> Fact<Vec<T>> {
    let path = path.into();
    let (mut all, mut next) = (vec![], String::new());
    loop {
        let answer = match get(client, &format!("{path}?limit={PAGE}{next}")).await {
            Ok(answer) if answer.status.is_success() => answer,
            Ok(answer) => return Fact::Unknown(refused(&answer, &path)),
            Err(why) => return Fact::Unknown(silent(&why)),
        };
        let Some(Value::Array(items)) = answer.body.get("items").cloned() else {
            return Fact::Unknown("the answer holds no list; see what answers at the cluster's address".into());
        };
        for item in items {
            match serde_json::from_value(item) {
                Ok(object) => all.push(object),
                Err(e) => {
                    return Fact::Unknown(format!(
                        "one of them cannot be understood ({}); look at it with kubectl",
                        brief(&e)
                    ));
                }
            }
        }
        match answer.body.pointer("/metadata/continue").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => next = format!("&continue={token}"),
            _ => return Fact::Known(all),
        }
    }
}

/// Why an answer tells nothing, and what to do.
fn refused(answer: &Answer, path: &str) -> String {
    match answer.status.as_u16() {
        403 => format!("you may not read {path} (403); bind ClusterRole ringfence-doctor to yourself"),
        401 => "the API server does not know you (401); log in again".into(),
        404 => format!("{path} is not served (404); see check versions"),
        code => {
            format!("{path} was answered with {code}; see that the API server is well, then run ringfence doctor again")
        }
    }
}

fn silent(why: &str) -> String {
    format!(
        "the API server gave no answer ({}); see that it is well, then run ringfence doctor again",
        why.replace("; ", ", ")
    )
}
