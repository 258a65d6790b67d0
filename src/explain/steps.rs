//! What to do next: who, what, and the command to run.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{ledger::Ledger, page::Plan, words::time};
use crate::{
    agreement::{Book, EntityVerdict, Hop, Life, Obstacle, Path, Verdict, names, paths},
    api::{BAAPhase, HealthcarePlan, PlanState, conditions::Reason},
};

/// An end is told of so long before.
pub(crate) const SOON: SignedDuration = SignedDuration::from_hours(90 * 24);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Who does it.
    pub who: String,
    /// What is done.
    pub what: String,
    /// The command to run; words in capitals are for the reader to fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// The steps, in the order in which they are best done.
#[must_use]
pub fn steps(ledger: &Ledger<'_>, book: &Book<'_>, plan: &HealthcarePlan, verdict: &Verdict, said: &Plan) -> Vec<Step> {
    let mut steps = Steps { ledger, all: vec![] };
    for entity in &verdict.entities {
        steps.entity(book, entity);
    }
    steps.plan(plan, verdict, said);
    let mut once: Vec<Step> = vec![];
    for step in steps.all {
        if !once.contains(&step) {
            once.push(step);
        }
    }
    once
}

/// The steps about one agreement alone.
#[must_use]
pub fn of_agreement(ledger: &Ledger<'_>, life: &Life<'_>) -> Vec<Step> {
    let mut steps = Steps { ledger, all: vec![] };
    let alone = Path { hops: vec![Hop::Agreement(life, None)] };
    let soon = ledger.now.saturating_add(SOON).unwrap_or(Timestamp::MAX);
    match life.closes() {
        _ if !life.in_force(ledger.now) => steps.agreement(life, None),
        Some(_) if life.is_terminating(ledger.now) => steps.notices(&alone),
        Some(end) if end <= soon => steps.renewal(&alone, end),
        _ => {}
    }
    steps.all
}

/// The command that records a signature.
#[must_use]
pub fn sign(baa: &str, party: &str) -> String {
    format!(
        "ringfence sign {baa} --for {party} --signatory NAME --title TITLE --document FILE --provider PROVIDER --envelope ID --certificate FILE"
    )
}

struct Steps<'s, 'w> {
    ledger: &'s Ledger<'w>,
    all: Vec<Step>,
}

impl Steps<'_, '_> {
    fn ask(&mut self, list: &str, what: impl Into<String>, command: Option<String>) {
        let who = super::words::who(Some(self.ledger.config), list);
        self.all.push(Step { who, what: what.into(), command });
    }

    fn wait(&mut self, what: String) {
        self.all.push(Step { who: "nobody".into(), what, command: None });
    }

    fn entity(&mut self, book: &Book<'_>, entity: &EntityVerdict) {
        let paths = paths(book, &entity.party, self.ledger.platform());
        let Some(path) = paths.iter().find(|p| names(p) == entity.path) else {
            let platform = self.ledger.platform();
            let party = &entity.party;
            let what = format!(
                "write the BAA of {party} with {platform}, with the SHA-256 of its text in spec.document.sha256, then let both sign it"
            );
            return self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
        };
        match path.obstacle(book, self.ledger.now) {
            Some(Obstacle::Hop(_)) => {
                for (n, hop) in path.hops.iter().enumerate().filter(|(_, h)| !h.stands(self.ledger.now)) {
                    self.hop(hop, path.hops.get(n + 1));
                }
            }
            Some(Obstacle::Service) => self.amend(path, "names the service call-tracking in spec.scope.services"),
            Some(Obstacle::Use) => self.amend(path, "lists ServiceDelivery in spec.permittedUses"),
            Some(Obstacle::Frozen) => self.notices(path),
            None => self.open(entity, path),
        }
    }

    /// What is open may need somebody as well.
    fn open(&mut self, entity: &EntityVerdict, path: &Path<'_, '_>) {
        let soon = self.ledger.now.saturating_add(SOON).unwrap_or(Timestamp::MAX);
        if entity.frozen.is_some() {
            self.notices(path);
        } else if let Some(end) = entity.closes.filter(|end| *end <= soon) {
            self.renewal(path, end);
        }
        for warning in &entity.warnings {
            let what = format!("put right: {warning}");
            self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
        }
    }

    /// Whatever ends first of the path goes on with another.
    fn renewal(&mut self, path: &Path<'_, '_>, end: Timestamp) {
        for (n, hop) in path.hops.iter().enumerate() {
            match hop {
                Hop::Agreement(life, _) if life.closes() == Some(end) => {
                    let what = format!(
                        "before {}: write a BAA that names {} in spec.supersedesRef, and let both parties sign it, so that no gap opens",
                        time(end),
                        life.name()
                    );
                    self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
                }
                Hop::Attested { entity, attested, .. } if attested.spans.iter().any(|(_, until)| *until == end) => {
                    self.attest(&format!("before {}: attest again", time(end)), entity, path.hops.get(n + 1));
                }
                _ => {}
            }
        }
    }

    fn hop(&mut self, hop: &Hop<'_, '_>, below: Option<&Hop<'_, '_>>) {
        match hop {
            Hop::Attested { entity, .. } => self.attest("attest again", entity, below),
            Hop::Agreement(life, from) => self.agreement(life, *from),
        }
    }

    fn attest(&mut self, again: &str, entity: &str, below: Option<&Hop<'_, '_>>) {
        let Some(Hop::Agreement(life, _)) = below else { return };
        let associate = &life.baa.spec.disclosing.party;
        let what = format!("{again} that {entity} has a BAA with {associate} (it lasts 12 months, or until --until)");
        let command = format!("ringfence attest-upstream {} --covered-entity {entity} --for {associate}", life.name());
        self.ask("signers", what, Some(command));
    }

    fn agreement(&mut self, life: &Life<'_>, from: Option<Timestamp>) {
        let (name, spec) = (life.name(), &life.baa.spec);
        match life.phase(self.ledger.now) {
            BAAPhase::Draft | BAAPhase::PartiallySigned => {
                for party in unsigned(life) {
                    let what = format!(
                        "fetch the text from {}, let {} sign it, and record that: the signature of {} on BAA {name}",
                        spec.document.uri, party.legal_name, party.party
                    );
                    self.ask("signers", what, Some(sign(name, &party.party)));
                }
                if unsigned(life).next().is_none() {
                    let party = &spec.receiving.party;
                    let by = life.signatures().first().map_or("one person", |s| s.recorded_by.as_str());
                    let what = format!(
                        "{by} recorded both signatures on BAA {name} under two envelopes: let another signer record one of them again"
                    );
                    self.ask("signers", what, Some(sign(name, party)));
                }
            }
            BAAPhase::Executed => {
                let opens = life.opens().map(time).unwrap_or_default();
                self.wait(format!("wait until {opens}: BAA {name} is signed and takes effect then"));
            }
            BAAPhase::Expired | BAAPhase::Terminated => self.anew(life),
            BAAPhase::Superseded => {
                let what = format!(
                    "BAA {name} gave way to another: see that the one in its place names its upstream and is signed"
                );
                self.ask("signers", what, Some(format!("ringfence explain baa/{name}")));
            }
            BAAPhase::Active | BAAPhase::Terminating => {
                let from = from.map(time).unwrap_or_default();
                self.wait(format!("wait until {from}: the agreement below names BAA {name} from then on"));
            }
        }
    }

    fn anew(&mut self, life: &Life<'_>) {
        let (name, spec) = (life.name(), &life.baa.spec);
        let what = format!(
            "write a new BAA of {} with {} that names {name} in spec.supersedesRef: what has ended never opens again",
            spec.disclosing.party, spec.receiving.party
        );
        self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
        self.ask("signers", "record both parties' signatures on it", Some(sign("BAA", "PARTY")));
    }

    fn amend(&mut self, path: &Path<'_, '_>, how: &str) {
        let what = format!(
            "write a BAA that amends the one of {} that lacks it (spec.amendsRef) and {how}",
            names(path).join(", ")
        );
        self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
    }

    /// The notices that stand: a new agreement, or the notice is taken back.
    fn notices(&mut self, path: &Path<'_, '_>) {
        let now = self.ledger.now;
        for life in path.agreements().filter(|l| l.is_terminating(now)) {
            let Some(notice) = life.notice() else { continue };
            let what = format!(
                "to go on after {}: write a new BAA that names {} in spec.supersedesRef, and let both parties sign it",
                time(notice.effective),
                life.name()
            );
            self.ask("signers", what, Some("kubectl create -f BAA.yaml".into()));
            let Some(act) = self.ledger.termination(life) else { continue };
            let name = act.metadata.name.clone().unwrap_or_default();
            let what =
                "or take the notice back before then; a privacy officer may as well, with --privacy-officer".into();
            self.all.push(Step { who: act.spec.by.clone(), what, command: Some(format!("ringfence withdraw {name}")) });
        }
    }

    /// What keeps the plan closed although its agreements do not.
    fn plan(&mut self, plan: &HealthcarePlan, verdict: &Verdict, said: &Plan) {
        let name = plan.metadata.name.as_deref().unwrap_or_default();
        match plan.spec.state {
            PlanState::Suspended => {
                let what = "the plan is suspended: set it to Active when it is to open".to_owned();
                let command =
                    format!("kubectl patch hp {name} --type merge -p '{{\"spec\":{{\"state\":\"Active\"}}}}'");
                return self.ask("flippers", what, Some(command));
            }
            PlanState::Offboarding => {
                return self.ask("privacyOfficers", "the plan is offboarding: it stays closed", None);
            }
            PlanState::Active => {}
        }
        let [status, reason, message] = &said.phi_unlocked;
        let agreements = verdict.entities.iter().any(|e| !e.open && e.reason.as_str() == reason);
        if status != "True" && !agreements {
            let command = format!("kubectl describe hp {name}");
            if verdict.any_open() || !OF_AGREEMENTS.iter().any(|r| r.as_str() == reason) {
                let what = format!("{message} ({reason}: see docs/reasons.md)");
                self.ask("administrators", what, Some(command));
            }
        }
    }
}

/// Reasons that are told by the entities themselves.
const OF_AGREEMENTS: [Reason; 10] = [
    Reason::NoAgreement,
    Reason::AwaitingSignature,
    Reason::NotYetEffective,
    Reason::AgreementExpired,
    Reason::AgreementTerminated,
    Reason::AgreementSuperseded,
    Reason::UpstreamNotAttested,
    Reason::ServiceNotCovered,
    Reason::UseNotPermitted,
    Reason::LooseningFrozen,
];

/// The parties whose signature is not recorded.
fn unsigned<'l>(life: &'l Life<'_>) -> impl Iterator<Item = &'l crate::api::Party> {
    let spec = &life.baa.spec;
    [&spec.disclosing, &spec.receiving].into_iter().filter(|p| !life.signatures().iter().any(|s| s.party == p.party))
}
