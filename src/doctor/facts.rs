//! Everything that the doctor looks at, read once. Reads only.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::coordination::v1::Lease, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::{
    Error,
    access::Rbac,
    ask,
    guardrails::Stored,
    identity::OPERATOR,
    key_service::Answered,
    tenants::{name, tenant},
    versions::{NEEDED, Served},
};
use crate::{
    api::RingfenceConfig,
    clock::{date, least_ahead},
    fact::Fact,
    keys::health,
    names::{CONFIG_NAME, GROUP, LEASE},
};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const OURS: &str = "/apis/ringfence.dev/v1alpha1";

/// What was observed.
pub struct Facts {
    /// `/version`.
    pub version: Value,
    /// By how much the API server's clock is ahead of this machine's.
    pub ahead: Fact<SignedDuration>,
    /// The API server's time when the Lease was read.
    pub now: Fact<Timestamp>,
    /// What is served.
    pub served: Served,
    /// Admission objects.
    pub stored: Stored,
    /// Definitions of Ringfence's kinds.
    pub kinds: Fact<Vec<CustomResourceDefinition>>,
    /// Roles and bindings.
    pub rbac: Fact<Rbac>,
    /// Namespaces.
    pub namespaces: Fact<Vec<Value>>,
    /// This installation.
    pub config: Fact<RingfenceConfig>,
    /// HealthcarePlans.
    pub plans: Fact<Vec<Value>>,
    /// TenantRecords.
    pub records: Fact<Vec<Value>>,
    /// Which replica leads.
    pub lease: Fact<Lease>,
    /// What the key service told.
    pub keys: Answered,
}

/// Reads everything.
///
/// # Errors
/// When the API server does not answer at all.
pub async fn observe(client: &Client) -> Result<Facts, Error> {
    let (version, ahead) = first(client).await?;
    let lease_path = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases/{LEASE}", OPERATOR.0);
    let leases = async {
        let lease = ask::one::<Lease>(client, &lease_path).await;
        (lease, Timestamp::now())
    };
    let keys = async {
        let config = ask::one::<RingfenceConfig>(client, format!("{OURS}/ringfenceconfigs/{CONFIG_NAME}")).await;
        let answered = key_service(&config).await;
        (config, answered)
    };
    let (served, stored, kinds, rbac, namespaces, (config, keys), plans, records, (lease, ours)) = tokio::join!(
        served(client),
        stored(client),
        kinds(client),
        rbac(client),
        ask::list(client, "/api/v1/namespaces"),
        keys,
        ask::list(client, format!("{OURS}/healthcareplans")),
        ask::list(client, format!("{OURS}/tenantrecords")),
        leases,
    );
    let now = match ahead {
        Fact::Known(ahead) => ours.checked_add(ahead).map_or(Fact::Unread, Fact::Known),
        _ => Fact::Unread,
    };
    Ok(Facts { version, ahead, now, served, stored, kinds, rbac, namespaces, config, plans, records, lease, keys })
}

impl Facts {
    /// The namespaces that are labelled as a tenant's.
    pub fn tenants(&self) -> Fact<BTreeSet<String>> {
        let of = |n: &Value| tenant(n).map(|_| name(n).to_owned());
        match &self.namespaces {
            Fact::Known(all) => Fact::Known(all.iter().filter_map(of).collect()),
            other => Fact::Unknown(other.doubt().unwrap_or("they are not served").to_owned()),
        }
    }
}

/// The first question: whether anybody is there, of which version, and what time it is there.
pub async fn first(client: &Client) -> Result<(Value, Fact<SignedDuration>), Error> {
    let sent = Timestamp::now();
    let answer = ask::get(client, "/version").await.map_err(Error::Silent)?;
    let ahead = date(&answer.headers).map(|date| least_ahead(date, sent, Timestamp::now()));
    Ok((answer.body, ahead.into()))
}

async fn served(client: &Client) -> Served {
    let one = async |at: &&'static str| {
        let fact = match ask::one::<Value>(client, format!("/{at}")).await {
            Fact::Known(list) => {
                let all = list["resources"].as_array().into_iter().flatten();
                Fact::Known(all.filter_map(|r| r["name"].as_str().map(str::to_owned)).collect())
            }
            Fact::Absent => Fact::Absent,
            other => Fact::Unknown(other.doubt().unwrap_or_default().to_owned()),
        };
        (*at, fact)
    };
    let groups: Vec<_> = NEEDED.iter().map(|(at, _)| *at).collect();
    join_all(groups.iter().map(one)).await.into_iter().collect()
}

/// The admission objects of the cluster.
pub async fn stored(client: &Client) -> Stored {
    let list = async |plural: &str| ask::list(client, format!("/apis/admissionregistration.k8s.io/v1/{plural}")).await;
    let (policies, bindings, mutating, mutating_bindings) = tokio::join!(
        list("validatingadmissionpolicies"),
        list("validatingadmissionpolicybindings"),
        list("mutatingadmissionpolicies"),
        list("mutatingadmissionpolicybindings"),
    );
    Stored { policies, bindings, mutating, mutating_bindings }
}

async fn kinds(client: &Client) -> Fact<Vec<CustomResourceDefinition>> {
    // Those of others may be of shapes that nobody here needs to understand.
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let all = match ask::list::<Value>(client, path).await {
        Fact::Known(all) => all,
        other => return Fact::Unknown(other.doubt().unwrap_or_default().to_owned()),
    };
    let ours = all.into_iter().filter(|crd| crd["spec"]["group"] == GROUP);
    let read = |crd: Value| serde_json::from_value::<CustomResourceDefinition>(crd).map_err(|e| e.to_string());
    match ours.map(read).collect::<Result<Vec<_>, _>>() {
        Ok(all) => Fact::Known(all.into_iter().filter(|c| !c.name_any().is_empty()).collect()),
        Err(why) => Fact::Unknown(format!("one cannot be understood ({}); apply crds again", why.replace("; ", ", "))),
    }
}

async fn rbac(client: &Client) -> Fact<Rbac> {
    let (cluster_roles, roles, cluster_role_bindings, role_bindings) = tokio::join!(
        ask::list(client, format!("{RBAC}/clusterroles")),
        ask::list(client, format!("{RBAC}/roles")),
        ask::list(client, format!("{RBAC}/clusterrolebindings")),
        ask::list(client, format!("{RBAC}/rolebindings")),
    );
    let doubts = [cluster_roles.doubt(), roles.doubt(), cluster_role_bindings.doubt(), role_bindings.doubt()];
    if let Some(why) = doubts.into_iter().flatten().next() {
        return Fact::Unknown(why.to_owned());
    }
    match (cluster_roles, roles, cluster_role_bindings, role_bindings) {
        (
            Fact::Known(cluster_roles),
            Fact::Known(roles),
            Fact::Known(cluster_role_bindings),
            Fact::Known(role_bindings),
        ) => Fact::Known(Rbac { cluster_roles, roles, cluster_role_bindings, role_bindings }),
        _ => Fact::Unknown("it is not served; see check versions".into()),
    }
}

async fn key_service(config: &Fact<RingfenceConfig>) -> Answered {
    match config {
        Fact::Known(config) => {
            let settings = &config.spec.key_service;
            Fact::Known((settings.address.clone(), health(settings).await))
        }
        Fact::Absent => Fact::Absent,
        other => Fact::Unknown(other.doubt().unwrap_or_default().to_owned()),
    }
}
