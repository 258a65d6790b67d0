//! Agreements for tests: each a BAA with the acts about it, changed word by word.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{Question, Verdict, evaluate};
use crate::{
    api::{
        Act, Attestation, BAA, Clocks, CoveredEntity, NameRef, Offshoring, PartyRole, PermittedUse, PhiCategory,
        Restrictions, Subcontracting, SubjectKind, Upstream, VendorFeature,
    },
    plan::fixture::{act, at, baa},
};

/// One agreement and the acts about it.
#[derive(Clone, Debug)]
pub struct Deal {
    pub baa: BAA,
    pub acts: Vec<Attestation>,
}

/// An agreement between two parties that both signed at one o'clock; the first is a covered entity.
pub fn deal(name: &str, from: &str, to: &str) -> Deal {
    let mut baa = baa(name, &format!("uid-of-{name}"), from, ("00:00:00", None));
    baa.spec.receiving.party = to.into();
    baa.metadata.creation_timestamp = Some(Time(at("00:00:00")));
    Deal { baa, acts: vec![] }.signed("01:00:00")
}

impl Deal {
    /// Both parties' signatures at `time` instead of what was signed before.
    pub fn signed(mut self, time: &str) -> Self {
        self.acts.retain(|a| a.spec.act != Act::Sign);
        let (from, to) = (self.baa.spec.disclosing.party.clone(), self.baa.spec.receiving.party.clone());
        self.push("Sign", &from, "bob", time).push("Sign", &to, "alice", time)
    }

    /// Without a signature of the receiving party.
    pub fn half(mut self) -> Self {
        let to = self.baa.spec.receiving.party.clone();
        self.acts.retain(|a| a.spec.act != Act::Sign || a.spec.on_behalf_of.as_ref().is_none_or(|o| o.party != to));
        self
    }

    /// Without any signature.
    pub fn unsigned(mut self) -> Self {
        self.acts.clear();
        self
    }

    /// An act about it, done for `party` by `by` at `time`.
    pub fn push(mut self, what: &str, party: &str, by: &str, time: &str) -> Self {
        let (name, uid) = (self.baa.name_any(), self.baa.uid().unwrap_or_default());
        let mut new = act(what, (&name, &uid), party, by, time);
        let n = self.acts.len();
        new.metadata.name = Some(format!("{name}-{n}"));
        new.metadata.uid = Some(format!("uid-of-{name}-{n}"));
        self.acts.push(new);
        self
    }

    /// A termination by the disclosing party, recorded at `given`, that counts at `effective`.
    pub fn notice(self, given: &str, effective: &str) -> Self {
        let party = self.baa.spec.disclosing.party.clone();
        let mut deal = self.push("Terminate", &party, "bob", given);
        deal.acts.last_mut().unwrap().spec.effective_time = Some(Time(at(effective)));
        deal
    }

    /// Its last act is taken back by `by` at `time`.
    pub fn taken_back(self, by: &str, time: &str) -> Self {
        let last = self.acts.last().unwrap().clone();
        let mut deal = self.push("Withdraw", "any", by, time);
        let spec = &mut deal.acts.last_mut().unwrap().spec;
        spec.subject_ref.kind = SubjectKind::Attestation;
        spec.subject_ref.name = last.name_any();
        spec.subject_ref.uid = last.uid().unwrap();
        deal
    }

    /// An agreement of `entity` with the disclosing party is attested at `time`, until `until`.
    pub fn attest(self, entity: &str, time: &str, until: Option<&str>) -> Self {
        let party = self.baa.spec.disclosing.party.clone();
        let mut deal = self.push("AttestUpstream", &party, "carol", time);
        let spec = &mut deal.acts.last_mut().unwrap().spec;
        spec.covered_entity = Some(CoveredEntity { party: entity.into() });
        spec.expiration_time = until.map(|t| Time(at(t)));
        deal
    }

    /// The disclosing party is a business associate, with these agreements above.
    pub fn agency(mut self, upstream: &[&str]) -> Self {
        self.baa.spec.disclosing.role = PartyRole::BusinessAssociate;
        let upstream: Vec<_> = upstream.iter().map(|n| Upstream { baa_ref: NameRef { name: (*n).into() } }).collect();
        self.baa.spec.upstream = Some(upstream).filter(|u| !u.is_empty());
        self
    }

    pub fn term(mut self, from: &str, until: Option<&str>) -> Self {
        self.baa.spec.term.effective_time = Time(at(from));
        self.baa.spec.term.expiration_time = until.map(|t| Time(at(t)));
        self
    }

    pub fn supersedes(mut self, name: &str) -> Self {
        self.baa.spec.supersedes_ref = Some(NameRef { name: name.into() });
        self
    }

    pub fn amends(mut self, name: &str) -> Self {
        self.baa.spec.amends_ref = Some(NameRef { name: name.into() });
        self
    }

    pub fn categories(mut self, categories: &[PhiCategory]) -> Self {
        self.baa.spec.scope.phi_categories = categories.to_vec();
        self
    }

    pub fn services(mut self, services: &[&str]) -> Self {
        self.baa.spec.scope.services = services.iter().map(|s| (*s).to_owned()).collect();
        self
    }

    pub fn uses(mut self, uses: &[PermittedUse]) -> Self {
        self.baa.spec.permitted_uses = uses.to_vec();
        self
    }

    pub fn restrict(mut self, subcontracting: Subcontracting, offshoring: Offshoring) -> Self {
        let (subcontracting, offshoring) = (Some(subcontracting), Some(offshoring));
        self.baa.spec.restrictions = Some(Restrictions { subcontracting, offshoring });
        self
    }

    pub fn clocks(mut self, breach: Option<i32>, incident: Option<i32>) -> Self {
        self.baa.spec.clocks = Some(Clocks { breach_notice_hours: breach, incident_notice_hours: incident });
        self
    }

    pub fn located(mut self, location: &str) -> Self {
        self.baa.spec.receiving.location = Some(location.into());
        self
    }
}

/// The verdict about these entities and features by these agreements.
pub fn ask(entities: &[&str], features: &[VendorFeature], deals: &[Deal], now: Timestamp) -> Verdict {
    let parties: Vec<_> = entities.iter().map(|e| (*e).to_owned()).collect();
    let baas: Vec<_> = deals.iter().map(|d| &d.baa).collect();
    let acts: Vec<_> = deals.iter().flat_map(|d| &d.acts).collect();
    evaluate(Question { parties: &parties, platform: "ringwell", features, integrations: &[] }, &baas, &acts, now)
}

/// Voicemail transcription by deepvoice.
pub fn voicemail() -> VendorFeature {
    VendorFeature {
        flag: "voicemail.transcription.allowed".into(),
        vendor: "deepvoice".into(),
        service: "voicemail-transcription".into(),
        r#use: PermittedUse::ServiceDelivery,
    }
}

/// The platform's agreement with deepvoice.
pub fn with_vendor() -> Deal {
    deal("deepvoice-2026", "ringwell", "deepvoice")
        .agency(&[])
        .services(&["voicemail-transcription"])
        .categories(&PhiCategory::ALL)
        .located("US")
}
