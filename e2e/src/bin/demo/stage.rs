//! What people see: chapters, sentences, tables, progress of every wait, and the list of what was shown.

use crate::text::{cut, width, wrap};
use anyhow::{Result, bail};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// How wide a line may be.
const WIDTH: usize = 118;
/// How long the longest of the waits may take, unless it says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The terminal, and what has been checked so far.
pub struct Stage {
    began: Instant,
    terminal: bool,
    /// A progress line stands where the next line is to be written.
    drawn: Cell<bool>,
    chapter: Cell<u32>,
    checks: RefCell<Vec<Check>>,
}

/// One claim, and whether it was so.
struct Check {
    chapter: u32,
    claim: String,
    holds: bool,
}

impl Stage {
    /// Begins the clock.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            terminal: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            drawn: Cell::new(false),
            chapter: Cell::new(0),
            checks: RefCell::new(vec![]),
        }
    }

    /// Begins a chapter.
    pub fn chapter(&self, title: &str) {
        self.chapter.set(self.chapter.get() + 1);
        let head = format!("━━ {} · {title} ", self.chapter.get());
        let at = format!(" {} s ━━", self.began.elapsed().as_secs());
        let rule = "━".repeat(WIDTH.saturating_sub(width(&head) + width(&at)));
        self.line("");
        self.line(&self.paint("1", &format!("{head}{rule}{at}")));
    }

    /// Says something to people, in lines of bearable length.
    pub fn say(&self, text: &str) {
        for line in wrap(text, WIDTH - 2) {
            self.line(&format!("  {line}"));
        }
    }

    /// Says who does what.
    pub fn act(&self, who: &str, what: &str) {
        self.line(&format!("  {} {what}", self.paint("36", &format!("{who} ▸"))));
    }

    /// Shows a text as it is, indented.
    pub fn quote(&self, text: &str) {
        for line in text.trim_end().lines() {
            self.line(format!("    {line}").trim_end());
        }
    }

    /// Writes down whether a claim holds, and `seen` when it does not.
    pub fn check(&self, claim: &str, holds: bool, seen: impl std::fmt::Display) {
        let mark = self.mark(holds);
        self.line(&format!("  {mark} {claim}"));
        if !holds {
            self.line(&format!("    seen instead: {}", cut(&seen.to_string(), 600)));
        }
        self.checks.borrow_mut().push(Check { chapter: self.chapter.get(), claim: claim.into(), holds });
    }

    /// Shows rows under a head, each column as wide as it needs; the last one is wrapped.
    pub fn table<const N: usize>(&self, head: [&str; N], rows: &[[String; N]]) {
        let mut widths = head.map(width);
        for (column, wide) in widths.iter_mut().enumerate() {
            *wide = rows.iter().map(|row| width(&row[column])).fold(*wide, usize::max);
        }
        let first = |cells: [&str; N]| {
            let cells = cells.iter().zip(widths).take(N - 1);
            cells.map(|(cell, wide)| format!("{cell}{}  ", " ".repeat(wide - width(cell)))).collect::<String>()
        };
        self.line(&self.paint("1", &format!("    {}{}", first(head), head[N - 1])));
        for row in rows {
            self.listed(&format!("    {}", first(row.each_ref().map(String::as_str))), &row[N - 1]);
        }
        self.line("");
    }

    /// Shows a text behind what it is about, wrapped beside it.
    pub fn listed(&self, about: &str, text: &str) {
        let indent = " ".repeat(width(about));
        for (n, line) in wrap(text, WIDTH.saturating_sub(width(about)).max(20)).iter().enumerate() {
            self.line(format!("{}{line}", if n == 0 { about } else { &indent }).trim_end());
        }
    }

    /// Waits for `work`, and says for what and for how long. Fails when it takes longer than `patience`.
    pub async fn wait<T>(&self, what: &str, patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let every = Duration::from_millis(if self.terminal { 200 } else { 5000 });
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => {
                    self.clear();
                    return done;
                }
                _ = tick.tick() => self.progress(what, began.elapsed()),
            }
            if began.elapsed() > patience {
                self.clear();
                bail!("{what}: not within {} s", patience.as_secs());
            }
        }
    }

    /// Shows all claims, and says whether all hold.
    pub fn summary(&self, broken: Option<&anyhow::Error>) -> bool {
        let checks = self.checks.borrow();
        let failed = checks.iter().filter(|check| !check.holds).count();
        self.line("");
        self.line(&self.paint("1", "━━ What was shown ━━"));
        for check in checks.iter() {
            self.line(&format!("  {} {:>2}  {}", self.mark(check.holds), check.chapter, check.claim));
        }
        if let Some(why) = broken {
            self.line(&format!(
                "  {} {:>2}  ended early: {}",
                self.mark(false),
                self.chapter.get(),
                cut(&format!("{why:#}"), 600)
            ));
        }
        let shown = checks.len() - failed;
        let good = failed == 0 && broken.is_none();
        let verdict = match (good, broken.is_some()) {
            (true, _) => "all as it should be".to_owned(),
            (_, true) => format!("{failed} not as it should be, and the tour ended before all was shown"),
            (_, false) => format!("{failed} not as it should be"),
        };
        let seconds = self.began.elapsed().as_secs_f64();
        self.line("");
        self.line(&self.paint("1", &format!("  {shown} claims shown, {verdict}, in {seconds:.0} s")));
        good
    }

    /// Writes one line, where a progress line may stand.
    pub fn line(&self, text: &str) {
        self.clear();
        println!("{text}");
    }

    fn progress(&self, what: &str, elapsed: Duration) {
        let text = cut(&format!("  … waiting for {what}, {} s", elapsed.as_secs()), WIDTH.min(78));
        if self.terminal {
            print!("\r\x1b[2K\x1b[2m{text}\x1b[0m");
            let _ = std::io::stdout().flush();
            self.drawn.set(true);
        } else {
            println!("{text}");
        }
    }

    fn clear(&self) {
        if self.drawn.take() {
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        }
    }

    fn mark(&self, holds: bool) -> String {
        let (colour, mark) = if holds { ("32", "✓") } else { ("31", "✗") };
        self.paint(colour, mark)
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.terminal { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.into() }
    }
}
