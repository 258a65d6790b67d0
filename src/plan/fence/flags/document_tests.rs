//! R11 and the other rows of the catalogue: what the document says, whoever reads it and whenever.

use proptest::prelude::*;

use super::{super::Live, *};
use crate::plan::fixture::{evaluate, name, windows};

/// A lease that was issued at 10,000 s.
const ISSUED: i64 = 10_000;
const LEASED: [&str; 13] = [
    "capture.attribution.allowed",
    "capture.caller-id.allowed",
    "capture.form.allowed",
    "capture.message.allowed",
    "capture.recording.allowed",
    "capture.transcript.allowed",
    "capture.visitor-session.allowed",
    "covered.entities",
    "export.mode",
    "notify.form-alert.fields",
    "notify.text.fields",
    "redaction.enabled",
    "voicemail.transcription.allowed",
];

fn categories(all: &[PhiCategory], until: i64) -> BTreeMap<PhiCategory, i64> {
    all.iter().map(|c| (*c, until)).collect()
}

/// Everything that a gate can open, until 13,600 s.
fn all_open() -> Opening {
    Opening {
        issued: ISSUED,
        entities: vec![("acme".into(), categories(&PhiCategory::ALL, 13_600))],
        vendored: [("voicemail.transcription.allowed".into(), 13_600)].into(),
        integrations: [("crm".into(), Grant::Full(13_600)), ("ads".into(), Grant::LinkOnly)].into(),
        categories: PhiCategory::ALL.into_iter().map(|c| (c, 13_600)).collect(),
        export_until: 13_600,
        guide_until: Some(13_600),
        redaction_off_until: Some(13_600),
    }
}

const READING: Reading = Reading { issued: ISSUED, until: 99_000 };

fn settings() -> Settings {
    Settings {
        vendored: ["voicemail.transcription.allowed".into()].into(),
        integrations: ["ads", "crm", "new"].map(Into::into).into(),
        idle_minutes: 20,
        mfa: Mfa::Recommended,
    }
}

fn text(opening: Option<&Opening>, reading: Option<&Reading>) -> String {
    render(&name(), &settings(), opening, reading)
}

/// What every leased flag says at a time.
fn said(text: &str, time: Option<i64>) -> Vec<Value> {
    LEASED.iter().map(|f| evaluate(text, f, time)).collect()
}

fn restrictive() -> Vec<Value> {
    let off = json!(false);
    let mut all = vec![off; 7];
    all.extend([json!({}), json!("off"), json!("none"), json!("none"), json!(true), json!(false)]);
    all
}

#[test]
fn the_restrictive_document_restricts_everything_at_any_time() {
    let text = text(None, None);
    for time in [None, Some(0), Some(ISSUED), Some(i64::MAX)] {
        assert_eq!(said(&text, time), restrictive());
        assert_eq!(evaluate(&text, "phi.read.allowed", time), false);
    }
    assert_eq!(windows(&text), []);
}

#[test]
fn inside_the_window_everything_that_was_opened_is_open() {
    let text = text(Some(&all_open()), Some(&READING));
    for time in [ISSUED - CLOCK_ERROR + 1, ISSUED, 13_599] {
        let all = json!({"acme": ["CallerID", "Recording", "Transcript", "Message", "Form", "VisitorSession", "Attribution"]});
        let mut open = vec![json!(true); 7];
        let rest = ["confirm-and-log", "telephone-only", "telephone-only"].map(|s| json!(s));
        open.extend([all].into_iter().chain(rest).chain([json!(false), json!(true)]));
        assert_eq!(said(&text, Some(time)), open);
    }
}

#[test]
fn outside_the_window_it_restricts_late_clock_set_back_and_variable_unknown_alike() {
    let text = text(Some(&all_open()), Some(&READING));
    for time in [Some(13_600), Some(13_601), Some(i64::MAX), Some(ISSUED - CLOCK_ERROR), Some(0), Some(-1), None] {
        assert_eq!(said(&text, time), restrictive(), "{time:?}");
    }
    for time in [Some(99_000), Some(0), None] {
        assert_eq!(evaluate(&text, "phi.read.allowed", time), false, "{time:?}");
    }
}

#[test]
fn reading_outlives_what_the_agreement_opens() {
    let text = text(Some(&all_open()), Some(&READING));
    assert_eq!(evaluate(&text, "phi.read.allowed", Some(50_000)), true);
    assert_eq!(said(&text, Some(50_000)), restrictive());
}

#[test]
fn covered_entities_drops_each_entity_and_each_category_at_its_own_end() {
    let recording = categories(&[PhiCategory::Recording], 13_000);
    let late = [(PhiCategory::Form, 12_000), (PhiCategory::Recording, 13_000)].into();
    let opening = Opening {
        issued: ISSUED,
        entities: vec![
            ("late".into(), late),
            ("early".into(), categories(&[PhiCategory::Form], 11_000)),
            ("with-late".into(), recording),
        ],
        ..Opening::default()
    };
    let text = text(Some(&opening), None);
    let at = |time| evaluate(&text, "covered.entities", time);
    assert_eq!(at(Some(10_500)), json!({"early": ["Form"], "late": ["Recording", "Form"], "with-late": ["Recording"]}));
    assert_eq!(at(Some(11_000)), json!({"late": ["Recording", "Form"], "with-late": ["Recording"]}));
    assert_eq!(at(Some(12_000)), json!({"late": ["Recording"], "with-late": ["Recording"]}));
    for time in [Some(13_000), Some(9_000), None] {
        assert_eq!(at(time), json!({}), "{time:?}");
    }
}

#[test]
fn an_end_that_is_not_after_its_issue_opens_nothing() {
    let opening = Opening {
        issued: ISSUED,
        entities: vec![("acme".into(), categories(&PhiCategory::ALL, ISSUED))],
        vendored: [("voicemail.transcription.allowed".into(), ISSUED)].into(),
        integrations: [].into(),
        categories: [(PhiCategory::Form, ISSUED - 1)].into(),
        export_until: ISSUED,
        guide_until: Some(0),
        redaction_off_until: None,
    };
    let text = text(Some(&opening), Some(&Reading { issued: ISSUED, until: ISSUED }));
    assert_eq!(windows(&text), []);
    assert_eq!(said(&text, Some(ISSUED)), restrictive());
}

#[test]
fn locked_flags_have_a_single_variant_and_every_default_is_a_variant() {
    let text = text(Some(&all_open()), Some(&READING));
    let document: Value = serde_json::from_str(&text).unwrap();
    for (key, flag) in document["flags"].as_object().unwrap() {
        let variants = flag["variants"].as_object().unwrap();
        assert!(variants.contains_key(flag["defaultVariant"].as_str().unwrap()), "{key}");
        if flag["metadata"]["lock"] == "fixed" {
            assert!(variants.len() == 1 && flag.get("targeting").is_none(), "{key}");
        } else {
            let default = flag["defaultVariant"].as_str().unwrap();
            assert!(["restricted", "none"].contains(&default), "{key}: an engine that fails says {default}");
        }
    }
    for (key, _) in ALWAYS_OFF {
        let vendored = settings().vendored.contains(key);
        let variants = &document["flags"][key]["variants"];
        assert!(vendored || *variants == json!({"off": false}), "{key}");
        assert!(key.ends_with(".allowed"), "{key} is a permission");
    }
    for never in ["\"open\"", "\"all\"", "routing", "standard"] {
        assert!(!text.contains(never), "{never} is no variant");
    }
}

#[test]
fn settings_are_said_as_they_are() {
    let said = |s: &Settings| {
        let text = render(&name(), s, None, None);
        ["session.idle-timeout-minutes", "auth.mfa.mode", "redaction.offered", "retention.days"]
            .map(|f| evaluate(&text, f, None))
    };
    assert_eq!(said(&settings()), [json!(20), json!("recommended"), json!(true), json!(2192)]);
    assert_eq!(said(&Settings::strictest())[..2], [json!(15), json!("required")]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let mut opening = all_open();
    opening.entities.push(("brite".into(), categories(&[PhiCategory::Form], 12_000)));
    let first = text(Some(&opening), Some(&READING));
    assert_eq!(first, text(Some(&opening.clone()), Some(&READING)));
    let keys: Vec<_> = first.lines().filter(|l| l.starts_with("    \"") && l.ends_with("\": {")).collect();
    assert!(keys.is_sorted() && keys.len() > 25, "keys are in one order");
}

#[test]
fn a_published_document_tells_its_windows_and_a_foreign_one_tells_nothing() {
    let live = Live::parse(&name(), &text(Some(&all_open()), Some(&READING))).unwrap();
    let integrations = settings().integrations;
    let expected = Live { opening: Some(all_open()), reading: Some(READING), integrations: integrations.clone() };
    assert_eq!(live, expected);
    let closed = Live::parse(&name(), &text(None, None)).unwrap();
    assert_eq!(closed, Live { opening: None, reading: None, integrations });
    let other = TenantName::new("other").unwrap();
    for (tenant, bad) in
        [(&other, text(None, None)), (&name(), "{}".into()), (&name(), "{".into()), (&name(), String::new())]
    {
        assert_eq!(Live::parse(tenant, &bad), None, "{bad}");
    }
}

fn any_opening() -> impl Strategy<Value = Opening> {
    let until = || 9_000..20_000_i64;
    let categories = || proptest::collection::btree_map((0..7_usize).prop_map(|n| PhiCategory::ALL[n]), until(), 0..7);
    let entities = proptest::collection::vec(categories(), 0..5);
    let maybe = || proptest::option::of(until());
    let grant = prop_oneof![Just(Grant::LinkOnly), until().prop_map(Grant::Full)];
    let grants = proptest::option::of(grant);
    (entities, categories(), until(), maybe(), maybe(), (maybe(), grants)).prop_map(
        |(entities, categories, export_until, guide_until, redaction_off_until, (vendored, grant))| Opening {
            issued: ISSUED,
            entities: entities.into_iter().enumerate().map(|(n, c)| (format!("party-{n}"), c)).collect(),
            vendored: vendored.map(|until| ("voicemail.transcription.allowed".into(), until)).into_iter().collect(),
            integrations: grant.map(|g| ("crm".into(), g)).into_iter().collect(),
            categories,
            export_until,
            guide_until,
            redaction_off_until,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_flag_is_open_exactly_inside_its_own_window(opening in any_opening(), time in proptest::option::of(8_000..22_000_i64)) {
        let text = text(Some(&opening), None);
        let inside = |until: i64| until > ISSUED && time.is_some_and(|t| ISSUED - CLOCK_ERROR < t && t < until);
        for category in PhiCategory::ALL {
            let flag = format!("capture.{}.allowed", category.flag_part());
            prop_assert_eq!(evaluate(&text, &flag, time), opening.categories.get(&category).is_some_and(|u| inside(*u)));
        }
        let export = if inside(opening.export_until) { "confirm-and-log" } else { "off" };
        prop_assert_eq!(evaluate(&text, "export.mode", time), export);
        let fields = if opening.guide_until.is_some_and(inside) { "telephone-only" } else { "none" };
        prop_assert_eq!(evaluate(&text, "notify.form-alert.fields", time), fields);
        prop_assert_eq!(evaluate(&text, "redaction.enabled", time), !opening.redaction_off_until.is_some_and(inside));
        let payload = match opening.integrations.get("crm") {
            None => "off",
            Some(Grant::Full(until)) if inside(*until) => "full",
            Some(_) => "link-only",
        };
        prop_assert_eq!(evaluate(&text, "integration.crm.payload", time), payload);
        prop_assert_eq!(evaluate(&text, "integration.new.payload", time), "off");
        let vendored = opening.vendored.values().any(|u| inside(*u));
        prop_assert_eq!(evaluate(&text, "voicemail.transcription.allowed", time), vendored);
        let entities = evaluate(&text, "covered.entities", time);
        let said: Vec<(String, BTreeSet<PhiCategory>)> = entities.as_object().unwrap().iter()
            .map(|(party, c)| (party.clone(), serde_json::from_value(c.clone()).unwrap())).collect();
        let open = |c: &BTreeMap<PhiCategory, i64>| c.iter().filter(|(_, u)| inside(**u)).map(|(c, _)| *c).collect::<BTreeSet<_>>();
        let expected: Vec<_> = opening.entities.iter().map(|(party, c)| (party.clone(), open(c))).filter(|(_, c)| !c.is_empty()).collect();
        prop_assert_eq!(said, expected);
    }

    #[test]
    fn what_is_read_back_opens_what_was_written(opening in any_opening()) {
        let text = text(Some(&opening), None);
        let live = Live::parse(&name(), &text).unwrap().opening.unwrap();
        prop_assert_eq!(&render(&name(), &settings(), Some(&live), None), &text);
        prop_assert_eq!(render(&name(), &settings(), Some(&opening.meet(&live)), None), text);
    }

    #[test]
    fn what_two_documents_have_in_common_opens_no_more_than_either(
        wanted in any_opening(), live in any_opening(), time in proptest::option::of(8_000..22_000_i64),
    ) {
        let both = text(Some(&wanted.meet(&live)), None);
        for one in [&wanted, &live] {
            let one = text(Some(one), None);
            for (flag, (said, restrictive)) in LEASED.iter().zip(said(&both, time).into_iter().zip(restrictive())) {
                if *flag == "covered.entities" {
                    let open = evaluate(&one, flag, time);
                    for (party, categories) in said.as_object().unwrap() {
                        let also = open[party].as_array().expect("the entity is open in both");
                        prop_assert!(categories.as_array().unwrap().iter().all(|c| also.contains(c)));
                    }
                } else {
                    prop_assert!(said == restrictive || said == evaluate(&one, flag, time), "{flag}");
                }
            }
        }
    }
}

#[test]
fn an_export_comes_with_its_warning_and_what_must_be_given() {
    for opening in [None, Some(all_open())] {
        let document: Value = serde_json::from_str(&text(opening.as_ref(), None)).unwrap();
        let metadata = &document["flags"]["export.mode"]["metadata"];
        assert!(metadata["warning"].as_str().unwrap().contains("outside the platform"));
        assert_eq!(metadata["required"], "reason,recipient,recipientAgreement");
    }
}
