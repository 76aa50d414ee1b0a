//! Names and roles as they are stored, and secrets that no log shows (spec/04-identity).

use crate::support::*;
use veza_domain::identity::{Email, PasswordHash, Role, Roles, TokenHash, Username};
use veza_domain::ids::DeliveryId;
use veza_domain::order::ClientSecret;
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};

/// The numbers stand in the tables.
#[test]
fn roles_are_stored_as_numbers_and_unknown_ones_are_dropped() {
    let creator = Roles::user().with(Role::Creator);
    let admin = Roles::user().with(Role::Admin);
    for (roles, bits, names) in [
        (Roles::user(), 1, vec![Role::User]),
        (creator, 3, vec![Role::User, Role::Creator]),
        (admin, 5, vec![Role::User, Role::Admin]),
        (creator.with(Role::Admin), 7, Role::ALL.to_vec()),
    ] {
        assert_eq!((roles.bits(), Roles::from_bits(bits), roles.iter().collect::<Vec<_>>()), (bits, roles, names));
        assert_eq!(Roles::from_bits(bits | 0b1111_1000), roles);
    }
    assert_eq!(creator.with(Role::Creator), creator, "who is made a creator twice is one");
}

#[test]
fn a_name_is_shown_as_written_and_unique_whatever_its_case() {
    let name = Username::new(" Émile.B ").unwrap();
    assert_eq!((name.as_str(), name.folded().as_str()), ("Émile.B", "émile.b"));
    assert_eq!(Email::new("Mia@Example.org").unwrap().to_string(), "mia@example.org");
}

/// An address has a local part of up to 64 bytes, and 254 in all.
#[test]
fn addresses_have_lengths() {
    let address = |local: usize, domain: usize| Email::new(&format!("{}@{}", "a".repeat(local), "b".repeat(domain)));
    assert!(address(64, 189).is_ok() && address(1, 1).is_ok());
    assert!(address(64, 190).is_err() && address(65, 10).is_err());
}

/// `Debug` is what ends up in logs.
#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?}", PasswordHash("$argon2id$secret".into())), "PasswordHash(…)");
    assert_eq!(format!("{:?}", TokenHash([7; 32])), "TokenHash(…)");
    assert_eq!(format!("{:?}", ClientSecret("pay_1_secret_2".into())), "ClientSecret(…)");
    assert_eq!(format!("{:?}", eur()), "EUR");
    let delivery = Delivery {
        id: DeliveryId(uuid(1)),
        sender: Sender::Stripe,
        order_id: None,
        received_at: START,
        event_type: Some("transfer.created".into()),
        signature_valid: true,
        result: ProcessingResult::Ok,
        source_ip: "192.0.2.1".into(),
        user_agent: "agent".into(),
        request_id: "request".into(),
        payload: "mia@example.org".into(),
    };
    assert_eq!(format!("{delivery:?}"), format!("Delivery({}, Some(\"transfer.created\"), ok, 15 bytes)", uuid(1)));
}

#[test]
fn what_came_of_a_delivery_is_read_back() {
    let results = [
        (ProcessingResult::Ok, "ok"),
        (ProcessingResult::Error("no such order".into()), "error: no such order"),
        (ProcessingResult::SignatureInvalid, "signature_invalid"),
        (ProcessingResult::Skipped, "skipped"),
    ];
    for (result, text) in results {
        assert_eq!((result.to_string().as_str(), ProcessingResult::from(text)), (text, result));
    }
    assert_eq!(ProcessingResult::from("other"), ProcessingResult::Error("other".into()));
}
