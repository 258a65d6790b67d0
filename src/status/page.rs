//! What is said of one tenant: pure.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    integration::{self, Line},
    plan::{self, Plan},
    read::World,
    steps::steps,
};
use crate::{
    api::{HealthcarePlan, Integration, Payload, PhiCategory},
    explain::{
        Answer, Step, tree,
        words::{list, time, until},
    },
};

/// One tenant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// `tenant/NAME`.
    pub subject: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// When it was asked; no part of what programs read, because it would differ each time.
    #[serde(skip)]
    pub at: Timestamp,
    /// What the whole comes to.
    pub result: Answer,
    /// What nobody knows, and why.
    pub unknown: Vec<String>,
    /// What the caller may not read; the operator's own words stand for it.
    pub not_shown: Vec<String>,
    /// The plan itself; `None` when it cannot be read.
    pub plan: Option<Plan>,
    /// Agreements, one for each covered entity.
    pub agreements: Vec<Agreement>,
    /// Integrations by name; `None` when they cannot be read.
    pub integrations: Option<Vec<Line>>,
    /// Features that need a vendor.
    pub features: Vec<Feature>,
    /// What is open, in a line each.
    pub open: Vec<String>,
    /// What is closed and why, in a line each.
    pub closed: Vec<String>,
    /// What to do next.
    pub steps: Vec<Step>,
}

/// The agreements of one covered entity.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Party id of the covered entity.
    pub party: String,
    /// Whether an agreement is in force.
    pub result: Answer,
    /// The agreements that count or are nearest to it, the entity's first.
    pub path: Vec<String>,
    /// When it closes, if it does.
    pub until: Option<Timestamp>,
    /// What may be kept.
    pub phi_categories: Vec<PhiCategory>,
    /// What is missing.
    pub missing: Option<String>,
    /// What somebody should put right although it is open.
    pub warnings: Vec<String>,
}

/// A feature that needs a vendor.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// The flag.
    pub flag: String,
    /// Whether it is on.
    pub result: Answer,
    /// When it goes off, if it does.
    pub until: Option<Timestamp>,
    /// Why it is off; whom to tell when it is on.
    pub message: Option<String>,
}

/// Says how the tenant stands.
#[must_use]
pub fn page(world: &World) -> Page {
    let known = world.plan.known();
    let plan = known.map(|p| plan::of(p, world.now));
    let whole = plan.as_ref().map_or(Answer::Unknown, |p| p.result);
    let agreements = known.map(|p| agreements(p, whole, world.now)).unwrap_or_default();
    let features = known.map(|p| features(p, whole)).unwrap_or_default();
    let mut there: Vec<&Integration> = world.integrations.known().into_iter().flatten().collect();
    there.sort_by_key(|i| i.metadata.name.clone());
    let lines: Vec<_> = there.iter().map(|i| integration::of(i, plan.as_ref(), world.now)).collect();

    let mut unknown: Vec<String> = plan.iter().flat_map(|p| p.unknown.clone()).collect();
    unknown.extend(world.plan.doubt().map(|why| format!("the plan: {why}")));
    unknown.extend(world.integrations.doubt().map(|why| format!("its integrations: {why}")));
    unknown.extend(world.odd.clone());
    unknown.extend(lines.iter().flat_map(|l| l.unknown.iter().map(|u| format!("integration {}: {u}", l.name))));
    let untold = agreements.iter().filter(|a| whole == Answer::Open && a.result == Answer::Unknown);
    unknown
        .extend(untold.map(|a| format!("the agreements of {}: the operator has not said anything of them", a.party)));
    let as_asked =
        |open: Answer| open == Answer::Open && lines.iter().all(|l| l.result == Answer::Open) && all_open(&agreements);
    let result = match unknown.is_empty() {
        false => Answer::Unknown,
        true if as_asked(whole) => Answer::Open,
        true => Answer::Closed,
    };
    Page {
        subject: format!("tenant/{}", world.tenant),
        display_name: known.and_then(|p| p.spec.display_name.clone()),
        at: world.now,
        result,
        unknown,
        not_shown: world.around.iter().flat_map(crate::explain::World::unknown).collect(),
        open: open(plan.as_ref(), &agreements, &lines, &features),
        closed: closed(plan.as_ref(), &agreements, &lines, &features),
        steps: steps(world, plan.as_ref(), &there),
        plan,
        agreements,
        integrations: world.integrations.known().map(|_| lines),
        features,
    }
}

fn all_open(agreements: &[Agreement]) -> bool {
    agreements.iter().all(|a| a.result == Answer::Open)
}

fn agreements(plan: &HealthcarePlan, whole: Answer, now: Timestamp) -> Vec<Agreement> {
    let told = plan.status.as_ref().and_then(|s| s.agreement.as_ref()).map(|a| a.entities.as_slice());
    let one = |party: &String| {
        let found = told.unwrap_or_default().iter().find(|e| e.party == *party);
        let until = found.and_then(|e| e.expiration_time.as_ref()).map(|t| t.0);
        let behind = plan.status.as_ref().is_none_or(|s| s.observed_generation != plan.metadata.generation);
        let result = match found {
            None => Answer::Unknown,
            Some(_) if behind => Answer::Unknown,
            Some(e) if e.open && until.is_some_and(|t| t <= now) && whole == Answer::Unknown => Answer::Unknown,
            Some(e) if e.open => Answer::Open,
            Some(_) => Answer::Closed,
        };
        Agreement {
            party: party.clone(),
            result,
            path: found.map(|e| e.path.clone()).unwrap_or_default(),
            until,
            phi_categories: found.map(|e| e.phi_categories.clone()).unwrap_or_default(),
            missing: found.and_then(|e| e.missing.clone()),
            warnings: found.map(|e| e.warnings.clone()).unwrap_or_default(),
        }
    };
    plan.spec.covered_entities.iter().map(|e| one(&e.party)).collect()
}

fn features(plan: &HealthcarePlan, whole: Answer) -> Vec<Feature> {
    let told = plan.status.as_ref().and_then(|s| s.agreement.as_ref());
    let one = |f: &crate::api::VendorFeatureStatus| Feature {
        flag: f.flag.clone(),
        result: match (whole, f.permitted) {
            (Answer::Unknown, true) => Answer::Unknown,
            (Answer::Open, true) => Answer::Open,
            _ => Answer::Closed,
        },
        until: f.expiration_time.as_ref().map(|t| t.0),
        message: match (whole, f.permitted) {
            (Answer::Closed, true) => Some("the plan is locked".into()),
            _ => f.message.clone(),
        },
    };
    told.into_iter().flat_map(|a| &a.vendor_features).map(one).collect()
}

/// What is open, in a line each.
fn open(plan: Option<&Plan>, agreements: &[Agreement], lines: &[Line], features: &[Feature]) -> Vec<String> {
    let is_open = plan.is_some_and(|p| p.result == Answer::Open);
    let mut said = vec!["calls ring, always: routing is never touched".to_owned()];
    for a in agreements.iter().filter(|a| is_open && a.result == Answer::Open) {
        let what = list(a.phi_categories.iter().map(|c| c.as_str()));
        said.push(format!("{}: {what} may be kept, {}", a.party, until(a.until)));
    }
    for line in lines.iter().filter(|l| l.result != Answer::Unknown) {
        let what = match line.sent {
            Some(Payload::Full) => "all that is asked for",
            Some(Payload::LinkOnly) => "links that need a login",
            _ => continue,
        };
        said.push(format!("{}: {what}, to {}", line.name, line.vendor));
    }
    for f in features.iter().filter(|f| f.result == Answer::Open) {
        let until = f.until.map_or_else(String::new, |t| format!(", until {}", time(t)));
        said.push(format!("{}{until}", f.flag));
    }
    said
}

/// What is closed and why, in a line each.
fn closed(plan: Option<&Plan>, agreements: &[Agreement], lines: &[Line], features: &[Feature]) -> Vec<String> {
    let mut said = vec![];
    if let Some(plan) = plan.filter(|p| p.result == Answer::Closed) {
        said.push(format!("everything that keeps or sends information: {}", plan.message));
    }
    for a in agreements.iter().filter(|a| a.result == Answer::Closed) {
        let why = a.missing.as_deref().unwrap_or("no agreement is in force");
        // What closes the plan is said already.
        if !plan
            .is_some_and(|p| p.result == Answer::Closed && p.message.trim_end_matches('.') == why.trim_end_matches('.'))
        {
            said.push(format!("{}: {why}", a.party));
        }
    }
    // That the plan is locked is said already, and is the first reason of each.
    let skip = usize::from(plan.is_some_and(|p| p.result == Answer::Closed));
    for line in lines.iter().filter(|l| l.result == Answer::Closed) {
        said.extend(line.why.get(skip).map(|why| format!("{}: {why}", line.name)));
    }
    for f in features.iter().filter(|f| f.result == Answer::Closed) {
        let why = f.message.as_deref().unwrap_or("it is not permitted");
        said.push(format!("{}: {why}", f.flag));
    }
    said
}

impl Page {
    /// For programs: keys in order, and no time that ticks, so that two pages of the same are the same.
    #[must_use]
    pub fn json(&self) -> String {
        tree::json(&serde_json::to_value(self).expect("what is said serialises"))
    }
}
