//! How far this machine, the API server and the key service are apart in time.

use jiff::SignedDuration;

use super::report::{Finding, Level};
use crate::{clock::TOLERANCE, fact::Fact};

/// Judges how far the clock of `whose` is ahead of this machine's (negative: behind).
#[must_use]
pub fn judge(whose: &str, ahead: &Fact<SignedDuration>) -> Finding {
    let about = format!("clock of the {whose}");
    match ahead {
        Fact::Known(ahead) if ahead.abs() <= TOLERANCE => {
            let what = match ahead.as_secs() {
                0 => "agrees with this machine's to the second".to_owned(),
                s => format!("is {} s {} this machine's", s.abs(), way(s)),
            };
            Finding::ok(about, what)
        }
        Fact::Known(ahead) => {
            let seconds = ahead.as_secs();
            let what =
                format!("is {} s {} this machine's, more than {} s", seconds.abs(), way(seconds), TOLERANCE.as_secs());
            Finding::to_do(Level::Wrong, about, what, "Put the clock right that is wrong (NTP)")
        }
        Fact::Absent => {
            Finding::unknown(about, "its answer tells no time; see that no proxy takes the Date of answers away")
        }
        other => Finding::unknown(about, other.doubt().unwrap_or_default()),
    }
}

fn way(seconds: i64) -> &'static str {
    if seconds > 0 { "ahead of" } else { "behind" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_borne_and_a_second_more_is_not() {
        for (seconds, level, word) in [
            (0, Level::Ok, "agrees"),
            (60, Level::Ok, "60 s ahead of"),
            (-60, Level::Ok, "60 s behind"),
            (61, Level::Wrong, "61 s ahead of"),
            (-7200, Level::Wrong, "7200 s behind"),
        ] {
            let found = judge("API server", &Fact::Known(SignedDuration::from_secs(seconds)));
            assert!(found.level == level && found.what.contains(word), "{found:?}");
        }
        assert_eq!(judge("API server", &Fact::Absent).level, Level::Unknown);
        assert_eq!(judge("API server", &Fact::Unread).level, Level::Unknown);
    }
}
