//! R01, R02, R08, R25, R26, R49, R55: what is done about one tenant, from one world to the next.

use std::sync::Arc;

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use serde_json::json;

use super::*;
use crate::{
    api::conditions::{
        FLAGS_PUBLISHED, KEYS_READY, NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, WORKLOADS_PLACED, is_true,
    },
    fact::Fact,
    keys::Trouble,
    names::{BASE_POLICY, POOL_LABEL},
    plan::fixture::*,
};

/// A change of one fact, and what must come of it.
type Change = fn(&mut World);

/// What somebody did to a key.
type Spoil = fn(&mut crate::keys::Key);

fn changed(change: impl Fn(&mut World)) -> World {
    let mut world = unlocked();
    let before = format!("{world:?}");
    change(&mut world);
    assert_ne!(format!("{world:?}"), before, "the change changes nothing");
    world
}

fn after(minutes: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn restricts(text: &str) -> bool {
    !opens_anything(&without_reading(text), now())
}

/// The document without reading, which follows the fences and not the agreement.
fn without_reading(text: &str) -> String {
    let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
    document["flags"].as_object_mut().unwrap().remove("phi.read.allowed");
    document.to_string()
}

fn reads(text: &str, now: Timestamp) -> bool {
    evaluate(text, "phi.read.allowed", Some(now.as_second())) == true
}

fn loosens(steps: &[Step]) -> bool {
    steps.iter().any(Step::is_loosening)
}

/// Verdicts that fall, one for each condition of the gate.
const FALLS: [(&str, Change); 8] = [
    (AGREEMENT_IN_FORCE, |w| drop(w.acts.pop())),
    (NAMESPACE_FENCED, |w| edit(&mut w.namespace, |n| n.metadata.uid = Some("another".into()))),
    (NETWORK_ISOLATED, |w| w.policies = Fact::Known(vec![])),
    (NODES_DEDICATED, |w| {
        let mut stray = node("stray", "a");
        stray.metadata.labels.as_mut().unwrap().insert(POOL_LABEL.into(), "acme-dental".into());
        put_node(w, stray);
    }),
    (KEYS_READY, |w| drop(w.keys.insert(KeyPurpose::Phi, Ok(Fact::Absent)))),
    (KEYS_READY, |w| drop(w.keys.insert(KeyPurpose::Phi, Err(Trouble::MountMissing("ringfence-phi".into()))))),
    (FLAGS_PUBLISHED, |w| edit(&mut w.flags, |c| c.data = None)),
    (WORKLOADS_PLACED, |w| {
        let Fact::Known(pods) = &mut w.pods else { return };
        pods.push(Arc::new(pod("shop", "stranger", "node-2", "11:00:00")));
    }),
];

/// Verdicts that are not known, one for each condition of the gate.
const UNKNOWN: [(&str, Change); 9] = [
    (AGREEMENT_IN_FORCE, |w| w.agreement_doubt = Some("Attestation x cannot be decoded".into())),
    (NAMESPACE_FENCED, |w| w.namespace = Fact::Unknown("away".into())),
    (NETWORK_ISOLATED, |w| w.policies = Fact::Unknown("away".into())),
    (NODES_DEDICATED, |w| w.nodes = Fact::Unknown("away".into())),
    (KEYS_READY, |w| drop(w.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed)))),
    (FLAGS_PUBLISHED, |w| w.flags = Fact::Unknown("away".into())),
    (FLAGS_PUBLISHED, |w| w.clock_doubt = Some("an hour apart".into())),
    (NAMESPACE_FENCED, |w| w.guardrail_doubt = Some("G5 is missing".into())),
    (WORKLOADS_PLACED, |w| w.pods = Fact::Unknown("away".into())),
];

#[test]
fn a_flip_goes_stage_by_stage_and_each_waits_for_the_observed_fact() {
    let mut world = fresh();
    let mut seen = vec![];
    for _ in 0..20 {
        let steps = todo(&world, now());
        if steps.is_empty() {
            break;
        }
        assert!(!is_true(conditions(&world), PHI_UNLOCKED));
        seen.push(words(&steps).join(", "));
        steps.iter().for_each(|s| perform(&mut world, s, now()));
    }
    assert_eq!(
        seen,
        [
            "finalizer, record",
            "namespace",
            "close flags, apply ringfence-base, apply ringfence-allow-gateway, apply quota, apply account, apply readers",
            "assign node-1, assign node-2",
            "key ringfence-phi, key ringfence-lookup",
            "record more",
            "fence",
        ]
    );
    let decision = decided(&world, now());
    assert!(is_open(&decision), "{:?}", decision.gate);
    assert!(!opens_anything(&document(&world), now()), "the gate is open, and status has not said so yet");
    tell(&mut world, now());
    assert!(is_true(conditions(&world), PHI_UNLOCKED));
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["open flags"]);
    perform(&mut world, &steps[0], now());
    assert!(opens_anything(&document(&world), now()));
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "and that is all");
}

#[test]
fn a_stage_that_is_not_observed_is_waited_for() {
    let mut world = fresh();
    for (skip, waits) in [
        ("record", vec!["finalizer", "record"]),
        ("namespace", vec!["namespace"]),
        ("apply ringfence-base", vec!["apply ringfence-base"]),
        ("assign node-2", vec!["assign node-2"]),
        ("key ringfence-lookup", vec!["key ringfence-lookup"]),
        ("record more", vec!["record more"]),
    ] {
        let mut stuck = world.clone();
        for _ in 0..20 {
            for step in todo(&stuck, now()).iter().filter(|s| words(std::slice::from_ref(s)) != [skip]) {
                perform(&mut stuck, step, now());
            }
        }
        let left = words(&todo(&stuck, now()));
        let waits: Vec<_> = waits.iter().filter(|w| **w != "finalizer").collect();
        assert_eq!(left.iter().collect::<Vec<_>>(), waits, "without {skip}");
        assert!(!is_fenced(&stuck), "pods are let in without {skip}");
        assert!(!is_open(&decided(&stuck, now())), "open without {skip}");
        // The next stage starts from where this one has been observed.
        for step in todo(&world, now()) {
            perform(&mut world, &step, now());
        }
    }
}

#[test]
fn pods_are_let_in_only_while_network_nodes_and_keys_stand() {
    let unfence = |w: &mut World| {
        edit(&mut w.namespace, |n| drop(n.metadata.labels.as_mut().unwrap().remove(crate::names::FENCED_LABEL)));
    };
    assert_eq!(words(&todo(&changed(unfence), now())), ["close flags", "fence"]);
    for (condition, fall) in &FALLS[2..5] {
        let world = changed(|w| {
            unfence(w);
            fall(w);
        });
        assert!(!loosens(&todo(&world, now())), "{condition}");
    }
    let world = changed(|w| {
        unfence(w);
        w.guardrail_doubt = Some("G5 is missing".into());
    });
    assert!(!loosens(&todo(&world, now())), "nobody keeps others out");
}

#[test]
fn protection_goes_up_without_an_agreement_and_opens_nothing() {
    let mut world = fresh();
    world.acts.clear();
    settle(&mut world, now());
    assert!(is_fenced(&world));
    assert!(!opens_anything(&document(&world), now()) && !reads(&document(&world), now()));
    assert!(is_true(conditions(&world), crate::api::conditions::READY), "locked, and as called for");
}

#[test]
fn a_settled_tenant_makes_no_write_at_all() {
    let world = unlocked();
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new());
    assert!(is_open(&decided(&world, now())));
}

#[test]
fn whatever_falls_locks_at_once() {
    for (condition, fall) in FALLS {
        let world = changed(fall);
        let decision = decided(&world, now());
        assert_eq!(standing(&decision, condition), Standing::Falls, "{condition}");
        assert!(matches!(decision.gate, Gate::Closed(_)));
        let published = publishes(&decision.steps).unwrap_or_else(|| panic!("{condition}: nothing is published"));
        assert!(restricts(&published), "{condition}");
        assert!(!loosens(&decision.steps), "{condition}: {:?}", words(&decision.steps));
        let first = words(&decision.steps).into_iter().find(|w| w != "finalizer");
        assert_eq!(first.as_deref(), Some("close flags"), "{condition}: flags first");
        let fence = [NAMESPACE_FENCED, NETWORK_ISOLATED, NODES_DEDICATED, KEYS_READY].contains(&condition);
        assert!(!(fence && reads(&published, now())), "{condition}: reading follows the fences");
        let agreement = [AGREEMENT_IN_FORCE, WORKLOADS_PLACED].contains(&condition);
        assert!(!agreement || condition == AGREEMENT_IN_FORCE || reads(&published, now()), "{condition}");
    }
}

#[test]
fn what_is_unknown_takes_no_step_and_renews_nothing() {
    for (condition, unknow) in UNKNOWN {
        let world = changed(unknow);
        for minutes in [0, 29, 31, 45, 59] {
            let decision = decided(&world, after(minutes));
            assert_eq!(standing(&decision, condition), Standing::Unknown, "{condition}");
            assert!(matches!(decision.gate, Gate::Hold(_)), "{condition}");
            assert_eq!(words(&decision.steps), Vec::<String>::new(), "{condition} after {minutes} min");
        }
    }
}

#[test]
fn with_a_clock_in_doubt_reading_is_not_renewed_either() {
    let world = changed(|w| w.clock_doubt = Some("an hour apart".into()));
    let half = 37 * 60;
    let steps = todo(&world, after(half));
    assert!(!loosens(&steps), "{:?}", words(&steps));
    let mut sure = world.clone();
    sure.clock_doubt = None;
    todo(&sure, after(half)).iter().for_each(|s| perform(&mut sure, s, after(half)));
    assert!(loosens(&todo(&sure, after(half))), "it is due");
}

#[test]
fn with_the_clock_in_doubt_the_document_is_left_to_its_readers_clocks() {
    let world = changed(|w| w.clock_doubt = Some("an hour apart".into()));
    for minutes in [-5, 0, 59, 61, 400 * 24 * 60] {
        assert_eq!(words(&todo(&world, after(minutes))), Vec::<String>::new(), "{minutes}");
    }
    let world = changed(|w| {
        w.clock_doubt = Some("an hour apart".into());
        w.acts.pop();
    });
    assert_eq!(words(&todo(&world, now())), ["close flags"], "what somebody ended is closed, whatever the time");
}

#[test]
fn what_stays_unknown_lapses_by_itself_and_is_then_written_down_as_closed() {
    let world = changed(|w| drop(w.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed))));
    assert!(opens_anything(&without_reading(&document(&world)), after(59)));
    assert!(!opens_anything(&without_reading(&document(&world)), after(60)), "nobody has to do anything");
    let steps = todo(&world, after(61));
    assert_eq!(words(&steps), ["close flags"]);
    assert!(reads(&publishes(&steps).unwrap(), after(61)), "reading has a longer lease");
}

#[test]
fn hold_keeps_the_live_document_byte_for_byte_whatever_else_is_loosened() {
    let world = changed(|w| {
        drop(w.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed)));
        let longer = baa("longer", "uid-of-longer", "acme-dental", ("2026-01-01T00:00:00Z", None));
        w.acts.extend(signed(&longer, "11:59:00").map(Arc::new));
        w.baas.push(Arc::new(longer));
    });
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new());
    // The new agreement lasts longer than the live window: it may not prolong it.
    let mut world = fresh();
    world.baas.clear();
    world.acts.clear();
    let short = baa("short", "uid-of-short", "acme-dental", ("00:00:00", Some("12:20:00")));
    world.acts.extend(signed(&short, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(short));
    settle(&mut world, now());
    let live = document(&world);
    world.keys.insert(KeyPurpose::Phi, Err(Trouble::Sealed));
    let longer = baa("longer", "uid-of-longer", "acme-dental", ("00:00:00", None));
    world.acts.extend(signed(&longer, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(longer));
    assert!(publishes(&todo(&world, now())).is_none(), "the window is prolonged while a fence is unknown");
    // An entity that is added while a fence is unknown is not opened.
    edit(&mut world.plan, |p| p.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() }));
    let other = baa("other", "uid-of-other", "brite", ("00:00:00", None));
    world.acts.extend(signed(&other, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(other));
    let said = publishes(&todo(&world, now())).unwrap_or(live);
    assert!(evaluate(&said, "covered.entities", Some(now().as_second())).get("brite").is_none());
}

#[test]
fn a_hold_still_tightens() {
    for unknow in [UNKNOWN[1].1, UNKNOWN[2].1, UNKNOWN[4].1, UNKNOWN[6].1] {
        let world = changed(|w| {
            unknow(w);
            w.acts.pop();
        });
        let steps = todo(&world, now());
        let published = publishes(&steps).expect("the agreement is closed, whatever is not known");
        assert!(restricts(&published) && !loosens(&steps));
    }
}

#[test]
fn a_lock_keeps_reading_and_touches_nothing_else() {
    let mut world = unlocked();
    world.acts.push(Arc::new(act("Terminate", ("acme-dental-2026", BAA_UID), "acme-dental", "bob", "12:00:00")));
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["close flags"], "no pod, key, node or policy is touched: calls keep ringing");
    let published = publishes(&steps).unwrap();
    assert!(restricts(&published) && reads(&published, now()));
    settle(&mut world, now());
    assert!(reads(&document(&world), after(24 * 60)));
    let renewal = todo(&world, after(36 * 60));
    assert_eq!(words(&renewal), ["open flags"], "reading is renewed by the fences alone");
    assert!(restricts(&publishes(&renewal).unwrap()));
}

#[test]
fn a_tenant_that_never_had_an_agreement_in_force_has_nothing_to_read() {
    let mut world = unlocked();
    world.acts.clear();
    let published = publishes(&todo(&world, now())).unwrap();
    assert!(restricts(&published) && !reads(&published, now()));
}

#[test]
fn nothing_opens_before_status_says_that_it_is_unlocked() {
    let mut world = unlocked();
    let settings =
        flags::Settings { vendored: ["voicemail.transcription.allowed".into()].into(), ..flags::Settings::strictest() };
    let restrictive = flags::render(&name(), &settings, None, None);
    edit(&mut world.flags, |c| c.data = flags::config_map(&name(), &restrictive).data);
    edit(&mut world.plan, |p| {
        p.status
            .as_mut()
            .unwrap()
            .conditions
            .iter_mut()
            .filter(|c| c.type_ == PHI_UNLOCKED)
            .for_each(|c| c.status = "False".into());
    });
    let said = publishes(&todo(&world, now())).unwrap_or(restrictive);
    assert!(restricts(&said), "only reading, whose conditions status says");
    edit(&mut world.plan, |p| p.status = None);
    assert!(publishes(&todo(&world, now())).is_none(), "and nothing at all without a status");
}

#[test]
fn a_lease_is_renewed_at_half_and_not_when_that_gains_nothing() {
    let world = unlocked();
    let due = decided(&world, now()).next.unwrap();
    let half = now().saturating_add(SignedDuration::from_mins(30)).unwrap();
    assert!(due <= half && due >= after(24), "at half, less a jitter of a tenth at most: {due}");
    let before = due.checked_sub(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(words(&todo(&world, before)), Vec::<String>::new());
    assert_eq!(words(&todo(&world, due)), ["open flags"]);
    let (mut world, end) = (unlocked(), at("12:40:00"));
    let baa = Arc::make_mut(&mut world.baas[0]);
    baa.spec.term.expiration_time = Some(Time(end));
    settle(&mut world, now());
    for minutes in [0, 30, 35, 39] {
        assert_eq!(words(&todo(&world, after(minutes))), Vec::<String>::new(), "after {minutes} min");
    }
    assert_eq!(decided(&world, after(35)).next, Some(end), "and it wakes at the agreement's end");
    assert_eq!(words(&todo(&world, end)), ["close flags"]);
}

#[test]
fn an_agreement_that_is_renewed_shortly_before_its_end_leaves_no_gap() {
    let (mut world, end) = (unlocked(), at("12:10:00"));
    Arc::make_mut(&mut world.baas[0]).spec.term.expiration_time = Some(Time(end));
    settle(&mut world, now());
    let mut next = baa("acme-dental-2027", "uid-of-2027", "acme-dental", ("12:10:00", None));
    next.spec.supersedes_ref = Some(crate::api::NameRef { name: world.baas[0].name_any() });
    world.acts.extend(signed(&next, "12:05:00").map(Arc::new));
    world.baas.push(Arc::new(next));
    settle(&mut world, after(6));
    let at_the_end = evaluate(&document(&world), "capture.recording.allowed", Some(end.as_second()));
    assert_eq!(at_the_end, true, "the document goes on before its window ends");
    assert_eq!(words(&todo(&world, after(7))), Vec::<String>::new(), "and is written once");
}

#[test]
fn a_window_that_was_issued_in_the_future_speaks_of_a_clock_that_was_set_back() {
    let world = unlocked();
    let yesterday = after(-24 * 60);
    let published = publishes(&todo(&world, yesterday)).unwrap_or_default();
    let issued = windows(&published).iter().map(|w| w.1).max().unwrap_or(i64::MIN);
    assert!(issued <= yesterday.as_second(), "nothing is kept of it");
}

#[test]
fn each_entity_leaves_covered_entities_at_its_own_end() {
    let mut world = fresh();
    edit(&mut world.plan, |p| p.spec.covered_entities.push(crate::api::CoveredEntity { party: "brite".into() }));
    let short = baa("short", "uid-of-short", "brite", ("00:00:00", Some("12:20:00")));
    world.acts.extend(signed(&short, "01:00:00").map(Arc::new));
    world.baas.push(Arc::new(short));
    settle(&mut world, now());
    let text = document(&world);
    let open = |minutes| evaluate(&text, "covered.entities", Some(after(minutes).as_second()));
    let names = |v: serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(open(19)), ["acme-dental", "brite"]);
    assert_eq!(names(open(20)), ["acme-dental"]);
    assert_eq!(names(open(60)), Vec::<String>::new());
    let capture = |minutes| evaluate(&text, "capture.recording.allowed", Some(after(minutes).as_second()));
    assert_eq!((capture(19), capture(20)), (json!(true), json!(false)), "the conservative short form");
    // Terminated before its end: it is taken out at once, and that step opens nothing.
    world.acts.push(Arc::new(act("Terminate", ("short", "uid-of-short"), "brite", "bob", "12:10:00")));
    let steps = todo(&world, after(10));
    assert_eq!(words(&steps), ["close flags"]);
    let said = publishes(&steps).unwrap();
    assert_eq!(names(evaluate(&said, "covered.entities", Some(after(11).as_second()))), ["acme-dental"]);
}

#[test]
fn a_document_that_somebody_widened_is_narrowed_first() {
    let mut world = unlocked();
    let end = after(60).as_second();
    let widened = document(&world).replace(&end.to_string(), &(end + 1_000_000).to_string());
    edit(&mut world.flags, |c| c.data = flags::config_map(&name(), &widened).data);
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["close flags"]);
    assert!(windows(&publishes(&steps).unwrap()).iter().all(|w| w.2 < end + 1_000_000));
    let said = decided(&world, now()).verdicts.into_iter().find(|v| v.condition == FLAGS_PUBLISHED).unwrap();
    assert_eq!((said.standing, said.reason), (Standing::Stands, Reason::Repairing));
}

#[test]
fn a_document_that_lost_its_labels_is_given_them_again_and_stays_open() {
    let world = changed(|w| edit(&mut w.flags, |c| c.metadata.labels = None));
    let steps = todo(&world, now());
    assert_eq!(publishes(&steps), Some(document(&world)));
    assert!(!loosens(&steps));
}

#[test]
fn a_foreign_key_stops_everything_before_a_record() {
    for purpose in KeyPurpose::ALL {
        let mut world = fresh();
        world.keys.insert(purpose, Ok(Fact::Known(key(purpose, at("2020-01-01T00:00:00Z")))));
        let decision = decided(&world, now());
        assert_eq!(words(&decision.steps), Vec::<String>::new());
        let verdict = decision.verdicts.iter().find(|v| v.condition == KEYS_READY).unwrap();
        assert_eq!((verdict.reason, verdict.stalled), (Reason::KeyForeign, true));
    }
    let mut world = fresh();
    world.keys.clear();
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "nor is a record made before anybody asked");
}

#[test]
fn a_key_that_is_older_than_its_record_or_another_is_foreign() {
    let mut world = unlocked();
    world.keys.insert(KeyPurpose::Phi, Ok(Fact::Known(key(KeyPurpose::Phi, after(1)))));
    let decision = decided(&world, now());
    assert_eq!(decision.verdicts.iter().find(|v| v.condition == KEYS_READY).unwrap().reason, Reason::KeyForeign);
    assert!(restricts(&publishes(&decision.steps).unwrap()));
    let mut world = fresh();
    for step in todo(&world, now()) {
        perform(&mut world, &step, now());
    }
    world.keys.insert(KeyPurpose::Phi, Ok(Fact::Known(key(KeyPurpose::Phi, after(-2)))));
    let verdict = keys::judge(&tenant(&world), &world);
    assert_eq!(verdict.reason, Reason::KeyForeign, "it was there before the record");
}

#[test]
fn a_lost_key_is_never_made_again() {
    for purpose in KeyPurpose::ALL {
        let mut world = unlocked();
        world.keys.insert(purpose, Ok(Fact::Absent));
        for _ in 0..5 {
            let steps = todo(&world, now());
            assert!(!steps.iter().any(|s| matches!(s, Step::CreateKey { .. })), "{:?}", words(&steps));
            steps.iter().for_each(|s| perform(&mut world, s, now()));
            tell(&mut world, now());
        }
        let condition = conditions(&world).iter().find(|c| c.type_ == KEYS_READY).unwrap();
        assert_eq!(condition.reason, "KeyLost");
    }
}

#[test]
fn every_trouble_of_the_key_service_has_a_reason_of_its_own_and_only_a_mount_that_is_gone_locks() {
    let what = || "reading a key".to_owned();
    let troubles = [
        (Trouble::Unreachable(what()), Reason::KeyServiceUnreachable),
        (Trouble::Untrusted, Reason::KeyServiceUntrusted),
        (Trouble::Limited(what()), Reason::KeyServiceLimited),
        (Trouble::Sealed, Reason::KeyServiceSealed),
        (Trouble::LoginRefused, Reason::KeyLoginRefused),
        (Trouble::Denied(what()), Reason::KeyServiceDenied),
        (Trouble::MountMissing("ringfence-phi".into()), Reason::KeyMountMissing),
    ];
    for (trouble, reason) in troubles {
        let falls = matches!(trouble, Trouble::MountMissing(_));
        let world = changed(|w| drop(w.keys.insert(KeyPurpose::Phi, Err(trouble.clone()))));
        let decision = decided(&world, now());
        let verdict = decision.verdicts.iter().find(|v| v.condition == KEYS_READY).unwrap();
        assert_eq!(verdict.reason, reason);
        assert_eq!(verdict.standing == Standing::Falls, falls, "{trouble:?}");
        assert_eq!(words(&decision.steps), if falls { vec!["close flags"] } else { vec![] }, "{trouble:?}");
    }
}

#[test]
fn a_suspended_or_altered_key_locks_and_only_its_rotation_is_put_right() {
    let spoil: [(Spoil, Reason); 2] = [
        (|k| k.soft_deleted = true, Reason::KeySuspended),
        (|k| k.wrong.push("exportable".into()), Reason::KeySettingsWrong),
    ];
    for (spoil, reason) in spoil {
        let world = changed(|w| {
            let Some(Ok(Fact::Known(key))) = w.keys.get_mut(&KeyPurpose::Phi) else { return };
            spoil(key);
        });
        let decision = decided(&world, now());
        assert_eq!(decision.verdicts.iter().find(|v| v.condition == KEYS_READY).unwrap().reason, reason);
        assert_eq!(words(&decision.steps), ["close flags"]);
    }
    let world = changed(|w| {
        let Some(Ok(Fact::Known(key))) = w.keys.get_mut(&KeyPurpose::Phi) else { return };
        key.rotation_seconds = 0;
    });
    assert_eq!(words(&todo(&world, now())), ["tune key"]);
    let said = decided(&world, now()).verdicts.into_iter().find(|v| v.condition == KEYS_READY).unwrap();
    assert_eq!((said.standing, said.reason), (Standing::Stands, Reason::Repairing));
}

#[test]
fn a_namespace_that_exists_is_never_taken() {
    let mut world = fresh();
    let mut namespace = namespace_for("another-record");
    namespace.metadata.uid = Some("foreign".into());
    world.namespace =
        Fact::Known(Arc::new(kube::core::PartialObjectMetaExt::into_response_partial(namespace.metadata)));
    let decision = decided(&world, now());
    assert_eq!(words(&decision.steps), Vec::<String>::new(), "not even a record");
    assert!(matches!(&decision.gate, Gate::Closed(v) if v.reason == Reason::NamespaceExists && v.stalled));
}

#[test]
fn a_namespace_that_somebody_made_after_the_record_is_never_taken() {
    for made_for in [None, Some("another-record")] {
        let mut world = fresh();
        todo(&world, now()).iter().for_each(|s| perform(&mut world, s, now()));
        let mut namespace = namespace_for(made_for.unwrap_or_default());
        namespace.metadata.uid = Some("foreign".into());
        if made_for.is_none() {
            namespace.metadata.annotations = None;
        }
        world.namespace =
            Fact::Known(Arc::new(kube::core::PartialObjectMetaExt::into_response_partial(namespace.metadata)));
        assert!(matches!(ground(&world), Ground::Barred(Reason::NamespaceExists, _)), "{made_for:?}");
        assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "{made_for:?}");
    }
}

#[test]
fn a_namespace_that_was_replaced_is_locked_and_not_built_on() {
    let world = changed(|w| edit(&mut w.namespace, |n| n.metadata.uid = Some("another".into())));
    assert!(matches!(ground(&world), Ground::Barred(Reason::NamespaceReplaced, _)));
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["close flags"], "a document that is there is made restrictive, and no more");
    let world = changed(|w| {
        edit(&mut w.namespace, |n| n.metadata.uid = Some("another".into()));
        w.flags = Fact::Absent;
    });
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new(), "nothing is written into it");
}

#[test]
fn a_namespace_that_is_gone_is_not_made_again() {
    let world = changed(|w| {
        (w.namespace, w.flags, w.policies) = (Fact::Absent, Fact::Absent, Fact::Known(vec![]));
        (w.quota, w.service_account, w.readers) = (Fact::Absent, Fact::Absent, Fact::Absent);
    });
    assert!(matches!(ground(&world), Ground::Barred(Reason::NamespaceReplaced, _)));
    assert_eq!(words(&todo(&world, now())), Vec::<String>::new());
}

#[test]
fn a_record_that_is_gone_is_not_made_again() {
    let world = changed(|w| w.record = Fact::Absent);
    let decision = decided(&world, now());
    assert!(matches!(&decision.gate, Gate::Closed(v) if v.reason == Reason::RecordMissing && v.stalled));
    assert_eq!(words(&decision.steps), ["close flags"]);
}

#[test]
fn a_namespace_that_is_being_deleted_is_locked() {
    let world = changed(|w| edit(&mut w.namespace, |n| n.metadata.deletion_timestamp = Some(Time(now()))));
    assert!(matches!(ground(&world), Ground::Barred(Reason::NamespaceTerminating, _)));
    let steps = todo(&world, now());
    assert_eq!(words(&steps), ["close flags"]);
    assert!(restricts(&publishes(&steps).unwrap()));
}

#[test]
fn untidiness_is_repaired_and_locks_nothing() {
    let repairs: [(Change, &[&str]); 5] = [
        (|w| w.quota = Fact::Absent, &["apply quota"]),
        (|w| w.service_account = Fact::Absent, &["apply account"]),
        (|w| w.readers = Fact::Absent, &["apply readers"]),
        (|w| edit(&mut w.readers, |r| r.role_ref.name = "cluster-admin".into()), &["delete readers"]),
        (
            |w| {
                edit(&mut w.namespace, |n| {
                    drop(n.metadata.labels.as_mut().unwrap().remove("pod-security.kubernetes.io/enforce"))
                })
            },
            &["labels"],
        ),
    ];
    for (change, expected) in repairs {
        let world = changed(change);
        let decision = decided(&world, now());
        assert_eq!(words(&decision.steps), expected);
        assert!(is_open(&decision), "{:?}", decision.gate);
    }
}

#[test]
fn a_base_policy_that_was_widened_locks_first_and_is_then_repaired() {
    let world = changed(|w| {
        let Fact::Known(policies) = &mut w.policies else { return };
        let base = policies.iter_mut().find(|p| p.name_any() == BASE_POLICY).unwrap();
        Arc::make_mut(base).spec.as_mut().unwrap().egress =
            Some(vec![k8s_openapi::api::networking::v1::NetworkPolicyEgressRule::default()]);
    });
    assert_eq!(words(&todo(&world, now())), ["close flags", "apply ringfence-base"]);
    let world = changed(|w| {
        let Fact::Known(policies) = &mut w.policies else { return };
        let mut more = (*policies[0]).clone();
        more.metadata.name = Some("ringfence-allow-everything".into());
        policies.push(Arc::new(more));
    });
    assert_eq!(words(&todo(&world, now())), ["close flags", "delete ringfence-allow-everything"]);
}

#[test]
fn a_misplaced_pod_is_moved_at_once_and_locks_only_after_it_has_had_its_time() {
    let off = |created: &'static str| {
        changed(move |w| {
            let Fact::Known(pods) = &mut w.pods else { return };
            pods.push(Arc::new(pod("acme-dental", "astray", "elsewhere", created)));
        })
    };
    let settling = off("11:59:50");
    assert_eq!(words(&todo(&settling, now())), ["evict astray"]);
    assert!(matches!(decided(&settling, now()).gate, Gate::Hold(_)), "what is open stays, and nothing is renewed");
    assert_eq!(decided(&settling, now()).next, Some(at("12:00:05")), "and it is looked at again");
    let late = off("11:59:45");
    assert_eq!(words(&todo(&late, now())), ["close flags", "evict astray"]);
    assert_eq!(decided(&late, now()).next, Some(at("12:00:10")), "a budget that let it go is noticed soon");
}

#[test]
fn suspended_locks_and_builds_the_fences_all_the_same() {
    let world = changed(|w| edit(&mut w.plan, |p| p.spec.state = PlanState::Suspended));
    let decision = decided(&world, now());
    assert!(matches!(&decision.gate, Gate::Closed(v) if v.reason == Reason::Suspended && !v.stalled));
    assert_eq!(words(&decision.steps), ["close flags"]);
    let mut world = fresh();
    edit(&mut world.plan, |p| p.spec.state = PlanState::Suspended);
    settle(&mut world, now());
    assert!(is_fenced(&world) && restricts(&document(&world)));
}

#[test]
fn a_plan_that_is_being_deleted_is_locked_and_kept() {
    let world = changed(|w| edit(&mut w.plan, |p| p.metadata.deletion_timestamp = Some(Time(now()))));
    assert_eq!(words(&todo(&world, now())), ["close flags"]);
}

#[path = "lapse_tests.rs"]
mod lapse;
#[path = "decide_property_tests.rs"]
mod properties;

#[test]
fn only_what_nothing_waits_for_is_done_beside_others() {
    let (mut world, mut beside) = (fresh(), std::collections::BTreeSet::new());
    while !is_open(&decided(&world, now())) {
        let steps = todo(&world, now());
        assert!(!steps.is_empty(), "the flip goes on");
        beside
            .extend(words(&steps).into_iter().zip(&steps).filter(|(_, s)| s.is_beside_others()).map(|(word, _)| word));
        steps.iter().for_each(|step| perform(&mut world, step, now()));
    }
    let all = ["apply account", "apply quota", "apply readers", "key ringfence-lookup", "key ringfence-phi"];
    assert_eq!(beside.into_iter().collect::<Vec<_>>(), all);
}
