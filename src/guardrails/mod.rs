//! The guardrails that Ringfence ships, and whether the API server holds them as they are shipped. Ringfence has no right to write them: it
//! tells, and renews nothing, when one is gone or weaker.

mod differs;
mod shipped;
mod standing;

pub use differs::differs;
pub use shipped::{Kind, Shipped, previous, shipped};
pub use standing::{Guardrails, Required};
