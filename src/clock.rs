//! The operator's clock against the API server's. Never is one clock trusted alone: when the two are more than a minute apart nothing is
//! opened or renewed, and what the time closes follows the API server, which also stamps every signature.

use std::sync::Mutex;

use http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// How far the two clocks may be apart.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What answers of the API server told of its time.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The least by which the API server's clock is ahead of ours (negative: behind); zero while they may agree.
    ahead: SignedDuration,
}

impl Clock {
    /// Takes in the `Date` of an answer (RFC 9110 §6.6.1: whole seconds, cut off) to a request that was sent and answered at these times
    /// of our clock.
    pub fn observe(&self, date: Timestamp, sent: Timestamp, answered: Timestamp) {
        let ahead = least_ahead(date, sent, answered);
        self.0.lock().expect("no holder of this lock panics").ahead = ahead;
    }

    /// The time to judge by, and why it is not known well enough, if so: of one moment, so that a doubt is never missed.
    #[must_use]
    pub fn look(&self) -> (Timestamp, Option<String>) {
        let ahead = self.ahead();
        (at(Timestamp::now(), ahead), ahead.map(doubt))
    }

    fn ahead(&self) -> Option<SignedDuration> {
        let ahead = self.0.lock().expect("no holder of this lock panics").ahead;
        (ahead.abs() > TOLERANCE).then_some(ahead)
    }

    /// The time to judge by: ours, or the API server's when the two are too far apart.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.look().0
    }

    /// Why the time is not known well enough to open anything, if so. It holds no figure, so that status stays still.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        self.look().1
    }
}

/// The least by which a server's clock is ahead of ours (negative: behind), by the `Date` of its answer; zero while they may agree.
#[must_use]
pub fn least_ahead(date: Timestamp, sent: Timestamp, answered: Timestamp) -> SignedDuration {
    let least = date.duration_since(answered.max(sent));
    let most = (date + SignedDuration::from_secs(1)).duration_since(sent.min(answered));
    match (least, most) {
        (least, _) if least.is_positive() => least,
        (_, most) if most.is_negative() => most,
        _ => SignedDuration::ZERO,
    }
}

/// An answer's `Date` (RFC 9110 §6.6.1), in the form that every server of today writes.
#[must_use]
pub fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    rfc2822::parse(text).ok().map(|t| t.timestamp())
}

fn at(ours: Timestamp, ahead: Option<SignedDuration>) -> Timestamp {
    ours.checked_add(ahead.unwrap_or_default()).unwrap_or(ours)
}

fn doubt(ahead: SignedDuration) -> String {
    let way = if ahead.is_positive() { "behind" } else { "ahead of" };
    format!(
        "The operator's clock is more than a minute {way} the API server's: nothing is opened or renewed. Put the clock of its node right (NTP)."
    )
}

/// Tells of steps of the wall clock: how far it moved against the monotonic one since the last look.
#[derive(Debug)]
pub struct Steps {
    wall: Timestamp,
    monotonic: std::time::Instant,
}

impl Default for Steps {
    fn default() -> Self {
        Self { wall: Timestamp::now(), monotonic: std::time::Instant::now() }
    }
}

impl Steps {
    /// Whether the wall clock was set, by a second or more, since the last look. Timers are then no longer at their moments.
    pub fn look(&mut self) -> bool {
        let now = Self::default();
        let walked = now.wall.duration_since(self.wall);
        let passed = SignedDuration::try_from(now.monotonic.duration_since(self.monotonic)).unwrap_or_default();
        *self = now;
        (walked - passed).abs() >= SignedDuration::from_secs(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn clocks_that_may_agree_are_not_doubted() {
        let clock = Clock::default();
        for (date, sent, answered) in [(0, 0, 5), (0, 990, 999), (0, -1000, 500), (60_000, 0, 0), (-60_000, 999, 999)] {
            clock.observe(t(date), t(sent), t(answered));
            assert_eq!(
                (clock.doubt(), at(t(answered), clock.ahead())),
                (None, t(answered)),
                "{date} {sent} {answered}"
            );
        }
    }

    #[test]
    fn clocks_that_are_apart_are_doubted_and_the_api_servers_is_followed() {
        let clock = Clock::default();
        for (date, word) in
            [(61_000, "behind"), (400 * 86_400_000, "behind"), (-62_000, "ahead of"), (-7_200_000, "ahead of")]
        {
            clock.observe(t(date), t(0), t(0));
            assert!(clock.doubt().is_some_and(|d| d.contains(word)), "{date}");
            let off = at(t(0), clock.ahead()).duration_since(t(date)).abs();
            assert!(off <= SignedDuration::from_secs(1), "{date}: {off}");
        }
        clock.observe(t(0), t(0), t(0));
        assert_eq!(clock.doubt(), None, "it is believed again when it is right again");
    }

    #[test]
    fn a_slow_answer_is_no_step() {
        let clock = Clock::default();
        clock.observe(t(0), t(0), t(90_000));
        assert_eq!(clock.doubt(), None, "the answer was a minute and a half under way");
    }

    #[test]
    fn a_step_of_the_wall_clock_is_told_once() {
        let mut steps = Steps::default();
        assert!(!steps.look());
        steps.wall = steps.wall.checked_sub(SignedDuration::from_secs(30)).unwrap();
        assert!(steps.look() && !steps.look());
        steps.wall = steps.wall.checked_add(SignedDuration::from_secs(3600)).unwrap();
        assert!(steps.look());
    }
}
