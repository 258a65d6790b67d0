//! Tables that a test measures: printed with their times, and kept in a document without them.

use crate::tools::repository;
use anyhow::{Context, Result, ensure};
use std::{env, fs};

/// The variable that has documents rewritten instead of compared.
const WRITE: &str = "RINGFENCE_WRITE_DOCS";

/// Rows under headings, in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: vec![] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table in Markdown, with its first `columns` columns.
    #[must_use]
    pub fn markdown(&self, columns: usize) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let mut text = line(&mut self.headings.iter().take(columns).map(|h| (*h).to_owned()));
        text += &format!("|{}\n", "---|".repeat(columns));
        for row in &self.rows {
            text += &line(&mut row.iter().take(columns).cloned());
        }
        text
    }

    /// Prints the whole table, and makes sure that its first `columns` columns are what `docs/FILE` says between the comments
    /// `begin NAME` and `end NAME`.
    ///
    /// # Errors
    /// When they are not.
    pub fn must_be_in(&self, file: &str, name: &str, columns: usize) -> Result<()> {
        println!("{}", self.markdown(self.headings.len()));
        let path = repository().join("docs").join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
        let from = text.find(&begin).with_context(|| format!("docs/{file} lacks {begin}"))? + begin.len();
        let until = text[from..].find(&end).with_context(|| format!("docs/{file} lacks {end}"))? + from;
        let is = self.markdown(columns);
        if env::var_os(WRITE).is_some() {
            fs::write(&path, format!("{}{is}{}", &text[..from], &text[until..]))?;
            return Ok(());
        }
        ensure!(
            text[from..until] == is,
            "docs/{file} says otherwise; run the test with {WRITE}=1 and look at the change"
        );
        Ok(())
    }
}
