//! Faults between the operator and the servers it talks to, and an observer that judges what comes of them.
//!
//! ```text
//! operator ── proxy (api) ── kube-apiserver        plan      what is done to the n-th call of a kind
//!     └────── proxy (keys) ── OpenBao              proxy     does it, forwards the rest, writes down every call
//!                                                  history   every version of every object of a tenant, in the order of etcd
//!                                                  judge     the invariants over a history; shares no code with the operator
//! ```

pub mod history;
pub mod judge;
pub mod plan;
pub mod proxy;

pub use history::History;
pub use plan::{Action, Call, Rule, Upstream};
pub use proxy::Proxy;
