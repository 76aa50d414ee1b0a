//! `application/x-www-form-urlencoded` with brackets, as Stripe reads it (stripe.md §1).
//!
//! Parameters stay a flat list of `(name, value)` with the brackets in the name, as they were sent.

/// Decodes a query or a body. Raw and percent-encoded brackets are the same; `+` is a space.
#[must_use]
pub fn decode(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(name), unescape(value))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut ahead = rest.clone();
                let pair = (ahead.next().and_then(hex_digit), ahead.next().and_then(hex_digit));
                if let (Some(high), Some(low)) = pair {
                    rest = ahead;
                    high << 4 | low
                } else {
                    byte
                }
            }
            _ => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The entries of a nested name: `metadata[a]=1` under `metadata` gives `("a", "1")`.
pub(crate) fn nested<'a>(params: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    params.iter().filter_map(move |(key, value)| {
        let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
        Some((inner, value.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_raw_and_encoded() {
        let params = decode("metadata[order_id]=a+b&metadata%5Bx%5D=%C3%A9&created[gte]=5&expand[]=d&100%=x");
        let nested: Vec<_> = nested(&params, "metadata").collect();
        assert_eq!(nested, [("order_id", "a b"), ("x", "é")]);
        assert_eq!(params[2], ("created[gte]".to_owned(), "5".to_owned()));
        assert_eq!(params[3], ("expand[]".to_owned(), "d".to_owned()));
        assert_eq!(params[4].0, "100%");
    }
}
