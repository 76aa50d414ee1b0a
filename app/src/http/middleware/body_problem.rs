//! Which fields of a JSON body break the rules of its schema: the framework stops at the first and does not name it.
//!
//! Goes by the same OpenAPI document that clients are given.

use crate::problem::FieldError;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Most field errors of an answer.
const ERRORS_MAX: usize = 20;
/// Deepest body that is looked into.
const DEPTH_MAX: usize = 16;

/// The rules of one operation's body.
#[derive(Clone)]
pub struct BodyRules {
    document: Arc<Value>,
    schema: Value,
}

impl BodyRules {
    /// The rules of `method` (lower case) at `path` (`/a/{id}`), if it takes JSON.
    #[must_use]
    pub fn of(document: &Arc<Value>, path: &str, method: &str) -> Option<Self> {
        let content = document.get("paths")?.get(path)?.get(method)?.get("requestBody")?.get("content")?.as_object()?;
        let (_, media) = content.iter().find(|(kind, _)| kind.starts_with("application/json"))?;
        Some(Self { document: Arc::clone(document), schema: media.get("schema")?.clone() })
    }

    /// What `body` breaks; never empty.
    #[must_use]
    pub fn broken_by(&self, body: &Value) -> Vec<FieldError> {
        let mut check = Check { document: &self.document, errors: Vec::new() };
        check.value(&self.schema, body, "", 0);
        if check.errors.is_empty() {
            check.add("", "invalid", "the body does not fit its schema");
        }
        check.errors
    }
}

struct Check<'a> {
    document: &'a Value,
    errors: Vec<FieldError>,
}

impl<'a> Check<'a> {
    fn add(&mut self, field: &str, code: &str, message: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError { field: field.to_owned(), code: code.to_owned(), message: message.into() });
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let named = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/components/schemas/"));
        named.and_then(|name| self.document.get("components")?.get("schemas")?.get(name)).unwrap_or(schema)
    }

    fn value(&mut self, schema: &'a Value, value: &Value, field: &str, depth: usize) {
        let schema = self.resolve(schema);
        if depth > DEPTH_MAX || (value.is_null() && schema.get("nullable").is_some_and(|nullable| nullable == true)) {
            return;
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.value(part, value, field, depth + 1);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(schema, value, field, depth),
            Some("array") => self.array(schema, value, field, depth),
            Some("string") => self.string(schema, value, field),
            Some("integer") if !(value.is_i64() || value.is_u64()) => self.add(field, "wrong_type", "has to be a whole number"),
            Some("number") if !value.is_number() => self.add(field, "wrong_type", "has to be a number"),
            Some("integer" | "number") => self.range(schema, value, field),
            Some("boolean") if !value.is_boolean() => self.add(field, "wrong_type", "has to be true or false"),
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Value, value: &Value, field: &str, depth: usize) {
        let Some(object) = value.as_object() else { return self.add(field, "wrong_type", "has to be an object") };
        let inner = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        let present = |name: &str| object.get(name).filter(|value| !value.is_null());
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if present(name).is_none() {
                self.add(&inner(name), "missing", "is needed");
            }
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = present(name) {
                self.value(property, value, &inner(name), depth + 1);
            }
        }
    }

    fn array(&mut self, schema: &'a Value, value: &Value, field: &str, depth: usize) {
        let Some(items) = value.as_array() else { return self.add(field, "wrong_type", "has to be a list") };
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        if limit("minItems").is_some_and(|min| items.len() < min) {
            self.add(field, "too_few", "has too few items");
        }
        if limit("maxItems").is_some_and(|max| items.len() > max) {
            return self.add(field, "too_many", "has too many items");
        }
        if let Some(rules) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.value(rules, item, &format!("{field}[{index}]"), depth + 1);
            }
        }
    }

    fn string(&mut self, schema: &Value, value: &Value, field: &str) {
        let Some(text) = value.as_str() else {
            if value.is_null() || value.is_object() || value.is_array() {
                self.add(field, "wrong_type", "has to be a text");
            }
            return; // numbers and truth values are read as texts
        };
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let chars = text.chars().count();
        if limit("minLength").is_some_and(|min| chars < min) {
            self.add(field, "too_short", "is too short");
        }
        if limit("maxLength").is_some_and(|max| chars > max) {
            self.add(field, "too_long", "is too long");
        }
        let choices: Vec<&str> = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if !choices.is_empty() && !choices.contains(&text) {
            self.add(field, "unknown_value", format!("has to be one of: {}", choices.join(", ")));
        }
        match schema.get("format").and_then(Value::as_str) {
            Some("uuid") if Uuid::parse_str(text).is_err() => self.add(field, "invalid", "has to be a UUID"),
            Some("date-time") if chrono::DateTime::parse_from_rfc3339(text).is_err() => {
                self.add(field, "invalid", "has to be a time such as 2026-01-31T12:00:00Z");
            }
            _ => {}
        }
    }

    fn range(&mut self, schema: &Value, value: &Value, field: &str) {
        let (Some(number), limit) = (value.as_f64(), |name: &str| schema.get(name).and_then(Value::as_f64)) else { return };
        if limit("minimum").is_some_and(|min| number < min) {
            self.add(field, "too_small", "is too small");
        }
        if limit("maximum").is_some_and(|max| number > max) {
            self.add(field, "too_large", "is too large");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_broken_field_is_named() {
        let document = Arc::new(json!({
            "paths": {"/a/{id}": {"post": {"requestBody": {"content": {"application/json; charset=utf-8": {"schema": {"$ref": "#/components/schemas/A"}}}}}}},
            "components": {"schemas": {
                "A": {"type": "object", "required": ["name", "price", "kind"], "properties": {
                    "name": {"type": "string", "minLength": 2},
                    "price": {"$ref": "#/components/schemas/M"},
                    "kind": {"type": "string", "enum": ["pack", "track"]},
                    "ids": {"type": "array", "maxItems": 2, "items": {"type": "string", "format": "uuid"}},
                }},
                "M": {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer", "minimum": 0}}},
            }},
        }));
        assert!(BodyRules::of(&document, "/a/{id}", "get").is_none());
        let rules = BodyRules::of(&document, "/a/{id}", "post").unwrap();
        let broken = |body: Value| {
            let errors = rules.broken_by(&body);
            errors.iter().map(|error| format!("{}: {}", error.field, error.code)).collect::<Vec<_>>()
        };
        assert_eq!(broken(json!([])), [": wrong_type"]);
        assert_eq!(broken(json!({"kind": null})), ["name: missing", "price: missing", "kind: missing"]);
        let body = json!({"name": "x", "price": {"amount": 1.5}, "kind": "film", "ids": ["no", 3]});
        let mut errors = broken(body);
        errors.sort();
        assert_eq!(errors, ["ids[0]: invalid", "kind: unknown_value", "name: too_short", "price.amount: wrong_type"]);
        assert_eq!(
            broken(json!({"name": "xx", "price": {"amount": -1}, "kind": "pack", "ids": [1, 2, 3]})),
            ["ids: too_many", "price.amount: too_small"]
        );
    }
}
