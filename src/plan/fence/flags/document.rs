//! The flagd document itself (flagd.dev/schema/v0): pure text from settings and windows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    api::{Mfa, Payload, PhiCategory},
    names::TenantName,
};

/// Seconds that a reader's clock may be behind: a window begins this much before it was issued.
const CLOCK_ERROR: i64 = 300;
/// What a person is told before an export (45 CFR 164.502(e)).
const EXPORT_WARNING: &str = "This file holds patient information. Once downloaded it is outside the platform. Why do you need it, who receives it, and is there an agreement with the recipient?";
/// What a person must give with an export: it is refused without, and logged.
const EXPORT_REQUIRED: &str = "reason,recipient,recipientAgreement";
/// Days that evidence is kept: six years (45 CFR 164.316(b)(2)(i)).
const RETENTION_DAYS: i64 = 2192;

/// Permissions that no healthcare tenant ever has: key and the section of 45 CFR that it serves.
const ALWAYS_OFF: [(&str, &str); 11] = [
    ("analytics.third-party-pixels.allowed", "164.502(a)"),
    ("audit.playback.suppress.allowed", "164.312(b)"),
    ("audit.suppress.allowed", "164.312(b)"),
    ("auth.shared-logins.allowed", "164.312(a)(2)(i)"),
    ("notify.call-email.caller-identity.allowed", "164.502(b)"),
    ("notify.text.message-body.allowed", "164.502(b)"),
    ("recording.link.anonymous.allowed", "164.312(d)"),
    ("support.impersonation.allowed", "164.308(a)(4)"),
    ("transcript.ai-summary.allowed", "164.502(e)(1)(ii)"),
    ("users.notification-only.phi.allowed", "164.308(a)(4)"),
    ("voicemail.transcription.allowed", "164.502(e)(1)(ii)"),
];

/// Those of them that an agreement with a vendor may open.
const VENDORED: [&str; 2] = ["transcript.ai-summary.allowed", "voicemail.transcription.allowed"];

/// Whether a class may tie the permission `flag` to a vendor: it is no other permission of the catalogue.
#[must_use]
pub fn is_vendored(flag: &str) -> bool {
    let own = ALWAYS_OFF.iter().any(|(key, _)| *key == flag) || flag == "phi.read.allowed";
    let prefixed = ["capture.", "integration."].iter().any(|p| flag.starts_with(p));
    VENDORED.contains(&flag) || !(own || prefixed)
}

/// Settings that need no lease: their only variant is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Permissions that the class ties to a vendor.
    pub vendored: BTreeSet<String>,
    /// Names of the tenant's integrations.
    pub integrations: BTreeSet<String>,
    /// Idle minutes until a person is logged out.
    pub idle_minutes: i32,
    /// Second factor at login.
    pub mfa: Mfa,
}

impl Settings {
    /// For a tenant whose class or plan cannot be read.
    #[must_use]
    pub const fn strictest() -> Self {
        Self { vendored: BTreeSet::new(), integrations: BTreeSet::new(), idle_minutes: 15, mfa: Mfa::Required }
    }
}

/// What an integration may carry beside nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Links that need a login.
    LinkOnly,
    /// Everything that it asks for, until this moment; links after it. Unix seconds.
    Full(i64),
}

impl Grant {
    /// The lesser of both.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        self.min(other)
    }
}

/// What the gate opens. Times are unix seconds; every end is already the least of lease and agreement.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Opening {
    /// When the lease was issued.
    pub issued: i64,
    /// Open entities: party, and until when each category is open.
    pub entities: Vec<(String, BTreeMap<PhiCategory, i64>)>,
    /// Categories that are open for every entity, until when.
    pub categories: BTreeMap<PhiCategory, i64>,
    /// Permissions that are tied to a vendor, until when.
    pub vendored: BTreeMap<String, i64>,
    /// What integrations may carry; one that is not here is off.
    pub integrations: BTreeMap<String, Grant>,
    /// Until when exports are confirmed and logged; after that they are off.
    pub export_until: i64,
    /// Until when alerts may show the sender's number.
    pub guide_until: Option<i64>,
    /// Until when redaction may be off.
    pub redaction_off_until: Option<i64>,
}

/// Reading of what was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When it was issued.
    pub issued: i64,
    /// When it ends.
    pub until: i64,
}

/// The whole catalogue as a flagd document; the same input gives the same bytes.
#[must_use]
pub fn render(
    tenant: &TenantName,
    settings: &Settings,
    opening: Option<&Opening>,
    reading: Option<&Reading>,
) -> String {
    let mut flags = Map::new();
    let issued = opening.map_or(0, |o| o.issued);
    for (key, section) in ALWAYS_OFF {
        flags.insert(key.into(), only("off", json!(false), section));
    }
    for key in settings.vendored.iter().filter(|key| is_vendored(key)) {
        let until = opening.and_then(|o| o.vendored.get(key).copied());
        flags.insert(key.clone(), leased((json!(true), json!(false)), issued, until, "164.502(e)(1)(ii)"));
    }
    for name in &settings.integrations {
        let grant = opening.and_then(|o| o.integrations.get(name).copied());
        flags.insert(payload_flag(name), payload(grant, issued));
    }
    flags.insert("redaction.offered".into(), only("on", json!(true), "164.514"));
    flags.insert(
        "session.idle-timeout-minutes".into(),
        only("minutes", json!(settings.idle_minutes), "164.312(a)(2)(iii)"),
    );
    let mfa = if settings.mfa == Mfa::Required { "required" } else { "recommended" };
    flags.insert("auth.mfa.mode".into(), only(mfa, json!(mfa), "164.312(d)"));
    flags.insert("retention.days".into(), only("days", json!(RETENTION_DAYS), "164.316(b)(2)(i)"));

    for category in PhiCategory::ALL {
        let until = opening.and_then(|o| o.categories.get(&category).copied());
        let key = format!("capture.{}.allowed", category.flag_part());
        flags.insert(key, leased((json!(true), json!(false)), issued, until, "164.502(e)"));
    }
    let mode = (json!("confirm-and-log"), json!("off"));
    let mut export = leased(mode, issued, opening.map(|o| o.export_until), "164.312(b)");
    export["metadata"]["warning"] = json!(EXPORT_WARNING);
    export["metadata"]["required"] = json!(EXPORT_REQUIRED);
    flags.insert("export.mode".into(), export);
    for key in ["notify.form-alert.fields", "notify.text.fields"] {
        let fields = (json!("telephone-only"), json!("none"));
        flags.insert(key.into(), leased(fields, issued, opening.and_then(|o| o.guide_until), "164.502(b)"));
    }
    let redaction = (json!(false), json!(true));
    flags.insert(
        "redaction.enabled".into(),
        leased(redaction, issued, opening.and_then(|o| o.redaction_off_until), "164.514"),
    );
    flags.insert("covered.entities".into(), covered_entities(opening));
    let read = (json!(true), json!(false));
    let read_issued = reading.map_or(0, |r| r.issued);
    flags.insert("phi.read.allowed".into(), leased(read, read_issued, reading.map(|r| r.until), "164.524"));

    let mut metadata = Map::from_iter([("flagSetId".to_owned(), json!(tenant.flag_set_id()))]);
    metadata.extend(opening.map(|o| ("leaseIssuedAt".to_owned(), json!(o.issued))));
    metadata.extend(reading.map(|r| ("readIssuedAt".to_owned(), json!(r.issued))));
    let document = json!({
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "metadata": metadata,
        "flags": flags,
    });
    serde_json::to_string_pretty(&document).expect("JSON serialises")
}

/// The flag of the integration of this name.
#[must_use]
pub fn payload_flag(integration: &str) -> String {
    format!("integration.{integration}.payload")
}

/// Everything inside the window, links outside it; or links, or nothing, alone.
fn payload(grant: Option<Grant>, issued: i64) -> Value {
    const SECTION: &str = "164.502(e)(1)";
    let value = |p: Payload| json!(p.flag_value());
    match grant {
        None => flag(json!({ "restricted": value(Payload::Off) }), "restricted", None, "leased", SECTION),
        Some(Grant::LinkOnly) => {
            flag(json!({ "restricted": value(Payload::LinkOnly) }), "restricted", None, "leased", SECTION)
        }
        Some(Grant::Full(until)) => {
            leased((value(Payload::Full), value(Payload::LinkOnly)), issued, Some(until), SECTION)
        }
    }
}

/// A locked flag: a single variant, so nothing else can be asked of it.
fn only(variant: &str, value: Value, section: &str) -> Value {
    flag(json!({ variant: value }), variant, None, "fixed", section)
}

/// Permissive inside the window, restrictive outside it: late, clock set back, variable unknown to the engine.
fn leased((permissive, restrictive): (Value, Value), issued: i64, until: Option<i64>, section: &str) -> Value {
    match until.filter(|u| *u > issued) {
        None => flag(json!({ "restricted": restrictive }), "restricted", None, "leased", section),
        Some(until) => {
            let targeting = window(issued, until, json!("granted"), json!("restricted"));
            flag(
                json!({ "granted": permissive, "restricted": restrictive }),
                "restricted",
                Some(targeting),
                "leased",
                section,
            )
        }
    }
}

fn flag(variants: Value, default: &str, targeting: Option<Value>, lock: &str, section: &str) -> Value {
    let mut flag = json!({
        "state": "ENABLED",
        "variants": variants,
        "defaultVariant": default,
        "metadata": { "lock": lock, "cfr": section },
    });
    if let Some(targeting) = targeting {
        flag["targeting"] = targeting;
    }
    flag
}

/// Three terms: a bare `<` would hold for a variable that an engine does not know.
fn window(issued: i64, until: i64, inside: Value, outside: Value) -> Value {
    json!({ "if": [{ "<": [issued - CLOCK_ERROR, { "var": "$flagd.timestamp" }, until] }, inside, outside] })
}

/// Each open entity with its open categories; each category drops out at its own moment.
fn covered_entities(opening: Option<&Opening>) -> Value {
    let mut variants = Map::from_iter([("none".to_owned(), json!({}))]);
    let mut targeting = json!("none");
    let entities = opening.map(|o| o.entities.as_slice()).unwrap_or_default();
    let issued = opening.map_or(0, |o| o.issued);
    let ends: BTreeSet<i64> = entities.iter().flat_map(|e| e.1.values().copied()).filter(|e| *e > issued).collect();
    for (n, end) in ends.iter().enumerate().rev() {
        let open = entities.iter().filter_map(|(party, categories)| {
            let open: Vec<_> = categories.iter().filter(|(_, e)| *e >= end).map(|(c, _)| c.as_str()).collect();
            (!open.is_empty()).then(|| (party.clone(), json!(open)))
        });
        let variant = format!("open-{}", n + 1);
        variants.insert(variant.clone(), Value::Object(open.collect()));
        targeting = window(issued, *end, json!(variant), targeting);
    }
    let targeting = (!ends.is_empty()).then_some(targeting);
    flag(Value::Object(variants), "none", targeting, "leased", "164.502(e)(1)")
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
