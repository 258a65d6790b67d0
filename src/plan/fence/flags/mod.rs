//! The flag document: what is fixed, what is leased, and when it is written anew.

mod document;
mod features;
mod leases;
mod live;

pub use document::{Grant, Opening, Reading, Settings, is_vendored, payload_flag, render};
pub use features::{Effective, effective};
use k8s_openapi::api::core::v1::ConfigMap;
pub use leases::{Publish, desired, was_told};
pub use live::Live;

use super::{has_labels, object_meta};
use crate::{
    api::conditions::{FLAGS_PUBLISHED, Reason},
    fact::Fact,
    names::{FLAGS, FLAGS_KEY, TenantName},
    plan::{gates::Verdict, world::World},
};

/// The text that is published, if it could be read.
#[must_use]
pub fn published(world: &World) -> Option<&str> {
    world.flags.known().and_then(|c| c.data.as_ref()).and_then(|d| d.get(FLAGS_KEY)).map(String::as_str)
}

/// What is published, if Ringfence wrote it for this tenant.
#[must_use]
pub fn live(tenant: &TenantName, world: &World) -> Option<Live> {
    published(world).and_then(|text| Live::parse(tenant, text))
}

/// Whether what is published carries the labels by which it is watched: without them nobody would see it altered.
fn is_watched(tenant: &TenantName, world: &World) -> bool {
    world.flags.known().is_none_or(|live| has_labels(&config_map(tenant, ""), &**live))
}

/// Whether the published document opens anything that the gate guards.
#[must_use]
pub fn opens(world: &World) -> bool {
    let Ok(name) = TenantName::new(&world.name) else { return false };
    live(&name, world).is_some_and(|l| l.opening.is_some())
}

/// The ConfigMap with this document.
#[must_use]
pub fn config_map(tenant: &TenantName, text: &str) -> ConfigMap {
    ConfigMap {
        metadata: object_meta(tenant, FLAGS),
        data: Some([(FLAGS_KEY.to_owned(), text.to_owned())].into()),
        ..ConfigMap::default()
    }
}

/// It is Ringfence's own, and says more or other than it may.
#[must_use]
pub fn altered() -> Verdict {
    Verdict::repairing(
        FLAGS_PUBLISHED,
        Reason::Repairing,
        "The flag document differs from what is called for and is being put right.",
    )
}

/// How the document stands: published by Ringfence, as `live` shows, or not.
#[must_use]
pub fn judge(world: &World, live: Option<&Live>) -> Verdict {
    match &world.flags {
        Fact::Absent => {
            Verdict::falls(FLAGS_PUBLISHED, Reason::WaitingForFence, "The flag document is being published.")
        }
        Fact::Known(_) => match live {
            Some(_) if let Some(doubt) = &world.clock_doubt => {
                Verdict::unknown(FLAGS_PUBLISHED, Reason::ClockInDoubt, doubt.clone())
            }
            Some(_) => {
                Verdict::stands(FLAGS_PUBLISHED, Reason::Published, "The flag document is published as called for.")
            }
            None => Verdict::falls(
                FLAGS_PUBLISHED,
                Reason::Repairing,
                "The flag document was altered and is being put right.",
            ),
        },
        other => Verdict::unknown(
            FLAGS_PUBLISHED,
            Reason::Unreadable,
            format!("the flag document cannot be read: {}", other.doubt().unwrap_or_default()),
        ),
    }
}
