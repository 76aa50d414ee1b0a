//! Rust sources as the checks see them: text whose comments, literals or test code are blanked out, line for line.

use std::path::Path;

/// A file of Rust.
pub struct Source {
    /// From the repository's root, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Without comments and test code; literals stand.
    pub literals: String,
    /// Without comments, the insides of literals, and test code.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let code = blanked(text, true);
        let test_code = match is_test_file(path) {
            true => vec![(0, code.chars().count())],
            false => annotated(&code, |attribute| attribute.contains("cfg(test)")),
        };
        let literals = without(&blanked(text, false), &test_code);
        Self { path: path.to_owned(), text: text.to_owned(), literals, code: without(&code, &test_code) }
    }

    /// `code` without the items whose attribute permits `lint` and says why.
    pub fn without_permitted(&self, lint: &str) -> String {
        without(&self.code, &annotated(&self.code, |attribute| permits(attribute, lint)))
    }

    /// Does the whole file, by an inner attribute, permit `lint` and say why?
    pub fn permits(&self, lint: &str) -> bool {
        self.code.match_indices("#![").any(|(at, _)| permits(attribute_at(&self.code[at..]), lint))
    }

    /// What the attributes at the top of this file also hold for: `a/b.rs` has its children in `a/b/`.
    pub fn children(&self) -> String {
        let stem = self.path.trim_end_matches(".rs");
        let folder = ["/mod", "/lib", "/main"].iter().find_map(|root| stem.strip_suffix(root));
        format!("{}/", folder.unwrap_or(stem))
    }
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"))
}

fn permits(attribute: &str, lint: &str) -> bool {
    (attribute.contains("expect(") || attribute.contains("allow(")) && attribute.contains(lint) && attribute.contains("reason")
}

/// The attribute that `code` begins with, up to its closing bracket.
fn attribute_at(code: &str) -> &str {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 1 => return &code[..=at],
            ']' => depth -= 1,
            _ => {}
        }
    }
    code
}

/// Where the items stand whose outer attribute is one that `wanted` wants: first and last character.
fn annotated(code: &str, wanted: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#[") {
        let attribute = attribute_at(&code[at..]);
        if wanted(attribute) {
            let start = code[..at].chars().count();
            let item = at + attribute.len();
            let end = code[..item].chars().count() + item_length(&code[item..]);
            found.push((start, end));
        }
    }
    found
}

/// Characters up to the `;` or the closing brace that ends the item, or the bracket that ends what it stands in.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    for (count, c) in code.chars().enumerate() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return count,
            '}' if depth == 1 => return count + 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => return count + 1,
            _ => {}
        }
    }
    code.chars().count()
}

fn without(text: &str, parts: &[(usize, usize)]) -> String {
    let gone = |at: usize| parts.iter().any(|(start, end)| (*start..*end).contains(&at));
    text.chars().enumerate().map(|(at, c)| if c != '\n' && gone(at) { ' ' } else { c }).collect()
}

/// `text` with spaces in place of comments and, if `literals`, of what stands in strings and characters.
pub fn blanked(text: &str, literals: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let (length, blank) = piece(&chars[at..]);
        let end = (at + length).min(chars.len());
        let hide = match blank {
            Blank::Nothing => false,
            Blank::Comment => true,
            Blank::Literal => literals,
        };
        out.extend(chars[at..end].iter().map(|c| if hide && *c != '\n' { ' ' } else { *c }));
        at = end;
    }
    out.into_iter().collect()
}

enum Blank {
    Nothing,
    Comment,
    Literal,
}

/// The first piece of Rust in `rest`: how long it is, and what it is.
fn piece(rest: &[char]) -> (usize, Blank) {
    match rest {
        ['/', '/', ..] => (until(rest, |tail| tail[0] == '\n'), Blank::Comment),
        ['/', '*', ..] => (block_comment(rest), Blank::Comment),
        ['"', ..] => (string(rest), Blank::Literal),
        ['\'', '\\', ..] => (3 + until(&rest[3..], |tail| tail[0] == '\'') + 1, Blank::Literal),
        ['\'', _, '\'', ..] => (3, Blank::Literal),
        [first, ..] if is_word(*first) => word(rest),
        _ => (1, Blank::Nothing),
    }
}

/// An identifier, or a string that begins with letters: `r"…"`, `br#"…"#`.
fn word(rest: &[char]) -> (usize, Blank) {
    let length = until(rest, |tail| !is_word(tail[0]));
    let name: String = rest[..length].iter().collect();
    let hashes = until(&rest[length..], |tail| tail[0] != '#');
    if matches!(name.as_str(), "r" | "br" | "cr") && rest.get(length + hashes) == Some(&'"') {
        let open = length + hashes + 1;
        let closes = |tail: &[char]| tail[0] == '"' && tail.len() > hashes && tail[1..=hashes].iter().all(|c| *c == '#');
        return (open + until(&rest[open..], closes) + 1 + hashes, Blank::Literal);
    }
    (length, Blank::Nothing)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn block_comment(rest: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn until(rest: &[char], stop: impl Fn(&[char]) -> bool) -> usize {
    (0..rest.len()).find(|at| stop(&rest[*at..])).unwrap_or(rest.len())
}

/// Words of `code`, each with the line it stands in (from 1) and its place.
pub fn words(code: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut line = 1;
    let mut before = 0;
    code.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| {
        let at = word.as_ptr() as usize - code.as_ptr() as usize;
        line += code[before..at].matches('\n').count();
        before = at;
        (line, at, word)
    })
}

/// The line (from 1) of a place in `text`.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Every file below `folder` whose name ends in one of `ends`, with its path from `root`; what git ignores is left out.
pub fn files(root: &Path, folder: &Path, ends: &[&str], found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "target" | "node_modules" | ".git" | "data") {
                files(root, &path, ends, found);
            }
        } else if ends.iter().any(|end| name.ends_with(end)) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            // A file may vanish while others work in the folder.
            found.extend(std::fs::read_to_string(&path).map(|text| (relative, text)));
        }
    }
    found.sort();
}

#[test]
fn comments_literals_and_tests_are_told_from_code() {
    let text = "let a = \"x // y\"; // tokio\nlet c = '\"'; fn f<'a>() {} /* a /* b */ serde */ let r = r#\"rand \"q\" \"#;\n\
                #[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }\nfn after() {}\n";
    let source = Source::new("domain/src/x.rs", text);
    for gone in ["tokio", "serde", "rand", "unwrap", "//"] {
        assert!(!source.code.contains(gone), "{gone} in {}", source.code);
    }
    assert!(source.code.contains("fn f<'a>() {}") && source.code.contains("fn after() {}"));
    assert!(source.literals.contains("x // y") && !source.literals.contains("tokio"));
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert!(Source::new("a/tests/x.rs", "fn f() {}").code.trim().is_empty());
    assert_eq!(words("a\nb::c").map(|(line, _, word)| (line, word)).collect::<Vec<_>>(), [(1, "a"), (2, "b"), (2, "c")]);
}
