//! Asks the person at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use super::Error;

/// Whether there is somebody to ask.
///
/// # Errors
/// When stdin is no terminal.
pub fn somebody() -> Result<(), Error> {
    if std::io::stdin().is_terminal() { Ok(()) } else { Err(Error::NoTerminal) }
}

/// Lets the person type `name` to go on.
///
/// # Errors
/// When something else is typed.
pub fn confirm(name: &str) -> Result<(), Error> {
    let mut typed = String::new();
    let mut out = std::io::stderr();
    let asked = write!(out, "\nType {name} to record this, anything else to stop: ").and_then(|()| out.flush());
    asked.and_then(|()| std::io::stdin().lock().read_line(&mut typed)).map_err(|_| Error::NoTerminal)?;
    if is(name, &typed) { Ok(()) } else { Err(Error::NotConfirmed(name.into())) }
}

fn is(name: &str, typed: &str) -> bool {
    typed.trim_end_matches(['\n', '\r']).trim() == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_goes_on() {
        assert!(is("acme-2026", "acme-2026\n") && is("acme-2026", " acme-2026\r\n"));
        for typed in ["", "\n", "y\n", "yes\n", "acme\n", "ACME-2026\n"] {
            assert!(!is("acme-2026", typed), "{typed:?}");
        }
    }
}
