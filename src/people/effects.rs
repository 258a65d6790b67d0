//! What one more act changes, plan by plan: pure.

use serde::Serialize;

use crate::{
    agreement::{Path, names, paths},
    api::{HealthcarePlan, PlanState},
    explain::{Change, Ledger, World, changes, features, tree::Branch, words::time},
};

/// What changes about one plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The plan.
    pub plan: String,
    /// Whether the plan itself keeps PHI closed whatever the agreements say.
    pub suspended: bool,
    /// What changes, and when.
    pub changes: Vec<Change>,
}

/// Plans that are otherwise with the act than without it.
#[must_use]
pub fn effects(world: &World, without: &Ledger<'_>, with: &Ledger<'_>) -> Vec<Effect> {
    let effect = |plan: &HealthcarePlan| {
        let vendors = features(world, plan).unwrap_or_default();
        let before = without.verdict(plan, vendors, without.now);
        let (then, otherwise) = (changes(with, plan, vendors, &before), changes(without, plan, vendors, &before));
        (then != otherwise).then(|| Effect {
            plan: plan.metadata.name.clone().unwrap_or_default(),
            suspended: plan.spec.state != PlanState::Active,
            changes: then,
        })
    };
    world.plans.known().into_iter().flatten().filter_map(effect).collect()
}

/// As a tree; `none` is said when there are none.
#[must_use]
pub fn branch(head: &str, effects: &[Effect], none: &str) -> Branch {
    let one = |effect: &Effect| {
        let mut lines: Vec<_> = effect.changes.iter().map(|c| format!("{}: {}", time(c.at), c.what)).collect();
        if effect.changes.is_empty() {
            lines.push("what would have changed later does not".into());
        }
        if effect.suspended {
            lines.push("the plan itself is not Active, so it stays closed".into());
        }
        Branch::list(format!("plan {}", effect.plan), &lines)
    };
    let all: Vec<_> = if effects.is_empty() { vec![Branch::leaf(none)] } else { effects.iter().map(one).collect() };
    Branch::new(head, all)
}

/// Which covered entity loses which path with the agreement, and by which others it stays open.
#[must_use]
pub fn lost(world: &World, ledger: &Ledger<'_>, root: &str) -> Vec<Branch> {
    let book = ledger.book();
    let mut found = vec![];
    let on = |p: &Path<'_, '_>| p.agreements().any(|l| l.name() == root);
    for plan in world.plans.known().into_iter().flatten() {
        for entity in &plan.spec.covered_entities {
            let all = paths(&book, &entity.party, ledger.platform());
            let standing = all.iter().filter(|p| p.obstacle(&book, ledger.now).is_none());
            let (lost, left): (Vec<_>, Vec<_>) = standing.partition(|p| on(p));
            if lost.is_empty() {
                continue;
            }
            let mut lines: Vec<_> =
                lost.iter().map(|p| format!("loses its path by {}", names(p).join(", then "))).collect();
            lines.extend(left.iter().map(|p| format!("keeps its path by {}", names(p).join(", then "))));
            if left.is_empty() {
                lines.push("has no other path, so it closes".into());
            }
            let plan = plan.metadata.name.as_deref().unwrap_or_default();
            found.push(Branch::list(format!("plan {plan}, covered entity {}", entity.party), &lines));
        }
    }
    if found.is_empty() {
        found.push(Branch::leaf("no covered entity of a plan is open by it"));
    }
    found
}
