//! What is said, as a tree in plain text: no colours, no control characters, at most [`WIDTH`] columns.

use crate::preview::wrapped;

/// Width of the page, in characters.
pub const WIDTH: usize = 100;

/// One thing that is said, and what belongs under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    said: String,
    under: Vec<Self>,
}

impl Branch {
    /// A thing with others under it.
    pub fn new(said: impl Into<String>, under: Vec<Self>) -> Self {
        Self { said: said.into(), under }
    }

    /// A thing with nothing under it.
    pub fn leaf(said: impl Into<String>) -> Self {
        Self::new(said, vec![])
    }

    /// A thing with one line under it each.
    pub fn list<T: ToString>(said: impl Into<String>, lines: &[T]) -> Self {
        Self::new(said, lines.iter().map(|l| Self::leaf(l.to_string())).collect())
    }

    /// The tree of which this is the root.
    #[must_use]
    pub fn draw(&self) -> String {
        let mut page = String::new();
        paragraph(&mut page, "", "", &self.said);
        self.grow(&mut page, "");
        page
    }

    fn grow(&self, page: &mut String, before: &str) {
        for (n, branch) in self.under.iter().enumerate() {
            let (fork, go_on) = if n + 1 == self.under.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let trunk = if branch.under.is_empty() { "" } else { "│  " };
            paragraph(page, &format!("{before}{fork}"), &format!("{before}{go_on}{trunk}"), &branch.said);
            branch.grow(page, &format!("{before}{go_on}"));
        }
    }
}

/// Writes `text` in lines of the page's width: `first` stands before the first of them, `rest` before the others.
pub fn paragraph(page: &mut String, first: &str, rest: &str, text: &str) {
    let width = WIDTH - first.chars().count().max(rest.chars().count());
    for (n, line) in wrapped(&broken(text, width), width).iter().enumerate() {
        put(page, &format!("{}{line}", if n == 0 { first } else { rest }));
    }
}

/// Writes a command of a shell after `$`; it goes on in the next line after a backslash, before a `--flag`.
pub fn command(page: &mut String, indent: &str, text: &str) {
    let mut lines: Vec<String> = vec![];
    for part in text.replace(" --", "\n--").split('\n') {
        match lines.last_mut() {
            Some(last) if indent.len() + last.chars().count() + part.chars().count() + 5 <= WIDTH => {
                last.push(' ');
                last.push_str(part);
            }
            _ => lines.push(part.to_owned()),
        }
    }
    let most = lines.len() - 1;
    for (n, line) in lines.iter().enumerate() {
        let (before, after) = (if n == 0 { "$ " } else { "    " }, if n < most { " \\" } else { "" });
        put(page, &format!("{indent}{before}{line}{after}"));
    }
}

/// Writes one line; nothing that an object holds steers a terminal.
pub fn put(page: &mut String, line: &str) {
    page.push_str(&clean(line.trim_end()));
    page.push('\n');
}

/// `text` without characters that steer a terminal or turn the direction of what is read.
#[must_use]
pub fn clean(text: &str) -> String {
    text.replace(steers, "\u{FFFD}")
}

/// JSON for programs, which a terminal may show as well: what steers one is written as an escape.
#[must_use]
pub fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("what is said serialises");
    let safe = |c: char| match c {
        '\n' => c.to_string(),
        c if steers(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(safe).collect::<String>() + "\n"
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Breaks words that are longer than a line.
fn broken(text: &str, width: usize) -> String {
    let pieces = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        letters.chunks(width).map(|piece| piece.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    };
    text.split_whitespace().map(pieces).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_drawn_with_lines_that_fit() {
        let long = "word ".repeat(30);
        let tree =
            Branch::new("root", vec![Branch::new(long, vec![Branch::leaf("x".repeat(210))]), Branch::leaf("last")]);
        let page = tree.draw();
        assert!(page.starts_with("root\n├─ word word"), "{page}");
        assert!(page.contains("\n│  │  word") && page.contains("\n│  └─ xxx") && page.ends_with("└─ last\n"), "{page}");
        assert!(page.lines().all(|l| l.chars().count() <= WIDTH), "{page}");
    }

    #[test]
    fn nothing_that_an_object_holds_steers_a_terminal() {
        let evil = "a\u{1b}[2J\u{9b}1A\u{202e}b\r\nc\u{7f}";
        let page = Branch::list("root", &[evil]).draw();
        assert!(!page.contains(|c: char| steers(c) && c != '\n'), "{page:?}");
        let page = json(&serde_json::json!({ "a": evil }));
        assert!(!page.contains(|c: char| steers(c) && c != '\n'), "{page:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&page).unwrap()["a"], evil);
    }

    #[test]
    fn a_command_goes_on_after_a_backslash() {
        let mut page = String::new();
        command(
            &mut page,
            "   ",
            &format!("ringfence sign acme --for acme --title {} --document FILE", "T".repeat(60)),
        );
        let wanted =
            format!("   $ ringfence sign acme --for acme \\\n       --title {} --document FILE\n", "T".repeat(60));
        assert_eq!(page, wanted);
    }
}
