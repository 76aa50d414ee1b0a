//! The PSP's own list of payments (a CSV of its dashboard): payments there that we do not know show up by it, as no call lists them.

use super::Findings;
use crate::services::App;
use serde::Deserialize;
use veza_domain::ids::OrderId;
use veza_ports::storage::StoreError;

/// A payment of the export. Further columns are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ExportedPayment {
    /// The PSP's id of it.
    pub payment_id: String,
    /// Its status in the PSP's words, where the export has it.
    #[serde(default)]
    pub status: String,
    /// Its amount as written, where the export has it.
    #[serde(default)]
    pub amount: String,
    /// Its currency, where the export has it.
    #[serde(default)]
    pub currency: String,
}

/// Why an export can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file.
    #[error("the file can't be read")]
    File(#[from] std::io::Error),
    /// A line of it, or its headline.
    #[error("not a CSV with a column payment_id")]
    Csv(#[from] csv::Error),
}

/// Reads an export: comma-separated, with a headline that has at least `payment_id`.
///
/// # Errors
/// [`ExportError`]; nothing is half read.
pub fn read(path: &std::path::Path) -> Result<Vec<ExportedPayment>, ExportError> {
    parse(std::fs::File::open(path)?)
}

/// Reads what stands in an export.
///
/// # Errors
/// [`ExportError`]; nothing is half read.
pub fn parse(export: impl std::io::Read) -> Result<Vec<ExportedPayment>, ExportError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(export);
    let payments: Result<Vec<ExportedPayment>, csv::Error> = reader.deserialize().collect();
    Ok(payments?)
}

pub(super) async fn compare(app: &App, payments: &[ExportedPayment]) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    for payment in payments.iter().filter(|payment| !payment.payment_id.is_empty()) {
        let known = match payment.payment_id.parse::<OrderId>() {
            Ok(id) => app.store.order_file(id).await?.is_some(),
            Err(_) => app.store.order_of_payment(&payment.payment_id).await?.is_some(),
        };
        if !known {
            let theirs = format!("{} {} {}", payment.status, payment.amount, payment.currency).trim().to_owned();
            let proposed = "Not an order of ours: find out what it is for; refund it at the PSP if for nothing.";
            findings.differs("payment_unknown", None, payment.payment_id.as_str(), ("unknown".to_owned(), theirs), proposed);
        }
    }
    Ok(findings)
}
