//! Checks a spec against the schema of its kind, so that what is wrong is named by its field.

use serde_json::{Map, Value};

/// Checks `spec` against `schema` (OpenAPI v3, as a CustomResourceDefinition holds it).
///
/// Bounds, enums, types, required and unknown fields; patterns and CEL rules are left to the API server.
///
/// # Errors
/// The first field that is wrong, by its path, and why.
pub fn check(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    match (schema["type"].as_str(), value) {
        (Some("object"), Value::Object(fields)) => object(schema, fields, path),
        (Some("array"), Value::Array(items)) => {
            bounds(schema, items.len() as f64, ("minItems", "maxItems"), path, "entries")?;
            items.iter().enumerate().try_for_each(|(n, item)| check(&schema["items"], item, &format!("{path}[{n}]")))
        }
        (Some("string"), Value::String(text)) => string(schema, text, path),
        (Some("integer"), Value::Number(number)) if number.as_i64().is_some() => {
            bounds(schema, number.as_f64().unwrap_or_default(), ("minimum", "maximum"), path, "")
        }
        (Some("number"), Value::Number(_)) | (Some("boolean"), Value::Bool(_)) | (None, _) => Ok(()),
        (Some(wanted), _) => Err(format!("{path} must be of type {wanted}")),
    }
}

fn object(schema: &Value, fields: &Map<String, Value>, path: &str) -> Result<(), String> {
    let is_there = |field: &str| fields.get(field).is_some_and(|v| !v.is_null());
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|f| !is_there(f)) {
        return Err(format!("{path}.{missing} is missing"));
    }
    let (known, more) = (schema["properties"].as_object(), &schema["additionalProperties"]);
    for (field, value) in fields.iter().filter(|(_, v)| !v.is_null()) {
        let at = format!("{path}.{field}");
        match known.and_then(|k| k.get(field)) {
            Some(part) => check(part, value, &at)?,
            None if more.is_object() => check(more, value, &at)?,
            None if known.is_some() => return Err(format!("{at} is not a field of this kind; see its spelling")),
            None => {}
        }
    }
    Ok(())
}

fn string(schema: &Value, text: &str, path: &str) -> Result<(), String> {
    let allowed: Vec<_> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !allowed.is_empty() && !allowed.contains(&text) {
        return Err(format!("{path} must be one of {}", allowed.join(", ")));
    }
    if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        return Err(format!("{path} must be a time such as 2026-12-01T00:00:00Z"));
    }
    bounds(schema, text.chars().count() as f64, ("minLength", "maxLength"), path, "characters")
}

fn bounds(schema: &Value, found: f64, (least, most): (&str, &str), path: &str, unit: &str) -> Result<(), String> {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (schema[least].as_f64(), schema[most].as_f64()) {
        (Some(least), _) if found < least => Err(format!("{path} must be at least {least}{unit}")),
        (_, Some(most)) if found > most => Err(format!("{path} must be at most {most}{unit}")),
        _ => Ok(()),
    }
}
