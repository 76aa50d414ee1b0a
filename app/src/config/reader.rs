//! Reads settings one by one and collects every problem, so that all of them are named at once.

use super::variables::{self, Variable};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub variable: String,
    /// What is wrong; never the value of a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.message)
    }
}

/// Settings as they were written, and what is wrong with them so far.
#[derive(Default)]
pub struct Reader {
    values: BTreeMap<String, String>,
    /// What is wrong so far.
    pub problems: Vec<Problem>,
}

impl Reader {
    /// Settings from the environment and, where `VEZA_CONFIG` names one, from a TOML file; the environment goes first.
    /// An empty value is as good as none.
    #[must_use]
    pub fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let known = |(name, value): &(String, String)| variables::find(name).is_some() && !value.trim().is_empty();
        let mut reader = Self { values: environment.into_iter().filter(known).collect(), problems: Vec::new() };
        if let Some(path) = reader.optional("VEZA_CONFIG") {
            reader.read_file(&path);
        }
        reader
    }

    fn read_file(&mut self, path: &str) {
        let table = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let table = table.and_then(|text| text.parse::<toml::Table>().map_err(|error| error.message().to_owned()));
        match table {
            Ok(table) => table.into_iter().for_each(|(name, value)| self.take(path, &name.to_uppercase(), value)),
            Err(message) => self.wrong("VEZA_CONFIG", format!("{path} can't be read: {message}")),
        }
    }

    fn take(&mut self, path: &str, name: &str, value: toml::Value) {
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            toml::Value::Array(items) if items.iter().all(toml::Value::is_str) => {
                items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => return self.wrong(name, format!("in {path}: a text, a number, true, false or a list of texts is expected")),
        };
        if variables::find(name).is_none() || name == "VEZA_CONFIG" {
            self.wrong(name, format!("in {path}: there is no such setting"));
        } else if !text.trim().is_empty() {
            self.values.entry(name.to_owned()).or_insert(text);
        }
    }

    /// Notes a problem.
    pub fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem { variable: name.to_owned(), message: message.into() });
    }

    fn variable(name: &str) -> &'static Variable {
        const NONE: &Variable = &Variable { name: "", default: "", meaning: "", secret: false };
        let found = variables::find(name);
        debug_assert!(found.is_some(), "{name} is not in the list of settings");
        found.unwrap_or(NONE)
    }

    /// The setting or its default; none where both are empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        let variable = Self::variable(name);
        let text = self.values.get(name).map_or(variable.default, String::as_str).trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// As it was set, without a default.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A secret, if it is set.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        debug_assert!(Self::variable(name).secret, "{name} is not a secret");
        self.optional(name).map(SecretString::from)
    }

    /// A value of a type; a wrong one is noted and replaced by `fallback`.
    pub fn parse<T: FromStr>(&mut self, name: &str, expected: &str, fallback: T) -> T {
        self.parse_with(name, expected, fallback, |text| text.parse().ok())
    }

    /// A value as `read` understands it; a wrong one is noted and replaced by `fallback`.
    pub fn parse_with<T>(&mut self, name: &str, expected: &str, fallback: T, read: impl FnOnce(&str) -> Option<T>) -> T {
        let Some(text) = self.optional(name) else { return fallback };
        match read(&text) {
            Some(value) => value,
            None => {
                let shown = if Self::variable(name).secret { String::new() } else { format!(", not {text:?}") };
                self.wrong(name, format!("has to be {expected}{shown}"));
                fallback
            }
        }
    }

    /// `true` or `false` (also `1`, `0`, `yes`, `no`, `on`, `off`).
    pub fn switch(&mut self, name: &str) -> bool {
        self.parse_with(name, "true or false", false, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// A duration (`30s`, `5m`, `1h`), at least `min`.
    pub fn duration(&mut self, name: &str, min: Duration) -> Duration {
        let expected = if min.is_zero() { "a duration such as 30s, 5m or 1h" } else { "a duration above zero such as 30s, 5m or 1h" };
        let read = |text: &str| humantime::parse_duration(text).ok().filter(|duration| *duration >= min);
        self.parse_with(name, expected, min, read)
    }

    /// Items by comma, each as `read` understands it.
    pub fn list<T>(&mut self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.optional(name).unwrap_or_default();
        let mut items = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match read(item) {
                Some(item) => items.push(item),
                None => self.wrong(name, format!("{item:?} is not {expected}")),
            }
        }
        items
    }
}
