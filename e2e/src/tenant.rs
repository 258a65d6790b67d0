//! Names that no other test uses, on a bed that many tests share.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// A name that begins with `stem` and is used by nobody else: a DNS label of at most 40 characters, as a tenant's is.
///
/// # Panics
/// When `stem` is longer than 24 characters.
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    assert!(stem.len() <= 24, "{stem} is too long for the stem of a tenant's name");
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    // The process id keeps two test binaries apart that share one machine and one millisecond.
    let (process, count) = (std::process::id() & 0xfff, COUNT.fetch_add(1, Ordering::Relaxed));
    format!("{stem}-{:07x}{process:03x}{count:x}", millis & 0xfff_ffff)
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn names_differ_and_fit_a_tenant() {
        let (one, two) = (unique("a-stem-of-24-characters-"), unique("a-stem-of-24-characters-"));
        assert_ne!(one, two);
        assert!(one.len() <= 40, "{one}");
    }
}
