//! R08, R09, R26: whatever breaks at whatever call, nothing opens that must not, nothing is lost or made twice, and in the end all is as it
//! would have been. `RINGFENCE_FAULTS=all` runs every plan and writes docs/faults.md; otherwise a spread selection is run.

mod campaign;
mod clock;

mod life;
mod plans;
mod stage;
mod watches;
