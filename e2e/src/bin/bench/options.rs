//! The command line.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How large, and in which form.
pub struct Options {
    /// How many tenants of each kind.
    pub tenants: usize,
    /// How many at a time, before the other one writes.
    pub block: usize,
    /// The form.
    pub output: Output,
}

/// The form of the report.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Options {
    /// Those of this process.
    ///
    /// # Errors
    /// When an argument is not known.
    pub fn parse() -> Result<Self> {
        let mut options = Self { tenants: 1000, block: 100, output: Output::Table };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
            match (argument.as_str(), value.as_str()) {
                ("--tenants", n) => options.tenants = n.parse()?,
                ("--block", n) => options.block = n.parse()?,
                ("-o", "json") => options.output = Output::Json,
                ("-o", "table") => options.output = Output::Table,
                _ => bail!("bench takes --tenants N, --block N and -o json|table, not {argument} {value}"),
            }
        }
        options.block = options.block.min(options.tenants);
        ensure!(options.block > 0 && options.tenants.is_multiple_of(options.block), "tenants in whole blocks");
        Ok(options)
    }

    /// How long one block may take.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(60 + 5 * self.block as u64)
    }

    /// How many tenants are closed for each reason.
    pub fn revocations(&self) -> usize {
        (self.tenants / 4).clamp(1, 100)
    }
}
