//! When ways out are opened and closed: open only while the published flag says that everything may be sent, and for as long.

use kube::ResourceExt;

use super::{
    egress::{Way, is_way_out},
    judge::Judged,
};

use crate::{
    names::WAY_OUT,
    plan::{
        fence::flags::{Grant, Opening},
        step::Step,
        world::World,
    },
};

/// The ways out that stand now.
pub(super) fn standing(world: &World) -> Vec<Way> {
    let networks = world.policies.known().into_iter().flatten().filter(|p| is_way_out(&p.name_any()));
    let networks = networks.map(|p| Way::Networks((**p).clone()));
    let hosts = world.host_policies.known().into_iter().flatten().filter(|p| is_way_out(&p.name_any()));
    networks.chain(hosts.map(|p| Way::Hosts((**p).clone()))).collect()
}

/// The ways out that may stand: of integrations that may carry everything, and whose published flag says so, and may go on saying so.
fn wanted<'j>(judged: &'j [Judged], kept: Option<&Opening>, now: i64) -> impl Iterator<Item = &'j Way> {
    let granted = kept.map(|o| o.integrations.clone()).unwrap_or_default();
    let may = move |j: &&Judged| {
        let published = matches!(granted.get(&j.name()), Some(Grant::Full(until)) if *until > now);
        published && matches!(j.grant(i64::MAX), Some(Grant::Full(_)))
    };
    judged.iter().filter(may).flat_map(|j| j.ways.iter().flatten())
}

/// Closes every way out that may not stand, or is not as it must be. It waits for nothing. `kept`: what of the published document may stay.
#[must_use]
pub fn closing(judged: &[Judged], world: &World, kept: Option<&Opening>, now: i64) -> Vec<Step> {
    if world.integrations.doubt().is_some() {
        return lapsing(world, kept, now);
    }
    let may: Vec<_> = wanted(judged, kept, now).collect();
    let stays = |way: &Way| may.iter().any(|w| w.is(way) && w.is_as(way));
    standing(world).into_iter().filter(|way| !stays(way)).map(|way| Step::CloseWay(Box::new(way))).collect()
}

/// Opens every way out that may stand and does not.
#[must_use]
pub fn opening(judged: &[Judged], world: &World, kept: Option<&Opening>, now: i64) -> Vec<Step> {
    let standing = standing(world);
    let seen = |way: &&Way| match way {
        Way::Networks(_) => world.policies.known().is_some(),
        Way::Hosts(_) => world.host_policies.known().is_some(),
    };
    let missing = wanted(judged, kept, now).filter(seen).filter(|w| !standing.iter().any(|s| w.is(s)));
    missing.map(|way| Step::OpenWay(Box::new(way.clone()))).collect()
}

/// Closes every way out whose flag does not say any more that everything may be sent, when there is no valid tenant.
#[must_use]
pub fn lapsing(world: &World, granted: Option<&Opening>, now: i64) -> Vec<Step> {
    let runs = |way: &Way| {
        let grant = way.name().strip_prefix(WAY_OUT).and_then(|n| granted?.integrations.get(n).copied());
        matches!(grant, Some(Grant::Full(until)) if until > now)
    };
    standing(world).into_iter().filter(|way| !runs(way)).map(|way| Step::CloseWay(Box::new(way))).collect()
}
