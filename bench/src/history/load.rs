//! Brings a history into a database: millions of rows, so not through the application.

use super::History;
use super::columns::{BALANCES, TABLES};
use super::value::Value;
use crate::failure::Outcome;
use crate::postgres::cluster::{Cluster, Copy};
use crate::report;
use rusqlite::{Connection, params_from_iter};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Sales after which it is said how far it has come.
const PROGRESS_EVERY: usize = 250_000;

/// Writes a history into the SQLite database at `path`, which nobody has open. Its triggers keep the balances.
///
/// # Errors
/// It does not fit the schema.
pub fn into_sqlite(path: &Path, history: &History<'_>) -> Outcome<()> {
    let db = Connection::open(path)?;
    // Should the machine fail meanwhile, the file is of no use: it is made anew.
    db.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "OFF")?;
    db.pragma_update(None, "foreign_keys", false)?;
    db.pragma_update(None, "cache_size", -262_144)?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    let inserts = TABLES.iter().map(|table| {
        let places: Vec<String> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.columns.join(", "), places.join(", "));
        Ok(db.prepare(&sql)?)
    });
    let mut inserts = inserts.collect::<Outcome<Vec<_>>>()?;
    each(history, |table, row| {
        inserts[table].execute(params_from_iter(row))?;
        Ok(())
    })?;
    drop(inserts);
    db.execute_batch("COMMIT")?;
    drop(db);
    // What is written later must not wait for this.
    Ok(File::open(path)?.sync_all()?)
}

/// Writes a history into a database on Postgres.
///
/// # Errors
/// It does not fit the schema.
pub fn into_postgres(cluster: &Cluster, database: &str, history: &History<'_>) -> Outcome<()> {
    // All tables at once; who refers to whom does not matter without triggers.
    let copies = TABLES.iter().map(|table| {
        let copy = format!("COPY {} ({}) FROM STDIN", table.name, table.columns.join(", "));
        cluster.copy(database, &["SET session_replication_role = replica", &copy])
    });
    let mut copies = copies.collect::<Outcome<Vec<_>>>()?;
    let mut line = String::new();
    let written = each(history, |table, row| {
        line.clear();
        for value in row {
            value.copy(&mut line);
            line.push('\t');
        }
        line.pop();
        line.push('\n');
        Ok(copies[table].input.write_all(line.as_bytes())?)
    });
    copies.into_iter().try_for_each(Copy::finish)?;
    written?;
    cluster.sql(database, BALANCES)?;
    cluster.sql(database, "SELECT setval(pg_get_serial_sequence('postings', 'seq'), max(seq)) FROM postings")?;
    cluster.sql(database, "VACUUM (ANALYZE)")?;
    Ok(())
}

/// All rows, each with the place of its table.
fn each(history: &History<'_>, mut put: impl FnMut(usize, &[Value]) -> Outcome<()>) -> Outcome<()> {
    for number in 0..history.sales() {
        if number > 0 && number % PROGRESS_EVERY == 0 {
            progress!("  {} of {} sales", report::number(number as f64), report::number(history.sales() as f64));
        }
        let sale = history.sale(number)?;
        let mut result = Ok(());
        for (place, table) in TABLES.iter().enumerate() {
            (table.rows)(&sale, &mut |row| {
                if result.is_ok() {
                    result = put(place, row);
                }
            });
        }
        result?;
    }
    Ok(())
}
