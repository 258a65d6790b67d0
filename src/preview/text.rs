//! A card in plain words.

use std::fmt::Write;

use super::card::{Agreement, Card};

/// Width of the page, in characters.
const WIDTH: usize = 110;
/// Widths of the first two columns of the table.
const COLUMNS: (usize, usize) = (28, 36);

/// The card for people.
#[must_use]
pub fn text(card: &Card) -> String {
    let mut page = String::new();
    let name = card.display_name.as_ref().map_or_else(|| card.tenant.clone(), |d| format!("{d} ({})", card.tenant));
    line(&mut page, "", &format!("Preview: {name} on the healthcare plan, class {}", card.class));
    line(&mut page, "", "Nothing was changed by this preview: it read the files and nothing else.");
    if !card.class_given {
        line(
            &mut page,
            "",
            &format!("The class {} is not among the files: the strictest settings are assumed.", card.class),
        );
    }

    heading(&mut page, "What changes");
    row(&mut page, "", "standard account", "healthcare account");
    for change in &card.changes {
        row(&mut page, change.what, change.before, &change.after);
        if let Some(warning) = change.warning {
            row(&mut page, "", "", &format!("! {warning}"));
        }
    }
    list(&mut page, "What stays", &card.stays, "");
    let agreements: Vec<_> = card.agreements.iter().map(agreement).collect();
    list(&mut page, "Agreements, as far as the files tell", &agreements, "");
    list(&mut page, "What is missing", &card.missing, "Nothing, as far as the files tell.");
    let tasks: Vec<_> = card.who_must_act.iter().map(|t| format!("{}: {}", t.who, t.what)).collect();
    list(&mut page, "Who must act", &tasks, "Nobody.");
    list(&mut page, "To be known", &card.notes, "Nothing else.");
    page
}

fn agreement(agreement: &Agreement) -> String {
    let Agreement { party, in_force, path, until, categories } = agreement;
    let baa = if path.is_empty() { "BAA none".to_owned() } else { format!("BAA {}", path.join(", then ")) };
    if !in_force {
        return format!("{party}: closed ({baa})");
    }
    let until = until.map_or_else(|| "without end".to_owned(), |t| format!("until {t}"));
    let categories: Vec<_> = categories.iter().map(|c| c.as_str()).collect();
    format!("{party}: in force {until} ({baa}) for {}", categories.join(", "))
}

fn heading(page: &mut String, title: &str) {
    page.push('\n');
    line(page, "", title);
    line(page, "", &"-".repeat(title.chars().count()));
}

fn list(page: &mut String, title: &str, items: &[String], none: &str) {
    heading(page, title);
    for item in items {
        line(page, "- ", item);
    }
    if items.is_empty() {
        line(page, "", none);
    }
}

/// A paragraph; lines after the first are indented like the text of the first.
fn line(page: &mut String, bullet: &str, text: &str) {
    let indent = " ".repeat(bullet.len());
    for (n, part) in wrapped(text, WIDTH - bullet.len()).into_iter().enumerate() {
        writeln!(page, "{}{part}", if n == 0 { bullet } else { &indent }).expect("a String takes everything");
    }
}

/// A row of the table, in three columns.
fn row(page: &mut String, what: &str, before: &str, after: &str) {
    let (first, second) = COLUMNS;
    let cells = [wrapped(what, first - 2), wrapped(before, second - 2), wrapped(after, WIDTH - first - second)];
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    for n in 0..height {
        let cell = |c: usize| cells[c].get(n).map_or("", String::as_str);
        let text = format!("{:first$}{:second$}{}", cell(0), cell(1), cell(2));
        writeln!(page, "{}", text.trim_end()).expect("a String takes everything");
    }
}

/// Words in lines of at most `width` characters; a longer word has a line of its own.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
