//! R06, R17, R29, R30, R31, R38, R45, R54: integrations on real servers: what each may send, by engines that are not ours, and which ways out stand.
//! One promise a file.

#[path = "../ask/mod.rs"]
mod ask;
#[allow(dead_code, reason = "what agreements need more of it")]
#[path = "../agreements/office.rs"]
mod office;

mod closing;
mod dead;
mod desk;
mod hostile;
mod hosts;
mod table;
