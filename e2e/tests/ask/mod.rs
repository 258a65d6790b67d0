//! Requests as they go over the wire, for tests that ask what a typed client would never send.

#![allow(dead_code, reason = "each test uses a part")]
use anyhow::{Context, Result, bail};
use kube::Client;
use serde_json::{Value, json};

/// What is sent.
pub enum Body {
    /// Nothing.
    None,
    /// An object, or a patch.
    Json(Value),
    /// The live object, after this change.
    Edit(Box<dyn Fn(&mut Value)>),
}

/// One request.
pub struct Ask {
    method: &'static str,
    path: String,
    content: &'static str,
    body: Body,
}

/// What came of it.
#[derive(Debug)]
pub enum Answer {
    /// It was done; what was answered.
    Passed(Value),
    /// It was refused, with this status and message.
    Refused(u16, String),
}

impl Ask {
    fn new(method: &'static str, path: impl Into<String>, content: &'static str, body: Body) -> Self {
        Self { method, path: path.into(), content, body }
    }

    /// Creates `object`.
    pub fn create(object: Value) -> Self {
        Self::new("POST", collection(&object), "application/json", Body::Json(object))
    }

    /// Posts a body to a path.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new("POST", path, "application/json", Body::Json(body))
    }

    /// Reads, or connects by GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, "application/json", Body::None)
    }

    /// Puts the live object back, changed.
    pub fn edit(path: impl Into<String>, change: impl Fn(&mut Value) + 'static) -> Self {
        Self::new("PUT", path, "application/json", Body::Edit(Box::new(change)))
    }

    /// A JSON merge patch.
    pub fn merge(path: impl Into<String>, patch: Value) -> Self {
        Self::new("PATCH", path, "application/merge-patch+json", Body::Json(patch))
    }

    /// A JSON patch.
    pub fn json(path: impl Into<String>, patch: Value) -> Self {
        Self::new("PATCH", path, "application/json-patch+json", Body::Json(patch))
    }

    /// A server-side apply that takes fields from others.
    pub fn apply(path: impl Into<String>, object: Value) -> Self {
        let path = format!("{}?fieldManager=somebody&force=true", path.into());
        Self::new("PATCH", path, "application/apply-patch+yaml", Body::Json(object))
    }

    /// Deletes an object, or every object of a collection.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path, "application/json", Body::None)
    }

    /// The same, without being stored.
    pub fn dry(mut self) -> Self {
        self.path.push_str(if self.path.contains('?') { "&dryRun=All" } else { "?dryRun=All" });
        self
    }

    /// The same; fields that the kind does not know are refused, as `kubectl` asks for.
    pub fn strict(mut self) -> Self {
        self.path.push_str(if self.path.contains('?') { "&" } else { "?" });
        self.path.push_str("fieldValidation=Strict");
        self
    }

    /// The ways by which it writes, by the words that people have for them.
    pub fn ways(&self) -> Vec<String> {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        // Below the version: a namespace, then kind, name and subresource; a Namespace itself has no such prefix.
        let below = &parts[if parts[0] == "api" { 2 } else { 3 }.min(parts.len())..];
        let own = below.first() == Some(&"namespaces")
            && (below.len() < 4 && !below.get(2).is_some_and(|s| s.ends_with('s') && *s != "status"));
        let below = if below.first() == Some(&"namespaces") && !own { &below[2..] } else { below };
        let mut ways = vec![match (self.method, self.content) {
            ("PATCH", content) if content.contains("apply") => "server-side apply".to_owned(),
            ("DELETE", _) if below.len() == 1 => "deletecollection".to_owned(),
            (method, _) => method.to_owned(),
        }];
        ways.extend(below.get(2).map(|sub| format!("/{sub}")));
        ways.extend(query.contains("dryRun").then(|| "dry run".to_owned()));
        if let Body::Json(body) = &self.body
            && body["metadata"]["generateName"].is_string()
        {
            ways.push("generateName".to_owned());
        }
        ways
    }

    /// Sends it as `who`. An edit reads the live object first, as `reader`.
    pub async fn send(&self, who: &Client, reader: &Client) -> Result<Answer> {
        let body = match &self.body {
            Body::None => Vec::new(),
            Body::Json(value) => serde_json::to_vec(value)?,
            Body::Edit(change) => {
                // A subresource that only takes writes is read at its object.
                let at = self.path.split('?').next().unwrap_or_default();
                let at = at.trim_end_matches("/finalize").trim_end_matches("/ephemeralcontainers");
                let mut live: Value = reader.request(http::Request::get(at).body(Vec::new())?).await?;
                change(&mut live);
                serde_json::to_vec(&live)?
            }
        };
        let request = http::Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("content-type", self.content)
            .body(body)?;
        match who.request_text(request).await {
            Ok(text) => Ok(Answer::Passed(serde_json::from_str(&text).unwrap_or(Value::String(text)))),
            Err(kube::Error::Api(status)) => Ok(Answer::Refused(status.code, status.message)),
            Err(why) => Err(why).with_context(|| format!("{} {}", self.method, self.path)),
        }
    }

    /// Sends it as `who` and fails when it is refused.
    pub async fn done(&self, who: &Client) -> Result<Value> {
        match self.send(who, who).await? {
            Answer::Passed(value) => Ok(value),
            Answer::Refused(code, why) => bail!("{} {}: {code}: {why}", self.method, self.path),
        }
    }
}

/// Reads an object.
pub async fn get(who: &Client, path: &str) -> Result<Value> {
    Ok(who.request(http::Request::get(path).body(Vec::new())?).await?)
}

/// Where objects of this kind and namespace are.
pub fn collection(object: &Value) -> String {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let plural = match text("/kind") {
        "HealthcarePlanClass" => "healthcareplanclasses".to_owned(),
        "Ingress" => "ingresses".to_owned(),
        "RuntimeClass" => "runtimeclasses".to_owned(),
        "Endpoints" => "endpoints".to_owned(),
        kind if kind.ends_with("Policy") => format!("{}ies", kind.trim_end_matches('y').to_lowercase()),
        kind => format!("{}s", kind.to_lowercase()),
    };
    match text("/metadata/namespace") {
        "" => format!("{root}/{plural}"),
        namespace => format!("{root}/namespaces/{namespace}/{plural}"),
    }
}

/// Where this object is.
pub fn path(object: &Value) -> String {
    format!("{}/{}", collection(object), object["metadata"]["name"].as_str().unwrap_or_default())
}

/// The first object of a file of `manifests/examples`.
pub fn example(file: &str) -> Result<Value> {
    let file = ringfence_e2e::tools::repository().join("manifests/examples").join(file);
    let first = ringfence_e2e::manifests::read(&file)?.into_iter().next();
    first.with_context(|| format!("{} is empty", file.display()))
}

/// An object of one of Ringfence's kinds.
pub fn ours(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "ringfence.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}
