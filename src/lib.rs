//! Ringfence keeps healthcare tenants of a call-tracking platform fenced.
//!
//! One reconcile, the same for every kind:
//! ```text
//! CR ─observe→ World ─validate→ Tenant ─decide(now)→ Decision ─apply→ Receipts ─status→ one status write → requeue
//!    (stores,     facts:           (types that        ordered steps,    (SSA, keys)      (pure)
//!     key reads)  Known/Absent/    cannot be wrong)   pure
//!                 Unknown(why))
//! ```

pub mod agreement;
pub mod api;
pub mod apply;
pub mod clock;
pub mod context;
pub mod doctor;
pub mod explain;
pub mod fact;
#[cfg(test)]
mod fake_server;
pub mod guarded;
pub mod guardrails;
pub mod heard;
pub mod held;
pub mod integration;
pub mod keys;
pub mod lead;
pub mod metrics;
pub mod names;
pub mod outcome;
pub mod people;
pub mod plan;
pub mod preview;
pub mod prune;
pub mod queue;
pub mod runtime;
pub mod status;
pub mod store;
pub mod stores;
pub mod telemetry;
pub mod transition;
