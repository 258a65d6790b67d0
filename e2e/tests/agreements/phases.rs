//! The phases of an agreement, and how each comes about.

use anyhow::Result;
use ringfence_e2e::scenario::{Scenario, seconds_from_now};
use serde_json::{Value, json};

use crate::office::{BOB, Office, PLATFORM, agency, draft, signature};

/// Every category, in the order of their flags.
pub const ALL: [&str; 7] =
    ["attribution", "caller-id", "form", "message", "recording", "transcript", "visitor-session"];

/// How an agreement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    None,
    Draft,
    PartiallySigned,
    Executed,
    Active,
    Terminating,
    Expired,
    Terminated,
    Superseded,
    SuccessorUnsigned,
    Narrowed,
    Agency,
    AgencyLacksHop,
}

impl Phase {
    pub const ALL: [Self; 13] = [
        Self::None,
        Self::Draft,
        Self::PartiallySigned,
        Self::Executed,
        Self::Active,
        Self::Terminating,
        Self::Expired,
        Self::Terminated,
        Self::Superseded,
        Self::SuccessorUnsigned,
        Self::Narrowed,
        Self::Agency,
        Self::AgencyLacksHop,
    ];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Draft => "draft: nobody has signed",
            Self::PartiallySigned => "one party has signed",
            Self::Executed => "executed, takes effect in an hour",
            Self::Active => "active",
            Self::Terminating => "terminating: ends by notice in an hour",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
            Self::Superseded => "superseded, the successor in force",
            Self::SuccessorUnsigned => "to be superseded, the successor not yet signed",
            Self::Narrowed => "amended narrower",
            Self::Agency => "through an agency, both hops",
            Self::AgencyLacksHop => "through an agency, the upper hop not signed",
        }
    }

    /// Whether an agreement of the entity is in force.
    pub const fn in_force(self) -> bool {
        matches!(
            self,
            Self::Active
                | Self::Terminating
                | Self::Superseded
                | Self::SuccessorUnsigned
                | Self::Narrowed
                | Self::Agency
        )
    }

    /// Whether one ever was.
    pub const fn was_in_force(self) -> bool {
        self.in_force() || matches!(self, Self::Expired | Self::Terminated)
    }

    /// What may be kept while it is in force.
    pub const fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Narrowed => &["caller-id", "recording"],
            _ => &ALL,
        }
    }

    /// Brings the agreements of a tenant about, as far as that is done before its plan; returns the one that is looked at.
    pub async fn bring_about(self, office: &Office, story: &Scenario) -> Result<Option<Value>> {
        let clinic = story.tenant.as_str();
        let mut baa = draft(clinic, clinic, PLATFORM)?;
        let named = |name: &str| {
            let mut other = draft(&format!("{name}-{clinic}"), clinic, PLATFORM)?;
            other["spec"]["scope"]["phiCategories"] = json!(["CallerID", "Recording"]);
            anyhow::Ok(other)
        };
        let made = match self {
            Self::None => return Ok(None),
            Self::Draft => office.file(baa).await?,
            Self::PartiallySigned => {
                let filed = office.file(baa).await?;
                office.act(BOB, &filed, signature(clinic)).await?;
                filed
            }
            Self::Executed => {
                baa["spec"]["term"]["effectiveTime"] = seconds_from_now(3600).into();
                office.agree(baa).await?
            }
            Self::Active | Self::Terminating => office.agree(baa).await?,
            Self::Expired => {
                baa["spec"]["term"]["expirationTime"] = seconds_from_now(10).into();
                office.agree(baa).await?
            }
            Self::Terminated => {
                let agreed = office.agree(baa).await?;
                office.await_phase(clinic, "Active").await?;
                office.terminate(&agreed, Some(2)).await?;
                agreed
            }
            Self::Superseded | Self::SuccessorUnsigned => {
                let agreed = office.agree(baa.clone()).await?;
                baa["metadata"]["name"] = format!("next-{clinic}").into();
                baa["spec"]["supersedesRef"] = json!({ "name": clinic });
                let next = office.file(baa).await?;
                if self == Self::Superseded {
                    office.await_phase(clinic, "Active").await?;
                    office.sign(&next).await?;
                }
                agreed
            }
            Self::Narrowed => {
                let agreed = office.agree(baa).await?;
                let mut narrow = named("narrow")?;
                narrow["spec"]["amendsRef"] = json!({ "name": clinic });
                office.agree(narrow).await?;
                agreed
            }
            Self::Agency | Self::AgencyLacksHop => {
                let (agent, upper) = (format!("agent-{clinic}"), format!("upper-{clinic}"));
                let above = office.file(draft(&upper, clinic, &agent)?).await?;
                if self == Self::Agency {
                    office.sign(&above).await?;
                } else {
                    office.act(BOB, &above, signature(clinic)).await?;
                }
                office.agree(agency(&agent, &agent, PLATFORM, &[&upper])?).await?
            }
        };
        Ok(Some(made))
    }

    /// What is done once everything is open.
    pub async fn go_on(self, office: &Office, baa: Option<&Value>) -> Result<()> {
        if let (Self::Terminating, Some(baa)) = (self, baa) {
            office.terminate(baa, Some(3600)).await?;
        }
        Ok(())
    }

    /// As status of the agreement that is looked at says it.
    pub const fn said(self) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            Self::Draft => "Draft",
            Self::PartiallySigned => "PartiallySigned",
            Self::Executed => "Executed",
            Self::Terminating => "Terminating",
            Self::Expired => "Expired",
            Self::Terminated => "Terminated",
            Self::Superseded => "Superseded",
            Self::Active | Self::SuccessorUnsigned | Self::Narrowed | Self::Agency | Self::AgencyLacksHop => "Active",
        })
    }
}
