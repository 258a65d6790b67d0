//! What the published document opens now, read back from its text; and the part of it that today's facts still allow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Grant, Opening, Reading, is_vendored};
use crate::{
    api::{Payload, PhiCategory},
    names::TenantName,
};

/// What a published document opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// What the gate opened, if anything.
    pub opening: Option<Opening>,
    /// Reading, if it is open.
    pub reading: Option<Reading>,
    /// Names of the integrations that it speaks of.
    pub integrations: BTreeSet<String>,
}

impl Live {
    /// Reads a document of this tenant; `None` if Ringfence did not write it so.
    #[must_use]
    pub fn parse(tenant: &TenantName, text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let meta = document.get("metadata")?;
        (meta.get("flagSetId")?.as_str()? == tenant.flag_set_id()).then_some(())?;
        document.pointer("/flags/covered.entities/variants")?.as_object()?;
        let until = |key: &str| document.pointer(&format!("/flags/{key}/targeting/if/0/</2")).and_then(Value::as_i64);
        let opening = meta.get("leaseIssuedAt").and_then(Value::as_i64).map(|issued| Opening {
            issued,
            entities: entities(&document),
            categories: PhiCategory::ALL
                .into_iter()
                .filter_map(|c| Some((c, until(&format!("capture.{}.allowed", c.flag_part()))?)))
                .collect(),
            vendored: vendored(&document),
            integrations: integrations(&document),
            export_until: until("export.mode").unwrap_or(issued),
            guide_until: until("notify.form-alert.fields"),
            redaction_off_until: until("redaction.enabled"),
        });
        let read_issued = meta.get("readIssuedAt").and_then(Value::as_i64);
        let reading = read_issued.and_then(|issued| Some(Reading { issued, until: until("phi.read.allowed")? }));
        let integrations = payload_flags(&document).map(|(name, _)| name.to_owned()).collect();
        Some(Self { opening, reading, integrations })
    }

    /// Parties that it opens.
    #[must_use]
    pub fn entities(&self) -> BTreeSet<String> {
        self.opening.iter().flat_map(|o| o.entities.iter().map(|e| e.0.clone())).collect()
    }
}

/// The windows of `covered.entities` are nested, the earliest end outermost: the last one that names a party is its end.
fn entities(document: &Value) -> Vec<(String, BTreeMap<PhiCategory, i64>)> {
    let Some(variants) = document.pointer("/flags/covered.entities/variants") else { return vec![] };
    let mut found: BTreeMap<String, BTreeMap<PhiCategory, i64>> = BTreeMap::new();
    let mut rule = document.pointer("/flags/covered.entities/targeting");
    while let Some(branch) = rule.and_then(|r| r.get("if")) {
        let end = branch.pointer("/0/</2").and_then(Value::as_i64).unwrap_or(0);
        let variant = branch.get(1).and_then(Value::as_str).and_then(|v| variants.get(v)).and_then(Value::as_object);
        for (party, categories) in variant.into_iter().flatten() {
            let categories: Vec<PhiCategory> = serde_json::from_value(categories.clone()).unwrap_or_default();
            found.entry(party.clone()).or_default().extend(categories.into_iter().map(|c| (c, end)));
        }
        rule = branch.get(2);
    }
    found.into_iter().collect()
}

/// Permissions that are tied to a vendor and open, until when.
fn vendored(document: &Value) -> BTreeMap<String, i64> {
    let flags = document.get("flags").and_then(Value::as_object);
    let own = flags.into_iter().flatten().filter(|(key, _)| key.ends_with(".allowed") && is_vendored(key));
    let until = |flag: &Value| flag.pointer("/targeting/if/0/</2").and_then(Value::as_i64);
    own.filter_map(|(key, flag)| Some((key.clone(), until(flag)?))).collect()
}

/// What integrations carry: everything inside a window, or links.
fn integrations(document: &Value) -> BTreeMap<String, Grant> {
    let grant = |flag: &Value| {
        let is = |variant: &str, p: Payload| flag["variants"][variant] == p.flag_value();
        match flag.pointer("/targeting/if/0/</2").and_then(Value::as_i64) {
            Some(until) if is("granted", Payload::Full) => Some(Grant::Full(until)),
            _ => is("restricted", Payload::LinkOnly).then_some(Grant::LinkOnly),
        }
    };
    payload_flags(document).filter_map(|(name, flag)| Some((name.to_owned(), grant(flag)?))).collect()
}

fn payload_flags(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let flags = document.get("flags").and_then(Value::as_object);
    flags
        .into_iter()
        .flatten()
        .filter_map(|(key, flag)| Some((key.strip_prefix("integration.")?.strip_suffix(".payload")?, flag)))
}

impl Opening {
    /// When integrations cease to carry everything. Unix seconds.
    pub fn full_ends(&self) -> impl Iterator<Item = i64> {
        self.integrations.values().filter_map(|grant| match grant {
            Grant::Full(until) => Some(*until),
            Grant::LinkOnly => None,
        })
    }

    /// What of `live` this still allows: never more than either, never for longer. It stays issued when `live` was.
    #[must_use]
    pub fn meet(&self, live: &Self) -> Self {
        let less = |a: Option<i64>, b: Option<i64>| a.zip(b).map(|(a, b)| a.min(b));
        let entities = live.entities.iter().filter_map(|(party, seen)| {
            let allowed = &self.entities.iter().find(|w| w.0 == *party)?.1;
            let both = both(seen, allowed);
            (!both.is_empty()).then(|| (party.clone(), both))
        });
        Self {
            issued: live.issued,
            entities: entities.collect(),
            categories: both(&live.categories, &self.categories),
            vendored: both(&live.vendored, &self.vendored),
            integrations: live
                .integrations
                .iter()
                .filter_map(|(name, seen)| Some((name.clone(), seen.meet(*self.integrations.get(name)?))))
                .collect(),
            export_until: live.export_until.min(self.export_until),
            guide_until: less(live.guide_until, self.guide_until),
            redaction_off_until: less(live.redaction_off_until, self.redaction_off_until),
        }
    }
}

/// What is in both, until the earlier of both ends.
fn both<K: Ord + Clone>(a: &BTreeMap<K, i64>, b: &BTreeMap<K, i64>) -> BTreeMap<K, i64> {
    a.iter().filter_map(|(k, end)| Some((k.clone(), (*end).min(*b.get(k)?)))).collect()
}
