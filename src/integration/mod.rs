//! Integrations, pure: what each may carry, under which agreement, and which ways out that needs.
//!
//! ```text
//! Integration ─statement→ warning, cover statement ─acts→ accepted by whom, attested until when ─┐
//! BAAs ─agreement::evaluate→ cover, until when ───────────────────────────────────────────────────┼─judge→ Judged → flag, ways out
//! cluster's ranges ─destination→ public networks only ─egress→ NetworkPolicy, CiliumNetworkPolicy ┘
//! ```
//! The flag and the ways out are written with the plan's own steps; `reconcile` writes an Integration's status.

mod acts;
pub mod cilium;
mod destination;
mod egress;
mod judge;
pub mod reconcile;
mod statement;
mod status;
mod steps;

pub use acts::{Accepted, rests_on};
pub use destination::{node_networks, service_networks};
pub use egress::{Way, is_way_out};
pub use judge::{Asked, Judged, MOST, asked, judge};
pub use statement::{cover_statement, warning};
pub use status::status;
pub use steps::{closing, lapsing, opening};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod judge_tests;
