//! An API server for unit tests: it answers as it is told and remembers what it was asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use kube::{Client, client::Body};
use serde_json::{Value, json};

/// One request, as it left.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The body; null when there is none.
    pub body: Value,
}

/// All requests so far.
pub type Log = Arc<Mutex<Vec<Asked>>>;

/// A client whose requests get this code and this answer.
pub fn server(answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static) -> (Client, Log) {
    let (log, answer) = (Log::default(), Arc::new(answer));
    let asked = log.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (log, answer) = (log.clone(), answer.clone());
        async move {
            let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
            let body = request.into_body().collect_bytes().await.expect("the body of a request is in memory");
            let asked = Asked { method, path, body: serde_json::from_slice(&body).unwrap_or_default() };
            let (code, said) = answer(&asked);
            log.lock().expect("no holder of this lock panics").push(asked);
            let answer = Response::builder().status(code).body(Body::from(said.to_string().into_bytes()));
            Ok::<_, Infallible>(answer.expect("a response"))
        }
    });
    (Client::new(service, "default"), asked)
}

/// The answer of a server that cannot.
#[must_use]
pub fn sick(_: &Asked) -> (u16, Value) {
    (
        503,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable", "code": 503}),
    )
}
