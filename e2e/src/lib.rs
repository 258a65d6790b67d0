//! The test bed of Ringfence: a real control plane, a real OpenBao and the shipped operator, on loopback.
//!
//! ```text
//! tools ─┐                         ┌─ identity   who acts
//! pki ───┼─ control_plane ─┐       ├─ audit      what was done, by whom
//! ports ─┤  kwok, nodes    ├─ bed ─┼─ wait       until a condition holds
//! process┘  openbao        │       ├─ tenant     names for each test
//!           operator ──────┘       ├─ crowd      many tenants at once, and usage: what they cost
//!                                  ├─ cilium     the kind of its policies, without Cilium
//!                                  └─ promise    the frame of a test, with dump when it fails
//! ```
//! Apart from all of it, `reach` judges NetworkPolicies.

pub mod audit;
pub mod bed;
pub mod cilium;
pub mod control_plane;
pub mod crowd;
pub mod dump;
pub mod etcd;
pub mod evaluators;
pub mod faults;
pub mod identity;
pub mod install;
pub mod janitor;
pub mod key_service;
pub mod kubeconfig;
pub mod kwok;
pub mod manifests;
pub mod nodes;
pub mod openbao;
pub mod operator;
pub mod pki;
pub mod ports;
pub mod process;
pub mod promise;
pub mod reach;
pub mod scenario;
pub mod server;
pub mod table;
pub mod tenant;
pub mod tools;
pub mod usage;
pub mod wait;

pub use bed::{Bed, Options, shared};
pub use promise::promise;

/// Makes aws-lc-rs the cryptography of this process; every caller but the first finds it done.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
