//! The rules of settings: everything that is wrong is named at once, and the example file is complete.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use veza::config::{Config, Database, Environment, LogFormat, variables};

fn names(pairs: &[(&str, &str)]) -> BTreeSet<String> {
    let problems = Config::from_pairs(pairs.iter().copied()).expect_err("has to be refused").0;
    problems.into_iter().map(|problem| problem.variable).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

type Pairs = &'static [(&'static str, &'static str)];

const PRODUCTION: &[(&str, &str)] = &[
    ("APP_ENV", "production"),
    ("ALLOW_SQLITE", "true"),
    ("PUBLIC_URL", "https://shop.example/"),
    ("HYPERSWITCH_ENABLED", "true"),
    ("HYPERSWITCH_API_KEY", "snd_key"),
    ("HYPERSWITCH_WEBHOOK_SECRET", "hook"),
    ("STRIPE_CONNECT_ENABLED", "true"),
    ("STRIPE_SECRET_KEY", "sk_test"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
    ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_2"),
    ("SMTP_HOST", "mail.example"),
    ("SMTP_FROM", "shop@shop.example"),
    ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
];

fn production_but(change: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = PRODUCTION.iter().filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    kept.chain(change).copied().collect()
}

#[test]
fn nothing_has_to_be_set() {
    let config = Config::from_pairs::<String, String>([]).unwrap();
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.bind_addr.to_string(), "127.0.0.1:8080");
    assert!(matches!(&config.database, Database::Sqlite(path) if path == Path::new("data/veza.db")));
    assert!(config.sandbox.is_some() && config.hyperswitch.is_none() && config.smtp.is_none() && config.rate_limits);
    assert_eq!(config.fee_bps, 1000);
    assert_eq!(config.refund_window, Duration::from_secs(336 * 3600));
    assert_eq!((config.reversals.policy.base, config.reversals.policy.max), (Duration::from_secs(60), Duration::from_secs(3600)));
    assert_eq!(config.log.format, LogFormat::Text);
}

#[test]
fn the_database_follows_the_data_folder() {
    let config = Config::from_pairs([("DATA_DIR", "/var/lib/veza")]).unwrap();
    assert!(matches!(&config.database, Database::Sqlite(path) if path == Path::new("/var/lib/veza/veza.db")));
}

#[test]
fn every_wrong_value_is_named_at_once() {
    let wrong = [
        ("APP_ENV", "staging"),
        ("BIND_ADDR", "8080"),
        ("PUBLIC_URL", "shop.example"),
        ("DATABASE_URL", "mysql://x"),
        ("ALLOW_SQLITE", "perhaps"),
        ("PLATFORM_FEE_BPS", "10001"),
        ("REFUND_WINDOW", "two weeks"),
        ("PROVIDER_TIMEOUT", "0s"),
        ("REVERSAL_MAX_RETRIES", "-1"),
        ("TRANSFER_RETRY_BACKOFF_MAX", "1s"),
        ("SMTP_PORT", "0"),
        ("RATE_LIMITS", "maybe"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "veza=loud"),
        ("SANDBOX_BIND_ADDR", "here"),
    ];
    let mut expected: Vec<&str> = wrong.iter().map(|(name, _)| *name).collect();
    expected.retain(|name| *name != "ALLOW_SQLITE"); // only production reads it
    assert_eq!(names(&wrong), set(&expected));
}

#[test]
fn postgres_is_chosen_by_its_url() {
    let url = ("DATABASE_URL", "postgres://veza:s3cret@db:5433/shop?sslmode=require");
    let config = Config::from_pairs([url, ("DATABASE_POOL_MAX", "4"), ("DATABASE_LOCK_TIMEOUT", "1s")]).unwrap();
    let Database::Postgres(postgres) = &config.database else { unreachable!("{:?}", config.database) };
    assert_eq!(
        (postgres.pool_max, postgres.lock_timeout, postgres.statement_timeout),
        (4, Duration::from_secs(1), Duration::from_secs(30))
    );
    assert_eq!(config.database.place(), "Postgres, db:5433/shop");
    assert!(!format!("{config:?}").contains("s3cret"));
    for (name, value) in [
        ("DATABASE_URL", "postgres://veza:s3cret@db:port/veza"),
        ("DATABASE_URL", "postgres://veza:s3cret@db/veza?sslmode=maybe"),
        ("DATABASE_URL", "postgres:veza:s3cret@db"),
        ("DATABASE_POOL_MAX", "0"),
        ("DATABASE_STATEMENT_TIMEOUT", "0s"),
    ] {
        let error = Config::from_pairs([(name, value)]).unwrap_err();
        assert_eq!(error.0.iter().map(|problem| problem.variable.as_str()).collect::<Vec<_>>(), [name], "{value}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn production_names_every_problem_at_once() {
    let expected = [
        "DATABASE_URL",
        "HYPERSWITCH_ENABLED",
        "HYPERSWITCH_API_KEY",
        "HYPERSWITCH_WEBHOOK_SECRET",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_CONNECT_WEBHOOK_SECRET",
        "SMTP_HOST",
        "SMTP_FROM",
        "SANDBOX_ENABLED",
        "JWT_SECRET",
        "PUBLIC_URL",
        "RATE_LIMITS",
    ];
    assert_eq!(names(&[("APP_ENV", "production"), ("SANDBOX_ENABLED", "true"), ("RATE_LIMITS", "off")]), set(&expected));
}

#[test]
fn production_starts_with_all_it_needs() {
    let config = Config::from_pairs(PRODUCTION.iter().copied()).unwrap();
    assert!(config.is_production() && config.sandbox.is_none());
    assert_eq!(config.public_url.as_deref(), Some("https://shop.example"));
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn production_on_postgres_needs_no_permission() {
    let config = Config::from_pairs(production_but(&[("ALLOW_SQLITE", ""), ("DATABASE_URL", "postgres://db/veza")])).unwrap();
    assert!(matches!(config.database, Database::Postgres(_)));
}

#[test]
fn each_rule_of_production_stands_alone() {
    let cases: [(Pairs, &[&str]); 12] = [
        (&[("ALLOW_SQLITE", "false")], &["DATABASE_URL"]),
        (&[("DATABASE_URL", "memory:")], &["DATABASE_URL"]),
        (&[("DATABASE_URL", "mysql://db/veza")], &["DATABASE_URL"]),
        (&[("HYPERSWITCH_ENABLED", "false")], &["HYPERSWITCH_ENABLED"]),
        (&[("HYPERSWITCH_API_KEY", "")], &["HYPERSWITCH_API_KEY"]),
        (&[("STRIPE_CONNECT_WEBHOOK_SECRET", "")], &["STRIPE_CONNECT_WEBHOOK_SECRET"]),
        (&[("SMTP_HOST", "")], &["SMTP_HOST"]),
        (&[("SMTP_FROM", "")], &["SMTP_FROM"]),
        (&[("SANDBOX_ENABLED", "true")], &["SANDBOX_ENABLED"]),
        (&[("JWT_SECRET", "short")], &["JWT_SECRET"]),
        (&[("JWT_SECRET", variables::EXAMPLE_JWT_SECRET)], &["JWT_SECRET"]),
        (&[("RATE_LIMITS", "off")], &["RATE_LIMITS"]),
    ];
    for (change, expected) in cases {
        assert_eq!(names(&production_but(change)), set(expected), "{change:?}");
    }
}

#[test]
fn the_sandbox_steps_back_for_a_real_provider() {
    let real = [("HYPERSWITCH_ENABLED", "true"), ("HYPERSWITCH_API_KEY", "k"), ("HYPERSWITCH_WEBHOOK_SECRET", "s")];
    assert!(Config::from_pairs(real).unwrap().sandbox.is_none());
    assert!(Config::from_pairs(real.into_iter().chain([("SANDBOX_ENABLED", "true")])).unwrap().sandbox.is_some());
    assert!(Config::from_pairs([("SANDBOX_ENABLED", "false")]).unwrap().sandbox.is_none());
}

#[test]
fn the_environment_goes_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("veza.toml");
    std::fs::write(&file, "BIND_ADDR = \"127.0.0.1:9000\"\nplatform_fee_bps = 500\nTRUSTED_PROXIES = [\"10.0.0.1\", \"::1\"]\n").unwrap();
    let path = file.to_str().unwrap();
    let config = Config::from_pairs([("VEZA_CONFIG", path), ("BIND_ADDR", "127.0.0.1:9001")]).unwrap();
    assert_eq!((config.bind_addr.port(), config.fee_bps, config.trusted_proxies.len()), (9001, 500, 2));

    std::fs::write(&file, "BIND_ADRESS = \"x\"\nDATA_DIR = { a = 1 }\n").unwrap();
    assert_eq!(names(&[("VEZA_CONFIG", path)]), set(&["BIND_ADRESS", "DATA_DIR"]));
    assert_eq!(names(&[("VEZA_CONFIG", "/nowhere/veza.toml")]), set(&["VEZA_CONFIG"]));
}

#[test]
fn secrets_are_never_shown() {
    let config = Config::from_pairs(PRODUCTION.iter().copied()).unwrap();
    let text = format!("{config:?}");
    for secret in ["snd_key", "sk_test", "whsec_1", "whsec_2", "0123456789abcdef"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn the_example_file_is_complete() {
    let stored = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example")).unwrap();
    assert_eq!(stored, variables::env_example(), "run: veza config example > .env.example");
    for variable in variables::all() {
        assert!(!variable.meaning.is_empty(), "{}", variable.name);
    }
}

/// The code reads no environment of its own, so that the list of settings is all there is.
#[test]
fn only_the_settings_read_the_environment() {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("src/config.rs")
                // In test builds alone (docs/adr/0014-kill-points.md); a tidy rule keeps it out of the product.
                && !path.ends_with("src/killpoints.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("env::var"), "{} reads the environment", path.display());
            }
        }
    }
}
