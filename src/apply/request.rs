//! One request: its deadline, what its failure means, and the one write of a status.

use std::{fmt::Debug, time::Duration};

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Api, Client, Resource, ResourceExt};
use serde::{Serialize, de::DeserializeOwned};

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

/// Replaces the status of the very version of an object that was seen; the rest of it is left as it is stored.
///
/// # Errors
/// As [`bounded`]; also when the object changed meanwhile.
pub async fn written_status<K>(client: &Client, object: K) -> Result<K, Failure>
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    write(Api::all(client.clone()), object).await
}

/// As [`written_status`], of an object in `namespace`.
///
/// # Errors
/// As [`written_status`].
pub async fn written_status_in<K>(client: &Client, namespace: &str, object: K) -> Result<K, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    write(Api::namespaced(client.clone(), namespace), object).await
}

async fn write<K>(api: Api<K>, object: K) -> Result<K, Failure>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let name = object.name_any();
    bounded(&format!("writing the {}'s status", K::kind(&())), api.replace_status(&name, &super::post(), &object)).await
}
