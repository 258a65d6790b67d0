//! What is said of one plan.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    change::{Change, changes},
    hop::{Hop, hop},
    ledger::{Ledger, features},
    read::World,
    steps::{Step, steps},
};
use crate::{
    agreement::{EntityVerdict, Obstacle, Path, Terms, names, paths},
    api::{
        HealthcarePlan, PlanState, TermsStatus,
        conditions::{
            FLAGS_PUBLISHED, KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, PHI_UNLOCKED,
            WORKLOADS_PLACED,
        },
    },
};

/// The fences whose fall keeps a plan closed.
const FENCES: [&str; 6] =
    [NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY, FLAGS_PUBLISHED, WORKLOADS_PLACED];

/// What something comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// It could not be seen. Never taken for open, nor for closed.
    Unknown,
}

/// One plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// `plan/NAME`.
    pub subject: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// When it was asked.
    pub at: Timestamp,
    /// What the whole comes to.
    pub result: Answer,
    /// What could not be seen, and why.
    pub unknown: Vec<String>,
    /// The plan itself.
    pub plan: Plan,
    /// Its covered entities; none when agreements are not known.
    pub entities: Vec<Entity>,
    /// Features that need a vendor.
    pub features: Vec<Feature>,
    /// What to do next.
    pub steps: Vec<Step>,
    /// When something changes.
    pub changes: Vec<Change>,
}

/// What the plan itself says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its class.
    pub class: String,
    /// What is asked for.
    pub state: PlanState,
    /// Whether PHI is unlocked, as the operator last wrote: status, reason and message.
    pub phi_unlocked: [String; 3],
    /// What else keeps it closed, or is to be known.
    pub notes: Vec<String>,
}

/// One covered entity.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// Party id.
    pub party: String,
    /// Whether an agreement path counts.
    pub result: Answer,
    /// When it closes, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Its paths.
    pub paths: Vec<Shown>,
    /// What all paths that count permit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsStatus>,
    /// The same, for the page.
    #[serde(skip)]
    pub permits: Option<Terms>,
    /// Categories that may be kept, and until when each may.
    pub categories: Vec<Category>,
    /// What keeps it closed; empty when it is open.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub missing: String,
    /// What somebody should put right although it is open.
    pub warnings: Vec<String>,
}

/// A category of protected health information that may be kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// As the API spells it.
    pub name: &'static str,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A path as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Whether it counts.
    pub counts: bool,
    /// What it is, and why it does not count.
    pub what: String,
    /// Its hops, the covered entity's first.
    pub hops: Vec<Hop>,
}

/// A feature that needs a vendor.
#[derive(Clone, Debug, Serialize)]
pub struct Feature {
    /// The flag.
    pub flag: String,
    /// Whether agreements permit it.
    pub on: bool,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why it is off; whom to tell when it is on.
    pub message: String,
}

/// Explains the plan.
#[must_use]
pub fn page(world: &World, plan: &HealthcarePlan) -> Page {
    let ledger = Ledger::of(world);
    let mut unknown = world.unknown();
    let said = own(world, plan);
    if said.phi_unlocked[0] == "Unknown" {
        unknown.push(format!("whether the plan is unlocked: {}", said.phi_unlocked[2]));
    }
    let vendors = features(world, plan).unwrap_or_default();
    let verdict = ledger.as_ref().map(|l| l.verdict(plan, vendors, l.now));
    let (mut entities, mut told, mut next) = (vec![], vec![], vec![]);
    if let (Some(ledger), Some(verdict)) = (&ledger, &verdict) {
        let book = ledger.book();
        for entity in &verdict.entities {
            let paths = paths(&book, &entity.party, ledger.platform());
            entities.push(shown(entity, paths.iter().map(|p| path(ledger, &book, p)).collect(), !world.odd.is_empty()));
        }
        told = changes(ledger, plan, vendors, verdict);
        next = steps(ledger, &book, plan, verdict, &said);
    }
    let features = verdict.iter().flat_map(|v| &v.features).map(|f| Feature {
        flag: f.flag.clone(),
        on: f.open,
        until: f.closes,
        message: f.message.clone(),
    });
    let open = said.phi_unlocked[0] == "True" && entities.iter().all(|e| e.result == Answer::Open);
    Page {
        subject: format!("plan/{}", plan.metadata.name.as_deref().unwrap_or_default()),
        display_name: plan.spec.display_name.clone(),
        at: world.now,
        result: match (unknown.is_empty(), open) {
            (false, _) => Answer::Unknown,
            (true, true) => Answer::Open,
            (true, false) => Answer::Closed,
        },
        unknown,
        plan: said,
        entities,
        features: features.collect(),
        steps: next,
        changes: told,
    }
}

/// What the operator wrote into the plan's status, and what its spec says.
fn own(world: &World, plan: &HealthcarePlan) -> Plan {
    let status = plan.status.clone().unwrap_or_default();
    let found = status.conditions.iter().find(|c| c.type_ == PHI_UNLOCKED);
    let nobody = "nobody has looked at it yet; see that the operator runs";
    let phi_unlocked = found.map_or_else(
        || ["Unknown".to_owned(), "NotObserved".to_owned(), nobody.to_owned()],
        |c| [c.status.clone(), c.reason.clone(), c.message.clone()],
    );
    let mut notes = vec![];
    if phi_unlocked[0] != "True" {
        let fallen = status.conditions.iter().filter(|c| FENCES.contains(&c.type_.as_str()) && c.status != "True");
        let fallen = fallen.filter(|c| c.message != phi_unlocked[2]);
        notes.extend(fallen.map(|c| format!("{} is {} ({}): {}", c.type_, c.status, c.reason, c.message)));
    }
    let known = world.classes.known().is_some();
    if known && features(world, plan).is_none() {
        notes.push(format!(
            "HealthcarePlanClass {} does not exist, so its features are not shown",
            plan.spec.plan_class_name
        ));
    }
    if status.observed_generation != plan.metadata.generation {
        notes.push("the operator has not looked at the latest edit of the plan yet".into());
    }
    Plan { class: plan.spec.plan_class_name.clone(), state: plan.spec.state, phi_unlocked, notes }
}

fn shown(entity: &EntityVerdict, paths: Vec<Shown>, in_doubt: bool) -> Entity {
    let result = match (in_doubt, entity.open) {
        (true, _) => Answer::Unknown,
        (false, true) => Answer::Open,
        (false, false) => Answer::Closed,
    };
    let terms = entity.terms.as_ref().map(|t| TermsStatus {
        permitted_uses: t.uses.iter().copied().collect(),
        subcontracting: t.subcontracting,
        offshoring: t.offshoring,
        breach_notice_hours: t.breach_notice_hours,
        incident_notice_hours: t.incident_notice_hours,
    });
    let categories = entity.categories.iter().map(|(c, until)| Category { name: c.as_str(), until: *until });
    Entity {
        party: entity.party.clone(),
        result,
        until: entity.closes,
        paths,
        terms,
        permits: entity.terms.clone(),
        categories: categories.collect(),
        missing: entity.missing.clone(),
        warnings: entity.warnings.clone(),
    }
}

fn path(ledger: &Ledger<'_>, book: &crate::agreement::Book<'_>, path: &Path<'_, '_>) -> Shown {
    let through: Vec<_> = path
        .agreements()
        .map(|l| l.baa.spec.disclosing.party.as_str())
        .skip(usize::from(path.hops.len() == path.agreements().count()))
        .collect();
    let kind = if through.is_empty() { "direct".to_owned() } else { format!("through {}", through.join(", then ")) };
    let obstacle = path.obstacle(book, ledger.now);
    let why = match obstacle {
        None => "counts".to_owned(),
        Some(Obstacle::Hop(n)) => format!("does not count, because of {}", names(path)[n]),
        Some(Obstacle::Service) => "does not count: an agreement does not name the service call-tracking".into(),
        Some(Obstacle::Use) => "does not count: an agreement does not permit ServiceDelivery".into(),
        Some(Obstacle::Frozen) => {
            "does not count: it began after a notice was given, and nothing opens anew then".into()
        }
    };
    Shown {
        counts: obstacle.is_none(),
        what: format!("{kind}: {why}"),
        hops: path.hops.iter().map(|h| hop(ledger, book, h)).collect(),
    }
}
