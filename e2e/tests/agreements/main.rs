//! R01-R05, R17, R32, R41, R46, R47, R49, R51, R54: agreements on real servers, judged by engines that are not ours: what each phase opens, how
//! agreements hang together, and what those who tamper with them get. One promise a file.

#[path = "../ask/mod.rs"]
mod ask;

mod attempts;
mod categories;
mod clocks;
mod end;
mod entities;
mod hops;
mod kept;
mod office;
mod phases;
mod renewal;
mod table;
mod tampering;
mod two_paths;
mod uses;
mod vendor;
