//! How a reconcile ended. Waiting is not an error.

use std::time::Duration;

use crate::{api::conditions::Reason, queue::Urgency};

/// What kept a step from being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// In words, with what to do; no times, no generated names.
    pub message: String,
    /// Whether it was a lost race: the facts changed meanwhile and are looked at again at once.
    pub raced: bool,
    /// Whether only something untidy could not be put right: that is reported, and closes nothing.
    pub untidy: bool,
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as called for, or waits for an event; looked at again after this time at the latest.
    Ready(Duration, Urgency),
    /// The author of the spec must act.
    Stalled(Duration, Urgency),
    /// More is to be done at once.
    Again,
    /// Something failed: tried again with back-off, or sooner when time alone may change the answer.
    Failed(Duration),
}

impl Outcome {
    /// A label for logs and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Ready(..) => "ready",
            Self::Stalled(..) => "stalled",
            Self::Again => "again",
            Self::Failed(..) => "failed",
        }
    }
}
