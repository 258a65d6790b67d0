//! One HealthcarePlan: observe → World → validate → Tenant → decide → Decision → apply → status.

pub mod chain;
pub mod decide;
pub mod fence;
pub mod gates;
pub mod lapse;
pub mod observe;
pub mod quorum;
pub mod reconcile;
pub mod status;
pub mod step;
pub mod validate;
pub mod world;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod observe_tests;
#[cfg(test)]
mod review_tests;
