//! Moments at which something changes, and until when something holds.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// Most moments that are looked ahead; what holds at the last of them is not believed for longer.
const MOST_MOMENTS: usize = 64;

/// The moments after `now`, in order.
pub(super) struct Timeline {
    ahead: Vec<Timestamp>,
    is_cut: bool,
}

impl Timeline {
    pub fn new(moments: &BTreeSet<Timestamp>, now: Timestamp) -> Self {
        let mut ahead: Vec<_> = moments.iter().copied().filter(|t| *t > now).collect();
        let is_cut = ahead.len() > MOST_MOMENTS;
        ahead.truncate(MOST_MOMENTS);
        Self { ahead, is_cut }
    }

    /// The next moment.
    pub fn next(&self) -> Option<Timestamp> {
        self.ahead.first().copied()
    }

    /// The first moment at which what holds now does not; `None` if it always does.
    pub fn until(&self, holds: impl Fn(usize) -> bool) -> Option<Timestamp> {
        let ends = (0..self.ahead.len()).find(|n| !holds(*n)).map(|n| self.ahead[n]);
        ends.or_else(|| self.ahead.last().copied().filter(|_| self.is_cut))
    }

    /// What `state` is at each of them.
    pub fn map<T>(&self, state: impl Fn(Timestamp) -> T) -> Vec<T> {
        self.ahead.iter().map(|t| state(*t)).collect()
    }
}
