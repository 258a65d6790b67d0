//! Texts for a terminal: measured, cut, wrapped, and JSON in plain words.

use serde_json::Value;

/// The first characters of a text, with a sign that there are more.
pub fn cut(text: &str, most: usize) -> String {
    let text = text.replace('\n', " ");
    if width(&text) <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// A text in lines of at most `most` columns; longer words stand alone.
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last] = word.into();
        } else if width(&lines[last]) + 1 + width(word) <= most {
            lines[last] = format!("{} {word}", lines[last]);
        } else {
            lines.push(word.into());
        }
    }
    lines
}

/// A value without the quotes of a text; of a list only how long it is.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("{} kinds", items.len()),
        Value::Object(fields) if fields.is_empty() => "nobody".into(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A truth as people say it.
pub fn yes(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}

/// How long something took, if it came.
pub fn seconds(span: Option<std::time::Duration>) -> String {
    match span {
        None => "never".into(),
        Some(span) if span.as_millis() < 1000 => format!("{} ms", span.as_millis()),
        Some(span) => format!("{:.1} s", span.as_secs_f64()),
    }
}
