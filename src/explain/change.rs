//! What changes and when, by time alone or by one more act.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ledger::Ledger,
    words::{list, terms},
};
use crate::{
    agreement::{EntityVerdict, Verdict},
    api::{HealthcarePlan, VendorFeature},
};

/// Most moments that are looked ahead.
const MOST_MOMENTS: usize = 64;
/// Most changes that are told.
const MOST_CHANGES: usize = 8;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// What changes about `plan` from what `before` says on: what is otherwise at once, and what changes later by time alone.
#[must_use]
pub fn changes(
    ledger: &Ledger<'_>,
    plan: &HealthcarePlan,
    features: &[VendorFeature],
    before: &Verdict,
) -> Vec<Change> {
    let (mut last, mut at, mut told) = (before.clone(), ledger.now, vec![]);
    for _ in 0..MOST_MOMENTS {
        let next = ledger.verdict(plan, features, at);
        told.extend(differences(&last, &next).into_iter().map(|what| Change { at, what }));
        let moment = next.next_change.filter(|t| *t > at);
        last = next;
        match moment {
            Some(moment) if told.len() < MOST_CHANGES => at = moment,
            _ => break,
        }
    }
    told.truncate(MOST_CHANGES);
    told
}

fn differences(before: &Verdict, after: &Verdict) -> Vec<String> {
    let entities = before.entities.iter().zip(&after.entities).filter_map(|(b, a)| entity(b, a));
    let features =
        before.features.iter().zip(&after.features).filter(|(b, a)| b.open != a.open).map(|(_, a)| match a.open {
            true => format!("{} goes on", a.flag),
            false => format!("{} goes off: {}", a.flag, a.message),
        });
    entities.chain(features).collect()
}

fn entity(before: &EntityVerdict, after: &EntityVerdict) -> Option<String> {
    let party = &after.party;
    let names = |e: &EntityVerdict| list(e.categories.keys().map(|c| c.as_str()));
    match (&before.terms, &after.terms) {
        (None, None) => None,
        (None, Some(_)) => Some(format!("{party} opens, for {}", names(after))),
        (Some(_), None) => Some(format!("{party} closes: {}", after.missing)),
        (Some(b), Some(a)) if b != a => {
            let was: BTreeMap<usize, String> = terms(b).into_iter().enumerate().collect();
            let now =
                terms(a).into_iter().enumerate().filter(|(n, line)| was.get(n) != Some(line)).map(|(_, line)| line);
            Some(format!("{party} stays open under other terms: {}", now.collect::<Vec<_>>().join("; ")))
        }
        _ if before.frozen.is_none() && after.frozen.is_some() => {
            Some(format!("{party} stays open until its agreement ends by notice; nothing opens anew"))
        }
        _ if before.frozen.is_some() && after.frozen.is_none() => {
            Some(format!("{party} may open anew: no notice stands any more"))
        }
        _ => None,
    }
}
