//! Pages of lists: `?limit=&cursor=` in, `{items, next_cursor}` out (spec/08-api).

use crate::problem::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use veza_domain::time::Timestamp;
use veza_ports::storage::Page;

/// Most items of a page; a larger wish is clamped.
pub const LIMIT_MAX: u32 = 100;
/// Items of a page when nothing is wished.
pub const LIMIT_DEFAULT: u32 = 20;

/// The wished number of items, within 1 to [`LIMIT_MAX`].
#[must_use]
pub fn limit(wish: Option<u32>) -> u32 {
    wish.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
}

/// Reads `?limit=&cursor=`. One row more is asked for than is shown: it tells whether there is a next page.
///
/// # Errors
/// 400 `bad_cursor` for a cursor that was not given out by a list.
pub fn read(wish: Option<u32>, cursor: Option<&str>) -> Result<Page, ApiError> {
    let before = cursor.map(decode).transpose()?;
    Ok(Page { limit: limit(wish) + 1, before })
}

fn decode(cursor: &str) -> Result<Uuid, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
    bytes.ok_or_else(bad_cursor)
}

/// 400 for a cursor that no list has given out.
#[must_use]
pub fn bad_cursor() -> ApiError {
    ApiError::bad_request("bad_cursor", "the cursor is not one that a list has given out")
}

/// A cursor of a list that is not by id: a place in it, opaque.
#[must_use]
pub fn opaque(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that [`opaque`] wrote.
///
/// # Errors
/// 400 `bad_cursor`.
pub fn opened(cursor: &str) -> Result<String, ApiError> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(bad_cursor)
}

/// Cuts the extra row off `rows` and gives the cursor of the next page, if there is one.
pub fn cut<T>(rows: &mut Vec<T>, page: Page, id: impl Fn(&T) -> Uuid) -> Option<String> {
    let shown = page.limit.saturating_sub(1) as usize;
    if rows.len() <= shown {
        return None;
    }
    rows.truncate(shown);
    rows.last().map(|row| URL_SAFE_NO_PAD.encode(id(row).as_bytes()))
}

/// A moment as the API writes it: RFC 3339, UTC.
#[must_use]
pub fn time(at: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(at.0).unwrap_or_default()
}
