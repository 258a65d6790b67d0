//! When the document is written: restrictive at once, permissive only behind an open gate, renewed at half of the lease.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{Effective, Grant, Live, Opening, Reading, Settings, is_vendored, is_watched, published, render};
use crate::{
    agreement::Verdict as Agreements,
    api::{
        HealthcarePlan, PhiCategory,
        conditions::{KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, PHI_UNLOCKED, Reason},
    },
    integration::Judged,
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
    /// What of the published document may stay open.
    pub kept: Option<Opening>,
}

/// Decides on the document.
///
/// `live` is what is published now; `gate` is for what the agreement opens, `read_gate` for reading, which follows the fences alone.
#[must_use]
pub fn desired(
    tenant: &Tenant,
    (world, live): (&World, Option<&Live>),
    (agreements, integrations): (&Agreements, &[Judged]),
    effective: &Effective,
    (gate, read_gate): (&Gate, &Gate),
    now: Timestamp,
) -> Publish {
    let text = published(world);
    // While nobody knows which integrations there are, what is published of them is left to end by itself.
    let doubted = world.integrations.doubt().is_some();
    let settings = Settings {
        vendored: tenant.class.spec.vendor_features.iter().map(|f| f.flag.clone()).collect(),
        integrations: match live {
            Some(live) if doubted => live.integrations.clone(),
            _ => integrations.iter().map(Judged::name).collect(),
        },
        idle_minutes: effective.shown.max_session_idle_minutes,
        mfa: effective.shown.mfa,
    };
    let granted = live.and_then(|l| l.opening.as_ref()).map(|o| o.integrations.clone());
    let opening = |issued, end| {
        let all = opening(agreements, integrations, effective, issued, end);
        if doubted { Opening { integrations: granted.clone().unwrap_or_default(), ..all } } else { all }
    };
    let lease = Lease::of(&tenant.name, tenant.lease);
    let read_lease = Lease::of(&tenant.name, tenant.read_lease);
    let now = now.as_second();

    // What is open and may stay so: never more than the document opens, never more than today's facts allow.
    let seen = live.and_then(|l| l.opening.as_ref());
    // While nobody knows the time, what is published is left to end by its readers' clocks.
    let timeless = world.clock_doubt.is_some();
    let is_running = |issued, until| timeless || is_running(issued, until, now);
    let running = seen.filter(|o| is_running(o.issued, last_end(o)) && !matches!(gate, Gate::Closed(_)));
    let allowed = running.map(|o| opening(o.issued, lease.ends(o.issued)).meet(o));
    let kept = allowed.filter(|o| !o.entities.is_empty());
    let read_seen = live.and_then(|l| l.reading.as_ref());
    let may_go_on = agreements.ever_open() && !matches!(read_gate, Gate::Closed(_));
    let read_kept = read_seen.filter(|r| may_go_on && is_running(r.issued, r.until));
    let read_kept = read_kept.map(|r| Reading { until: r.until.min(read_lease.ends(r.issued)), ..*r });
    let read_kept = read_kept.as_ref();

    // What may be opened anew or for longer: behind an open gate only, and once status says so.
    let fresh = opening(now, lease.ends(now));
    let may_open =
        *gate == Gate::Open && live.is_some() && was_told(&tenant.plan, &[PHI_UNLOCKED]) && !fresh.entities.is_empty();
    let due = |k: &Opening| {
        let due = lease.due(k.issued);
        (now >= due || widens(&fresh, k) || outlives(&fresh, k, due)) && prolongs(&fresh, k)
    };
    let opens = may_open && kept.as_ref().is_none_or(due);
    let may_read =
        *read_gate == Gate::Open && live.is_some() && agreements.ever_open() && was_told(&tenant.plan, &FENCES);
    let reads = may_read && read_kept.is_none_or(|r| now >= read_lease.due(r.issued));

    let endless = opening(i64::MAX, i64::MAX);
    let renewals = [
        kept.as_ref().filter(|o| prolongs(&endless, o)).map(|o| lease.due(o.issued)),
        read_kept.map(|r| read_lease.due(r.issued)),
    ];
    let renew_at = renewals.into_iter().flatten().filter_map(|t| Timestamp::from_second(t).ok()).min();
    // Tightening first, and by itself: it waits for no gate and for no other step.
    let tight = render(&tenant.name, &settings, kept.as_ref(), read_kept);
    if text != Some(tight.as_str()) || !is_watched(&tenant.name, world) {
        let unseen = world.flags.doubt().is_some() && !matches!(gate, Gate::Closed(_));
        return Publish { text: (!unseen).then_some(tight), loosening: false, renew_at, kept };
    }
    let reading = Reading { issued: now, until: read_lease.ends(now) };
    let opened = if opens { Some(&fresh) } else { kept.as_ref() };
    let wanted = (opens || reads)
        .then(|| render(&tenant.name, &settings, opened, if reads { Some(&reading) } else { read_kept }));
    let renew_at = [opens.then(|| lease.due(now)), reads.then(|| read_lease.due(now))]
        .into_iter()
        .flatten()
        .filter_map(|t| Timestamp::from_second(t).ok())
        .chain(renew_at.filter(|t| t.as_second() > now))
        .min();
    Publish { text: wanted.filter(|wanted| *wanted != tight), loosening: true, renew_at, kept }
}

/// What reading rests on.
const FENCES: [&str; 4] = [NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY];

/// Whether status says that these conditions are true. A document that could not be written takes nothing of that back.
#[must_use]
pub fn was_told(plan: &HealthcarePlan, conditions: &[&str]) -> bool {
    let status = plan.status.as_ref();
    let unwritten = |k: &Condition| k.status == "Unknown" && k.reason == Reason::WriteFailed.as_str();
    let told = |c: &&str| {
        status.is_some_and(|s| s.conditions.iter().any(|k| k.type_ == **c && (k.status == "True" || unwritten(k))))
    };
    conditions.iter().all(told)
}

/// A window that was issued in the future speaks of a clock that was set back: it counts for nothing.
const fn is_running(issued: i64, until: i64, now: i64) -> bool {
    issued <= now && now < until
}

fn last_end(opening: &Opening) -> i64 {
    opening.entities.iter().flat_map(|e| e.1.values()).copied().max().unwrap_or(0)
}

/// Whether `fresh` opens what `kept` does not.
fn widens(fresh: &Opening, kept: &Opening) -> bool {
    let open = |party: &str| kept.entities.iter().find(|e| e.0 == party).map(|e| &e.1);
    let more =
        |seen: &BTreeMap<PhiCategory, i64>, new: &BTreeMap<PhiCategory, i64>| new.keys().any(|c| !seen.contains_key(c));
    fresh.entities.iter().any(|e| open(&e.0).is_none_or(|seen| more(seen, &e.1)))
        || fresh.vendored.keys().any(|f| !kept.vendored.contains_key(f))
        || fresh.integrations.iter().any(|(name, grant)| is_more(*grant, kept.integrations.get(name).copied()))
        || fresh.categories.keys().any(|c| !kept.categories.contains_key(c))
        || (fresh.guide_until.is_some() && kept.guide_until.is_none())
        || (fresh.redaction_off_until.is_some() && kept.redaction_off_until.is_none())
}

/// Whether a grant is of more than another one, for however long.
fn is_more(fresh: Grant, kept: Option<Grant>) -> bool {
    kept.is_none_or(|kept| matches!((fresh, kept), (Grant::Full(_), Grant::LinkOnly)))
}

/// When all that an integration carries ends.
fn full_until(opening: &Opening, name: &str) -> Option<i64> {
    match opening.integrations.get(name)? {
        Grant::Full(until) => Some(*until),
        Grant::LinkOnly => None,
    }
}

/// Whether something ends before `due` that goes on by now, as when an agreement is renewed shortly before its end: it is not let lapse.
fn outlives(fresh: &Opening, kept: &Opening, due: i64) -> bool {
    let goes_on = |end: Option<i64>, until: Option<i64>| end.is_some_and(|end| end < due && until > Some(end));
    let of = |party: &str, c| fresh.entities.iter().find(|e| e.0 == party).and_then(|e| e.1.get(c)).copied();
    kept.entities.iter().any(|e| e.1.iter().any(|(c, end)| goes_on(Some(*end), of(&e.0, c))))
        || kept.categories.iter().any(|(c, end)| goes_on(Some(*end), fresh.categories.get(c).copied()))
        || kept.vendored.iter().any(|(f, end)| goes_on(Some(*end), fresh.vendored.get(f).copied()))
        || kept.integrations.keys().any(|name| goes_on(full_until(kept, name), full_until(fresh, name)))
        || goes_on(kept.guide_until, fresh.guide_until)
        || goes_on(kept.redaction_off_until, fresh.redaction_off_until)
}

/// Whether anything would open anew or stay open for longer: a window that ends with its agreement cannot be prolonged.
fn prolongs(fresh: &Opening, kept: &Opening) -> bool {
    let end = |party: &str, c| kept.entities.iter().find(|e| e.0 == party).and_then(|e| e.1.get(c)).copied();
    widens(fresh, kept)
        || fresh.entities.iter().any(|e| e.1.iter().any(|(c, until)| Some(*until) > end(&e.0, c)))
        || fresh.vendored.iter().any(|(f, until)| Some(until) > kept.vendored.get(f))
        || fresh.integrations.iter().any(|(i, grant)| Some(grant) > kept.integrations.get(i))
        || fresh.guide_until > kept.guide_until
        || fresh.redaction_off_until > kept.redaction_off_until
}

/// How long something lasts without the operator, and when it is renewed. Seconds.
struct Lease {
    length: i64,
    jitter: i64,
}

impl Lease {
    fn of(tenant: &TenantName, length: SignedDuration) -> Self {
        let length = length.as_secs();
        Self { length, jitter: jitter(tenant, length) }
    }

    const fn ends(&self, issued: i64) -> i64 {
        issued.saturating_add(self.length)
    }

    /// Half of the lease, less a part that differs by tenant.
    const fn due(&self, issued: i64) -> i64 {
        issued.saturating_add(self.length / 2 - self.jitter)
    }
}

/// The same for one tenant each time, spread between tenants: up to a tenth of the lease.
fn jitter(tenant: &TenantName, length: i64) -> i64 {
    let hash = tenant.as_str().bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    length * i64::from(hash % 1000) / 10_000
}

/// What agreements and accepted risks allow, at most until `end`.
fn opening(agreements: &Agreements, integrations: &[Judged], effective: &Effective, issued: i64, end: i64) -> Opening {
    let until = |t: Option<Timestamp>| t.map_or(end, |t| t.as_second().min(end));
    let last = until(agreements.closes());
    let open = agreements.entities.iter().filter(|e| e.open && !e.categories.is_empty());
    let vendored = agreements.features.iter().filter(|f| f.open && is_vendored(&f.flag));
    let categories = PhiCategory::ALL.into_iter();
    Opening {
        issued,
        entities: open
            .map(|e| (e.party.clone(), e.categories.iter().map(|(c, t)| (*c, until(*t))).collect()))
            .collect(),
        vendored: vendored.map(|f| (f.flag.clone(), until(f.closes))).collect(),
        integrations: integrations.iter().filter_map(|j| Some((j.name(), j.grant(end)?))).collect(),
        categories: categories.filter_map(|c| Some((c, until(agreements.category_until(c)?)))).collect(),
        export_until: last,
        guide_until: effective.guide_until.map(|t| until(Some(t)).min(last)),
        redaction_off_until: effective.redaction_off_until.map(|t| until(Some(t)).min(last)),
    }
}
