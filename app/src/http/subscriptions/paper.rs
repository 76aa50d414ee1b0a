//! An invoice to print: the same lines as a page and as a PDF file.

use crate::http::page::time;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use veza_domain::identity::User;
use veza_domain::money::Money;
use veza_domain::order::Order;
use veza_domain::subscription::{Invoice, InvoiceStatus};
use veza_domain::time::Timestamp;

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Where text begins, from the left and from the top.
const MARGIN: f32 = 72.0;
/// Where the second column begins.
const COLUMN: f32 = 220.0;
/// From one line to the next.
const LEADING: f32 = 20.0;

/// What stands on it: a word for it, and what it is.
fn lines(invoice: &Invoice, customer: &User) -> Vec<(&'static str, String)> {
    let currency = invoice.choice.price.currency;
    let mut lines = vec![
        ("Number", invoice.number()),
        ("Date", day(invoice.created_at)),
        ("Customer", format!("{} <{}>", customer.username.as_str(), customer.email)),
        ("Plan", format!("{}, {}", invoice.choice.plan.as_str(), invoice.choice.cycle.as_str())),
    ];
    if let Some(period) = invoice.period {
        lines.push(("Period", format!("{} to {}", day(period.start), day(period.end))));
    }
    lines.push(("Price", invoice.choice.price.to_string()));
    if invoice.credit.is_positive() {
        lines.push(("Credit for the plan before", format!("-{}", Money { amount: invoice.credit, currency })));
    }
    lines.push(("Total", invoice.amount().to_string()));
    lines.push(("Status", status(invoice)));
    lines.push(("Payment", Order::payment_id_of(invoice.paid_by.unwrap_or(invoice.order_id))));
    lines
}

fn status(invoice: &Invoice) -> String {
    match (invoice.status, invoice.paid_at) {
        (InvoiceStatus::Paid, Some(at)) => format!("paid on {}", day(at)),
        (status, _) => status.as_str().to_owned(),
    }
}

fn day(at: Timestamp) -> String {
    time(at).format("%Y-%m-%d").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page; it needs no style and no script.
pub(super) fn html(invoice: &Invoice, customer: &User) -> String {
    let row = |(name, value): &(&str, String)| format!("<tr><th align=\"left\">{name}</th><td>{}</td></tr>\n", escaped(value));
    let rows: String = lines(invoice, customer).iter().map(row).collect();
    let number = invoice.number();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Invoice {number}</title></head>\n<body>\n\
         <h1>Invoice {number}</h1>\n<table cellpadding=\"4\">\n{rows}</table>\n</body>\n</html>\n"
    )
}

/// The file: one page in a font that every reader has.
pub(super) fn pdf(invoice: &Invoice, customer: &User) -> Vec<u8> {
    let [catalog, pages, page, text, font] = [1, 2, 3, 4, 5].map(Ref::new);
    let name = Name(b"F");
    let mut content = Content::new();
    write(&mut content, name, 20.0, (MARGIN, MARGIN), &format!("Invoice {}", invoice.number()));
    let mut y = MARGIN + 2.0 * LEADING;
    for (word, value) in lines(invoice, customer) {
        write(&mut content, name, 11.0, (MARGIN, y), word);
        write(&mut content, name, 11.0, (COLUMN, y), &value);
        y += LEADING;
    }
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(pages).contents(text);
    sheet.resources().fonts().pair(name, font);
    sheet.finish();
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.stream(text, &content.finish());
    pdf.finish()
}

/// Text at a place from the page's upper left corner.
fn write(content: &mut Content, font: Name<'_>, size: f32, (x, y): (f32, f32), text: &str) {
    content.begin_text();
    content.set_font(font, size);
    content.next_line(x, PAGE.1 - y);
    content.show(Str(&western(text)));
    content.end_text();
}

/// In the font's encoding, which agrees with Latin-1 where both are printable; other letters are shown as question marks.
fn western(text: &str) -> Vec<u8> {
    let printable = |letter: char| u8::try_from(u32::from(letter)).ok().filter(|byte| (0x20..0x7f).contains(byte) || *byte >= 0xa0);
    text.chars().map(|letter| printable(letter).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_it_cannot_be_markup() {
        assert_eq!(escaped("<b>\"A\" & B</b>"), "&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;");
        assert_eq!(western("Zoë ☺"), [b'Z', b'o', 0xeb, b' ', b'?']);
    }
}
