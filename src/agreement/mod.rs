//! Agreements, pure: from all BAAs, Attestations and `now` to what is permitted, by which path, until when, and what is missing.
//!
//! ```text
//! Attestations ─acts→ signatures, notices ─own→ one BAA ─book→ amended, superseded, ended (Life)
//!                                                                │
//! covered entity ─path→ hops to the platform ─entity→ strictest terms, until when ─┐
//! platform ─vendor→ features and integrations ───────────────────────────────────────┴─verdict→ Verdict
//! ```

mod acts;
mod book;
mod clocks;
mod entity;
mod life;
mod own;
mod path;
pub mod reconcile;
mod retention;
mod risk;
mod signature;
mod status;
mod terms;
mod timeline;
mod upstream;
mod vendor;
mod verdict;
mod words;

pub(crate) use acts::takes_back;
pub use book::Book;
pub use entity::{EntityVerdict, names};
pub use life::{Ended, Life};
pub use own::Notice;
pub use path::{Hop, MOST_HOPS, Obstacle, Path, paths};
pub use retention::retain_until;
pub use risk::{Setting, accepted_until, attested_until};
pub use status::status;
pub use terms::{SERVICE, Terms};
pub use upstream::Attested;
pub use vendor::{CoveredBy, Disclosure, FeatureVerdict};
pub use verdict::{Question, Verdict, evaluate};

#[cfg(test)]
mod book_tests;
#[cfg(test)]
mod cascade_tests;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod property_tests;
