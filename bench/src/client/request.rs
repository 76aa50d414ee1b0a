//! Requests as bytes.

/// The bytes of a request. `headers` are whole lines, each with its line break (`name: value\r\n`).
#[must_use]
pub fn bytes(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = if method == "GET" { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}{length}\r\n").into_bytes();
    request.extend_from_slice(body);
    request
}

/// The bytes of a request whose body is JSON.
#[must_use]
pub fn json(method: &str, path: &str, headers: &str, body: &serde_json::Value) -> Vec<u8> {
    bytes(method, path, &format!("content-type: application/json\r\n{headers}"), body.to_string().as_bytes())
}
