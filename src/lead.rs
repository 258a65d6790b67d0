//! Who leads: one replica works, the others stand by with warm stores. The Lease of the API server decides, each replica by its own
//! monotonic clock; times of other machines are never compared.

use std::{sync::Mutex, time::Duration};

use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt;
use tokio::time::Instant;

/// How long a lease lasts, and what follows from it: the same proportions as in client-go (15 s, 10 s, 2 s).
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// A lease that was not seen to change for this long may be taken.
    pub lease: Duration,
}

impl Terms {
    /// For how long after a renewal was *sent* this replica may write.
    #[must_use]
    pub fn hold(self) -> Duration {
        self.lease * 2 / 3
    }

    /// The lease in whole seconds, as it is written: never less than what the holder counts on.
    #[must_use]
    pub fn seconds(self) -> i32 {
        i32::try_from(self.lease.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
    }

    /// How often a lease is renewed or looked at; also how long one such request may take.
    #[must_use]
    pub fn retry(self) -> Duration {
        self.lease * 2 / 15
    }
}

/// Until when this replica may write.
#[derive(Debug, Default)]
pub struct Lead {
    until: Mutex<Option<Instant>>,
    changed: tokio::sync::Notify,
}

/// Why a write was not sent.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this replica does not lead")]
pub struct NotLeading;

impl Lead {
    /// Whether this replica may write now.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.until.lock().expect("no holder of this lock panics").is_some_and(|t| Instant::now() < t)
    }

    /// Waits until this replica may write.
    pub async fn leading(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.holds() {
                return;
            }
            changed.await;
        }
    }

    /// This replica may write until then; `None`: from now on no more.
    pub fn until(&self, until: Option<Instant>) {
        *self.until.lock().expect("no holder of this lock panics") = until;
        self.changed.notify_waiters();
    }
}

/// What a replica has seen of the lease: who held it in which version, and when that was first seen here.
#[derive(Clone, Debug, Default)]
pub struct Seen(Option<(String, String, Instant)>);

/// What to do about the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// There is none: create it.
    Create,
    /// It is this replica's: renew it, on the version that was read.
    Renew,
    /// It is free, or was not renewed for as long as it lasts: take it, on the version that was read.
    Take,
    /// Another replica holds it.
    Wait,
}

/// The holder's name: the pod's, and which process of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The pod's name.
    pub replica: String,
    /// Replica and process, as in `holderIdentity`.
    pub holder: String,
}

impl Identity {
    /// A new process of this replica.
    #[must_use]
    pub fn new(replica: String) -> Self {
        use std::hash::{BuildHasher, Hasher};
        let process = std::hash::RandomState::new().build_hasher().finish();
        Self { holder: format!("{replica}_{process:016x}"), replica }
    }

    /// Whether the holder is a process of the same replica. A pod runs one at a time: an earlier one is gone.
    fn succeeds(&self, holder: &str) -> bool {
        holder.rsplit_once('_').is_some_and(|(replica, _)| replica == self.replica)
    }
}

impl Seen {
    /// Takes in the lease as it was read at `now`, and says what to do. `starting`: this process has not yet seen a lease, so an earlier
    /// process of the same replica is succeeded at once.
    pub fn decide(&mut self, lease: Option<&Lease>, me: &Identity, terms: Terms, now: Instant) -> Act {
        let starting = self.0.is_none();
        let Some(lease) = lease else { return Act::Create };
        let spec = lease.spec.as_ref();
        let holder = spec.and_then(|s| s.holder_identity.clone()).unwrap_or_default();
        let version = lease.resource_version().unwrap_or_default();
        let since = match &self.0 {
            Some((h, v, since)) if *h == holder && *v == version => *since,
            _ => now,
        };
        self.0 = Some((holder.clone(), version, since));
        let seconds = spec.and_then(|s| s.lease_duration_seconds).and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
        let lasts = Duration::from_secs(seconds).max(terms.lease);
        match holder.as_str() {
            h if h == me.holder => Act::Renew,
            "" => Act::Take,
            h if starting && me.succeeds(h) => Act::Take,
            _ if now.duration_since(since) > lasts => Act::Take,
            _ => Act::Wait,
        }
    }
}

#[cfg(test)]
#[path = "lead_tests.rs"]
mod tests;
