//! `ringfence explain`: why a plan or an agreement is open or closed, and what to do next. Reads with the caller's own rights; writes nothing.
//!
//! ```text
//! cluster ─read→ World ─ledger, agreement::evaluate(now)→ Page ─text or JSON→ stdout
//! ```

mod agreement_page;
mod change;
mod hop;
mod ledger;
mod page;
pub(crate) mod read;
mod steps;
pub(crate) mod text;
pub(crate) mod tree;
pub(crate) mod words;

pub(crate) use self::{agreement_page::written, hop::agreement, steps::SOON};
pub use self::{
    agreement_page::{AgreementPage, agreement_page},
    change::{Change, changes},
    hop::Hop,
    ledger::{Ledger, features},
    page::{Answer, Page, page},
    read::World,
    steps::Step,
};
use crate::doctor::{Cluster, Output, connect};

/// What is to be explained.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// `plan/NAME` or `baa/NAME`; a name alone is a plan's.
    #[arg(value_name = "plan/NAME")]
    pub subject: String,
    /// How the cluster is reached.
    #[command(flatten)]
    pub cluster: Cluster,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error(transparent)]
    Connect(#[from] crate::doctor::Error),
    #[error("{0} is nothing that can be explained; say plan/NAME or baa/NAME")]
    Subject(String),
    #[error("{kind}/{name} does not exist; kubectl get {list} lists what there is")]
    Absent { kind: &'static str, name: String, list: &'static str },
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, String),
}

/// What may be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Plan(String),
    Agreement(String),
}

/// Reads and explains; the page, and what it comes to.
///
/// # Errors
/// When what is asked about is not there, or nothing can be read.
pub async fn run(options: &Options) -> Result<(String, Answer), Error> {
    let subject = subject(&options.subject)?;
    let client = connect::client(&options.cluster).await?;
    let json = options.output == Output::Json;
    match subject {
        Subject::Plan(name) => {
            let world = read::plan(&client, &name).await?;
            let [plan] = world.plans.known().map_or(&[][..], Vec::as_slice) else {
                return Err(Error::Absent { kind: "plan", name, list: "hp" });
            };
            let page = page(&world, plan);
            Ok((if json { tree::json(&page) } else { page.text() }, page.result))
        }
        Subject::Agreement(name) => {
            let world = read::everything(&client).await?;
            let page = about(&world, &name)?;
            Ok((if json { tree::json(&page) } else { page.text() }, page.result))
        }
    }
}

/// The page of the agreement of this name. One that cannot be understood is not absent.
fn about(world: &World, name: &str) -> Result<AgreementPage, Error> {
    let unreadable = |why: String| Error::Unreadable(format!("baa/{name}"), why);
    let Some(ledger) = Ledger::of(world) else { return Err(unreadable(world.unknown().join("; "))) };
    if let Some(page) = agreement_page(world, &ledger, name) {
        return Ok(page);
    }
    match world.odd.iter().find(|o| o.starts_with(&format!("baas/{name} "))) {
        Some(why) => Err(unreadable(why.clone())),
        None => Err(Error::Absent { kind: "baa", name: name.into(), list: "baa" }),
    }
}

fn subject(text: &str) -> Result<Subject, Error> {
    let (kind, name) = text.split_once('/').unwrap_or(("plan", text));
    match kind {
        "plan" | "hp" | "healthcareplan" if is_name(name) => Ok(Subject::Plan(name.into())),
        "baa" if is_name(name) => Ok(Subject::Agreement(name.into())),
        _ => Err(Error::Subject(text.into())),
    }
}

/// Whether an object may have this name; anything else might change what is asked of the API server.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain) && text.chars().all(|c| plain(c) || c == '-' || c == '.')
}

#[cfg(test)]
pub(crate) mod tests;
