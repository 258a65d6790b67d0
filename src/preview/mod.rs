//! `ringfence preview`: what a plan would change, told beforehand. Reads files and nothing else; writes nothing.
//!
//! ```text
//! files ─documents→ Documents ─card(now)→ Card ─text or JSON→ stdout
//! ```

mod card;
mod differences;
mod documents;
mod schema;
mod text;

use std::path::PathBuf;

use jiff::Timestamp;

pub use self::{
    card::{Card, card},
    differences::{DIFFERENCES, Difference, published},
    documents::{Documents, Error},
    text::text,
};
pub(crate) use text::wrapped;

/// What to preview.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// YAML files with one HealthcarePlan, and as far as you have them its HealthcarePlanClass, RingfenceConfig, BAAs and
    /// Attestations.
    #[arg(required_unless_present = "differences", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show the published list of differences instead, as docs/differences.md has it.
    #[arg(long, conflicts_with_all = ["files", "output"])]
    pub differences: bool,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// How a card is shown.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Reads the files and shows the card of the one plan in them.
///
/// # Errors
/// When a file cannot be read, or does not hold what it must; names file, document and field.
pub fn run(options: &Options, now: Timestamp) -> Result<String, Error> {
    if options.differences {
        return Ok(published());
    }
    let read = |path: &PathBuf| {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Error::Read { file: file.clone(), error })?;
        Ok((file, text))
    };
    let files = options.files.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let card = card(&documents::parse(&files)?, now);
    Ok(match options.output {
        Output::Text => text(&card),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&card).expect("a card serialises")),
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod words_tests;
