//! What the operator promises, on one bed with one operator; one promise a file.

mod agreement_end;
mod drift;
mod features;
mod nodes;
mod order;
mod placement;
mod readers;
mod silence;
mod states;
mod stolen_identity;
mod told;
mod undecodable;
