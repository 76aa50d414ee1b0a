//! Writes that go to the server together: one statement that locks what they were decided on, and writes only if all of it
//! still stands.
//!
//! Its parts, in the order in which they depend on each other (each a `WITH` of its own):
//! 1. `guard` locks every row that is updated or was read, by key in the unit's order, and counts those at the expected
//!    revision; a row that another transaction has is waited for and looked at anew.
//! 2. `unit` notes the unit's id, if the guard holds and nobody has noted it before.
//! 3. `gate` is open if both went well. Everything else writes only through it.
//! 4. One `INSERT` or `UPDATE` per table, over `unnest` of the columns, and one per table of parts. Where rows with unique values
//!    are updated there is one per row, each after the one before it. One `DELETE` of the entries that are removed or cleared.
//!
//! Invariants: locks are taken in one order everywhere; a guard that fails leaves no trace, nor an error in the server's log;
//! no row is written twice by one statement (all of its parts see the state before it).

use crate::rows::ledger::LEDGER_ENTRIES;
use crate::rows::{Parts, Table, place, stored};
use crate::statement::{Statement, Type, Value};
use veza_ports::storage::{Revision, Row, UnitOfWork, Write};

/// Writes of different rows.
pub(crate) struct Batch<'a> {
    /// The unit, where its id is to be noted with them.
    pub(crate) unit: Option<&'a UnitOfWork>,
    /// In the unit's order.
    pub(crate) writes: Vec<&'a Write>,
    /// There is one write at most, and the answer has to tell whether an inserted row was there already; otherwise that is the
    /// server's error.
    pub(crate) alone: bool,
}

/// What is done to a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Insert,
    Ensure,
    Update,
}

/// Rows of one table that meet the same fate.
struct Group<'a> {
    table: &'static Table,
    action: Action,
    /// The group that has to be written before it.
    after: Option<usize>,
    rows: Vec<(&'a Row, Revision)>,
}

/// Rows of one table that have to be as they were.
struct Guard {
    table: &'static Table,
    /// Are any of them written? One kind of lock for all of them, so that they are taken in order.
    written: bool,
    /// Key and revision.
    rows: Vec<Vec<Value>>,
}

impl Batch<'_> {
    /// Its columns: is the gate open? the fingerprint under which the unit was applied before (null without a unit); how many
    /// rows were inserted (null unless there is one write).
    pub(crate) fn statement(&self) -> Statement {
        let mut sql = Statement::new("WITH ");
        self.guard(&mut sql);
        let known = self.gate(&mut sql);
        for (number, group) in self.groups().iter().enumerate() {
            match group.action {
                Action::Update => update(&mut sql, number, group),
                Action::Insert | Action::Ensure => insert(&mut sql, number, group),
            }
        }
        self.removals(&mut sql);
        sql.push(" SELECT (SELECT open FROM gate), ").push(&known);
        let inserts = self.writes.first().is_some_and(|write| matches!(write, Write::Insert(_) | Write::Ensure(_)));
        sql.push(if self.alone && inserts { ", (SELECT count(*) FROM w0)" } else { ", NULL::bigint" });
        sql
    }

    fn guard(&self, sql: &mut Statement) {
        let guards = self.guards();
        sql.push("guard AS MATERIALIZED (SELECT ");
        for guard in &guards {
            let keys: Vec<&str> = guard.table.key_columns().collect();
            let types = guard.table.columns.iter().take(guard.table.key).map(|(_, kind)| *kind).chain([Type::Int]);
            sql.push(&format!("(SELECT count(*) FROM (SELECT FROM {} AS t JOIN ", guard.table.name));
            sql.rows(types, &guard.rows);
            sql.push(&format!(" WITH ORDINALITY AS g ({}, revision, place) ON ", keys.join(", ")));
            for key in &keys {
                sql.push(&format!("t.{key} = g.{key} AND "));
            }
            sql.push(if guard.table.revision { "t.revision = g.revision" } else { "g.revision = 1" });
            sql.push(" ORDER BY g.place FOR ").push(if guard.written { "NO KEY UPDATE" } else { "SHARE" }).push(" OF t) AS locked) + ");
        }
        let count: usize = guards.iter().map(|guard| guard.rows.len()).sum();
        sql.push("0 = ").bind(i64::try_from(count).unwrap_or(i64::MAX)).push(" AS holds)");
    }

    /// Returns the text that reads the fingerprint of the unit as it was applied before.
    fn gate(&self, sql: &mut Statement) -> String {
        let Some(unit) = self.unit else {
            sql.push(", gate AS MATERIALIZED (SELECT holds AS open FROM guard)");
            return "NULL::bytea".to_owned();
        };
        sql.push(", unit AS (INSERT INTO units (id, fingerprint, decided_at) SELECT v.* FROM ");
        let row = vec![unit.id().0.as_str().into(), (*unit.fingerprint()).into(), unit.decided_at().into()];
        sql.rows([Type::Text, Type::Bytes, Type::Int].into_iter(), &[row]);
        sql.push(" AS v WHERE (SELECT holds FROM guard) ON CONFLICT (id) DO NOTHING RETURNING 1)");
        sql.push(", known AS (SELECT fingerprint FROM units WHERE id = ").bind(unit.id().0.as_str()).push(")");
        sql.push(", gate AS MATERIALIZED (SELECT EXISTS (SELECT FROM unit) AS open)");
        "(SELECT fingerprint FROM known)".to_owned()
    }

    /// Takes away what is removed (which the guard has found) or cleared. Only the operators' list has such rows.
    fn removals(&self, sql: &mut Statement) {
        let removed = self.writes.iter().filter(|write| matches!(write, Write::Remove(_) | Write::Clear(_)));
        let (tables, keys): (Vec<_>, Vec<_>) = removed.map(|write| place(&write.key())).unzip();
        let Some(table) = tables.first() else { return };
        let columns: Vec<&str> = table.key_columns().collect();
        sql.push(&format!(", gone AS (DELETE FROM {} AS t USING ", table.name));
        sql.rows(types(table.columns).take(table.key), &keys).push(&format!(" AS v ({}) WHERE ", columns.join(", ")));
        for column in columns {
            sql.push(&format!("t.{column} = v.{column} AND "));
        }
        sql.push("(SELECT open FROM gate))");
    }

    fn guards(&self) -> Vec<Guard> {
        let mut guards: Vec<Guard> = Vec::new();
        for write in &self.writes {
            let (expected, written) = match write {
                Write::Update { expected, .. } => (*expected, true),
                Write::Unchanged { expected, .. } => (*expected, false),
                Write::Remove(_) => (Revision::FIRST, true),
                Write::Insert(_) | Write::Ensure(_) | Write::Clear(_) => continue,
            };
            let (table, mut row) = place(&write.key());
            row.push(expected.0.into());
            match guards.last_mut().filter(|guard| std::ptr::eq(guard.table, table)) {
                Some(guard) => {
                    guard.written |= written;
                    guard.rows.push(row);
                }
                None => guards.push(Guard { table, written, rows: vec![row] }),
            }
        }
        guards
    }

    /// Do the rows of this table have to be written in the unit's order? One that takes a value may come before the one that
    /// gives it up, and is refused then. Within one `INSERT` or `UPDATE` the order is the server's to choose.
    fn one_by_one(&self, table: &'static Table) -> bool {
        let updates = self.writes.iter().filter(|write| matches!(write, Write::Update { .. }));
        table.unique_values && updates.into_iter().any(|write| std::ptr::eq(place(&write.key()).0, table))
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for write in &self.writes {
            let (row, revision, action) = match write {
                Write::Insert(row) => (row, Revision::FIRST, if self.alone { Action::Ensure } else { Action::Insert }),
                Write::Ensure(row) => (row, Revision::FIRST, Action::Ensure),
                Write::Update { row, expected } => (row, *expected, Action::Update),
                Write::Remove(_) | Write::Clear(_) | Write::Unchanged { .. } => continue,
            };
            let table = stored(row).table();
            let one_by_one = self.one_by_one(table);
            let after = groups.iter().rposition(|group| one_by_one && std::ptr::eq(group.table, table));
            match groups.iter_mut().find(|group| !one_by_one && std::ptr::eq(group.table, table) && group.action == action) {
                Some(group) => group.rows.push((row, revision)),
                None => groups.push(Group { table, action, after, rows: vec![(row, revision)] }),
            }
        }
        groups
    }
}

impl Group<'_> {
    /// The condition under which it is written.
    fn condition(&self) -> String {
        let after = self.after.map(|group| format!(" AND (SELECT count(*) FROM w{group}) >= 0"));
        format!("(SELECT open FROM gate){}", after.unwrap_or_default())
    }

    /// Names and types of what [`Group::values`] gives.
    fn columns(&self) -> Vec<(&'static str, Type)> {
        let revision = self.table.revision.then_some(("revision", Type::Int));
        revision.into_iter().chain(self.table.columns.iter().copied()).collect()
    }

    fn values(&self) -> Vec<Vec<Value>> {
        let row = |(row, revision): &(&Row, Revision)| {
            let guard = self.table.revision.then(|| revision.0.into());
            guard.into_iter().chain(stored(row).values()).collect()
        };
        self.rows.iter().map(row).collect()
    }

    /// The rows that belong to its rows, by table.
    fn parts(&self) -> Vec<(&'static Parts, Vec<Vec<Value>>)> {
        let mut all: Vec<(&'static Parts, Vec<Vec<Value>>)> = Vec::new();
        for (table, rows) in self.rows.iter().flat_map(|(row, _)| stored(row).parts()) {
            match all.iter_mut().find(|(known, _)| std::ptr::eq(*known, table)) {
                Some((_, known)) => known.extend(rows),
                None => all.push((table, rows)),
            }
        }
        all
    }
}

fn names<'a>(columns: impl IntoIterator<Item = &'a (&'static str, Type)>) -> String {
    columns.into_iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn types(columns: &[(&'static str, Type)]) -> impl Iterator<Item = Type> {
    columns.iter().map(|(_, kind)| *kind)
}

fn insert(sql: &mut Statement, number: usize, group: &Group<'_>) {
    let columns = group.columns();
    let keys = group.table.key_columns().collect::<Vec<_>>().join(", ");
    sql.push(&format!(", w{number} AS (INSERT INTO {} ({}) SELECT v.* FROM ", group.table.name, names(&columns)));
    sql.rows(types(&columns), &group.values()).push(" AS v WHERE ").push(&group.condition());
    if group.action == Action::Ensure {
        sql.push(&format!(" ON CONFLICT ({keys}) DO NOTHING"));
    }
    let parts = group.parts();
    let number_given = parts.iter().any(|(table, _)| std::ptr::eq(*table, &LEDGER_ENTRIES));
    sql.push(&format!(" RETURNING {keys}{})", if number_given { ", seq" } else { "" }));
    for (place, (table, rows)) in parts.iter().enumerate().filter(|(_, (_, rows))| !rows.is_empty()) {
        sql.push(&format!(", w{number}p{place} AS ("));
        if std::ptr::eq(*table, &LEDGER_ENTRIES) {
            sql.push("INSERT INTO ledger_entries (posting, account, currency, amount) SELECT p.seq, v.account, v.currency, v.amount FROM ");
            sql.rows(types(table.columns), rows);
            sql.push(&format!(" AS v ({}) JOIN w{number} AS p ON p.event = v.event)", names(table.columns)));
        } else {
            insert_parts(sql, table, rows);
            sql.push(&format!(" WHERE v.{} IN (SELECT {keys} FROM w{number}))", names(table.columns.first())));
        }
    }
}

fn insert_parts(sql: &mut Statement, table: &Parts, rows: &[Vec<Value>]) {
    let columns = names(table.columns);
    sql.push(&format!("INSERT INTO {} ({columns}) SELECT v.* FROM ", table.name));
    sql.rows(types(table.columns), rows).push(&format!(" AS v ({columns})"));
}

fn update(sql: &mut Statement, number: usize, group: &Group<'_>) {
    let table = group.table;
    let columns = group.columns();
    sql.push(&format!(", w{number} AS (UPDATE {} AS t SET revision = v.revision + 1", table.name));
    for (name, _) in table.columns.iter().skip(table.key) {
        sql.push(&format!(", {name} = v.{name}"));
    }
    sql.push(" FROM ").rows(types(&columns), &group.values()).push(&format!(" AS v ({}) WHERE ", names(&columns)));
    for key in table.key_columns() {
        sql.push(&format!("t.{key} = v.{key} AND "));
    }
    sql.push("t.revision = v.revision AND ").push(&group.condition()).push(" RETURNING 1)");
    for (place, (parts, rows)) in group.parts().iter().enumerate() {
        replace_parts(sql, &format!("w{number}p{place}"), group, parts, rows);
    }
}

/// Takes away what is past the new end, and writes what is new or different; what stays as it is is not touched.
fn replace_parts(sql: &mut Statement, name: &str, group: &Group<'_>, parts: &Parts, rows: &[Vec<Value>]) {
    let [(parent, kind), (position, _), rest @ ..] = parts.columns else { return };
    let ends = group.rows.iter().map(|(row, _)| {
        let id = stored(row).values().into_iter().take(1);
        let own = stored(row).parts().into_iter().filter(|(table, _)| std::ptr::eq(*table, parts));
        let count: usize = own.map(|(_, rows)| rows.len()).sum();
        id.chain([Value::from(i64::try_from(count).unwrap_or(i64::MAX))]).collect()
    });
    let ends: Vec<Vec<Value>> = ends.collect();
    sql.push(&format!(", {name}d AS (DELETE FROM {} AS t USING ", parts.name)).rows([*kind, Type::Int].into_iter(), &ends);
    sql.push(&format!(" AS v (id, count) WHERE t.{parent} = v.id AND t.{position} >= v.count AND (SELECT open FROM gate))"));
    if rows.is_empty() {
        return;
    }
    sql.push(&format!(", {name} AS ("));
    insert_parts(sql, parts, rows);
    let set: Vec<String> = rest.iter().map(|(column, _)| format!("{column} = excluded.{column}")).collect();
    let differs: Vec<String> =
        rest.iter().map(|(column, _)| format!("{}.{column} IS DISTINCT FROM excluded.{column}", parts.name)).collect();
    sql.push(&format!(
        " WHERE (SELECT open FROM gate) ON CONFLICT ({parent}, {position}) DO UPDATE SET {} WHERE {})",
        set.join(", "),
        differs.join(" OR ")
    ));
}
