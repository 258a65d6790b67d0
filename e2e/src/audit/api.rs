//! Questions to the audit log of the API server.

use super::{Mark, end, lines};
use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// The API server's audit log.
#[derive(Clone, Debug)]
pub struct ApiAudit {
    path: PathBuf,
}

/// One request that the API server answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiEvent {
    /// The verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// `ResponseComplete`, or `ResponseStarted` for watches.
    pub stage: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// Who asked.
    pub user: ApiUser,
    /// Whom the asker stood for, with impersonation.
    pub impersonated_user: Option<ApiUser>,
    /// What was asked for; absent for paths that are no resources.
    #[serde(default)]
    pub object_ref: ApiObject,
    /// The answer's code, reason and message.
    #[serde(default)]
    pub response_status: Value,
    /// The body of a write.
    #[serde(default)]
    pub request_object: Value,
    /// The answer to a write.
    #[serde(default)]
    pub response_object: Value,
    /// When the request arrived.
    pub request_received_timestamp: jiff::Timestamp,
    /// When the answer was complete.
    pub stage_timestamp: jiff::Timestamp,
    /// What admission and authorization noted.
    #[serde(default)]
    pub annotations: Value,
}

/// A user as the API server saw it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ApiUser {
    /// Its name.
    #[serde(default)]
    pub username: String,
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What else is known of it, such as `authentication.kubernetes.io/credential-id`.
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The object of a request. Absent parts are empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiObject {
    /// The plural, such as `networkpolicies`.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
    /// The name; absent from creations under a generated name, and from lists.
    pub name: String,
    /// The group, empty for core.
    pub api_group: String,
    /// `status`, `eviction`, ….
    pub subresource: String,
}

impl ApiEvent {
    /// Whether it could have changed something.
    pub fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    /// The answer's HTTP status.
    pub fn code(&self) -> u64 {
        self.response_status["code"].as_u64().unwrap_or_default()
    }

    /// In whose name it was done.
    pub fn username(&self) -> &str {
        &self.impersonated_user.as_ref().unwrap_or(&self.user).username
    }

    /// Which token it was done with: each replica of the operator has its own.
    pub fn credential(&self) -> &str {
        let id = self.user.extra.get("authentication.kubernetes.io/credential-id").and_then(|ids| ids.first());
        id.map(String::as_str).unwrap_or_default()
    }

    /// One line for messages.
    pub fn brief(&self) -> String {
        format!("{} {} {} -> {}", self.username(), self.verb, self.request_uri, self.code())
    }
}

impl ApiAudit {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the log ends now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn mark(&self) -> Result<Mark> {
        end(&self.path)
    }

    /// Begins a question about what came after `mark`; `Mark::default()` is the beginning.
    pub fn after(&self, mark: Mark) -> ApiQuery<'_> {
        ApiQuery { log: self, mark, tests: Vec::new() }
    }
}

type Test<'a> = Box<dyn Fn(&ApiEvent) -> bool + Send + Sync + 'a>;

/// A question; each method narrows it.
pub struct ApiQuery<'a> {
    log: &'a ApiAudit,
    mark: Mark,
    tests: Vec<Test<'a>>,
}

impl<'a> ApiQuery<'a> {
    /// Only what fulfils `test`.
    pub fn filter(mut self, test: impl Fn(&ApiEvent) -> bool + Send + Sync + 'a) -> Self {
        self.tests.push(Box::new(test));
        self
    }

    /// Only by this user, impersonated or not.
    pub fn user(self, name: &'a str) -> Self {
        self.filter(move |event| event.username() == name)
    }

    /// Only by this service account.
    pub fn service_account(self, namespace: &'a str, name: &'a str) -> Self {
        let user = format!("system:serviceaccount:{namespace}:{name}");
        self.filter(move |event| event.username() == user)
    }

    /// Only with this verb.
    pub fn verb(self, verb: &'a str) -> Self {
        self.filter(move |event| event.verb == verb)
    }

    /// Only what could have changed something.
    pub fn writes(self) -> Self {
        self.filter(ApiEvent::is_write)
    }

    /// Only with an answer of 200 to 299.
    pub fn succeeded(self) -> Self {
        self.filter(|event| (200..300).contains(&event.code()))
    }

    /// Only this plural, with its subresource after a slash: `pods`, `pods/eviction`.
    pub fn resource(self, resource: &'a str) -> Self {
        let (plural, sub) = resource.split_once('/').unwrap_or((resource, ""));
        self.filter(move |event| event.object_ref.resource == plural && event.object_ref.subresource == sub)
    }

    /// Only in this namespace.
    pub fn namespace(self, namespace: &'a str) -> Self {
        self.filter(move |event| event.object_ref.namespace == namespace)
    }

    /// Only with this name.
    pub fn name(self, name: &'a str) -> Self {
        self.filter(move |event| event.object_ref.name == name)
    }

    /// The requests, in the order in which they were answered.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn events(&self) -> Result<Vec<ApiEvent>> {
        let all: Vec<ApiEvent> = lines(&self.log.path, self.mark)?;
        Ok(all.into_iter().filter(|event| self.tests.iter().all(|test| test(event))).collect())
    }
}
