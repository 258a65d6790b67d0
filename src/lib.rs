//! Ringfence keeps healthcare tenants of a call-tracking platform fenced.
//!
//! One reconcile, the same for every kind:
//! ```text
//! CR ─observe→ World ─validate→ Tenant ─decide(now)→ Decision ─apply→ Receipts ─status→ one status write → requeue
//!    (stores,     facts:           (types that        ordered steps,    (SSA, keys)      (pure)
//!     key reads)  Known/Absent/    cannot be wrong)   pure
//!                 Unknown(why))
//! ```

pub mod api;
pub mod names;
