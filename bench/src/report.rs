//! What was measured, as a table for people or as JSON.

use crate::machine::Machine;
use serde::Serialize;
use std::fmt::Write as _;

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Its name for programs.
    pub key: String,
    /// Its name for people.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// What a figure should be.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// In words.
    pub wanted: &'static str,
    /// Is it?
    pub met: bool,
}

/// Figures that belong together.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// Their headline.
    pub title: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// Everything of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was measured on.
    pub machine: Machine,
    /// The figures.
    pub sections: Vec<Section>,
}

impl Section {
    /// An empty section.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), figures: Vec::new() }
    }

    /// Adds a figure.
    pub fn add(&mut self, key: impl Into<String>, what: impl Into<String>, value: f64, unit: &'static str) -> &mut Self {
        self.figures.push(Figure { key: key.into(), what: what.into(), value, unit, target: None });
        self
    }

    /// Adds a figure that has a target.
    pub fn add_with(
        &mut self,
        key: impl Into<String>,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        wanted: Target,
    ) -> &mut Self {
        self.figures.push(Figure { key: key.into(), what: what.into(), value, unit, target: Some(wanted) });
        self
    }
}

impl Report {
    /// For programs.
    ///
    /// # Errors
    /// A figure is no number.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// For people; also valid Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let Machine { cpu, cores, memory_mib, kernel, filesystem, sqlite, postgres } = &self.machine;
        let gib = memory_mib.div_ceil(1024);
        let postgres = postgres.as_ref().map_or_else(String::new, |version| format!(", Postgres {version}"));
        let mut text = format!("{cpu}, {cores} cores, {gib} GiB; Linux {kernel}, {filesystem}; SQLite {sqlite}{postgres}\n");
        for section in &self.sections {
            let rows: Vec<[String; 3]> = section.figures.iter().map(row).collect();
            let head = [section.title.clone(), "measured".to_owned(), "target".to_owned()];
            let width = |column: usize| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0);
            let widths = [width(0), width(1), width(2)];
            let rule = [widths[0], widths[1] - 1, widths[2]].map(|width| "-".repeat(width));
            let rule = [rule[0].clone(), format!("{}:", rule[1]), rule[2].clone()];
            text.push('\n');
            for [what, value, target] in [&head, &rule].into_iter().chain(&rows) {
                // Writing to a string can't fail.
                let _ = writeln!(text, "| {what:<0$} | {value:>1$} | {target:<2$} |", widths[0], widths[1], widths[2]);
            }
        }
        text
    }
}

fn row(figure: &Figure) -> [String; 3] {
    let value = format!("{} {}", number(figure.value), figure.unit).trim_end().to_owned();
    let target = figure
        .target
        .as_ref()
        .map_or_else(String::new, |target| format!("{} ({})", target.wanted, if target.met { "met" } else { "missed" }));
    [figure.what.clone(), value, target]
}

/// Three digits that matter, thousands set apart.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
            groups.join(",")
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_tables_straight() {
        assert_eq!([12_345.6, 999.9, 99.94, 1.234].map(number), ["12,346", "1000", "99.9", "1.23"]);
        let mut section = Section::new("Start");
        section.add("a", "first", 5.0, "ms").add_with("b", "second one", 0.5, "", Target { wanted: "at least 1", met: false });
        let machine = Machine {
            cpu: "x".to_owned(),
            cores: 2,
            memory_mib: 2047,
            kernel: "6".to_owned(),
            filesystem: "ext4".to_owned(),
            sqlite: "3",
            postgres: Some("15".to_owned()),
        };
        let report = Report { machine, sections: vec![section] };
        let table = report.table();
        assert!(table.starts_with("x, 2 cores, 2 GiB; Linux 6, ext4; SQLite 3, Postgres 15\n"));
        let widths: Vec<usize> = table.lines().filter(|line| line.starts_with('|')).map(str::len).collect();
        assert!(widths.len() >= 4 && widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
        assert!(table.contains("0.50") && table.contains("at least 1 (missed)"));
        assert!(report.json().unwrap().contains("\"met\": false"));
    }
}
