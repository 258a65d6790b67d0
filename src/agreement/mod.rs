//! Agreements, pure: from BAAs, Attestations and `now` to what is in force. Thin: direct agreements only.

mod entity;
mod lifecycle;
pub mod reconcile;
mod risk;
mod status;

pub use entity::{EntityVerdict, Verdict, evaluate};
pub use lifecycle::{Lifecycle, lifecycle};
pub use risk::{Setting, accepted_until, attested_until};
pub use status::status;
