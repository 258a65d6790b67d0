//! Who led when, and who wrote what, from the API server's audit log alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Result, ensure};
use ringfence_e2e::{
    Bed,
    audit::ApiEvent,
    operator::{ACCOUNT, NAMESPACE, Operator},
    wait::{self, Look},
};

/// The audit log, read as a register of leaders and writes.
pub struct Register {
    bed: &'static Bed,
}

/// What the register says.
pub struct Told {
    /// How often the lead changed hands.
    pub terms: usize,
    /// Writes that took effect.
    pub writes: usize,
    /// Writes that the API server refused by their precondition.
    pub refused: usize,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} terms, {} writes by leaders, {} refused by precondition, none by another",
            self.terms, self.writes, self.refused
        )
    }
}

fn is_lease(event: &ApiEvent) -> bool {
    event.object_ref.resource == "leases"
}

impl Register {
    pub fn new(bed: &'static Bed) -> Self {
        Self { bed }
    }

    fn writes(&self) -> Result<Vec<ApiEvent>> {
        let audit = self.bed.audit();
        let mut events = audit
            .after(Default::default())
            .service_account(NAMESPACE, ACCOUNT)
            .writes()
            .filter(|e| e.stage == "ResponseComplete")
            .events()?;
        events.sort_by_key(|e| e.stage_timestamp);
        Ok(events)
    }

    /// How many writes were answered until now, those about the lease left out.
    pub fn count(&self) -> Result<usize> {
        Ok(self.writes()?.iter().filter(|e| !is_lease(e)).count())
    }

    /// The holder that the last lease write named.
    fn holder(&self) -> Result<String> {
        let writes = self.writes()?;
        let last = writes.iter().rev().find(|e| is_lease(e) && e.code() < 300);
        Ok(last.and_then(|e| e.request_object["spec"]["holderIdentity"].as_str()).unwrap_or_default().to_owned())
    }

    /// Which of the replicas leads.
    pub async fn await_leader(&self, replicas: &[Operator; 2]) -> Result<usize> {
        wait::until("a replica leads", async || {
            let holder = self.holder()?;
            let found = replicas.iter().position(|r| holder.starts_with(&format!("{}_", r.server().name())));
            Ok(found.map_or(Look::Not(format!("the holder is {holder:?}")), Look::Done))
        })
        .await
    }

    /// Waits until this replica leads.
    pub async fn await_lead_of(&self, replica: &Operator) -> Result<()> {
        let name = replica.server().name().to_owned();
        wait::until(&format!("{name} leads"), async || {
            let holder = self.holder()?;
            Ok(if holder.starts_with(&format!("{name}_")) {
                Look::Done(())
            } else {
                Look::Not(format!("it is {holder:?}"))
            })
        })
        .await
    }

    /// No object of the tenant's was created twice, and no key made twice. The answers to what was under way when a replica was killed are lost: so what
    /// was asked for is counted, too.
    pub fn nothing_is_made_twice(&self, tenant: &str) -> Result<()> {
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for event in self.writes()?.iter().filter(|e| e.verb == "create") {
            let object = &event.object_ref;
            let names = [&event.request_object, &event.response_object].map(|o| &o["metadata"]["name"]);
            if object.resource == "events" || (object.namespace != tenant && names.iter().all(|n| **n != tenant)) {
                continue;
            }
            asked.insert(object.resource.clone());
            if event.code() == 201 {
                *made.entry(format!("{} {}", object.resource, names[1])).or_default() += 1;
            }
        }
        ensure!(asked.len() >= 7, "{tenant}: only {} kinds of objects were asked for: {asked:?}", asked.len());
        ensure!(made.values().all(|n| *n == 1), "{tenant}: made twice: {made:?}");
        Ok(())
    }

    /// Every write that took effect was by the replica that held the lease when the write arrived.
    pub fn judge(&self) -> Result<Told> {
        let writes = self.writes()?;
        let leases: Vec<_> = writes.iter().filter(|e| is_lease(e) && e.code() < 300).collect();
        let mut told = Told { terms: 0, writes: 0, refused: 0 };
        let mut wrong = vec![];
        for pair in leases.windows(2) {
            told.terms += usize::from(pair[0].credential() != pair[1].credential());
        }
        // Events only tell people what has happened.
        for event in writes.iter().filter(|e| !is_lease(e) && e.object_ref.resource != "events") {
            if event.code() == 409 {
                told.refused += 1;
            }
            if event.code() >= 300 {
                continue;
            }
            told.writes += 1;
            let holder = leases.iter().rev().find(|l| l.stage_timestamp <= event.request_received_timestamp);
            if holder.is_none_or(|h| h.credential() != event.credential()) {
                wrong.push(event.brief());
            }
        }
        ensure!(!writes.iter().any(|e| e.credential().is_empty()), "the audit log does not tell tokens apart");
        ensure!(wrong.is_empty(), "written by a replica that did not lead: {wrong:#?}");
        Ok(told)
    }
}
