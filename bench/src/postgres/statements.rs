//! What a server says to Postgres for one settlement, as Postgres itself logs it: the text of each statement and the values bound to
//! it. So pgbench runs what the application runs, whatever that is by then.

use crate::client::{self, Stop};
use crate::failure::{Outcome, fail};
use crate::fixture::Fixture;
use crate::messages::Messages;
use crate::postgres::cluster::Cluster;
use crate::server::{Role, Server};
use serde::Deserialize;
use std::path::Path;

/// Orders that are settled for it, one after the other; the first ones find statements that are not prepared yet.
const SETTLED: usize = 5;
/// The two that are looked at.
pub const LOOKED_AT: [usize; 2] = [2, 3];

/// A statement as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// With `$1`, `$2`, …
    pub text: String,
    /// What was bound to them, in text form.
    pub values: Vec<Option<String>>,
}

/// A statement, as it was sent for two orders.
#[derive(Clone, Debug)]
pub struct Statement {
    /// With `$1`, `$2`, …
    pub text: String,
    /// Types of what was bound to them.
    pub types: Vec<String>,
    /// What was bound to them for each order.
    pub values: [Vec<Option<String>>; 2],
}

/// Where statements are looked at.
pub struct Listener<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// A prepared database; a copy of it is settled in.
    pub template: &'a str,
    /// The server's program.
    pub binary: &'a Path,
    /// A folder for it.
    pub folder: &'a Path,
    /// Its settings, but for the database.
    pub settings: &'a [(String, String)],
}

impl Listener<'_> {
    /// The statements of one settlement, in their order.
    ///
    /// # Errors
    /// The server does not settle, or does not do the same for every order.
    pub fn one_settlement(&self, fixture: &Fixture, messages: &Messages<'_>) -> Outcome<Vec<Statement>> {
        let database = "listened";
        self.cluster.create(database, Some(self.template))?;
        self.cluster.sql(database, &format!("ALTER DATABASE {database} SET log_statement = 'all'"))?;
        let mut settings = self.settings.to_vec();
        settings.extend([("DATABASE_URL".to_owned(), self.cluster.url(database)), ("DATABASE_POOL_MAX".to_owned(), "1".to_owned())]);
        let server = Server::start(self.binary, self.folder, Role::Api, &settings)?;
        let stop = Stop { before: SETTLED, after: std::time::Duration::MAX };
        client::run(client::closed(&[server.address], 1, 0, stop, messages))?;
        server.stop()?;
        let sent = logged(&std::fs::read_to_string(self.cluster.log())?, database)?;
        // From the first word about an order to the first about the next one.
        let begins = |number: usize| {
            let id = fixture.order_id(number).to_string();
            let about = |sent: &Sent| sent.values.iter().flatten().any(|value| value.contains(&id));
            sent.iter().position(about).ok_or_else(|| format!("Postgres has not heard of order {number}"))
        };
        let of = |number: usize| -> Outcome<&[Sent]> { Ok(&sent[begins(number)?..begins(number + 1)?]) };
        let [first, second] = [of(LOOKED_AT[0])?, of(LOOKED_AT[1])?];
        if !first.iter().map(|sent| &sent.text).eq(second.iter().map(|sent| &sent.text)) {
            return fail("two settlements are not the same statements");
        }
        let statements = first.iter().zip(second).map(|(first, second)| {
            let types = self.types(database, &first.text)?;
            Ok(Statement { text: first.text.clone(), types, values: [first.values.clone(), second.values.clone()] })
        });
        let statements = statements.collect::<Outcome<Vec<_>>>()?;
        self.cluster.sql("postgres", &format!("DROP DATABASE {database}"))?;
        Ok(statements)
    }

    /// The types of a statement's parameters, by the server's own judgement.
    fn types(&self, database: &str, text: &str) -> Outcome<Vec<String>> {
        let ask = "SELECT array_to_string(parameter_types::text[], ' ') FROM pg_prepared_statements";
        let types = self.cluster.sql(database, &format!("SET log_statement = 'none'; PREPARE it AS {text}; {ask}"))?;
        Ok(types.split_ascii_whitespace().map(str::to_owned).collect())
    }
}

/// A line of the log, as far as it is of use.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    dbname: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: String,
}

/// All statements that were executed in a database by the extended protocol.
fn logged(log: &str, database: &str) -> Outcome<Vec<Sent>> {
    let mut sent = Vec::new();
    for line in log.lines() {
        let line: Line = serde_json::from_str(line)?;
        let Some(text) = line.message.strip_prefix("execute ").filter(|_| line.dbname == database) else { continue };
        let Some((_, text)) = text.split_once(": ") else { continue };
        sent.push(Sent { text: text.to_owned(), values: bound(&line.detail)? });
    }
    Ok(sent)
}

/// Reads `parameters: $1 = 'a', $2 = NULL, …`.
fn bound(detail: &str) -> Outcome<Vec<Option<String>>> {
    let mut values = Vec::new();
    let mut rest = detail.find("$1 = ").map_or("", |at| &detail[at..]);
    while !rest.is_empty() {
        let head = format!("${} = ", values.len() + 1);
        let Some(value) = rest.strip_prefix(&head) else { return fail(format!("not a list of values: {rest}")) };
        let (value, after) = match value.strip_prefix("NULL") {
            Some(after) => (None, after),
            None => quoted(value).map(|(value, after)| (Some(value), after))?,
        };
        values.push(value);
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    Ok(values)
}

/// Reads a text in single quotes, in which they are doubled; and what comes after it.
fn quoted(text: &str) -> Outcome<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else { return fail(format!("not a value: {text}")) };
    let mut value = String::new();
    loop {
        let Some(end) = rest.find('\'') else { return fail("a value without an end") };
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Ok((value, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_their_values_are_read_from_the_log() {
        let lines = [
            r#"{"dbname":"a","message":"execute sqlx_s_1: SELECT $1","detail":"parameters: $1 = 'it''s, $2 = x', $2 = NULL, $3 = ''"}"#,
            r#"{"dbname":"a","message":"statement: BEGIN"}"#,
            r#"{"dbname":"b","message":"execute sqlx_s_1: SELECT 1"}"#,
            r#"{"message":"checkpoint starting"}"#,
            r#"{"dbname":"a","message":"execute <unnamed>: SELECT 2","detail":"Parameters: $1 = '{1,2}'"}"#,
        ];
        let sent = logged(&lines.join("\n"), "a").unwrap();
        let texts: Vec<&str> = sent.iter().map(|sent| sent.text.as_str()).collect();
        assert_eq!(texts, ["SELECT $1", "SELECT 2"]);
        assert_eq!(sent[0].values, [Some("it's, $2 = x".to_owned()), None, Some(String::new())]);
        assert_eq!(sent[1].values, [Some("{1,2}".to_owned())]);
        assert!(bound("parameters: $1 = 'a").is_err());
    }
}
