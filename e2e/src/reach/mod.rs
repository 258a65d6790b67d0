//! Who may talk to whom, by the NetworkPolicies of a cluster: an evaluator written from the API reference of networking.k8s.io/v1, apart from what writes
//! policies. It computes whole sets instead of trying single connections.
//!
//! ```text
//! NetworkPolicy ─ policy ─┐ reads strictly: what the reference does not describe is an error
//! LabelSelector ─ selectors ─┤ which pods, and whether there could be any
//! CIDR ─ ranges ─ traffic ┴─ cluster  one pod and another, or an address outside
//!                            anyone   every pod that a namespace could ever hold
//! ```
//!
//! As the reference has it: policies only add. A pod that no policy of a direction selects is open in that direction; one that is selected has what
//! the rules of all policies that select it allow together. A connection between pods needs the sender's egress and the receiver's ingress. Replies
//! follow connections, so only who begins counts. A pod always reaches itself.
//!
//! What the reference leaves open is decided towards more reach: an `ipBlock` also matches pods that have such an address, and a named port of a pod that
//! is not known yet may be any port.
//!
//! Not decided here, because no policy decides it: a pod and its own node, which may always reach it; pods in the network of their node, which are
//! addresses like the node's; Services, whose address may be judged before or after it is replaced by a pod's.

mod anyone;
mod cluster;
mod policy;
mod ranges;
mod selectors;
mod traffic;

pub use cluster::{Cluster, Destination, NamedPort, Pod};
pub use ranges::{Ranges, network};
pub use selectors::Labels;
pub use traffic::{Ports, Protocol, Row, Traffic};

#[cfg(test)]
mod tests;
