//! When the document is written: restrictive at once, permissive only behind an open gate, renewed at half of the lease.

use jiff::{SignedDuration, Timestamp};

use super::{Effective, Live, Opening, Reading, Settings, published, render};
use crate::{
    agreement::Verdict as Agreements,
    api::{
        PhiCategory,
        conditions::{self, KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, PHI_UNLOCKED},
    },
    names::TenantName,
    plan::{gates::Gate, validate::Tenant, world::World},
};

/// What is to become of the published document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The text to write, if it is not what is published.
    pub text: Option<String>,
    /// Whether writing it opens anything, or keeps it open for longer.
    pub loosening: bool,
    /// When it is to be renewed.
    pub renew_at: Option<Timestamp>,
}

/// Decides on the document.
///
/// `gate` is for what the agreement opens, `read_gate` for reading, which follows the fences alone.
#[must_use]
pub fn desired(
    tenant: &Tenant,
    world: &World,
    agreements: &Agreements,
    effective: &Effective,
    (gate, read_gate): (&Gate, &Gate),
    now: Timestamp,
) -> Publish {
    let text = published(world);
    let live = text.and_then(|t| Live::parse(&tenant.name, t));
    let settings = Settings { idle_minutes: effective.shown.max_session_idle_minutes, mfa: effective.shown.mfa };
    let written = |c: &str| {
        world.plan.known().and_then(|p| p.status.as_ref()).is_some_and(|s| conditions::is_true(&s.conditions, c))
    };
    let unlocked = written(PHI_UNLOCKED);
    let fenced = [NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY].into_iter().all(written);
    let lease = Lease { length: tenant.lease, jitter: jitter(&tenant.name, tenant.lease) };
    let read_lease = Lease { length: tenant.read_lease, jitter: jitter(&tenant.name, tenant.read_lease) };

    let held = live.as_ref().and_then(|l| l.lease_issued).and_then(at).filter(|t| lease.is_running(*t, now));
    let issued = match gate {
        Gate::Closed(_) => None,
        Gate::Open if unlocked => {
            Some(held.filter(|t| !lease.is_due(*t, now) || !gains(agreements, *t, &lease)).unwrap_or(now))
        }
        Gate::Open | Gate::Hold(_) => held,
    };
    let opening = issued.map(|t| opening(agreements, effective, t, &lease)).filter(|o| !o.entities.is_empty());
    // What is open already and may stay so. Nothing more without an open gate, nor before status says that it is open.
    let running = live.as_ref().filter(|_| held.is_some()).and_then(|l| l.opening.as_ref());
    let kept = opening.as_ref().zip(running).map(|(o, l)| o.meet(l)).filter(|o| !o.entities.is_empty());
    let may_open = matches!(gate, Gate::Open) && unlocked;

    let read_held = live.as_ref().and_then(|l| l.read_issued).and_then(at).filter(|t| read_lease.is_running(*t, now));
    let read_issued = match read_gate {
        Gate::Closed(_) => None,
        _ if !agreements.ever_open() => None,
        // Nothing opens in a document that was not restrictive before, nor before status says so.
        Gate::Open if live.is_some() && fenced => {
            Some(read_held.filter(|t| !read_lease.is_due(*t, now)).unwrap_or(now))
        }
        Gate::Open | Gate::Hold(_) => read_held,
    };
    let reading =
        |issued: Timestamp| Reading { issued: issued.as_second(), until: read_lease.ends(issued).as_second() };
    let kept_reading = read_issued.and(read_held).map(reading);

    let renewals = [
        issued.filter(|t| opening.is_some() && gains(agreements, *t, &lease)).map(|t| lease.due(t)),
        read_issued.map(|t| read_lease.due(t)),
    ];
    let renew_at = renewals.into_iter().flatten().min();
    // Tightening first, and by itself: it waits for no gate and for no other step.
    let tight = render(&tenant.name, &settings, kept.as_ref(), kept_reading.as_ref());
    if text != Some(tight.as_str()) {
        let unseen = world.flags.doubt().is_some() && !matches!(gate, Gate::Closed(_));
        return Publish { text: (!unseen).then_some(tight), loosening: false, renew_at };
    }
    let opening = if may_open { opening } else { kept };
    let wanted = render(&tenant.name, &settings, opening.as_ref(), read_issued.map(reading).as_ref());
    Publish { text: (wanted != tight).then_some(wanted), loosening: true, renew_at }
}

struct Lease {
    length: SignedDuration,
    jitter: SignedDuration,
}

impl Lease {
    fn ends(&self, issued: Timestamp) -> Timestamp {
        issued.saturating_add(self.length).unwrap_or(issued)
    }

    /// Half of the lease, less a part that differs by tenant.
    fn due(&self, issued: Timestamp) -> Timestamp {
        issued.saturating_add(self.length / 2 - self.jitter).unwrap_or(issued)
    }

    fn is_due(&self, issued: Timestamp, now: Timestamp) -> bool {
        now >= self.due(issued)
    }

    /// A window that was issued in the future speaks of a clock that was set back: it counts for nothing.
    fn is_running(&self, issued: Timestamp, now: Timestamp) -> bool {
        issued <= now && now < self.ends(issued)
    }
}

/// The same for one tenant each time, spread between tenants: up to a tenth of the lease.
fn jitter(tenant: &TenantName, lease: SignedDuration) -> SignedDuration {
    let hash = tenant.as_str().bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    SignedDuration::from_millis(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX) / 10_000 * i64::from(hash % 1000))
}

fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

/// Whether a new lease would last longer for anybody: windows that end with their agreement cannot be prolonged.
fn gains(agreements: &Agreements, issued: Timestamp, lease: &Lease) -> bool {
    let end = lease.ends(issued);
    agreements.entities.iter().any(|e| e.open && e.closes.is_none_or(|c| c > end))
}

fn opening(agreements: &Agreements, effective: &Effective, issued: Timestamp, lease: &Lease) -> Opening {
    let until = |end: Option<Timestamp>| end.map_or(lease.ends(issued), |t| t.min(lease.ends(issued))).as_second();
    let last = until(agreements.closes());
    Opening {
        issued: issued.as_second(),
        entities: agreements
            .entities
            .iter()
            .filter(|e| e.open)
            .map(|e| (e.party.clone(), until(e.closes), e.categories.clone()))
            .collect(),
        categories: PhiCategory::ALL
            .into_iter()
            .filter_map(|c| Some((c, until(agreements.category_until(c)?))))
            .collect(),
        export_until: last,
        guide_until: effective.guide_until.map(|t| until(Some(t)).min(last)),
        redaction_off_until: effective.redaction_off_until.map(|t| until(Some(t)).min(last)),
    }
}
