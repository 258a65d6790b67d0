//! Keys: recorded, then made, read back, compared. A key that was once ready is never made again.

use kube::ResourceExt;

use crate::{
    api::{
        KeyPurpose, TenantRecord,
        conditions::{KEYS_READY, Reason},
    },
    fact::Fact,
    keys::{Key, Trouble},
    plan::{
        decide::Step,
        gates::{Standing, Verdict},
        validate::Tenant,
        world::World,
    },
};

/// How much older than its record a key may look: two clocks wrote the two times.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// Purposes whose key is confirmed not to exist.
pub fn absent(world: &World) -> impl Iterator<Item = KeyPurpose> + '_ {
    KeyPurpose::ALL.into_iter().filter(|p| matches!(world.keys.get(p), Some(Ok(Fact::Absent))))
}

/// The key of this purpose, if it is this tenant's: the recorded one, or made for this record and not yet recorded.
#[must_use]
pub fn own<'a>(world: &'a World, record: &TenantRecord, purpose: KeyPurpose) -> Option<&'a Key> {
    let Some(Ok(Fact::Known(key))) = world.keys.get(&purpose) else {
        return None;
    };
    let entry = record.spec.keys.iter().find(|k| k.purpose == purpose)?;
    let ours = match &entry.fingerprint {
        Some(fingerprint) => *fingerprint == key.fingerprint,
        None => {
            let recorded = record.creation_timestamp().map_or(i64::MAX, |t| t.0.as_second());
            key.created >= recorded - CLOCK_TOLERANCE_SECONDS
        }
    };
    ours.then_some(key)
}

/// How the keys stand.
#[must_use]
pub fn judge(tenant: &Tenant, world: &World) -> Verdict {
    let verdicts = KeyPurpose::ALL.map(|purpose| judge_one(tenant, world, purpose));
    // What is only waited for hides nothing that somebody must act on.
    let worst = |v: &&Verdict| match (v.standing, v.reason) {
        (Standing::Falls, Reason::WaitingForFence) => 1,
        (Standing::Falls, _) => 0,
        (Standing::Unknown, _) => 2,
        (Standing::Stands, _) => 3,
    };
    verdicts.iter().min_by_key(worst).cloned().expect("there are purposes")
}

fn judge_one(tenant: &Tenant, world: &World, purpose: KeyPurpose) -> Verdict {
    let (mount, name) = (purpose.mount(), &tenant.name);
    let record = tenant.record.as_deref();
    let entry = record.and_then(|r| r.spec.keys.iter().find(|k| k.purpose == purpose));
    let recorded = entry.is_some_and(|e| e.fingerprint.is_some());
    let key = match world.keys.get(&purpose) {
        Some(Ok(Fact::Known(key))) => key,
        Some(Ok(Fact::Absent)) if recorded => {
            let message = format!(
                "Key {mount}/{name} is gone: it is never made again by itself. Restore the key service's snapshot, or end the service."
            );
            return Verdict::falls(KEYS_READY, Reason::KeyLost, message);
        }
        Some(Ok(Fact::Absent)) => {
            return Verdict::falls(KEYS_READY, Reason::WaitingForFence, "The keys are being made.");
        }
        Some(Err(trouble @ Trouble::MountMissing(_))) => {
            return Verdict::falls(KEYS_READY, Reason::KeyMountMissing, format!("{trouble}."));
        }
        Some(Err(trouble)) => return Verdict::unknown(KEYS_READY, reason(trouble), format!("{trouble}.")),
        Some(Ok(other)) => {
            return Verdict::unknown(KEYS_READY, Reason::KeyServiceUnreachable, other.doubt().unwrap_or_default());
        }
        None => {
            return Verdict::unknown(
                KEYS_READY,
                Reason::KeyServiceUnreachable,
                "The key service has not been asked yet.",
            );
        }
    };
    if record.and_then(|r| own(world, r, purpose)).is_none() {
        let message = format!(
            "Key {mount}/{name} exists and was not made for this tenant: nothing is built on it. Find out whose it is; another tenant name is the safe way on."
        );
        return Verdict::stalls(KEYS_READY, Reason::KeyForeign, message);
    }
    if key.soft_deleted {
        let message = format!(
            "Key {mount}/{name} is suspended (soft-deleted): restore it with soft-delete-restore once it is known why."
        );
        return Verdict::falls(KEYS_READY, Reason::KeySuspended, message);
    }
    if !key.wrong.is_empty() {
        let message = format!("Key {mount}/{name}: {}. Put it right in the key service.", key.wrong.join(", "));
        return Verdict::falls(KEYS_READY, Reason::KeySettingsWrong, message);
    }
    if !recorded {
        return Verdict::falls(KEYS_READY, Reason::WaitingForFence, "The keys' fingerprints are being recorded.");
    }
    if purpose == KeyPurpose::Phi && key.rotation_seconds != rotation_seconds(tenant) {
        let message = format!("Key {mount}/{name} is given the class's rotation period again.");
        return Verdict::repairing(KEYS_READY, Reason::Repairing, message);
    }
    Verdict::stands(KEYS_READY, Reason::KeysVerified, "The keys are the recorded ones, not exportable, not deletable.")
}

/// The reason that a condition gives for what the key service did not tell or do.
#[must_use]
pub const fn reason(trouble: &Trouble) -> Reason {
    match trouble {
        Trouble::Unreachable(_) => Reason::KeyServiceUnreachable,
        Trouble::Sealed => Reason::KeyServiceSealed,
        Trouble::Untrusted => Reason::KeyServiceUntrusted,
        Trouble::Limited(_) => Reason::KeyServiceLimited,
        Trouble::LoginRefused => Reason::KeyLoginRefused,
        Trouble::Denied(_) => Reason::KeyServiceDenied,
        Trouble::MountMissing(_) => Reason::KeyMountMissing,
    }
}

/// Keys to make: recorded without a fingerprint and confirmed absent. Rotation is put right once a key stands.
#[must_use]
pub fn steps(tenant: &Tenant, world: &World, record: &TenantRecord) -> Vec<Step> {
    let seconds = rotation_seconds(tenant);
    let make = absent(world)
        .filter(|p| record.spec.keys.iter().any(|k| k.purpose == *p && k.fingerprint.is_none()))
        .map(|purpose| Step::CreateKey { purpose, rotation_seconds: seconds });
    let drifted = own(world, record, KeyPurpose::Phi).is_some_and(|k| k.rotation_seconds != seconds && !k.soft_deleted);
    make.chain(drifted.then_some(Step::TuneKey { rotation_seconds: seconds })).collect()
}

fn rotation_seconds(tenant: &Tenant) -> i64 {
    let period = std::time::Duration::from(tenant.class.spec.keys.rotation_period);
    i64::try_from(period.as_secs()).unwrap_or(i64::MAX)
}
