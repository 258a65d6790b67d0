//! The decision: ordered steps, pure. Each step waits for the observed fact of the one before it; nothing here awaits.

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    fence::{
        flags, keys,
        namespace::{self, Ground},
        network,
        nodes::static_inventory,
        placement, record,
    },
    gates::{Gate, Standing, Verdict, gate},
    validate::Tenant,
    world::World,
};
pub use super::{
    lapse::decide_invalid,
    step::{Owned, Step},
};
use crate::{
    agreement,
    api::{
        KeyPurpose, PlanState,
        conditions::{AGREEMENT_IN_FORCE, PHI_UNLOCKED, Reason},
    },
    integration::{self, Judged},
    names::{FINALIZER, TenantName},
};

/// What is to be done about one tenant, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Writes, in order.
    pub steps: Vec<Step>,
    /// One verdict a fence, in the order of the gate.
    pub verdicts: Vec<Verdict>,
    /// What the verdicts and the plan's state come to.
    pub gate: Gate,
    /// The agreements.
    pub agreements: agreement::Verdict,
    /// The integrations, the oldest first.
    pub integrations: Vec<Judged>,
    /// Settings in force.
    pub effective: flags::Effective,
    /// Nodes that are the tenant's, and how many are Ready.
    pub nodes: (usize, usize),
    /// The next moment at which the answer may change by time alone.
    pub next: Option<Timestamp>,
}

/// Decides what to do about `tenant`.
#[must_use]
pub fn decide(tenant: &Tenant, world: &World, now: Timestamp) -> Decision {
    let acts: Vec<_> = world.acts.iter().map(AsRef::as_ref).collect();
    let baas: Vec<_> = world.baas.iter().map(AsRef::as_ref).collect();
    let asked = integration::asked(tenant, world, &acts);
    let disclosures: Vec<_> = asked.iter().map(|a| a.disclosure.clone()).collect();
    let mut agreements = agreement::evaluate(tenant.question(&disclosures), &baas, &acts, now);
    if let Some(doubt) = &world.vendor_doubt {
        agreements.distrust_vendors(doubt, &disclosures);
    }
    let integrations = integration::judge(asked, &agreements, tenant, world);
    let effective = flags::effective(tenant, &acts, agreements.frozen(), now);

    let fences = [
        namespace::judge(tenant, world),
        network::judge(tenant, world),
        static_inventory::judge(tenant, world, now),
        keys::judge(tenant, world),
    ];
    let live = flags::live(&tenant.name, world);
    let flags = flags::judge(world, live.as_ref());
    let clock = world.clock_doubt.as_ref().map(|_| &flags);
    let read_gate = gate(fences.iter().chain(clock).collect::<Vec<_>>());
    let [namespace, network, nodes, keys] = fences;
    let mut verdicts = vec![
        judge_agreement(&agreements, world),
        namespace,
        network,
        nodes,
        keys,
        flags,
        placement::judge(tenant, world, now),
    ];
    let asked = asked_closed(tenant).or_else(|| frozen_shut(tenant, &agreements));
    let gate = asked.map_or_else(|| gate(&verdicts), Gate::Closed);

    let seen = (world, live.as_ref());
    let publish = flags::desired(tenant, seen, (&agreements, &integrations), &effective, (&gate, &read_gate), now);
    // What has to be tightened behind an open gate was not closed by anything that was said.
    if gate == Gate::Open && publish.text.is_some() && !publish.loosening {
        verdicts[FLAGS] = flags::altered();
    }
    let risks = [effective.guide_until, effective.redaction_off_until];
    let moments = [
        agreements.next_change,
        publish.renew_at,
        placement::next_check(tenant, world, now),
        static_inventory::next_change(tenant, world, now),
    ];
    let ways = publish.kept.iter().flat_map(flags::Opening::full_ends);
    let next = moments
        .into_iter()
        .chain(risks)
        .chain(ways.map(|t| Timestamp::from_second(t).ok()))
        .flatten()
        .filter(|t| *t > now)
        .min();
    Decision {
        steps: steps(tenant, world, &verdicts, (publish, &gate, &integrations), now),
        nodes: static_inventory::count(tenant, world),
        verdicts,
        gate,
        agreements,
        integrations,
        effective,
        next,
    }
}

/// Where the document's verdict is among the verdicts.
const FLAGS: usize = 5;

/// What the plan itself asks for closes the gate before any fence is looked at.
fn asked_closed(tenant: &Tenant) -> Option<Verdict> {
    if tenant.plan.metadata.deletion_timestamp.is_some() {
        let message = "The plan is being deleted: the tenant is locked and kept. Ending a service is not built yet.";
        return Some(Verdict::stalls(PHI_UNLOCKED, Reason::Deleting, message));
    }
    let suspended = tenant.plan.spec.state != PlanState::Active;
    suspended.then(|| {
        Verdict::falls(PHI_UNLOCKED, Reason::Suspended, "Suspended as asked: set spec.state to Active to open again.")
    })
}

/// After a notice nothing opens anew: neither a plan that is younger than it, nor one that somebody had suspended. What a fence closed and is put
/// right opens again: that is no new opening.
fn frozen_shut(tenant: &Tenant, agreements: &agreement::Verdict) -> Option<Verdict> {
    let given = agreements.frozen()?;
    let created = tenant.plan.metadata.creation_timestamp.as_ref().map(|t| t.0);
    let younger = created.is_some_and(|created| created > given);
    let conditions = tenant.plan.status.iter().flat_map(|s| &s.conditions);
    let shut = [Reason::Suspended.as_str(), Reason::LooseningFrozen.as_str()];
    let mut told = conditions.filter(|c| c.type_ == PHI_UNLOCKED && c.status == "False");
    let shut = told.any(|c| shut.contains(&c.reason.as_str()));
    let message = "Every agreement ends by notice: what is open stays open until then, and this plan was not open. Make a new BAA, or let the notice be withdrawn.";
    (younger || shut)
        .then(|| Verdict { settled: true, ..Verdict::falls(PHI_UNLOCKED, Reason::LooseningFrozen, message) })
}

fn judge_agreement(agreements: &agreement::Verdict, world: &World) -> Verdict {
    let missing: Vec<_> = agreements.entities.iter().filter(|e| !e.open).map(|e| e.missing.as_str()).collect();
    let said = if missing.is_empty() { String::new() } else { format!("{}.", missing.join("; ")) };
    if !agreements.any_open() {
        let reason = agreements.entities.first().map_or(Reason::NoAgreement, |e| e.reason);
        return Verdict { settled: true, ..Verdict::falls(AGREEMENT_IN_FORCE, reason, said) };
    }
    if let Some(doubt) = &world.agreement_doubt {
        return Verdict::unknown(AGREEMENT_IN_FORCE, Reason::Undecodable, doubt.clone());
    }
    if !missing.is_empty() {
        return Verdict::stands(AGREEMENT_IN_FORCE, Reason::PartlyInForce, said);
    }
    Verdict::stands(AGREEMENT_IN_FORCE, Reason::InForce, "An agreement of every covered entity is in force.")
}

/// Record → namespace → restrictive flags → network → nodes → keys → `fenced=true` → placed → what the gate opens.
fn steps(
    tenant: &Tenant,
    world: &World,
    verdicts: &[Verdict],
    (publish, gate, integrations): (flags::Publish, &Gate, &[Judged]),
    now: Timestamp,
) -> Vec<Step> {
    let [_, _, network, nodes, keys, _, _] = verdicts else { unreachable!("there are seven verdicts") };
    let stands = |v: &Verdict| v.standing == Standing::Stands;
    let mut steps = vec![];
    // While the document cannot be read, nobody knows what it grants: what stands is left, unless the gate is closed.
    let seen = world.flags.doubt().is_none() || matches!(gate, Gate::Closed(_));
    let seconds = now.as_second();
    let kept = publish.kept.clone();
    let closing = if seen { integration::closing(integrations, world, kept.as_ref(), seconds) } else { vec![] };
    let plan = &tenant.plan.metadata;
    if plan.deletion_timestamp.is_none() && !tenant.plan.finalizers().iter().any(|f| f == FINALIZER) {
        steps.push(Step::AddFinalizer);
    }
    match namespace::ground(world, tenant.record.as_deref()) {
        Ground::Unknown(_) if tenant.record.is_none() => return steps,
        // Nothing is written for a name that is taken: not even a record.
        Ground::Barred(..) if tenant.record.is_none() => return restrict(tenant, world, publish).into_iter().collect(),
        Ground::Unknown(_) | Ground::Barred(..) => {
            return restrict(tenant, world, publish).into_iter().chain(closing).chain(steps).collect();
        }
        Ground::Bare | Ground::Own => {}
    }
    let Some(record) = tenant.record.as_deref() else {
        let foreign = world.keys.values().any(|k| matches!(k, Ok(crate::fact::Fact::Known(_))));
        if foreign || world.keys.len() < KeyPurpose::ALL.len() {
            return vec![];
        }
        steps.push(Step::CreateRecord(Box::new(record::first(tenant, world, now))));
        return steps;
    };
    if world.namespace.is_absent() {
        steps.push(Step::CreateNamespace(Box::new(namespace::unfenced(
            &tenant.name,
            &record.uid().unwrap_or_default(),
        ))));
        return steps;
    }
    let (tighten, loosen) = split(tenant, publish);
    // What closes comes first: nothing that fails may keep it from being written.
    steps.splice(0..0, tighten.into_iter().chain(closing));
    if !stands(network) {
        steps.extend(network::steps(tenant, world));
    }
    steps.extend(namespace::repairs(tenant, world));
    steps.extend(placement::steps(tenant, world));
    if stands(network) {
        steps.extend(record::growth(tenant, world, record, now));
        steps.extend(static_inventory::steps(tenant, world, record));
    }
    if stands(network) && (stands(nodes) || is_given(tenant, world)) {
        steps.extend(keys::steps(tenant, world, record));
        if stands(nodes) && stands(keys) && !namespace::is_fenced(world) && world.guardrail_doubt.is_none() {
            steps.push(namespace::fence());
        }
    }
    let ways = integration::opening(integrations, world, kept.as_ref(), seconds);
    steps.extend(loosen);
    steps.extend(ways.into_iter().filter(|_| *gate == Gate::Open));
    steps
}

/// Whether every node that was asked for is observed to be the tenant's.
fn is_given(tenant: &Tenant, world: &World) -> bool {
    static_inventory::count(tenant, world).0 >= usize::try_from(tenant.plan.spec.nodes.count).unwrap_or(usize::MAX)
}

fn split(tenant: &Tenant, publish: flags::Publish) -> (Option<Step>, Option<Step>) {
    let loosening = publish.loosening;
    let step = publish.text.map(|text| publish_step(&tenant.name, &text, loosening));
    if loosening { (None, step) } else { (step, None) }
}

/// On ground that is not the tenant's only a document that is there, and is the tenant's, is made restrictive.
fn restrict(tenant: &Tenant, world: &World, publish: flags::Publish) -> Option<Step> {
    let own = flags::published(world).is_some_and(|t| flags::Live::parse(&tenant.name, t).is_some());
    split(tenant, publish).0.filter(|_| own)
}

pub(super) fn publish_step(tenant: &TenantName, text: &str, loosening: bool) -> Step {
    Step::PublishFlags { config_map: Box::new(flags::config_map(tenant, text)), loosening }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
