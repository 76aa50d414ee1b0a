//! Importing a royalty report: a CSV file, whole or not at all, and once (spec/02-subscriptions §4).

use crate::problem::{ApiError, FieldError};
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, unit};
use crate::usecases::operators::Operator;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use veza_domain::distribution::{FileHash, LineFault, ReportLine, RoyaltyFile, RoyaltyKey, fresh_lines, resolve};
use veza_domain::ids::UserId;
use veza_ports::storage::{Committed, Row, Write};

/// Largest report, in bytes.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most lines of a report: it is one unit of work.
const LINES_MAX: usize = 10_000;
/// Most faulty lines that an answer names.
const ERRORS_MAX: usize = 500;

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The file.
    pub file: RoyaltyFile,
    /// It had been imported before: nothing has changed.
    pub again: bool,
}

/// A line and its number in the file (the header is line 1).
pub type Numbered = (u64, Result<ReportLine, LineFault>);

/// Imports a report for an admin. The same file again changes nothing.
///
/// # Errors
/// 422 `validation_failed` that names the lines; nothing of the file is kept then.
pub async fn import(app: &App, admin: UserId, bytes: &[u8]) -> Result<Imported, ApiError> {
    let hash: FileHash = Sha256::digest(bytes).into();
    for _ in 0..REDECIDE_MAX {
        if let Some(file) = app.store.royalty_file(hash).await? {
            return Ok(Imported { file, again: true });
        }
        let lines = read(bytes)?;
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let named: BTreeSet<String> = lines.iter().filter_map(|(_, line)| Some(line.as_ref().ok()?.reference.clone())).collect();
        let tracks = app.store.royalty_tracks(&named.into_iter().collect::<Vec<_>>()).await?;
        let resolved = resolve(lines, &tracks, hash).map_err(faulty)?;
        let keys: Vec<RoyaltyKey> = resolved.iter().map(|(_, line)| line.key.clone()).collect();
        let known = app.store.royalty_lines(&keys).await?;
        let fresh = fresh_lines(resolved, &known).map_err(faulty)?;
        let fresh_count = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        let file = RoyaltyFile { hash, lines: count, fresh: fresh_count, imported_by: admin, imported_at: app.now() };
        let name = hex::encode(hash);
        let mut writes = vec![
            Write::Insert(Row::RoyaltyFile(file.clone())),
            Operator(Some(admin)).did(app, "import_royalties", None, None, format!("{count} lines, {fresh_count} new; SHA-256 {name}")),
        ];
        writes.extend(fresh.into_iter().map(|line| Write::Insert(Row::RoyaltyLine(line))));
        // Otherwise a twin was faster, or another file told the same lines meanwhile.
        if commit_if_current(app, unit(app, format!("royalties:{name}"), bytes, writes)).await? == Some(Committed::Applied) {
            return Ok(Imported { file, again: false });
        }
    }
    Err(busy("royalties"))
}

/// The lines of a file, each read on its own.
///
/// # Errors
/// 422 `validation_failed` for a file that has no lines to be read: the fields are named as [`import`]'s.
pub fn read(bytes: &[u8]) -> Result<Vec<Numbered>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_ends(&bytes[..error.valid_up_to()]) + 1;
        ApiError::field(&format!("line {line}"), "not_utf8", "the report has to be UTF-8")
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(1, &error))?.clone();
    let place = |column: &str| header.iter().position(|name| name == column);
    let mut missing = Vec::new();
    let places = ReportLine::COLUMNS.map(|column| {
        let twice = header.iter().filter(|name| *name == column).count() > 1;
        let found = place(column);
        if twice || found.is_none() && column != "territory" {
            let (code, message) = if twice { ("column_twice", "stands twice") } else { ("missing_column", "is missing") };
            missing.push(error(1, code, format!("the column {column} {message}")));
        }
        found
    });
    if !missing.is_empty() {
        return Err(ApiError::fields(missing));
    }
    let mut lines = Vec::new();
    let mut numbers = LineNumbers { bytes: text.as_bytes(), at: 0, line: 1 };
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(error.position().map_or(0, csv::Position::line), &error))?;
        if lines.len() == LINES_MAX {
            return Err(ApiError::field("", "too_many_lines", format!("a report has at most {LINES_MAX} lines")));
        }
        let number = numbers.of(record.position().map_or(0, csv::Position::byte));
        let values = places.map(|place| place.map_or("", |place| record.get(place).unwrap_or_default().trim()));
        let line = if record.len() == header.len() { ReportLine::read(values) } else { Err(LineFault::Columns) };
        lines.push((number, line));
    }
    if lines.is_empty() {
        return Err(ApiError::field("", "empty", "the report has no lines"));
    }
    Ok(lines)
}

/// Counts lines as a person's editor does. The reader's own count lags behind where lines end in CR and LF, as spreadsheets write them.
struct LineNumbers<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineNumbers<'_> {
    /// The line of the record that is looked for from `byte` on; later ones come later.
    fn of(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.at, self.bytes.len());
        let ends = self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += line_ends(&self.bytes[self.at..from + ends]);
        self.at = from + ends;
        self.line
    }
}

/// Lines end with LF, with CR and LF, or with CR alone.
fn line_ends(bytes: &[u8]) -> u64 {
    let next = bytes.iter().skip(1).map(Some).chain([None]);
    bytes.iter().zip(next).filter(|(byte, next)| **byte == b'\n' || **byte == b'\r' && *next != Some(&b'\n')).count() as u64
}

fn unreadable(line: u64, why: &csv::Error) -> ApiError {
    ApiError::fields(vec![error(line, "unreadable", why.to_string())])
}

fn error(line: u64, code: &str, message: String) -> FieldError {
    FieldError { field: format!("line {line}"), code: code.to_owned(), message }
}

/// Every faulty line by its number.
fn faulty(faults: Vec<(u64, LineFault)>) -> ApiError {
    ApiError::fields(faults.iter().take(ERRORS_MAX).map(|(line, fault)| error(*line, fault.code(), fault.to_string())).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    fn faults(text: &[u8]) -> Vec<(String, String)> {
        match read(text) {
            Err(error) => {
                let errors = error.problem().errors.clone().unwrap();
                errors.into_iter().map(|error| (error.field, error.code)).collect()
            }
            Ok(lines) => {
                let faulty = |(number, line): Numbered| Some((format!("line {number}"), line.err()?.code().to_owned()));
                lines.into_iter().filter_map(faulty).collect()
            }
        }
    }

    fn one(line: &str, code: &str) -> Vec<(String, String)> {
        vec![(line.to_owned(), code.to_owned())]
    }

    #[test]
    fn columns_come_in_any_order_and_lines_keep_their_numbers() {
        let good = "\u{FEFF}amount,extra,currency,units,period,platform,reference\r\n5,x,EUR,1,2026-01,deezer, rel_1 \r\n\r\n-5,\"a\nb\",EUR,1,2026-02,deezer,rel_1\r\n";
        let lines = read(good.as_bytes()).unwrap();
        assert_eq!(lines.iter().map(|(number, line)| (*number, line.is_ok())).collect::<Vec<_>>(), [(2, true), (4, true)]);
        assert_eq!(lines[0].1.as_ref().unwrap().reference, "rel_1");
    }

    #[test]
    fn lines_that_end_in_cr_alone_are_lines() {
        let report = b"reference,platform,period,units,amount,currency\ra,deezer,2026-01,1,1,EUR\rb,deezer,2026-01,x,1,EUR\r";
        assert_eq!(faults(report), one("line 3", "bad_units"));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        let head = "reference,platform,period,units,amount,currency\n";
        let with = |lines: &str| format!("{head}{lines}").into_bytes();
        assert_eq!(faults(&with("a,deezer,2026-01,1,1,EUR\na,deezer,2026-01,1,1\n")), one("line 3", "bad_columns"));
        assert_eq!(faults(&with("a,deezer,2026-01,1,1,EUR\nb,deezer,2026-01,x,1,EUR\n")), one("line 3", "bad_units"));
        assert_eq!(faults(b"reference,platform\n"), ["line 1"; 4].map(|line| (line.to_owned(), "missing_column".to_owned())));
        assert_eq!(faults(head.replace("units", "amount").as_bytes()).len(), 2, "one is missing, one stands twice");
        assert_eq!(faults(&with("")), one("", "empty"));
        let mut bytes = with("a,deezer,2026-01,1,1,EUR\n");
        bytes.extend(b"\xff,deezer");
        assert_eq!(faults(&bytes), one("line 3", "not_utf8"));
        assert_eq!(faults(&with(&"a,deezer,2026-01,1,1,EUR\n".repeat(LINES_MAX + 1))), one("", "too_many_lines"));
    }
}
