//! What production refuses to start with (spec/07-operations), every problem at once.

use super::{Config, Database, Reader, variables};
use secrecy::ExposeSecret;

/// Fewest characters of the secret that signs access tokens.
const JWT_SECRET_CHARS_MIN: usize = 32;

pub(super) fn check(config: &Config, reader: &mut Reader) {
    check_database(config, reader);
    check_providers(config, reader);
    check_people(config, reader);
    if config.public_url.is_none() && !reader.is_set("PUBLIC_URL") {
        reader.wrong("PUBLIC_URL", "is needed in production");
    }
    if !config.rate_limits && reader.is_set("RATE_LIMITS") {
        reader.wrong("RATE_LIMITS", "can't be off in production");
    }
}

fn check_database(config: &Config, reader: &mut Reader) {
    match config.database {
        Database::Postgres(_) => {}
        Database::Sqlite(_) if reader.switch("ALLOW_SQLITE") => {}
        Database::Sqlite(_) => {
            reader.wrong("DATABASE_URL", "production needs Postgres, or ALLOW_SQLITE=true for one instance on one machine");
        }
        Database::Memory if reader.problems.iter().any(|problem| problem.variable == "DATABASE_URL") => {}
        Database::Memory => reader.wrong("DATABASE_URL", "production needs a database that keeps what it is given"),
    }
}

fn check_providers(config: &Config, reader: &mut Reader) {
    if config.hyperswitch.is_none() {
        reader.wrong("HYPERSWITCH_ENABLED", "has to be true in production");
        missing(reader, &["HYPERSWITCH_API_KEY", "HYPERSWITCH_WEBHOOK_SECRET"]);
    }
    if config.stripe.is_some() {
        missing(reader, &["STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET"]);
    } else {
        missing(reader, &["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET"]);
    }
    if config.sandbox.is_some() {
        reader.wrong("SANDBOX_ENABLED", "can't be true in production");
    }
}

fn missing(reader: &mut Reader, names: &[&str]) {
    for name in names {
        if reader.secret(name).is_none() {
            reader.wrong(name, "is needed in production");
        }
    }
}

fn check_people(config: &Config, reader: &mut Reader) {
    if config.smtp.is_none() {
        reader.wrong("SMTP_HOST", "is needed in production");
        if reader.optional("SMTP_FROM").is_none() {
            reader.wrong("SMTP_FROM", "is needed in production");
        }
    }
    match config.jwt_secret.as_ref().map(|secret| secret.expose_secret().trim()) {
        None => reader.wrong("JWT_SECRET", "is needed in production"),
        Some(secret) if secret == variables::EXAMPLE_JWT_SECRET => reader.wrong("JWT_SECRET", "is the example's: make your own"),
        Some(secret) if secret.chars().count() < JWT_SECRET_CHARS_MIN => {
            reader.wrong("JWT_SECRET", format!("needs at least {JWT_SECRET_CHARS_MIN} characters"));
        }
        Some(_) => {}
    }
}
