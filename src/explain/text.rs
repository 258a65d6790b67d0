//! A page for people.

use super::{
    change::Change,
    page::{Answer, Entity, Feature, Page},
    steps::Step,
    tree::{Branch, command, paragraph, put},
    words::{self, time},
};
use crate::api::PlanState;

impl Page {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = String::new();
        let name = self.display_name.as_ref().map_or_else(String::new, |d| format!(" ({d})"));
        paragraph(
            &mut page,
            "",
            "  ",
            &format!("{}{name}, class {}, at {}", self.subject, self.plan.class, time(self.at)),
        );
        headline(&mut page, self.result, &self.summary());
        section(&mut page, "What could not be read", &self.unknown);
        for entity in &self.entities {
            page.push('\n');
            page.push_str(&self.entity(entity).draw());
        }
        page.push('\n');
        page.push_str(&self.own().draw());
        if !self.features.is_empty() {
            page.push('\n');
            page.push_str(
                &Branch::new("Features that need a vendor", self.features.iter().map(feature).collect()).draw(),
            );
        }
        if !self.entities.is_empty() {
            ending(&mut page, &self.steps, &self.changes);
        }
        page
    }

    fn summary(&self) -> String {
        let (open, all) = (self.entities.iter().filter(|e| e.result == Answer::Open).count(), self.entities.len());
        let unlocked = self.plan.phi_unlocked[0] == "True";
        match self.result {
            Answer::Unknown => "not everything could be read, so nothing below is sure.".into(),
            Answer::Open => "PHI may be kept for every covered entity of this plan.".into(),
            Answer::Closed if open == all => {
                "the agreements are in force, and the plan itself keeps PHI closed.".into()
            }
            Answer::Closed if unlocked && open > 0 => format!("PHI may be kept for {open} of {all} covered entities."),
            Answer::Closed if open > 0 => {
                format!(
                    "the agreements of {open} of {all} covered entities are in force, and the plan itself keeps PHI closed."
                )
            }
            Answer::Closed => "nothing new may be kept. Calls keep ringing, and what was kept can be read.".into(),
        }
    }

    fn entity(&self, entity: &Entity) -> Branch {
        let state = match entity.result {
            Answer::Open => format!("its agreements are OPEN, {}", words::until(entity.until)),
            Answer::Closed => "CLOSED".into(),
            Answer::Unknown => "UNKNOWN; as far as could be read".into(),
        };
        let mut under = vec![];
        for (n, path) in entity.paths.iter().enumerate() {
            let hops = path.hops.iter().map(super::hop::Hop::branch).collect();
            under.push(Branch::new(format!("Path {}, {}", n + 1, path.what), hops));
        }
        if entity.paths.is_empty() {
            under.push(Branch::leaf("No path: no BAA leads from it to the platform"));
        }
        if let Some(terms) = &entity.permits {
            let counting = entity.paths.iter().filter(|p| p.counts).count();
            let of =
                if counting > 1 { format!("all {counting} paths that count") } else { "the path that counts".into() };
            let mut lines = words::terms(terms);
            let sooner = entity.categories.iter().filter(|c| c.until != entity.until);
            lines.extend(sooner.map(|c| format!("{}: {}", c.name, words::until(c.until))));
            under.push(Branch::list(format!("What is permitted, the strictest over {of}"), &lines));
        }
        if !entity.warnings.is_empty() {
            under.push(Branch::list("Warnings", &entity.warnings));
        }
        Branch::new(format!("Covered entity {}: {state}", entity.party), under)
    }

    fn own(&self) -> Branch {
        let [status, reason, message] = &self.plan.phi_unlocked;
        let state = match self.plan.state {
            PlanState::Active => "is to be Active",
            PlanState::Suspended => "is Suspended: it stays closed whatever the agreements say",
            PlanState::Offboarding => "is Offboarding: it stays closed",
        };
        let mut under = vec![Branch::leaf(format!("it {state}"))];
        let unlocked = match status.as_str() {
            "True" => "PHI is unlocked".to_owned(),
            "False" => format!("PHI is locked ({reason}): {message}"),
            _ => format!("whether PHI is unlocked is unknown ({reason}): {message}"),
        };
        under.push(Branch::leaf(unlocked));
        under.extend(self.plan.notes.iter().map(Branch::leaf));
        Branch::new("The plan itself, as the operator last wrote", under)
    }
}

fn feature(feature: &Feature) -> Branch {
    let state = if feature.on { format!("on, {}", words::until(feature.until)) } else { "off".into() };
    let why = (!feature.message.is_empty()).then(|| Branch::leaf(&feature.message));
    Branch::new(format!("{}: {state}", feature.flag), why.into_iter().collect())
}

/// The one line that most people read.
pub fn headline(page: &mut String, result: Answer, summary: &str) {
    let word = match result {
        Answer::Open => "OPEN",
        Answer::Closed => "CLOSED",
        Answer::Unknown => "UNKNOWN",
    };
    paragraph(page, "", "  ", &format!("{word}: {summary}"));
}

/// A head and what stands under it; nothing when nothing does.
pub fn section(page: &mut String, head: &str, lines: &[String]) {
    if !lines.is_empty() {
        page.push('\n');
        page.push_str(&Branch::list(head, lines).draw());
    }
}

/// What to do next, and when something changes.
pub fn ending(page: &mut String, steps: &[Step], changes: &[Change]) {
    next(page, steps);
    page.push('\n');
    put(page, "When something changes by itself");
    for change in changes {
        paragraph(page, &format!("  - {}: ", time(change.at)), "    ", &change.what);
    }
    if changes.is_empty() {
        put(page, "    Nothing changes by itself.");
    }
}

/// What to do next.
pub fn next(page: &mut String, steps: &[Step]) {
    page.push('\n');
    put(page, "What to do next");
    for (n, step) in steps.iter().enumerate() {
        let number = format!("{:>2}. ", n + 1);
        paragraph(page, &number, "    ", &format!("{}: {}.", step.who, step.what.trim_end_matches('.')));
        if let Some(text) = &step.command {
            command(page, "    ", text);
        }
    }
    if steps.is_empty() {
        put(page, "    Nothing.");
    }
}
