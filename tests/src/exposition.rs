//! Prometheus' text format, read strictly: whatever a line is not meant to be is a panic.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// One scrape.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    help: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Exposition {
    /// Reads a scrape.
    ///
    /// # Panics
    /// On a line that the format does not have, a sample without its type, a series that is there twice, a histogram that does not add up.
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut read = Self::default();
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(comment) => read.comment(comment),
                None => read.sample(line),
            }
        }
        read.histograms_add_up();
        read
    }

    fn comment(&mut self, comment: &str) {
        let (word, rest) = comment.split_once(' ').unwrap();
        let (name, said) = rest.split_once(' ').unwrap();
        assert!(is_name(name) && !said.is_empty(), "{comment}");
        let said = said.to_owned();
        let twice = match word {
            "HELP" => self.help.insert(name.to_owned(), said),
            "TYPE" => {
                assert!(["counter", "gauge", "histogram"].contains(&said.as_str()), "{comment}");
                assert!(self.help.contains_key(name), "{name} has no help");
                self.kinds.insert(name.to_owned(), said)
            }
            _ => panic!("{comment}"),
        };
        assert!(twice.is_none(), "twice: {comment}");
    }

    fn sample(&mut self, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels_of(labels.strip_suffix('}').unwrap())),
            None => (series, Labels::new()),
        };
        assert!(is_name(name), "{line}");
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
        let kind = self.kind_of(name);
        assert!(kind != "counter" || name.ends_with("_total"), "a counter is called so: {name}");
        assert!(self.samples.insert((name.to_owned(), labels), value).is_none(), "twice: {series}");
    }

    fn kind_of(&self, sample: &str) -> &str {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.strip_suffix(end));
        let histogram = family.and_then(|family| self.kinds.get(family)).filter(|kind| *kind == "histogram");
        histogram.or(self.kinds.get(sample)).unwrap_or_else(|| panic!("{sample} has no type"))
    }

    fn histograms_add_up(&self) {
        let mut buckets: BTreeMap<(String, Labels), Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in &self.samples {
            if let (Some(family), "histogram") = (name.strip_suffix("_bucket"), self.kind_of(name)) {
                let mut labels = labels.clone();
                let bound = labels.remove("le").unwrap();
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
                buckets.entry((family.to_owned(), labels)).or_default().push((bound, *value));
            }
        }
        for ((family, labels), mut buckets) in buckets {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{family} {labels:?}: {buckets:?}");
            let count = self.samples[&(format!("{family}_count"), labels)];
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{family}");
        }
    }

    /// The series of this name with exactly these labels.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// All series of this name together.
    pub fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).sum()
    }

    /// Every series of this name.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Labels, f64)> {
        self.samples.iter().filter(move |((of, _), _)| of == name).map(|((_, labels), value)| (labels, *value))
    }

    /// Names of all families.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }
}

/// `a="b",c="d"`, where a value may hold `\\`, `\"` and `\n`.
fn labels_of(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(name), "{text}");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    other => panic!("\\{other} in {text}"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "twice: {name} in {text}");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# HELP a_total About.\n# TYPE a_total counter\n";

    #[test]
    fn what_the_format_has_is_read() {
        let read = Exposition::parse(&format!("{HEAD}a_total{{route=\"/a/{{id}}\",x=\"say \\\"b\\\", c\"}} 3\na_total 1e3\n"));
        assert_eq!(read.get("a_total", &[("route", "/a/{id}"), ("x", "say \"b\", c")]), Some(3.0));
        assert_eq!((read.get("a_total", &[]), read.sum("a_total")), (Some(1000.0), 1003.0));
    }

    #[test]
    fn what_it_has_not_is_found() {
        let histogram = "# HELP h A.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
        let counter = "# HELP b About.\n# TYPE b counter\nb 1\n";
        for wrong in ["a_total 1\n", histogram, counter, &format!("{HEAD}a_total 1\na_total 2\n"), &format!("{HEAD}a_total 1")] {
            assert!(std::panic::catch_unwind(|| Exposition::parse(wrong)).is_err(), "{wrong}");
        }
    }
}
