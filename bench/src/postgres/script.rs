//! A pgbench script that does what a settlement does: the statements that a server sent, text for text, with values for any order in
//! place of the ones that were bound.
//!
//! A value that was the same for two orders stays what it was. In one that differs, the ids of the order are put together from
//! numbers that pgbench computes; an id that belongs to nothing was drawn, and so is another one here. What else differs (moments,
//! fingerprints) stays as it was for the first order: it is of the same size, and nobody reads it.

use crate::failure::{Outcome, fail};
use crate::fixture::{Fixture, ids};
use crate::postgres::statements::{LOOKED_AT, Statement};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A value as long as this is sent as it is: the message itself, in which ids make no difference to anybody.
const LONG: usize = 1000;

/// A script and what it is told at its start.
#[derive(Debug)]
pub struct Script {
    /// The text.
    pub text: String,
    /// Values by name, for `--define`.
    pub defined: Vec<(String, String)>,
}

/// Makes the script of these statements. It settles order `:first`, then every `:clients`-th after it; the next client the next
/// order, and so on.
///
/// # Errors
/// A statement is none that can be repeated.
pub fn of(statements: &[Statement], fixture: &Fixture) -> Outcome<Script> {
    let mut maker = Maker { known: known(fixture), constants: BTreeMap::new(), drawn: BTreeMap::new() };
    let bodies = statements.iter().map(|statement| maker.statement(statement)).collect::<Outcome<Vec<_>>>()?;
    let mut text = "\\set n :first + :client_id + :clients * :turn\n\\set turn :turn + 1\n".to_owned();
    text += &fixture.in_pgbench(maker.drawn.len());
    bodies.iter().for_each(|body| text += &format!("{body};\n"));
    let defined = maker.constants.into_iter().map(|(value, name)| (name, value));
    Ok(Script { text, defined: defined.chain([("turn".to_owned(), "0".to_owned())]).collect() })
}

/// What stands in a value: text, or an id by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// With dashes.
    Id(String),
    /// Without.
    Simple(String),
}

struct Maker {
    /// The ids of both orders, by name.
    known: Vec<(String, [Uuid; 2])>,
    /// Names of values.
    constants: BTreeMap<String, String>,
    /// Numbers of ids that were drawn, by what they were for the two orders.
    drawn: BTreeMap<[Uuid; 2], usize>,
}

fn known(fixture: &Fixture) -> Vec<(String, [Uuid; 2])> {
    let [first, second] = LOOKED_AT.map(|number| fixture.named_ids(number));
    first.into_iter().zip(second).map(|((name, first), (_, second))| (name.to_owned(), [first, second])).collect()
}

impl Maker {
    fn statement(&mut self, statement: &Statement) -> Outcome<String> {
        let mut text = String::new();
        let mut parts = statement.text.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let Some(place) = part[..digits].parse::<usize>().ok().and_then(|number| number.checked_sub(1)) else {
                return fail("a statement has a dollar that is none of a value's");
            };
            let values = statement.values.each_ref().map(|values| values.get(place).cloned().flatten());
            let Some(kind) = statement.types.get(place) else { return fail("a value has no type") };
            text.push_str(&self.value(kind, values)?);
            text.push_str(&part[digits..]);
        }
        Ok(text)
    }

    fn value(&mut self, kind: &str, values: [Option<String>; 2]) -> Outcome<String> {
        let Some(element) = kind.strip_suffix("[]") else { return self.element(kind, values) };
        let [Some(first), Some(second)] = values else { return fail("a list of values is null") };
        let (first, second) = (elements(&first)?, elements(&second)?);
        if first.len() != second.len() {
            return fail("two settlements have not the same number of rows");
        }
        let all = first.into_iter().zip(second).map(|(first, second)| self.element(element, [first, second]));
        Ok(format!("ARRAY[{}]::{kind}", all.collect::<Outcome<Vec<_>>>()?.join(", ")))
    }

    fn element(&mut self, kind: &str, values: [Option<String>; 2]) -> Outcome<String> {
        let [Some(first), Some(second)] = values else { return Ok(format!("NULL::{kind}")) };
        if first == second || first.len() >= LONG {
            return Ok(self.constant(first, kind));
        }
        if let ([first, second], "uuid" | "text") = ([Uuid::parse_str(&first).ok(), Uuid::parse_str(&second).ok()], kind)
            && let (Some(first), Some(second)) = (first, second)
            && !self.known.iter().any(|(_, ids)| *ids == [first, second])
        {
            let next = self.drawn.len();
            let number = *self.drawn.entry([first, second]).or_insert(next);
            self.known.push((format!("drawn{number}"), [first, second]));
        }
        let pieces = self.pieces(&first, 0);
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) || pieces != self.pieces(&second, 1) {
            return Ok(self.constant(first, kind));
        }
        if let ([Piece::Id(name)], "uuid") = (pieces.as_slice(), kind) {
            return Ok(format!("{}::uuid", ids::in_sql(name)));
        }
        let pieces: Vec<String> = pieces.into_iter().map(|piece| self.piece(piece)).collect();
        Ok(format!("({})::{kind}", pieces.join(" || ")))
    }

    /// Takes a value apart: the ids of the first or the second order, and what is between them.
    fn pieces(&self, value: &str, order: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = value;
        while !rest.is_empty() {
            let found = self.known.iter().flat_map(|(name, ids)| {
                let (dashed, simple) = (ids[order].hyphenated().to_string(), ids[order].simple().to_string());
                let dashed = rest.find(&dashed).map(|at| (at, dashed.len(), Piece::Id(name.clone())));
                dashed.or_else(|| rest.find(&simple).map(|at| (at, simple.len(), Piece::Simple(name.clone()))))
            });
            let (at, length, piece) = found.min_by_key(|(at, ..)| *at).unwrap_or((rest.len(), 0, Piece::Text(String::new())));
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            if length > 0 {
                pieces.push(piece);
            }
            rest = &rest[at + length..];
        }
        pieces
    }

    fn piece(&mut self, piece: Piece) -> String {
        match piece {
            Piece::Text(text) => self.constant(text, "text"),
            Piece::Id(name) => format!("{}::uuid::text", ids::in_sql(&name)),
            Piece::Simple(name) => ids::in_sql(&name),
        }
    }

    /// A value by a name: a colon in the text would begin one.
    fn constant(&mut self, value: String, kind: &str) -> String {
        if value.is_empty() {
            return format!("''::{kind}"); // pgbench takes no empty values
        }
        let next = format!("c{}", self.constants.len());
        format!(":{}::{kind}", self.constants.entry(value).or_insert(next))
    }
}

/// The elements of a list as Postgres prints it: `{a,"b \"c\"",NULL}`.
fn elements(list: &str) -> Outcome<Vec<Option<String>>> {
    let Some(list) = list.strip_prefix('{').and_then(|list| list.strip_suffix('}')) else {
        return fail(format!("not a list of one dimension: {list}"));
    };
    let mut all = Vec::new();
    let (mut element, mut quoted, mut was_quoted) = (String::new(), false, false);
    let mut letters = list.chars();
    let mut ended = list.is_empty();
    while !ended {
        match letters.next() {
            Some('\\') => element.extend(letters.next()),
            Some('"') => (quoted, was_quoted) = (!quoted, true),
            Some(letter) if quoted || letter != ',' => element.push(letter),
            end => {
                let text = std::mem::take(&mut element);
                all.push(if text == "NULL" && !was_quoted { None } else { Some(text) });
                was_quoted = false;
                ended = end.is_none();
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_postgres_prints_them() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            elements(r#"{a,"b, \"c\"",NULL,"NULL","","\\x01"}"#).unwrap(),
            [some("a"), some(r#"b, "c""#), None, some("NULL"), some(""), some("\\x01")]
        );
        assert!(elements("{}").unwrap().is_empty());
        assert!(elements("1").is_err());
    }

    #[test]
    fn ids_are_computed_and_everything_else_is_sent() {
        let fixture = Fixture::of_orders(10);
        let ids = LOOKED_AT.map(|number| fixture.order_id(number));
        let values = |id: Uuid, drawn: u128, time: &str| {
            let drawn = Uuid::from_u128(drawn);
            let texts =
                [format!("{{{id}}}"), format!("evt_{}", id.simple()), format!("{{{time},{time}}}"), drawn.to_string(), String::new()];
            texts.map(Some).to_vec()
        };
        let statement = Statement {
            text: "SELECT f($1::uuid[], $2, $3), $4, $5".to_owned(),
            types: ["uuid[]", "text", "bigint[]", "uuid", "text"].map(str::to_owned).to_vec(),
            values: [values(ids[0], 7, "100"), values(ids[1], 8, "200")],
        };
        let script = of(&[statement], &fixture).unwrap();
        let order = "encode(int8send(:order_hi) || int8send(:order_lo), 'hex')";
        let drawn = "encode(int8send(:drawn0_hi) || int8send(:drawn0_lo), 'hex')";
        let body = format!(
            "SELECT f(ARRAY[{order}::uuid]::uuid[]::uuid[], (:c0::text || {order})::text, \
             ARRAY[:c1::bigint, :c1::bigint]::bigint[]), {drawn}::uuid, ''::text;\n"
        );
        assert!(script.text.ends_with(&body), "{}", script.text);
        assert!(script.text.contains("\\set drawn0_lo "));
        let defined: Vec<(&str, &str)> = script.defined.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(defined, [("c1", "100"), ("c0", "evt_"), ("turn", "0")]);
    }
}
