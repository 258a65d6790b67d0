//! Ringfence command line.
fn main() {}
