//! Objects read whole, alone or page by page: what reconcile, backfill and audit compare our books with.

use crate::Stripe;
use crate::http::CallError;
use crate::judge::{self, NO_SUCH_OBJECT};
use crate::lookups::PAGE_SIZE;
use crate::wire::Page;
use crate::wire::listed::{PayoutWire, WholeReversal, WholeTransfer};
use veza_ports::transfers::{ListedPayout, ListedTransfer, LookupError, TransferFilter, TransferPage};

impl Stripe {
    /// A transfer embeds its ten newest reversals; where there are more, the list of them is read too.
    pub(crate) async fn read_transfer(&self, id: &str) -> Result<Option<ListedTransfer>, LookupError> {
        let found: Option<WholeTransfer> = judge::read(self.http.get(&["transfers", id], &[]).await, &[NO_SUCH_OBJECT])?;
        let Some(mut transfer) = found else { return Ok(None) };
        if transfer.id != id {
            return Err(LookupError(CallError::OtherObject.into()));
        }
        let reversals = if transfer.is_whole() {
            transfer.take_reversals()
        } else {
            self.list::<WholeReversal>(&["transfers", id, "reversals"], &[], &[]).await?
        };
        let whole = whole(transfer, reversals)?;
        let listed: i64 = whole.reversals.iter().fold(0, |sum, reversal| sum.saturating_add(reversal.amount));
        if listed == whole.amount_reversed {
            return Ok(Some(whole));
        }
        // One was made between the two reads; the next look sees both.
        Err(LookupError(CallError::Nonsense(format!("reversals of transfer {id}")).into()))
    }

    pub(crate) async fn read_transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        let order_id = which.order_id.map(|id| id.to_string());
        let (since, until) = (which.since.map(|at| at.unix_seconds().to_string()), which.until.map(|at| at.unix_seconds().to_string()));
        let query: Vec<(&str, &str)> = [
            ("destination", which.destination.as_deref()),
            ("transfer_group", order_id.as_deref()),
            ("created[gte]", since.as_deref()),
            ("created[lt]", until.as_deref()),
            ("limit", Some(PAGE_SIZE)),
            ("starting_after", after),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let page: Option<Page<WholeTransfer>> = judge::read(self.http.get(&["transfers"], &query).await, &[])?;
        let Page { data, has_more } = page.ok_or_else(|| LookupError(CallError::EndlessList.into()))?;
        if has_more && data.is_empty() {
            return Err(LookupError(CallError::EndlessList.into()));
        }
        Ok(TransferPage { transfers: data.into_iter().map(embedded).collect::<Result<_, _>>()?, has_more })
    }

    /// §1: a connected account's own payouts are read as that account.
    pub(crate) async fn read_payout(&self, account_id: &str, id: &str) -> Result<Option<ListedPayout>, LookupError> {
        let answer = self.http.get_as(account_id, &["payouts", id]).await;
        let found: Option<PayoutWire> = judge::read(answer, &[NO_SUCH_OBJECT])?;
        match found {
            Some(payout) if payout.id != id => Err(LookupError(CallError::OtherObject.into())),
            Some(payout) => ListedPayout::try_from(payout).map(Some).map_err(|error| LookupError(error.into())),
            None => Ok(None),
        }
    }
}

/// A transfer with no more reversals than it embeds.
pub(crate) fn embedded(mut transfer: WholeTransfer) -> Result<ListedTransfer, LookupError> {
    let reversals = transfer.take_reversals();
    whole(transfer, reversals)
}

fn whole(transfer: WholeTransfer, reversals: Vec<WholeReversal>) -> Result<ListedTransfer, LookupError> {
    transfer.with(reversals).map_err(|error| LookupError(error.into()))
}
