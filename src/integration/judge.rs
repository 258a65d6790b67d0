//! What each integration of a tenant may carry, as long as the plan is open: the strictest of what is asked, covered and accepted.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    acts::{Accepted, accepted, attested},
    egress::{Net, Way, ways},
    statement::{cover_statement, warning},
};
use crate::{
    agreement::{self, CoveredBy, Disclosure, FeatureVerdict},
    api::{Attestation, Cover, Integration, Payload, PermittedUse, Statement, conditions::Reason},
    plan::{fence::flags::Grant, validate::Tenant, world::World},
};

/// Most integrations of one tenant; the youngest beyond them are off.
pub const MOST: usize = 64;

/// Why something is closed, in a word and in words.
type Closed = (Reason, String);

/// An integration as it is asked for, and what persons did about it.
#[derive(Clone, Debug)]
pub struct Asked {
    integration: Arc<Integration>,
    warning: Statement,
    cover_statement: Option<Statement>,
    accepted: Result<Accepted, Closed>,
    /// What is asked of the agreements.
    pub disclosure: Disclosure,
}

/// An integration as it is judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The integration.
    pub integration: Arc<Integration>,
    /// What a person accepts.
    pub warning: Statement,
    /// What a person attests, where the cover is attested.
    pub cover_statement: Option<Statement>,
    /// Whether agreements cover it, and until when.
    pub cover: FeatureVerdict,
    /// Who accepted its warning.
    pub accepted: Result<Accepted, Closed>,
    /// The ways out that it needs.
    pub ways: Result<Vec<Way>, Closed>,
    /// Why it is off whatever else is true, if so.
    pub off: Option<Closed>,
}

/// Reads the integrations of a tenant and the acts about them; the oldest first, no more than [`MOST`] of which count.
#[must_use]
pub fn asked(tenant: &Tenant, world: &World, acts: &[&Attestation]) -> Vec<Asked> {
    let mut integrations: Vec<_> = world.integrations.known().into_iter().flatten().cloned().collect();
    integrations.retain(|i| i.metadata.deletion_timestamp.is_none());
    integrations.sort_by_key(|i| (i.metadata.creation_timestamp.as_ref().map(|t| t.0), i.name_any()));
    integrations.into_iter().map(|i| ask(i, tenant, acts)).collect()
}

fn ask(integration: Arc<Integration>, tenant: &Tenant, acts: &[&Attestation]) -> Asked {
    let warning = warning(&integration, &tenant.platform, &tenant.entities);
    let cover_statement = cover_statement(&integration, &tenant.entities);
    let spec = &integration.spec;
    let cover = match (&spec.cover, &cover_statement) {
        (Some(Cover { baa_ref: Some(baa), .. }), _) => CoveredBy::Named(baa.name.clone()),
        (_, Some(statement)) => CoveredBy::Attested(attested(&integration, statement, acts)),
        (Some(Cover { de_identified: Some(true), .. }), _) if spec.categories().is_empty() => CoveredBy::NotNeeded,
        _ => CoveredBy::Nothing,
    };
    let disclosure = Disclosure {
        name: integration.name_any(),
        vendor: spec.vendor.clone(),
        service: spec.service.clone(),
        r#use: PermittedUse::ServiceDelivery,
        categories: Some(spec.categories()),
        cover,
    };
    let accepted = accepted(&integration, &warning, acts);
    Asked { integration, warning, cover_statement, accepted, disclosure }
}

/// Judges what was asked, by the agreements' verdicts in the same order.
#[must_use]
pub fn judge(asked: Vec<Asked>, agreements: &agreement::Verdict, tenant: &Tenant, world: &World) -> Vec<Judged> {
    let net = Net { names_hosts: world.names_hosts, cluster: &world.cluster_networks, class: &tenant.class };
    // The first notice: what was accepted after it would open something anew.
    let notice = agreements.entities.iter().filter_map(|e| e.frozen).min();
    let judged = asked.into_iter().zip(&agreements.integrations).enumerate().map(|(n, (asked, cover))| {
        let Asked { integration, warning, cover_statement, accepted, disclosure: _ } = asked;
        let in_time = |a: Accepted| match notice {
            Some(given) if a.since > given => {
                let what =
                    "It was accepted after notice was given to an agreement: nothing opens anew; make a new BAA.";
                Err((Reason::LooseningFrozen, what.to_owned()))
            }
            _ => Ok(a),
        };
        Judged {
            ways: ways(&tenant.name, &integration, net),
            accepted: accepted.and_then(in_time),
            cover: cover.clone(),
            off: off(&integration, n, tenant),
            integration,
            warning,
            cover_statement,
        }
    });
    judged.collect()
}

fn off(integration: &Integration, n: usize, tenant: &Tenant) -> Option<Closed> {
    if n >= MOST {
        let what =
            format!("The tenant has more than {MOST} integrations, and this is one of the youngest; delete some.");
        return Some((Reason::TooMany, what));
    }
    let vendor = &integration.spec.vendor;
    if *vendor == tenant.platform || tenant.entities.contains(vendor) {
        let what = format!(
            "spec.vendor {vendor} is no third party: it is the platform or the tenant itself; name the third party."
        );
        return Some((Reason::InvalidSpec, what));
    }
    None
}

impl Judged {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        self.integration.name_any()
    }

    /// What its flag says while the plan is open; `None`: off. `end`: when the lease ends, unix seconds.
    #[must_use]
    pub fn grant(&self, end: i64) -> Option<Grant> {
        let asked = if self.off.is_some() { Payload::Off } else { self.integration.spec.payload };
        match asked {
            Payload::Off => None,
            Payload::Full if self.shortfall().is_none() => {
                Some(Grant::Full(self.cover.closes.map_or(end, |t: Timestamp| t.as_second().min(end))))
            }
            Payload::Full | Payload::LinkOnly => Some(Grant::LinkOnly),
        }
    }

    /// What keeps it from carrying all that is asked, if anything does: the first of cover, acknowledgement and destinations.
    #[must_use]
    pub fn shortfall(&self) -> Option<(Reason, &str)> {
        let cover = (!self.cover.open).then_some((self.cover.reason, self.cover.message.as_str()));
        let accepted = self.accepted.as_ref().err().map(|(r, m)| (*r, m.as_str()));
        let ways = self.ways.as_ref().err().map(|(r, m)| (*r, m.as_str()));
        let off = self.off.as_ref().map(|(r, m)| (*r, m.as_str()));
        off.or(ways).or(cover).or(accepted)
    }
}
