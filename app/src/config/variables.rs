//! Every setting there is: its name, its default, what it means. Parsing, `.env.example` and `doctor` go by this list, so a
//! setting that is not in it does not exist.

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// As in the environment.
    pub name: &'static str,
    /// What holds when it is not set; empty = nothing.
    pub default: &'static str,
    /// What it means, for a person.
    pub meaning: &'static str,
    /// Its value is never shown.
    pub secret: bool,
}

/// Settings that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Their headline.
    pub title: &'static str,
    /// The settings.
    pub variables: &'static [Variable],
}

const fn plain(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default, meaning, secret: false }
}

const fn secret(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default: "", meaning, secret: true }
}

/// The file that settings may also stand in, as TOML; the environment goes before it. Read before all others.
pub const CONFIG_FILE: Variable =
    plain("VEZA_CONFIG", "", "TOML file with the same names (BIND_ADDR = \"…\"); the environment goes before it.");

/// Every setting, by section.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Where it runs",
        variables: &[
            CONFIG_FILE,
            plain(
                "APP_ENV",
                "development",
                "development or production. Production refuses to start on unsafe settings, naming all of them.",
            ),
            plain("BIND_ADDR", "127.0.0.1:8080", "Address and port to listen on; port 0 takes a free one."),
            plain(
                "PUBLIC_URL",
                "",
                "How the world reaches this server: links in mails, return pages. Default: from BIND_ADDR. Needed in production.",
            ),
            plain("DATA_DIR", "data", "Folder for everything that is kept in files."),
            plain("SUPPORT_CONTACT", "", "Address or page that people are pointed to when they need help."),
        ],
    },
    Section {
        title: "Database",
        variables: &[
            secret(
                "DATABASE_URL",
                "postgres://user:password@host/database?sslmode=verify-full (sslmode: disable, prefer, require, verify-ca, verify-full; \
                 sslrootcert: file of a CA that is not a public one), sqlite://path, or memory: (nothing is kept; development). \
                 Default: sqlite://DATA_DIR/veza.db.",
            ),
            plain("ALLOW_SQLITE", "false", "true: production may use SQLite (one instance, one machine)."),
            plain(
                "SQLITE_MAX_PAGE_COUNT",
                "",
                "SQLite: largest size of the file in pages of 4 KiB; beyond it writes answer 503. Default: no limit.",
            ),
            plain(
                "SQLITE_CHECKPOINT_PAGES",
                "8000",
                "SQLite: pages of 4 KiB in the write-ahead log after which they are brought into the file.",
            ),
            plain("DATABASE_POOL_MAX", "10", "Postgres: most connections of this instance."),
            plain("DATABASE_ACQUIRE_TIMEOUT", "5s", "Postgres: longest wait for a connection; then the answer is 503."),
            plain("DATABASE_STATEMENT_TIMEOUT", "30s", "Postgres: longest statement."),
            plain("DATABASE_LOCK_TIMEOUT", "5s", "Postgres: longest wait for a row that somebody else is changing."),
        ],
    },
    Section {
        title: "Payments (Hyperswitch)",
        variables: &[
            plain("HYPERSWITCH_ENABLED", "false", "true: payments go to Hyperswitch. Has to be true in production."),
            plain("HYPERSWITCH_URL", "https://sandbox.hyperswitch.io", "Its address."),
            secret("HYPERSWITCH_API_KEY", "Secret API key."),
            secret("HYPERSWITCH_WEBHOOK_SECRET", "The profile's payment_response_hash_key: signs the webhooks."),
            plain("HYPERSWITCH_PROFILE_ID", "", "Profile, where the key's merchant has several."),
            plain("HYPERSWITCH_PUBLISHABLE_KEY", "", "Publishable key, passed on to the buyer's browser."),
            plain("PROVIDER_TIMEOUT", "30s", "Longest call of a provider, from connecting to the last byte."),
        ],
    },
    Section {
        title: "Payouts to sellers (Stripe Connect)",
        variables: &[
            plain("STRIPE_CONNECT_ENABLED", "false", "true: sellers are paid through Stripe Connect; false: their transfers wait."),
            plain("STRIPE_API_URL", "https://api.stripe.com", "Its address."),
            secret("STRIPE_SECRET_KEY", "Secret API key."),
            secret("STRIPE_WEBHOOK_SECRET", "Signs the webhooks of the platform account."),
            secret("STRIPE_CONNECT_WEBHOOK_SECRET", "Signs the webhooks of the connected accounts."),
        ],
    },
    Section {
        title: "Money",
        variables: &[
            plain("PLATFORM_FEE_BPS", "1000", "The platform's share of a sale, in basis points (1000 = 10 %)."),
            plain("REFUND_WINDOW", "336h", "How long after a sale a refund may be asked for."),
            plain("DISPUTE_FEE", "0", "What a lost dispute costs the platform beyond its amount, in minor units of the order's currency."),
        ],
    },
    Section {
        title: "Subscriptions",
        variables: &[
            plain("SUBSCRIPTION_RENEWAL_LEAD", "1h", "How long before a period ends the next one is charged."),
            plain(
                "SUBSCRIPTION_DUNNING_DAYS",
                "1,3,5,7",
                "On which days after a renewal failed it is tried again, at most 8; after the last one the plan is over.",
            ),
        ],
    },
    Section {
        title: "Transfers to sellers, tried again",
        variables: &[
            plain("TRANSFER_RETRY_ENABLED", "true", "false: failed transfers wait for an admin."),
            plain("TRANSFER_RETRY_MAX_RETRIES", "5", "Retries after the first try."),
            plain("TRANSFER_RETRY_CHECK_INTERVAL", "1m", "How often due ones are looked for."),
            plain("TRANSFER_RETRY_BACKOFF_BASE", "1m", "Pause that doubles with each retry."),
            plain("TRANSFER_RETRY_BACKOFF_MAX", "1h", "Longest pause; also the pace of what only time heals."),
        ],
    },
    Section {
        title: "Reversals of transfers, tried again",
        variables: &[
            plain("REVERSAL_WORKER_ENABLED", "true", "false: reversals wait."),
            plain("REVERSAL_MAX_RETRIES", "5", "Retries after the first try."),
            plain("REVERSAL_CHECK_INTERVAL", "1m", "How often due ones are looked for."),
            plain("REVERSAL_BACKOFF_BASE", "1m", "Pause that doubles with each retry."),
            plain("REVERSAL_BACKOFF_MAX", "1h", "Longest pause; also the pace of what only time heals."),
        ],
    },
    Section {
        title: "Distribution to streaming platforms",
        variables: &[
            plain("DISTRIBUTION_ENABLED", "false", "true: music goes to the distributor; false, and no sandbox: submissions answer 503."),
            plain("DISTRIBUTION_URL", "", "Address of the distributor's API; paths under /v1 are appended."),
            secret("DISTRIBUTION_API_KEY", "Secret API key."),
            plain("DISTRIBUTION_WORKER_ENABLED", "true", "false: what creators hand in waits."),
            plain("DISTRIBUTION_CHECK_INTERVAL", "10s", "How often due submissions are looked for."),
            plain("DISTRIBUTION_LOOK_INTERVAL", "5m", "Pause between two looks at what a platform works on."),
            plain(
                "DISTRIBUTION_LIVE_LOOK_INTERVAL",
                "24h",
                "Pause between two looks at what is live: platforms may take it down by themselves.",
            ),
            plain("DISTRIBUTION_MAX_RETRIES", "5", "Calls in a row that may fail before an operator is told; it goes on all the same."),
            plain("DISTRIBUTION_BACKOFF_BASE", "1m", "Pause that doubles with each failed call."),
            plain("DISTRIBUTION_BACKOFF_MAX", "1h", "Longest such pause."),
        ],
    },
    Section {
        title: "Reconciler: asks the providers about what waits for a message that may never come",
        variables: &[
            plain("RECONCILE_WORKER_ENABLED", "true", "false: only `veza reconcile --once` and POST /api/v1/admin/reconcile."),
            plain("RECONCILE_INTERVAL", "1h", "How often due rows are looked for; also the first pause between two looks at a row."),
            plain("RECONCILE_ORDER_STUCK_AFTER", "30m", "Age from which a pending order's payment is read."),
            plain("RECONCILE_REFUND_STUCK_AFTER", "30m", "Age from which a pending refund is read."),
            plain(
                "RECONCILE_REFUND_ORPHAN_AFTER",
                "5m",
                "Age from which a refund without the provider's id is looked up; above PROVIDER_TIMEOUT.",
            ),
            plain("RECONCILE_SUBSCRIPTION_STUCK_AFTER", "30m", "Age from which an unpaid subscription's payment is read."),
            plain("AUDIT_INTERVAL", "24h", "How often the standing invariants of the books are checked, beside once at the start."),
        ],
    },
    Section {
        title: "Webhook log",
        variables: &[plain(
            "HYPERSWITCH_WEBHOOK_LOG_RETENTION_DAYS",
            "90",
            "Days that deliveries are kept, of both providers; 0 or nonsense = 90.",
        )],
    },
    Section {
        title: "People and mail",
        variables: &[
            secret(
                "JWT_SECRET",
                "Signs access tokens, at least 32 characters. In development one is made at first start and kept in DATA_DIR.",
            ),
            plain("SMTP_HOST", "", "Mail server. Without one, development keeps mails in DATA_DIR/outbox. Needed in production."),
            plain("SMTP_PORT", "587", "Its port; 465 speaks TLS from the start."),
            plain("SMTP_USERNAME", "", "Login, where it wants one; then the connection is encrypted, unless it stays on this machine."),
            secret("SMTP_PASSWORD", "The login's password."),
            plain("SMTP_FROM", "", "Sender's address. Default in development: no-reply@veza.local. Needed in production."),
            plain("SMTP_FROM_NAME", "Veza", "Sender's name."),
        ],
    },
    Section {
        title: "The edge",
        variables: &[
            plain("RATE_LIMITS", "on", "off: for load tests; refused in production."),
            plain("TRUSTED_PROXIES", "", "Addresses or networks (10.0.0.0/8), by comma, whose X-Forwarded-For is believed."),
            plain("CORS_ALLOWED_ORIGINS", "", "Origins, by comma, whose pages may call the API from a browser."),
            secret("METRICS_TOKEN", "Bearer token that may read /metrics. Without it only clients on this machine may."),
            plain("LOG_FORMAT", "", "text or json. Default: text in development, json in production."),
            plain("LOG_LEVEL", "info", "error, warn, info, debug or trace, also per module (info,veza=debug)."),
        ],
    },
    Section {
        title: "Sandbox (both providers in a box, for development)",
        variables: &[
            plain("SANDBOX_ENABLED", "", "Default: true in development while no real provider is switched on. Refused in production."),
            plain("SANDBOX_BIND_ADDR", "127.0.0.1:8081", "Where it listens; a free port if this one is taken."),
            plain("SANDBOX_CARD_MONEY_DELAY", "0s", "How long captured money stays pending there before transfers can use it."),
        ],
    },
];

/// Older names and what they are called now; `doctor` warns of them.
pub const RENAMED: &[(&str, &str)] = &[("SMTP_USER", "SMTP_USERNAME"), ("FROM_EMAIL", "SMTP_FROM"), ("FROM_NAME", "SMTP_FROM_NAME")];

/// Every setting.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    SECTIONS.iter().flat_map(|section| section.variables)
}

/// The setting with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Variable> {
    all().find(|variable| variable.name == name)
}

/// The text of `.env.example`.
#[must_use]
pub fn env_example() -> String {
    let mut text = String::from(
        "# Every setting of Veza. All have a default that works on one machine, so nothing here has to be set to try it.\n\
         # Copy what you change. This file is generated: `veza config example > .env.example`.\n",
    );
    for section in SECTIONS {
        text.push_str(&format!("\n## {}\n", section.title));
        for variable in section.variables {
            text.push_str(&format!("\n# {}\n#{}={}\n", variable.meaning, variable.name, example(variable)));
        }
    }
    text
}

/// The value that `.env.example` shows for the secret that signs access tokens; refused in production.
pub const EXAMPLE_JWT_SECRET: &str = "change-me-to-at-least-32-random-characters";

fn example(variable: &Variable) -> &'static str {
    if variable.name == "JWT_SECRET" { EXAMPLE_JWT_SECRET } else { variable.default }
}
