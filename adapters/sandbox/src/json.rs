//! JSON objects that keep the order of their keys: the bodies of real servers follow struct order, not the alphabet.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// A JSON value whose objects keep the order in which they were written.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Null,
    Value(Value),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Value(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl Json {
    /// Compact text, as Hyperswitch sends it.
    pub(crate) fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // no map keys but strings: cannot fail
    }

    /// Indented text, as Stripe sends it.
    pub(crate) fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The same value for the books; the order of its keys is lost.
    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

macro_rules! from_plain {
    ($($type:ty),*) => {
        $(impl From<$type> for Json {
            fn from(value: $type) -> Self {
                Self::Value(Value::from(value))
            }
        })*
    };
}
from_plain!(bool, i64, usize, &str, String, Value);

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// `object! { "id" => id, "amount" => 5 }`: a [`Json::Object`] in that order.
macro_rules! object {
    ($($key:literal => $value:expr),* $(,)?) => {
        $crate::json::Json::Object(vec![$(($key, $crate::json::Json::from($value))),*])
    };
}
pub(crate) use object;
