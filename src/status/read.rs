//! Reads what there is to say of a tenant, with the caller's own rights.

use jiff::Timestamp;
use kube::Client;

use crate::{
    api::{HealthcarePlan, Integration},
    explain::{self, Error, read},
    fact::Fact,
};

/// What was read.
#[derive(Clone, Debug)]
pub struct World {
    /// What time it is, by the API server's clock if it tells.
    pub now: Timestamp,
    /// The tenant's name.
    pub tenant: String,
    /// Its plan.
    pub plan: Fact<HealthcarePlan>,
    /// What the plan's agreements are judged by, as far as it is shown; `None` when the plan is not.
    pub around: Option<explain::World>,
    /// The integrations of its namespace.
    pub integrations: Fact<Vec<Integration>>,
    /// Integrations that are there and cannot be understood, in words.
    pub odd: Vec<String>,
}

/// Reads the plan and its integrations, and of the agreements what the caller may.
///
/// # Errors
/// When the API server does not answer, or the plan does not exist.
pub async fn tenant(client: &Client, name: &str) -> Result<World, Error> {
    let (around, integrations, now) =
        tokio::join!(read::plan(client, name), read::integrations(client, name), read::now(client));
    let (now, (integrations, odd)) = (now?, integrations);
    let (plan, around) = match around {
        Ok(around) => (around.plans.known().and_then(|p| p.first()).cloned().into(), Some(around)),
        Err(Error::Unreadable(_, why)) => (Fact::Unknown(why), None),
        Err(why) => return Err(why),
    };
    Ok(World { now, tenant: name.into(), plan, around, integrations, odd })
}
