//! Fixtures of unit tests.
