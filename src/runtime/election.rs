//! Holds, renews and takes the Lease that says which replica leads (coordination.k8s.io/v1).

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{Api, Client, api::PostParams};
use tokio::time::{Instant, timeout};

use crate::{
    lead::{Act, Identity, Lead, Seen, Terms},
    names::{FIELD_MANAGER, LEASE},
};

/// One replica that stands for election.
pub struct Candidate {
    api: Api<Lease>,
    me: Identity,
    terms: Terms,
    lead: Arc<Lead>,
}

impl Candidate {
    /// A candidate for the Lease in this namespace. `client` must not wait for the lead itself.
    pub fn new(client: Client, namespace: &str, replica: String, terms: Terms, lead: Arc<Lead>) -> Self {
        Self { api: Api::namespaced(client, namespace), me: Identity::new(replica), terms, lead }
    }

    /// Stands for election for ever; `won` is called each time before this replica begins to lead.
    pub async fn run(&self, won: impl Fn()) {
        let mut seen = Seen::default();
        let mut rounds = tokio::time::interval(self.terms.retry());
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut led = false;
        loop {
            rounds.tick().await;
            let sent = Instant::now();
            let held = match timeout(self.terms.retry(), self.round(&mut seen)).await {
                Ok(Ok(held)) => held,
                Ok(Err(error)) => {
                    tracing::warn!(error = %crate::fact::brief(&error), "the Lease could not be held");
                    None
                }
                Err(_) => {
                    tracing::warn!("the API server did not answer about the Lease in time");
                    None
                }
            };
            match held {
                Some(true) => {
                    if !self.lead.holds() {
                        won();
                    }
                    self.lead.until(Some(sent + self.terms.hold()));
                }
                // Somebody else holds it: not one more write.
                Some(false) => self.lead.until(None),
                // Not known: what was held ends by itself.
                None => {}
            }
            if led != self.lead.holds() {
                led = !led;
                tracing::info!(leading = led, "the lead changed");
            }
        }
    }

    /// One look and at most one write. `None`: a write lost a race, and the next round tells.
    async fn round(&self, seen: &mut Seen) -> kube::Result<Option<bool>> {
        let lease = self.api.get_opt(LEASE).await?;
        let act = seen.decide(lease.as_ref(), &self.me, self.terms, Instant::now());
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let written = match act {
            Act::Wait => return Ok(Some(false)),
            Act::Create => self.api.create(&params, &self.claim(Lease::default(), act)).await,
            Act::Renew | Act::Take => {
                self.api.replace(LEASE, &params, &self.claim(lease.unwrap_or_default(), act)).await
            }
        };
        match written {
            Ok(_) => Ok(Some(true)),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The lease as this replica holds it from now on, on the version that was read.
    fn claim(&self, mut lease: Lease, act: Act) -> Lease {
        let now = MicroTime(Timestamp::now());
        let was = lease.spec.take().unwrap_or_default();
        let taken = act != Act::Renew;
        lease.metadata.name = Some(LEASE.into());
        lease.metadata.managed_fields = None;
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.me.holder.clone()),
            lease_duration_seconds: Some(self.terms.seconds()),
            acquire_time: if taken { Some(now.clone()) } else { was.acquire_time },
            renew_time: Some(now),
            lease_transitions: Some(was.lease_transitions.unwrap_or(0) + i32::from(taken)),
            ..LeaseSpec::default()
        });
        lease
    }

    /// Gives the lease back, so that another replica need not wait for its end. Called when no write is under way any more.
    pub async fn resign(&self) {
        let held = self.lead.holds();
        self.lead.until(None);
        if !held {
            return;
        }
        let give_back = async {
            let mut lease = self.api.get(LEASE).await?;
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_ref() == Some(&self.me.holder) {
                spec.holder_identity = Some(String::new());
                self.api.replace(LEASE, &PostParams::default(), &lease).await?;
            }
            Ok::<_, kube::Error>(())
        };
        if !matches!(timeout(self.terms.retry(), give_back).await, Ok(Ok(()))) {
            tracing::warn!("the Lease could not be given back; it ends by itself");
        }
    }
}
