//! What was done, by whom: the audit logs of the API server and of OpenBao.

mod api;
mod keys;

pub use api::{ApiAudit, ApiEvent, ApiObject, ApiQuery, ApiUser};
pub use keys::{KeyAudit, KeyEvent};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// A position in an audit log: what follows it happened later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

fn end(path: &Path) -> Result<Mark> {
    Ok(Mark(path.metadata().with_context(|| path.display().to_string())?.len()))
}

fn lines<T: DeserializeOwned>(path: &Path, mark: Mark) -> Result<Vec<T>> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    // One byte earlier, to see whether the mark was set while a line was under way.
    file.seek(SeekFrom::Start(mark.0.saturating_sub(1)))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let begin = if mark.0 == 0 { 0 } else { text.find('\n').map_or(text.len(), |end| end + 1) };
    let whole = text.rfind('\n').filter(|end| *end >= begin).map_or("", |end| &text[begin..=end]);
    whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_string())).collect()
}
