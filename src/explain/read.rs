//! Reads what there is to explain, with the caller's own rights. What cannot be read is unknown, never absent.

use http::StatusCode;
use jiff::Timestamp;
use kube::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Error, tree::clean};
use crate::{
    api::{Attestation, BAA, HealthcarePlan, HealthcarePlanClass, Integration, RingfenceConfig},
    clock,
    doctor::ask::{self, Answer},
    fact::{Fact, brief},
    names::CONFIG_NAME,
};

/// Where Ringfence's kinds are.
pub(crate) const OURS: &str = "/apis/ringfence.dev/v1alpha1";
/// How many objects are asked for at once.
const PAGE: usize = 500;
/// What to do about a refusal.
const MAY_NOT: &str = "ask for ClusterRole ringfence-auditor or ringfence-signer";

/// What was read.
#[derive(Clone, Debug)]
pub struct World {
    /// What time it is, by the API server's clock if it tells.
    pub now: Timestamp,
    /// This installation.
    pub config: Fact<RingfenceConfig>,
    /// Plans: the one that is asked about, or all.
    pub plans: Fact<Vec<HealthcarePlan>>,
    /// Their classes.
    pub classes: Fact<Vec<HealthcarePlanClass>>,
    /// All agreements.
    pub baas: Fact<Vec<BAA>>,
    /// All acts.
    pub acts: Fact<Vec<Attestation>>,
    /// Objects that are there and cannot be understood, in words.
    pub odd: Vec<String>,
}

impl World {
    /// What is not known, in words; empty when everything is.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let doubts = [
            ("RingfenceConfig cluster", self.config.doubt()),
            ("HealthcarePlans", self.plans.doubt()),
            ("HealthcarePlanClasses", self.classes.doubt()),
            ("BAAs", self.baas.doubt()),
            ("Attestations", self.acts.doubt()),
        ];
        let said = |(what, why): (&str, Option<&str>)| why.map(|why| format!("{what}: {why}"));
        let absent = self.config.is_absent().then(|| {
            "RingfenceConfig cluster does not exist, so the platform's party is not known; let an administrator create it"
                .to_owned()
        });
        doubts.into_iter().filter_map(said).chain(absent).chain(self.odd.clone()).collect()
    }
}

/// Reads what one plan needs: itself, its class, the installation, all agreements and all acts.
///
/// # Errors
/// When the API server does not answer, or the plan is not there or cannot be read.
pub async fn plan(client: &Client, name: &str) -> Result<World, Error> {
    let now = now(client).await?;
    let plan: HealthcarePlan = match one(client, "healthcareplans", name).await {
        Fact::Known(plan) => plan,
        Fact::Absent => return Err(Error::Absent { kind: "plan", name: name.into(), list: "hp" }),
        other => return Err(Error::Unreadable(format!("plan/{name}"), other.doubt().unwrap_or_default().into())),
    };
    let (config, class, baas, acts) = tokio::join!(
        one(client, "ringfenceconfigs", CONFIG_NAME),
        one::<HealthcarePlanClass>(client, "healthcareplanclasses", &plan.spec.plan_class_name),
        all(client, "baas"),
        all(client, "attestations"),
    );
    let classes = match class {
        Fact::Known(class) => Fact::Known(vec![class]),
        Fact::Absent => Fact::Known(vec![]),
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Unread => Fact::Unread,
    };
    let odd = [baas.1, acts.1].concat();
    Ok(World { now, config, plans: Fact::Known(vec![plan]), classes, baas: baas.0, acts: acts.0, odd })
}

/// Reads everything.
///
/// # Errors
/// When the API server does not answer.
pub async fn everything(client: &Client) -> Result<World, Error> {
    let now = now(client).await?;
    let (config, plans, classes, baas, acts) = tokio::join!(
        one(client, "ringfenceconfigs", CONFIG_NAME),
        all(client, "healthcareplans"),
        all(client, "healthcareplanclasses"),
        all(client, "baas"),
        all(client, "attestations"),
    );
    let odd = [plans.1, classes.1, baas.1, acts.1].concat();
    Ok(World { now, config, plans: plans.0, classes: classes.0, baas: baas.0, acts: acts.0, odd })
}

/// The first question: whether anybody is there, and what time it is there.
///
/// # Errors
/// When the API server does not answer.
pub(crate) async fn now(client: &Client) -> Result<Timestamp, Error> {
    let answer = ask::get(client, "/version").await.map_err(crate::doctor::Error::Silent)?;
    Ok(clock::date(&answer.headers).unwrap_or_else(Timestamp::now))
}

/// One object of the cluster.
pub(crate) async fn one<K: DeserializeOwned>(client: &Client, plural: &str, name: &str) -> Fact<K> {
    object(client, &format!("{OURS}/{plural}/{name}"), name, (plural, MAY_NOT)).await
}

/// One integration.
pub(crate) async fn integration(client: &Client, namespace: &str, name: &str) -> Fact<Integration> {
    let (path, what) =
        (format!("{OURS}/namespaces/{namespace}/integrations/{name}"), format!("integrations in {namespace}"));
    object(client, &path, name, (&what, &may_not_there(namespace))).await
}

/// The integrations of a namespace, and those that cannot be understood, in words.
pub(crate) async fn integrations(client: &Client, namespace: &str) -> (Fact<Vec<Integration>>, Vec<String>) {
    let (path, what) = (format!("{OURS}/namespaces/{namespace}/integrations"), format!("integrations in {namespace}"));
    collection(client, &path, "integrations", (&what, &may_not_there(namespace))).await
}

async fn object<K: DeserializeOwned>(client: &Client, path: &str, name: &str, may: (&str, &str)) -> Fact<K> {
    match ask::get(client, path).await {
        Ok(answer) if answer.status.is_success() => match serde_json::from_value(answer.body) {
            Ok(object) => Fact::Known(object),
            Err(e) => Fact::Unknown(format!(
                "it cannot be understood ({}); use ringfence of the version that is installed",
                clean(&brief(&e))
            )),
        },
        Ok(answer) if answer.status == StatusCode::NOT_FOUND && answer.body["details"]["name"] == name => Fact::Absent,
        Ok(answer) => Fact::Unknown(refused(&answer, may)),
        Err(why) => Fact::Unknown(silent(&why)),
    }
}

/// Every object of a kind, and those that cannot be understood, in words.
async fn all<K: DeserializeOwned>(client: &Client, plural: &str) -> (Fact<Vec<K>>, Vec<String>) {
    collection(client, &format!("{OURS}/{plural}"), plural, (plural, MAY_NOT)).await
}

async fn collection<K: DeserializeOwned>(
    client: &Client,
    path: &str,
    plural: &str,
    may: (&str, &str),
) -> (Fact<Vec<K>>, Vec<String>) {
    let (mut found, mut odd, mut next) = (vec![], vec![], String::new());
    loop {
        let answer = match ask::get(client, &format!("{path}?limit={PAGE}{next}")).await {
            Ok(answer) if answer.status.is_success() => answer,
            Ok(answer) => return (Fact::Unknown(refused(&answer, may)), odd),
            Err(why) => return (Fact::Unknown(silent(&why)), odd),
        };
        let Some(Value::Array(items)) = answer.body.get("items").cloned() else {
            let why = "the answer holds no list; see what answers at the cluster's address";
            return (Fact::Unknown(why.into()), odd);
        };
        for item in items {
            let name = item["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            match serde_json::from_value(item) {
                Ok(object) => found.push(object),
                Err(e) => odd.push(format!(
                    "{plural}/{name} cannot be understood ({}); use ringfence of the version that is installed",
                    clean(&brief(&e))
                )),
            }
        }
        match answer.body.pointer("/metadata/continue").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => next = format!("&continue={token}"),
            _ => return (Fact::Known(found), odd),
        }
    }
}

fn may_not_there(namespace: &str) -> String {
    format!(
        "ask for a RoleBinding to ClusterRole ringfence-tenant-admin in namespace {namespace}, or for ringfence-auditor"
    )
}

/// Why an answer tells nothing: what was asked for, and what to ask for when it may not be read.
fn refused(answer: &Answer, (what, ask): (&str, &str)) -> String {
    match answer.status.as_u16() {
        403 => format!("you may not read {what} (403); {ask}"),
        401 => "the API server does not know you (401); log in again".into(),
        404 => format!("{what} is not served (404); let Ringfence be installed, or use another kubeconfig"),
        code => format!("{what}: the API server answered with {code}; try again, and see that it is well"),
    }
}

fn silent(why: &str) -> String {
    format!("the API server gave no answer ({why}); try again, and see that it is well")
}
