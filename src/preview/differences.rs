//! The published list of differences between a standard and a healthcare account, and the flags that each one is told by.

use std::fmt::Write;

use serde::Serialize;

use crate::api::{Alerts, EffectiveFeatures, Mfa, Redaction};

/// Who carries a difference out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// The platform's software, told by the flag document.
    Software,
    /// The cluster itself: its API server, scheduler and network.
    Cluster,
    /// The key service.
    KeyService,
}

impl By {
    const fn words(self) -> &'static str {
        match self {
            Self::Software => "platform's software",
            Self::Cluster => "cluster",
            Self::KeyService => "key service",
        }
    }
}

/// One difference.
pub struct Difference {
    /// Rows of the requirements.
    pub rows: &'static str,
    /// What it is about.
    pub feature: &'static str,
    /// In a standard account.
    pub standard: &'static str,
    /// In a healthcare account, for every plan.
    pub healthcare: &'static str,
    /// For a plan with these settings in force and so many nodes, where the general words can be said closer.
    pub here: Option<fn(&EffectiveFeatures, i32) -> String>,
    /// What somebody must do before it hurts.
    pub warning: Option<&'static str>,
    /// Who carries it out.
    pub by: By,
    /// The flags that tell it.
    pub flags: &'static [&'static str],
}

const PROMOTE: &str = "An administrator must promote users by hand (to Client Reporting or Client Manager) if they are to go on hearing recordings; Ringfence never changes a role.";

/// All of them, in the order in which they are shown.
pub const DIFFERENCES: [Difference; 22] = [
    Difference {
        rows: "R12",
        feature: "Caller in call e-mails",
        standard: "name and number are shown",
        healthcare: "neither name nor number; a link that needs a login",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["notify.call-email.caller-identity.allowed"],
    },
    Difference {
        rows: "R16",
        feature: "Text messages in e-mails",
        standard: "the message is shown",
        healthcare: "never the message; a link, or the sender's number at alert level Guide",
        here: Some(|e, _| format!("never the message; {}", alerts(e))),
        warning: None,
        by: By::Software,
        flags: &["notify.text.message-body.allowed", "notify.text.fields"],
    },
    Difference {
        rows: "R15",
        feature: "Alerts about forms",
        standard: "all that the visitor wrote is shown",
        healthcare: "never what the visitor wrote; a link, or the sender's number at alert level Guide",
        here: Some(|e, _| format!("never what the visitor wrote; {}", alerts(e))),
        warning: None,
        by: By::Software,
        flags: &["notify.form-alert.fields"],
    },
    Difference {
        rows: "R13",
        feature: "Links to recordings",
        standard: "whoever has the link can listen",
        healthcare: "a login is needed; links from before the flip stop working",
        here: None,
        warning: Some("Tell the customer that links it has sent or stored stop working."),
        by: By::Software,
        flags: &["recording.link.anonymous.allowed"],
    },
    Difference {
        rows: "R14",
        feature: "Notification-only users",
        standard: "see details and hear recordings",
        healthcare: "learn that something happened, no more",
        here: None,
        warning: Some(PROMOTE),
        by: By::Software,
        flags: &["users.notification-only.phi.allowed"],
    },
    Difference {
        rows: "R17",
        feature: "Voicemail transcription",
        standard: "available",
        healthcare: "off, until a vendor that transcribes has an agreement for it (not built yet)",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["voicemail.transcription.allowed"],
    },
    Difference {
        rows: "R48",
        feature: "Summaries by AI",
        standard: "available",
        healthcare: "off, until the vendor has an agreement for it (not built yet)",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["transcript.ai-summary.allowed"],
    },
    Difference {
        rows: "R18",
        feature: "Session timeout",
        standard: "as the account likes",
        healthcare: "people are logged out after at most 30 idle minutes",
        here: Some(|e, _| format!("people are logged out after {} idle minutes", e.max_session_idle_minutes)),
        warning: None,
        by: By::Software,
        flags: &["session.idle-timeout-minutes"],
    },
    Difference {
        rows: "R20",
        feature: "Second factor at login",
        standard: "optional",
        healthcare: "recommended or required, the stricter of class and plan",
        here: Some(|e, _| if e.mfa == Mfa::Required { "required".into() } else { "recommended".into() }),
        warning: None,
        by: By::Software,
        flags: &["auth.mfa.mode"],
    },
    Difference {
        rows: "R19",
        feature: "Shared logins",
        standard: "possible",
        healthcare: "not allowed: a login of their own for everybody, at no extra charge",
        here: None,
        warning: Some("Whoever shares a login today needs one of their own from the flip on."),
        by: By::Software,
        flags: &["auth.shared-logins.allowed"],
    },
    Difference {
        rows: "R28",
        feature: "Redaction",
        standard: "not included",
        healthcare: "included; on, or off once a named person has accepted the risk",
        here: Some(
            |e, _| {
                if e.redaction == Redaction::Enabled { "included, on".into() } else { "included, off".into() }
            },
        ),
        warning: None,
        by: By::Software,
        flags: &["redaction.offered", "redaction.enabled"],
    },
    Difference {
        rows: "R32, R33",
        feature: "Exports and downloads",
        standard: "free, also scheduled or mailed",
        healthcare: "confirmed and logged one by one, with whom they are shared; nothing scheduled or mailed; off while locked",
        here: None,
        warning: Some("Scheduled and mailed reports stop."),
        by: By::Software,
        flags: &["export.mode"],
    },
    Difference {
        rows: "R29, R30, R31",
        feature: "Integrations",
        standard: "data flows to any third party",
        healthcare: "off, until each is declared as an Integration: in full only under an agreement with the third party and after its warning was accepted, else links that need a login",
        here: None,
        warning: Some(
            "List the customer's integrations (CRM, webhooks, advertising) before the flip: they stop until they are declared, covered and accepted.",
        ),
        by: By::Cluster,
        flags: &[],
    },
    Difference {
        rows: "R38",
        feature: "Third-party pixels",
        standard: "possible",
        healthcare: "not allowed",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["analytics.third-party-pixels.allowed"],
    },
    Difference {
        rows: "R02, R46, R47",
        feature: "What is recorded and kept",
        standard: "everything, always",
        healthcare: "recordings, transcripts, messages, forms, visits, callers and attribution: each only while an agreement in force names it",
        here: None,
        warning: None,
        by: By::Software,
        flags: &[
            "capture.recording.allowed",
            "capture.transcript.allowed",
            "capture.message.allowed",
            "capture.form.allowed",
            "capture.visitor-session.allowed",
            "capture.caller-id.allowed",
            "capture.attribution.allowed",
            "covered.entities",
        ],
    },
    Difference {
        rows: "R21, R22",
        feature: "Audit history",
        standard: "can be switched off",
        healthcare: "cannot be switched off, for reading and for playback; that it is complete is not verified yet",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["audit.suppress.allowed", "audit.playback.suppress.allowed"],
    },
    Difference {
        rows: "R51",
        feature: "Evidence",
        standard: "kept as the account likes",
        healthcare: "agreements and acts are kept six years",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["retention.days"],
    },
    Difference {
        rows: "R52",
        feature: "Support staff",
        standard: "can log in as the customer",
        healthcare: "cannot log in as the customer; workloads are opened only in an emergency, by named people, on record",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["support.impersonation.allowed"],
    },
    Difference {
        rows: "R25",
        feature: "Machines",
        standard: "shared with other customers",
        healthcare: "nodes of its own; but for the platform's node agents nobody else's software runs there",
        here: Some(|_, nodes| match nodes {
            1 => "1 node of its own; but for the platform's node agents nobody else's software runs there".into(),
            n => format!("{n} nodes of its own; but for the platform's node agents nobody else's software runs there"),
        }),
        warning: None,
        by: By::Cluster,
        flags: &[],
    },
    Difference {
        rows: "R08, R09, R10",
        feature: "Encryption keys",
        standard: "shared by all customers",
        healthcare: "keys of its own, which nobody can export and only its own software can use",
        here: None,
        warning: None,
        by: By::KeyService,
        flags: &[],
    },
    Difference {
        rows: "R26",
        feature: "Network",
        standard: "open inside the platform",
        healthcare: "closed both ways but for DNS, the tenant itself and the ways that the class names",
        here: None,
        warning: None,
        by: By::Cluster,
        flags: &[],
    },
    Difference {
        rows: "R49",
        feature: "Reading what was kept",
        standard: "always",
        healthcare: "also after an agreement has lapsed, as long as namespace, network, nodes and keys stand",
        here: None,
        warning: None,
        by: By::Software,
        flags: &["phi.read.allowed"],
    },
];

fn alerts(effective: &EffectiveFeatures) -> &'static str {
    match effective.alerts {
        Alerts::Strict => "a link that needs a login",
        Alerts::Guide => "the sender's number and a link that needs a login",
    }
}

/// What stays as it is.
pub const STAYS: [&str; 3] = [
    "Calls keep ringing: routing, numbers and carriers are not touched, neither by the flip nor by a later lock.",
    "Prices, numbers and users' roles: Ringfence changes none of them.",
    "Nothing opens by the flip itself: what could show protected health information is off first, and opens only when every fence stands and an agreement is in force.",
];

/// The list as `docs/differences.md` publishes it.
#[must_use]
pub fn published() -> String {
    let mut page = String::from(HEAD);
    for d in &DIFFERENCES {
        let flags: Vec<_> = d.flags.iter().map(|f| format!("`{f}`")).collect();
        let flags = if flags.is_empty() { "none".to_owned() } else { flags.join(", ") };
        let healthcare = d.warning.map_or_else(|| d.healthcare.to_owned(), |w| format!("{}. **{w}**", d.healthcare));
        let Difference { rows, feature, standard, by, .. } = d;
        let by = by.words();
        writeln!(page, "| {feature} | {standard} | {healthcare} | {by} | {flags} | {rows} |")
            .expect("a String takes everything");
    }
    page.push_str("\n## What stays\n");
    for stays in STAYS {
        writeln!(page, "- {stays}").expect("a String takes everything");
    }
    page
}

const HEAD: &str = "# What differs between a standard and a healthcare account

`ringfence preview PLAN.yaml …` shows this list for one plan, with the settings that would be in force, what is missing and who must act. Where the
*platform's software* carries a difference out, Ringfence publishes the permission (a flag) and does not claim the effect:
[application-contract.md](application-contract.md). *Row* is what the tests that show it are named by. This page is
what `ringfence preview --differences` writes.

| What | Standard account | Healthcare account | Carried out by | Flags | Row |
|---|---|---|---|---|---|
";
