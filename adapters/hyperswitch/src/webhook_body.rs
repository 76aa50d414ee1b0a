//! The few fields of a webhook body that we read, borrowed from its bytes.
//!
//! Any shape of JSON object is accepted: a field of another type than expected counts as absent, everything else is skipped
//! without being built (contracts/hyperswitch.md §8: new values and fields appear often).

use crate::dispute;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One level of a body: the body itself, its `content`, or the `object` of either.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Node<'a> {
    #[serde(borrow)]
    pub(crate) event_id: Text<'a>,
    #[serde(borrow)]
    event_type: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) content: Child<'a>,
    #[serde(borrow)]
    pub(crate) object: Child<'a>,
    #[serde(borrow)]
    pub(crate) payment_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) payment_method_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) customer_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) mandate_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) refund_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) dispute_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    #[serde(borrow)]
    pub(crate) dispute_status: Text<'a>,
    #[serde(borrow)]
    pub(crate) dispute_stage: Text<'a>,
    #[serde(borrow)]
    pub(crate) connector_reason: Text<'a>,
    #[serde(borrow)]
    pub(crate) connector_reason_code: Text<'a>,
    #[serde(borrow)]
    pub(crate) challenge_required_by: Text<'a>,
    pub(crate) amount: Amount,
    pub(crate) amount_received: Amount,
    #[serde(borrow)]
    pub(crate) currency: Text<'a>,
    #[serde(borrow)]
    pub(crate) error_code: Text<'a>,
    #[serde(borrow)]
    pub(crate) error_message: Text<'a>,
}

impl<'a> Node<'a> {
    /// Reads a body; the message names the place of the fault, never the content.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, String> {
        // Serde would take an array for a struct.
        if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_slice(body).map_err(|error| format!("not JSON at line {}, column {}", error.line(), error.column()))
    }

    /// `event_type` in Hyperswitch's shape, `type` in others.
    pub(crate) fn event_type(&self) -> Option<&str> {
        self.event_type.get().or(self.kind.get())
    }
}

/// A text; empty, null or of another type is absent.
#[derive(Default)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl Text<'_> {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    pub(crate) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}

/// A level beneath; anything but an object is absent.
#[derive(Default)]
pub(crate) struct Child<'a>(Option<Box<Node<'a>>>);

impl<'a> Child<'a> {
    pub(crate) fn get(&self) -> Option<&Node<'a>> {
        self.0.as_deref()
    }
}

/// Minor units, as a number or as a string of digits (§2: dispute amounts).
#[derive(Default)]
pub(crate) enum Amount {
    #[default]
    Absent,
    Minor(i64),
    /// Negative, fractional, too large or no number at all.
    Unreadable,
}

impl Amount {
    /// The amount, if there is one.
    pub(crate) fn minor(&self) -> Result<Option<i64>, ()> {
        match self {
            Self::Absent => Ok(None),
            Self::Minor(minor) => Ok(Some(*minor)),
            Self::Unreadable => Err(()),
        }
    }

    fn checked(minor: Option<i64>) -> Self {
        minor.filter(|minor| *minor >= 0).map_or(Self::Unreadable, Self::Minor)
    }
}

/// What a field makes of each kind of JSON value; by default nothing.
trait FromJson<'de>: Default {
    const EXPECTED: &'static str;

    fn text(_: Cow<'de, str>) -> Self {
        Self::default()
    }
    fn integer(_: Option<i64>) -> Self {
        Self::default()
    }
    fn other() -> Self {
        Self::default()
    }
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::other())
    }
}

impl<'de: 'a, 'a> FromJson<'de> for Text<'a> {
    const EXPECTED: &'static str = "a text";

    fn text(text: Cow<'de, str>) -> Self {
        Self(Some(text))
    }
}

impl<'de: 'a, 'a> FromJson<'de> for Child<'a> {
    const EXPECTED: &'static str = "an object";

    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Node::deserialize(MapAccessDeserializer::new(map)).map(|node| Self(Some(Box::new(node))))
    }
}

impl<'de> FromJson<'de> for Amount {
    const EXPECTED: &'static str = "minor units";

    fn text(text: Cow<'de, str>) -> Self {
        Self::checked(dispute::minor(&text))
    }
    fn integer(minor: Option<i64>) -> Self {
        Self::checked(minor)
    }
    fn other() -> Self {
        Self::Unreadable
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Child<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: FromJson<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }
    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::integer(Some(number)))
    }
    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::integer(i64::try_from(number).ok()))
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::other())
    }
    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::other())
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::other())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}
