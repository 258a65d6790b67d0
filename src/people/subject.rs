//! One integration, and as much around it as the caller may read: whoever acts about it often has rights in its namespace alone.

use std::str::FromStr;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Client;
use sha2::{Digest, Sha256};

use super::Error;
use crate::{
    api::{HealthcarePlan, Integration, RingfenceConfig, Statement, conditions::Reason},
    explain::{Error as ReadError, is_name, read, tree::Branch},
    fact::Fact,
    integration::{cover_statement, warning},
    names::CONFIG_NAME,
};

/// `NAMESPACE/NAME` of an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Namespace, which is the tenant's name.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name)) if is_name(namespace) && is_name(name) => {
                Ok(Self { namespace: namespace.into(), name: name.into() })
            }
            _ => Err("give NAMESPACE/NAME, such as acme-dental/crm; kubectl -n NAMESPACE get intg lists them".into()),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What time it is, by the API server's clock if it tells.
    pub now: Timestamp,
    /// Where the integration is.
    pub place: Place,
    /// The integration.
    pub integration: Fact<Integration>,
    /// This installation.
    pub config: Fact<RingfenceConfig>,
    /// The tenant's plan.
    pub plan: Fact<HealthcarePlan>,
}

/// A text that a person accepts or attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The warning.
    Warning,
    /// What is attested of the customer's own agreement.
    Cover,
}

impl Kind {
    /// The field of status that holds it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Warning => "status.warning",
            Self::Cover => "status.coverStatement",
        }
    }
}

/// A text, and what is to be known of it.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text and its hash.
    pub statement: Statement,
    /// What is to be known of it.
    pub warnings: Vec<String>,
}

/// Reads the integration, and of the rest what the caller may.
///
/// # Errors
/// When the API server does not answer.
pub async fn read(client: &Client, place: &Place) -> Result<Seen, Error> {
    let now = read::now(client).await?;
    let (integration, config, plan) = tokio::join!(
        read::integration(client, &place.namespace, &place.name),
        read::one(client, "ringfenceconfigs", CONFIG_NAME),
        read::one(client, "healthcareplans", &place.namespace),
    );
    Ok(Seen { now, place: place.clone(), integration, config, plan })
}

impl Seen {
    /// The integration, when somebody can act about it.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is being deleted, or is no tenant's.
    pub fn integration(&self) -> Result<&Integration, Error> {
        let Place { namespace, name } = &self.place;
        let integration = match &self.integration {
            Fact::Known(integration) => integration,
            Fact::Absent => {
                return Err(Error::flag(format!(
                    "integration {namespace}/{name} does not exist; kubectl -n {namespace} get intg lists what there is"
                )));
            }
            other => {
                let why = other.doubt().unwrap_or_default().to_owned();
                return Err(ReadError::Unreadable(format!("integration {namespace}/{name}"), why).into());
            }
        };
        if integration.metadata.deletion_timestamp.is_some() {
            return Err(Error::flag(format!("integration {namespace}/{name} is being deleted; nothing is sent by it")));
        }
        let told = self.current().and_then(|i| condition(i, crate::api::conditions::READY));
        let no_tenant = told.is_some_and(|c| c.reason == Reason::NotATenant.as_str());
        if self.plan.is_absent() || (no_tenant && self.plan.known().is_none()) {
            return Err(Error::flag(format!(
                "namespace {namespace} has no plan, so nothing is ever sent by its integrations; let somebody in sales create HealthcarePlan {namespace}, or delete the integration"
            )));
        }
        Ok(integration)
    }

    /// The integration, while its status speaks of its spec as it is now.
    pub fn current(&self) -> Option<&Integration> {
        let integration = self.integration.known()?;
        let status = integration.status.as_ref()?;
        (status.observed_generation == integration.metadata.generation).then_some(integration)
    }

    /// The text as the spec calls for it now: made from the spec, and compared with what the operator wrote; the operator's, when the caller
    /// may not read what it is made of. `None`: the spec calls for none.
    ///
    /// # Errors
    /// When neither is to be had, or the operator's cannot be trusted.
    pub fn text(&self, kind: Kind) -> Result<Option<Text>, Error> {
        let integration = self.integration()?;
        let status = integration.status.as_ref();
        let told = match kind {
            Kind::Warning => status.and_then(|s| s.warning.as_ref()),
            Kind::Cover => status.and_then(|s| s.cover_statement.as_ref()),
        };
        match (&self.config, &self.plan) {
            (Fact::Known(config), Fact::Known(plan)) => {
                let entities: Vec<_> = plan.spec.covered_entities.iter().map(|e| e.party.clone()).collect();
                let made = match kind {
                    Kind::Warning => Some(warning(integration, &config.spec.platform_party, &entities)),
                    Kind::Cover => cover_statement(integration, &entities),
                };
                Ok(made.map(|statement| Text { warnings: self.differs(kind, &statement, told), statement }))
            }
            (Fact::Absent, _) => Err(Error::Unknown(
                "RingfenceConfig cluster does not exist, so the platform's party is not known; let an administrator create it"
                    .into(),
            )),
            _ => self.operators(kind, told).map(Some),
        }
    }

    fn differs(&self, kind: Kind, made: &Statement, told: Option<&Statement>) -> Vec<String> {
        let field = kind.field();
        match told {
            Some(told) if told == made => vec![],
            Some(_) => vec![format!(
                "{field} is another text: the operator has not caught up with the last change. What is shown here is made of spec, plan and RingfenceConfig as they are now, and that is what you accept; see that the operator runs"
            )],
            None => vec![format!(
                "there is no {field} yet: the operator has not looked at it. What is shown here is made of spec, plan and RingfenceConfig; see that the operator runs"
            )],
        }
    }

    /// The operator's text, which counts only while it speaks of the spec as it is now.
    fn operators(&self, kind: Kind, told: Option<&Statement>) -> Result<Text, Error> {
        let field = kind.field();
        let unknown = |why: String| Err(Error::Unknown(why));
        let again = "try again in a moment; if it stays so, let an administrator see that the operator runs";
        let Some(told) = told else {
            return unknown(format!(
                "the operator has not written {field} yet, and you may not read what it is made of; {again}"
            ));
        };
        if self.current().is_none() {
            return unknown(format!(
                "the operator has not looked at the last change of the integration, so {field} may be of what it was before; {again}"
            ));
        }
        if told.text_sha256 != format!("{:x}", Sha256::digest(told.text.as_bytes())) {
            return unknown(format!(
                "the text of {field} is not that of its hash; let an administrator see who wrote it"
            ));
        }
        let whose = format!(
            "the text is the operator's ({field}): RingfenceConfig or plan, of which it is made, is not shown to you"
        );
        Ok(Text { statement: told.clone(), warnings: vec![whose] })
    }

    /// What the caller may not see.
    pub fn not_shown(&self) -> Vec<Branch> {
        let plan = format!("HealthcarePlan {}", self.place.namespace);
        let doubts = [(plan.as_str(), self.plan.doubt()), ("RingfenceConfig cluster", self.config.doubt())];
        let said = doubts.into_iter().filter_map(|(what, why)| Some(format!("{what}: {}", why?)));
        let said: Vec<_> = said.collect();
        if said.is_empty() { vec![] } else { vec![Branch::list("Not shown to you", &said)] }
    }
}

/// A condition of the integration.
#[must_use]
pub fn condition<'i>(integration: &'i Integration, r#type: &str) -> Option<&'i Condition> {
    integration.status.as_ref()?.conditions.iter().find(|c| c.type_ == r#type)
}

/// The text, line by line, under what it is.
#[must_use]
pub fn shown(head: &str, statement: &Statement) -> Branch {
    let mut lines: Vec<_> = statement.text.lines().map(str::to_owned).collect();
    lines.push(format!("(SHA-256 {})", statement.text_sha256));
    Branch::list(head, &lines)
}
