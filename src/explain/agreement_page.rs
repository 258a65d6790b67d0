//! What is said of one agreement.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    change::Change,
    hop::{Hop, agreement},
    ledger::Ledger,
    page::Answer,
    read::World,
    steps::{Step, of_agreement},
    tree::put,
    words,
};
use crate::{
    agreement::{Terms, paths},
    api::BAASpec,
};

/// One agreement.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementPage {
    /// `baa/NAME`.
    pub subject: String,
    /// When it was asked.
    pub at: Timestamp,
    /// Whether it is in force.
    pub result: Answer,
    /// What could not be seen, and why.
    pub unknown: Vec<String>,
    /// The agreement.
    pub agreement: Hop,
    /// Its terms, as they are written.
    pub terms: Vec<String>,
    /// Covered entities of plans whose path it is part of.
    pub used_by: Vec<String>,
    /// What to do next.
    pub steps: Vec<Step>,
    /// When something changes.
    pub changes: Vec<Change>,
}

/// Explains the agreement of this name; `None` if there is none.
#[must_use]
pub fn agreement_page(world: &World, ledger: &Ledger<'_>, name: &str) -> Option<AgreementPage> {
    let book = ledger.book();
    let life = book.life(name)?;
    let unknown = world.unknown();
    let mut used_by = vec![];
    for plan in world.plans.known().into_iter().flatten() {
        for entity in &plan.spec.covered_entities {
            let all = paths(&book, &entity.party, ledger.platform());
            let root = ledger.root(life.baa.metadata.name.as_deref().unwrap_or_default());
            let through = all.iter().filter(|p| p.agreements().any(|l| l.name() == root)).collect::<Vec<_>>();
            if let Some(first) = through.iter().find(|p| p.obstacle(&book, world.now).is_none()).or(through.first()) {
                let counts = if first.obstacle(&book, world.now).is_none() { "counts" } else { "does not count" };
                let plan = plan.metadata.name.as_deref().unwrap_or_default();
                let names = crate::agreement::names(first).join(", then ");
                used_by.push(format!("plan {plan}, covered entity {}: its path by {names} {counts}", entity.party));
            }
        }
    }
    let moments = [(life.opens(), "opens"), (life.closes(), "ends")];
    let changes = moments.into_iter().filter_map(|(at, what)| Some((at.filter(|t| *t > world.now)?, what)));
    Some(AgreementPage {
        subject: format!("baa/{name}"),
        at: world.now,
        result: match (unknown.is_empty(), life.in_force(world.now)) {
            (false, _) => Answer::Unknown,
            (true, true) => Answer::Open,
            (true, false) => Answer::Closed,
        },
        unknown,
        agreement: agreement(ledger, &book, life),
        terms: written(&life.baa.spec),
        used_by,
        steps: of_agreement(ledger, life),
        changes: changes.map(|(at, what)| Change { at, what: format!("BAA {name} {what}") }).collect(),
    })
}

/// The terms as they are written, one line each.
#[must_use]
pub fn written(spec: &BAASpec) -> Vec<String> {
    let mut lines = words::terms(&Terms::of(spec));
    lines.push(format!(
        "from {}, {}",
        words::time(spec.term.effective_time.0),
        words::until(spec.term.expiration_time.as_ref().map(|t| t.0))
    ));
    lines.push(format!("text: {}, SHA-256 {}", spec.document.uri, spec.document.sha256));
    lines.extend(spec.supersedes_ref.iter().map(|r| format!("takes the place of BAA {}", r.name)));
    lines.extend(spec.amends_ref.iter().map(|r| format!("amends BAA {}", r.name)));
    let above = spec.upstream.iter().flatten().map(|u| u.baa_ref.name.clone()).collect::<Vec<_>>();
    lines.extend((!above.is_empty()).then(|| format!("agreements above it: {}", above.join(", "))));
    lines
}

impl AgreementPage {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = String::new();
        put(&mut page, &format!("{}, at {}", self.subject, words::time(self.at)));
        super::text::headline(
            &mut page,
            self.result,
            match self.result {
                Answer::Open => "the agreement is in force.",
                Answer::Closed => "the agreement is not in force.",
                Answer::Unknown => "not everything could be read, so nothing below is sure.",
            },
        );
        super::text::section(&mut page, "What could not be read", &self.unknown);
        page.push('\n');
        page.push_str(&self.agreement.branch().draw());
        super::text::section(&mut page, "Its terms, as they are written", &self.terms);
        let nobody = ["no covered entity of a plan".to_owned()];
        let used = if self.used_by.is_empty() { &nobody[..] } else { &self.used_by };
        super::text::section(&mut page, "Who lives on it", used);
        super::text::ending(&mut page, &self.steps, &self.changes);
        page
    }
}
