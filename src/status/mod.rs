//! `ringfence status`: one page about a tenant, for people in sales: what is open, what is closed and why, and who does what next. Reads with
//! the caller's own rights; writes nothing, and judges nothing anew: it says what the operator last wrote.
//!
//! ```text
//! plan, integrations: their status ──────────────────┐
//! agreements, acts, as far as shown ─explain→ steps ─┴─page→ Page ─text or JSON→ stdout
//! ```

mod integration;
mod page;
mod plan;
mod read;
mod steps;
mod text;

pub use self::{
    integration::Line,
    page::{Agreement, Feature, Page, page},
    plan::{Fence, Plan},
    read::World,
};
use crate::{
    doctor::{Cluster, Output, connect},
    explain::{Answer, Error, is_name, tree},
};

/// Whose status is asked for.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The tenant: the name of its plan and of its namespace.
    pub tenant: String,
    /// How the cluster is reached.
    #[command(flatten)]
    pub cluster: Cluster,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// Reads, and says how the tenant stands; the page, and what it comes to.
///
/// # Errors
/// When there is no such plan, or nothing can be read.
pub async fn run(options: &Options) -> Result<(String, Answer), Error> {
    let name = options.tenant.strip_prefix("plan/").unwrap_or(&options.tenant);
    if !is_name(name) {
        return Err(Error::Subject(tree::clean(&options.tenant)));
    }
    let client = connect::client(&options.cluster).await?;
    let page = page(&read::tenant(&client, name).await?);
    let json = options.output == Output::Json;
    Ok((if json { page.json() } else { page.text() }, page.result))
}

#[cfg(test)]
mod tests;
