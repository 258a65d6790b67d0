//! Ringfence.
