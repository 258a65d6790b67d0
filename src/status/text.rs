//! A page for people.

use super::{
    integration::Line,
    page::{Agreement, Feature, Page},
    plan::{Fence, Plan},
};
use crate::{
    api::{Flow, Payload, PlanState},
    explain::{
        Answer,
        text::{headline, next, section},
        tree::{Branch, paragraph},
        words::{list, time, until},
    },
};

impl Page {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = String::new();
        let name = self.subject.trim_start_matches("tenant/");
        let shown = self.display_name.as_ref().map_or_else(String::new, |d| format!(" ({d})"));
        paragraph(&mut page, "", "  ", &format!("{name}{shown}, at {}", time(self.at)));
        headline(&mut page, self.result, &self.summary());
        section(&mut page, "What is not known", &self.unknown);
        if let Some(plan) = &self.plan {
            part(&mut page, &plan.branch());
        }
        if !self.agreements.is_empty() {
            let under = self.agreements.iter().map(Agreement::branch).collect();
            part(&mut page, &Branch::new("Agreements", under));
        }
        match &self.integrations {
            Some(lines) if lines.is_empty() => part(&mut page, &Branch::leaf("Integrations: none")),
            Some(lines) => part(&mut page, &Branch::new("Integrations", lines.iter().map(Line::branch).collect())),
            None => {}
        }
        if !self.features.is_empty() {
            let under = self.features.iter().map(Feature::branch).collect();
            part(&mut page, &Branch::new("Features that need a vendor", under));
        }
        section(&mut page, "What is open", &self.open);
        section(&mut page, "What is closed, and why", &self.closed);
        section(&mut page, "Not shown to you, so that the operator's own words stand for it", &self.not_shown);
        next(&mut page, &self.steps);
        page
    }

    fn summary(&self) -> String {
        let plan = self.plan.as_ref().map(|p| p.result);
        let open = self.agreements.iter().filter(|a| a.result == Answer::Open).count();
        let lines = self.integrations.as_deref().unwrap_or_default();
        let less = lines.iter().filter(|l| l.result == Answer::Closed).count();
        let entities = if open < self.agreements.len() {
            format!("information may be kept for {open} of {} covered entities", self.agreements.len())
        } else {
            "information may be kept".into()
        };
        match (self.result, plan) {
            (Answer::Unknown, _) => "not everything is known, so some of what is said below may be wrong.".into(),
            (Answer::Open, _) => "everything is as it is asked for.".into(),
            (_, Some(Answer::Open)) if less > 0 => {
                format!("{entities}; integrations that carry less than is asked for: {less} of {}.", lines.len())
            }
            (_, Some(Answer::Open)) => format!("{entities}."),
            _ if self.plan.as_ref().is_some_and(Plan::can_be_read) => {
                "nothing new may be kept or sent. Calls keep ringing, and what was kept can be read.".into()
            }
            _ => "nothing new may be kept or sent. Calls keep ringing.".into(),
        }
    }
}

/// A part of the page, after an empty line.
fn part(page: &mut String, branch: &Branch) {
    page.push('\n');
    page.push_str(&branch.draw());
}

impl Plan {
    fn branch(&self) -> Branch {
        let asked = match self.state {
            PlanState::Active => "is to be open",
            PlanState::Suspended => "is suspended: it stays locked whatever the agreements say",
            PlanState::Offboarding => "is offboarding: it stays locked",
        };
        let since = self.since.map_or_else(String::new, |t| format!(" since {}", time(t)));
        let state = match self.result {
            Answer::Open => format!("open{since}"),
            Answer::Closed => format!("locked{since} ({}): {}", self.reason, self.message),
            Answer::Unknown if self.reason.is_empty() => "not known".into(),
            Answer::Unknown => format!("not known; last written ({}{since}): {}", self.reason, self.message),
        };
        let mut lines = vec![state];
        let standing: Vec<_> = self.fences.iter().filter(|f| f.stands == Some(true)).map(|f| self.word(f)).collect();
        lines.push(format!("fences that stand: {}", list(standing.into_iter())));
        for fence in self.fences.iter().filter(|f| f.stands != Some(true)) {
            let how = if fence.stands.is_none() { "not known" } else { "does not stand" };
            lines.push(format!("{}: {how} ({}): {}", self.word(fence), fence.reason, fence.message));
        }
        lines.extend(self.notes.iter().cloned());
        Branch::list(format!("The plan {asked}; class {}", self.class), &lines)
    }

    /// Whether the fences stand that reading needs.
    fn can_be_read(&self) -> bool {
        let needed = self.fences.iter().filter(|f| ["namespace", "network", "nodes", "keys"].contains(&f.name));
        needed.filter(|f| f.stands == Some(true)).count() == 4
    }

    fn word(&self, fence: &Fence) -> String {
        match &self.nodes {
            Some(nodes) if fence.name == "nodes" => format!("nodes ({} of {} ready)", nodes.ready, nodes.asked),
            _ => fence.name.to_owned(),
        }
    }
}

impl Agreement {
    fn branch(&self) -> Branch {
        let by = if self.path.is_empty() { String::new() } else { format!(", by {}", self.path.join(", then ")) };
        let (head, mut lines) = match self.result {
            Answer::Open => {
                let kept = list(self.phi_categories.iter().map(|c| c.as_str()));
                (format!("{}: in force {}{by}", self.party, until(self.until)), vec![format!("may be kept: {kept}")])
            }
            Answer::Closed => (format!("{}: CLOSED", self.party), self.missing.iter().cloned().collect()),
            Answer::Unknown => (format!("{}: not known", self.party), vec![]),
        };
        lines.extend(self.warnings.iter().cloned());
        Branch::list(head, &lines)
    }
}

impl Line {
    fn branch(&self) -> Branch {
        let way = match self.direction {
            Flow::Push => format!("to {} for {}", self.vendor, self.service),
            Flow::Pull => format!("fetched by {} for {}", self.vendor, self.service),
        };
        let data = match self.phi_categories.is_empty() {
            true => "data that identifies no caller".into(),
            false => list(self.phi_categories.iter().map(|c| c.as_str())),
        };
        let said = |payload: Payload| match payload {
            Payload::Full => format!("all of it ({data})"),
            Payload::LinkOnly => "links that need a login".into(),
            Payload::Off => "nothing".into(),
        };
        let sent = match (self.result, self.sent) {
            (Answer::Unknown, None) => "what is sent is not known".into(),
            (Answer::Unknown, Some(p)) => format!("not known; last written: {}", said(p)),
            (_, p) => format!("sent now: {}", said(p.unwrap_or(Payload::Off))),
        };
        let mut lines = vec![format!("asked: {}", said(self.asked)), sent];
        lines.extend(self.unknown.iter().chain(&self.why).chain(&self.notes).cloned());
        let state = match self.result {
            Answer::Open => "as asked",
            Answer::Closed => "LESS THAN ASKED",
            Answer::Unknown => "UNKNOWN",
        };
        Branch::list(format!("{}, {way}: {state}", self.name), &lines)
    }
}

impl Feature {
    fn branch(&self) -> Branch {
        let state = match self.result {
            Answer::Open => format!("on, {}", until(self.until)),
            Answer::Closed => "off".into(),
            Answer::Unknown => "not known".into(),
        };
        let under = self.message.iter().map(Branch::leaf).collect();
        Branch::new(format!("{}: {state}", self.flag), under)
    }
}
