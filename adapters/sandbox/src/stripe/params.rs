//! Reading form parameters: what fails here is "failed parameter validation" and never saved under a key
//! (stripe.md §5, §6).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    core::Answer,
    form,
    ids::{Micros, seconds},
    table::{Record, Table},
};

use super::errors;

/// Decoded parameters of one call.
#[derive(Debug, Clone)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// Refuses names that the call does not know; a name counts up to its first bracket.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Answer> {
        for (name, value) in &self.0 {
            let outer = name.split('[').next().unwrap_or_default();
            if !known.contains(&outer) {
                let message = format!("Received unknown parameter: {name}");
                return Err(errors::invalid(400, Some("parameter_unknown"), Some(name), message));
            }
            if value.is_empty() && !matches!(outer, "metadata" | "description") {
                let message = format!(
                    "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value."
                );
                return Err(errors::invalid(400, Some("parameter_invalid_empty"), Some(name), message));
            }
        }
        Ok(self)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn required(&self, name: &str) -> Result<String, Answer> {
        self.text(name).ok_or_else(|| errors::missing(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Answer> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| errors::invalid(400, Some("parameter_invalid_integer"), Some(name), format!("Invalid integer: {text}")))
        };
        self.get(name).map(parse).transpose()
    }

    /// A positive amount of minor units.
    pub(crate) fn amount(&self) -> Result<Option<i64>, Answer> {
        match self.integer("amount")? {
            Some(amount) if amount < 1 => {
                let message = "This value must be greater than or equal to 1.";
                Err(errors::invalid(400, Some("parameter_invalid_integer"), Some("amount"), message))
            }
            amount => Ok(amount),
        }
    }

    /// Lower case, whatever was sent (§1).
    pub(crate) fn currency(&self) -> Result<String, Answer> {
        let currency = self.required("currency")?.to_ascii_lowercase();
        if currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Ok(currency);
        }
        Err(errors::invalid(400, None, Some("currency"), format!("Invalid currency: {currency}.")))
    }

    /// `metadata[...]`: at most 50 keys of 40 characters, values of 500.
    pub(crate) fn metadata(&self) -> Result<BTreeMap<String, String>, Answer> {
        let entries: BTreeMap<String, String> =
            form::nested(&self.0, "metadata").map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let too_long = entries.iter().find(|(key, value)| key.chars().count() > 40 || value.chars().count() > 500);
        if let Some((key, _)) = too_long {
            let message = format!("Metadata values can have up to 500 characters, keys up to 40: '{key}'.");
            return Err(errors::invalid(400, None, Some("metadata"), message));
        }
        if entries.len() > 50 {
            return Err(errors::invalid(400, None, Some("metadata"), "You may have up to 50 metadata keys."));
        }
        Ok(entries)
    }

    /// For scripts: the flat names, and `metadata` as an object too.
    pub(crate) fn facts(&self) -> Value {
        let mut facts: Map<String, Value> = self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let metadata: Map<String, Value> =
            form::nested(&self.0, "metadata").map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        facts.insert("metadata".to_owned(), Value::Object(metadata));
        Value::Object(facts)
    }

    /// Whether `created` passes `created`, `created[gt]`, `created[gte]`, `created[lt]`, `created[lte]`.
    pub(crate) fn created(&self) -> Result<impl Fn(Micros) -> bool + use<>, Answer> {
        let (exact, gt, gte) = (self.integer("created")?, self.integer("created[gt]")?, self.integer("created[gte]")?);
        let (lt, lte) = (self.integer("created[lt]")?, self.integer("created[lte]")?);
        Ok(move |at: Micros| {
            let at = seconds(at);
            exact.is_none_or(|x| at == x)
                && gt.is_none_or(|x| at > x)
                && gte.is_none_or(|x| at >= x)
                && lt.is_none_or(|x| at < x)
                && lte.is_none_or(|x| at <= x)
        })
    }

    pub(crate) fn page(&self) -> Result<Page, Answer> {
        let limit = self.integer("limit")?.unwrap_or(10);
        if !(1..=100).contains(&limit) {
            let message = "This value must be between 1 and 100.";
            return Err(errors::invalid(400, Some("parameter_invalid_integer"), Some("limit"), message));
        }
        let (starting_after, ending_before) = (self.text("starting_after"), self.text("ending_before"));
        if starting_after.is_some() && ending_before.is_some() {
            let message = "You may only specify one of these parameters: starting_after, ending_before.";
            return Err(errors::invalid(400, None, Some("starting_after"), message));
        }
        Ok(Page { limit: usize::try_from(limit).unwrap_or(10), starting_after, ending_before })
    }
}

/// A window of a list, newest first (stripe.md §3).
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
}

impl Page {
    /// The rows of this page out of `positions` (ascending) that `keep` lets through, and whether there are more.
    pub(crate) fn cut<'t, T: Record>(
        &self,
        table: &'t Table<T>,
        positions: impl DoubleEndedIterator<Item = usize>,
        kind: &str,
        keep: impl Fn(&T) -> bool,
    ) -> Result<(Vec<&'t T>, bool), Answer> {
        let find = |param: &str, id: &Option<String>| match id {
            None => Ok(None),
            Some(id) => table.position(id).map(Some).ok_or_else(|| errors::no_such_param(kind, param, id)),
        };
        let (after, before) = (find("starting_after", &self.starting_after)?, find("ending_before", &self.ending_before)?);
        let rows = positions
            .filter(|position| after.is_none_or(|cursor| *position < cursor))
            .filter(|position| before.is_none_or(|cursor| *position > cursor))
            .filter_map(|position| table.rows().get(position))
            .filter(|row| keep(row));
        let wanted = self.limit + 1;
        let mut page: Vec<&T> = if before.is_some() { rows.take(wanted).collect() } else { rows.rev().take(wanted).collect() };
        let has_more = page.len() == wanted;
        page.truncate(self.limit);
        if before.is_some() {
            page.reverse();
        }
        Ok((page, has_more))
    }
}
