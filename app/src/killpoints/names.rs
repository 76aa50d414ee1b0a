//! What a commit is called: by the rows that it writes and where they stand then, so that a name says the same in every run.

use veza_ports::storage::{IdempotencyState, Row, UnitOfWork, Write};

/// `store.commit(order:completed,posting,transfer:pending)`: each kind of row once, by the alphabet; guards and the lines of the
/// journal are left out, they are in nearly all.
pub(super) fn of_unit(unit: &UnitOfWork) -> String {
    let mut carried: Vec<String> = unit.writes().iter().filter_map(of_write).collect();
    carried.sort();
    carried.dedup();
    format!("store.commit({})", carried.join(","))
}

fn of_write(write: &Write) -> Option<String> {
    match write {
        Write::Insert(row) | Write::Ensure(row) | Write::Update { row, .. } => of_row(row),
        Write::Remove(_) | Write::Clear(_) => Some("cleared".to_owned()),
        Write::Unchanged { .. } => None,
    }
}

fn of_row(row: &Row) -> Option<String> {
    let of_unknown = |kind: &str, status: &str, unknown: bool| format!("{kind}:{status}{}", if unknown { "+sent" } else { "" });
    Some(match row {
        Row::Order(row) => format!("order:{}", row.status.as_str()),
        Row::Refund(row) => format!("refund:{}{}", row.status.as_str(), if row.psp_refund_id.is_some() { "+id" } else { "" }),
        Row::Transfer(row) => of_unknown("transfer", row.status().as_str(), row.attempt.is_unknown()),
        Row::Reversal(row) => of_unknown("reversal", row.status.as_str(), row.attempt.is_unknown()),
        Row::Dispute(row) => format!("dispute:{}", row.status.as_str()),
        Row::Licence(row) => format!("licence:{}", row.status.as_str()),
        Row::Payout(row) => format!("payout:{}", row.status.as_str()),
        Row::Effect(row) => format!("{}:{}", row.kind.name(), row.state.as_str()),
        Row::Attention(row) => format!("attention:{}", row.code.as_str()),
        Row::Idempotency(row) => match row.state {
            IdempotencyState::InFlight => "key:taken".to_owned(),
            IdempotencyState::Answered { .. } => "key:answered".to_owned(),
        },
        Row::Subscription(row) => format!("subscription:{}", row.status.as_str()),
        Row::Invoice(row) => format!("invoice:{}", row.status.as_str()),
        Row::Trial(_) => "trial".to_owned(),
        Row::Posting(_) => "posting".to_owned(),
        Row::Delivery(_) => "delivery".to_owned(),
        Row::SellerAccount(_) => "account".to_owned(),
        Row::Netting(_) => "netting".to_owned(),
        Row::User(_) => "user".to_owned(),
        Row::MailToken(_) => "mail_token".to_owned(),
        Row::Session(_) => "session".to_owned(),
        Row::RefreshToken(_) => "refresh_token".to_owned(),
        Row::Product(_) => "product".to_owned(),
        Row::Exclusive(_) => "exclusive".to_owned(),
        Row::AdminAction(_) => "admin_action".to_owned(),
        Row::Placement(row) => of_unknown("placement", row.status().as_str(), row.call.sent_at().is_some()),
        Row::Submission(_) => "submission".to_owned(),
        Row::RoyaltyFile(_) => "royalty_file".to_owned(),
        Row::RoyaltyLine(_) => "royalty_line".to_owned(),
        Row::Line(_) | Row::Journal(_) | Row::PlacementMove(_) => return None,
    })
}
