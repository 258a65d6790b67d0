//! R35: no page, message or manifest says what nobody can say.

use std::path::{Path, PathBuf};

/// Words that are never used, in lower case. This file is the only one that may hold them.
const FORBIDDEN: [&str; 8] =
    ["compliant", "certified", "guaranteed", "100 %", "100%", "hundred percent", "hundred per cent", "fully secure"];
/// Pages that are rendered or read, and the sources that hold messages.
const PLACES: [&str; 9] =
    ["src", "docs", "manifests", "examples", "crds", "e2e/src", "README.md", "Makefile", "e2e/README.md"];

/// The first forbidden word of a text. Kubernetes' own words stay: its API conventions and the QoS class.
fn forbidden(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let text = ["guaranteed api", "qosclass: guaranteed", "guaranteed qos"].iter().fold(text, |t, k| t.replace(k, ""));
    FORBIDDEN.into_iter().find(|word| text.contains(word))
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder of the repository") {
            files(&entry.expect("an entry of the repository").path(), found);
        }
    } else if path.is_file() && !path.ends_with("preview/words_tests.rs") {
        found.push(path.to_owned());
    }
}

#[test]
fn nothing_says_what_nobody_can_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![];
    for place in PLACES {
        files(&root.join(place), &mut found);
    }
    assert!(found.len() > 50, "the repository has pages");
    for file in found {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        assert_eq!(forbidden(&text), None, "{}", file.display());
    }
}

#[test]
fn a_planted_phrase_is_found() {
    assert_eq!(forbidden("Ringfence makes you HIPAA-Compliant"), Some("compliant"));
    assert_eq!(forbidden("isolation is Guaranteed"), Some("guaranteed"));
    assert_eq!(forbidden("100 % safe"), Some("100 %"));
    assert_eq!(forbidden("should be a guaranteed API. qosClass: Guaranteed"), None);
}
