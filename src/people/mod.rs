//! What a person does in person: `ringfence sign`, `terminate`, `attest-upstream`, `acknowledge`, `attest-cover` and `withdraw`. Each shows what
//! it comes to, asks, and records one Attestation in the caller's own name, with the caller's own rights.
//!
//! ```text
//! files ─digest→ hashes ┐
//! cluster ─read→ World ─┴ deed (pure) → Deed ─show, ask, create→ Attestation
//! ```

mod acknowledge;
mod ask;
mod comes_of;
mod cover;
mod deed;
mod digest;
mod effects;
mod perform;
mod sign;
mod subject;
mod terminate;
mod upstream;
mod withdraw;

pub use self::{
    acknowledge::Acknowledge, cover::AttestCover, sign::Sign, terminate::Terminate, upstream::AttestUpstream,
    withdraw::Withdraw,
};
use crate::{
    doctor::{Cluster, Output},
    explain::tree::clean,
};

/// One of the acts.
#[derive(clap::Subcommand, Debug)]
pub enum Deeds {
    /// Record one party's signature on a BAA whose text you have fetched.
    Sign(Sign),
    /// End a BAA for one of its parties, at once or later.
    Terminate(Terminate),
    /// Attest that a covered entity has a BAA with an agency.
    AttestUpstream(AttestUpstream),
    /// Accept the warning of an integration, which is shown first.
    Acknowledge(Acknowledge),
    /// Attest that the customer has an agreement of its own with an integration's vendor.
    AttestCover(AttestCover),
    /// Take back an act of your own; as a privacy officer, that of somebody else.
    Withdraw(Withdraw),
}

/// Shows what the act comes to, asks, and records it; what is said at the end.
///
/// # Errors
/// When anything keeps it from being recorded.
pub async fn run(deed: &Deeds) -> Result<String, Error> {
    match deed {
        Deeds::Sign(options) => sign::run(options).await,
        Deeds::Terminate(options) => terminate::run(options).await,
        Deeds::AttestUpstream(options) => upstream::run(options).await,
        Deeds::Acknowledge(options) => acknowledge::run(options).await,
        Deeds::AttestCover(options) => cover::run(options).await,
        Deeds::Withdraw(options) => withdraw::run(options).await,
    }
}

/// How an act is recorded.
#[derive(clap::Args, Clone, Debug)]
pub struct How {
    /// How the cluster is reached.
    #[command(flatten)]
    pub cluster: Cluster,
    /// Do not ask to type the name first.
    #[arg(long)]
    pub yes: bool,
    /// Let the API server judge the act, and record nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How to show it; with json, what is for people goes to stderr.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// Why nothing was recorded. It may quote what objects hold, so each is made without characters that steer a terminal.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error(transparent)]
    Connect(#[from] crate::doctor::Error),
    #[error(transparent)]
    Read(#[from] crate::explain::Error),
    #[error("{flag} {file}: {why}")]
    File { flag: &'static str, file: String, why: String },
    #[error("{0}")]
    Flag(String),
    #[error("not everything that this needs could be read: {0}")]
    Unknown(String),
    #[error("who you are could not be read: {0}")]
    Nobody(String),
    #[error("nobody can be asked, because stdin is no terminal; look at it with --dry-run, then give --yes")]
    NoTerminal,
    #[error("nothing was recorded: what was typed is not {0}")]
    NotConfirmed(String),
    #[error("nothing was recorded: the API server refused it: {0}")]
    Refused(String),
    #[error("it is not known whether it was recorded ({0}); look with kubectl get att before trying again")]
    Silent(String),
}

impl Error {
    /// A refusal that names a flag and the fix.
    fn flag(why: impl AsRef<str>) -> Self {
        Self::Flag(clean(why.as_ref()))
    }
}

#[cfg(test)]
mod integration_tests;
#[cfg(test)]
mod tests;
