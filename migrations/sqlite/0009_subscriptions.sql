-- Plans, subscriptions and what they ask for. An invoice is collected by orders, one for each try, so whatever is known about a
-- payment stands there: orders.invoice_id.

-- The price list. Each period of a cycle costs its price; the features of a plan are the same in all of its rows.
CREATE TABLE plans (
    plan                    TEXT    NOT NULL CHECK (plan = 'free' OR plan = 'creator' OR plan = 'premium'),
    cycle                   TEXT    NOT NULL CHECK (cycle = 'monthly' OR cycle = 'yearly'),
    currency                TEXT    NOT NULL CHECK (length(currency) = 3),
    price                   INTEGER NOT NULL CHECK (price >= 0),
    can_sell_on_marketplace INTEGER NOT NULL CHECK (can_sell_on_marketplace IN (0, 1)),
    can_distribute          INTEGER NOT NULL CHECK (can_distribute IN (0, 1)),
    upload_quota            INTEGER NOT NULL CHECK (upload_quota >= 0),     -- bytes
    analytics_export        INTEGER NOT NULL CHECK (analytics_export IN (0, 1)),
    trial_days              INTEGER CHECK (trial_days > 0),                 -- none: it has no trial
    PRIMARY KEY (plan, cycle, currency)
) STRICT, WITHOUT ROWID;
INSERT INTO plans VALUES
    ('free',    'monthly', 'USD', 0,     0, 0, 1073741824,   0, NULL),
    ('free',    'yearly',  'USD', 0,     0, 0, 1073741824,   0, NULL),
    ('creator', 'monthly', 'USD', 999,   1, 1, 53687091200,  0, NULL),
    ('creator', 'yearly',  'USD', 9990,  1, 1, 53687091200,  0, NULL),
    ('premium', 'monthly', 'USD', 1999,  1, 1, 536870912000, 1, 14),
    ('premium', 'yearly',  'USD', 19990, 1, 1, 536870912000, 1, 14);

-- Who has had the one trial that there is for everybody. It refers to nothing, and so outlives whatever it was a trial of.
CREATE TABLE trials (
    user_id    BLOB    NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
    plan       TEXT    NOT NULL CHECK (plan = 'free' OR plan = 'creator' OR plan = 'premium'),
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A person's plan over time. Its status says what happens next, not what is allowed: without a confirmed payment it allows nothing.
CREATE TABLE subscriptions (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision       INTEGER NOT NULL,
    user_id        BLOB    NOT NULL,
    plan           TEXT    NOT NULL CHECK (plan = 'free' OR plan = 'creator' OR plan = 'premium'),
    cycle          TEXT    NOT NULL CHECK (cycle = 'monthly' OR cycle = 'yearly'),
    price          INTEGER NOT NULL CHECK (price >= 0),     -- as it was when it was chosen
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    status         TEXT    NOT NULL CHECK (status = 'pending_payment' OR status = 'trialing' OR status = 'active'
                          OR status = 'past_due' OR status = 'canceled' OR status = 'expired'),
    trial_ends_at  INTEGER,
    period_start   INTEGER,                         -- the last period that was paid
    period_end     INTEGER,
    paid_by        BLOB,                            -- the invoice that paid it
    open_invoice   BLOB,                            -- the invoice that is being collected
    method         TEXT,                            -- the PSP's: what may be charged without the customer
    next_plan      TEXT    CHECK (next_plan = 'free' OR next_plan = 'creator' OR next_plan = 'premium'),
    next_cycle     TEXT    CHECK (next_cycle = 'monthly' OR next_cycle = 'yearly'),
    next_price     INTEGER CHECK (next_price >= 0),
    next_currency  TEXT    CHECK (length(next_currency) = 3),
    past_due_since INTEGER,
    retries        INTEGER NOT NULL CHECK (retries >= 0),
    due_at         INTEGER,                         -- when its worker has something to do; none: nothing
    created_at     INTEGER NOT NULL,
    canceled_at    INTEGER,
    ended_at       INTEGER,
    CHECK ((period_start IS NULL) = (period_end IS NULL)),
    CHECK ((next_plan IS NULL) = (next_cycle IS NULL) AND (next_plan IS NULL) = (next_price IS NULL)
       AND (next_plan IS NULL) = (next_currency IS NULL))
) STRICT, WITHOUT ROWID;
-- One open subscription per person.
CREATE UNIQUE INDEX subscriptions_open ON subscriptions (user_id) WHERE status <> 'expired';
CREATE INDEX subscriptions_user ON subscriptions (user_id, id);
CREATE INDEX subscriptions_due ON subscriptions (due_at, id) WHERE due_at IS NOT NULL;
-- Whose renewal is not paid, and since when.
CREATE INDEX subscriptions_past_due ON subscriptions (past_due_since) WHERE past_due_since IS NOT NULL;
-- Whose a kept method is, when it is revoked.
CREATE INDEX subscriptions_method ON subscriptions (method) WHERE method IS NOT NULL;
-- First payments that are open, the oldest first.
CREATE INDEX subscriptions_pending_payment ON subscriptions (created_at) WHERE status = 'pending_payment';
-- What should have been renewed by now.
CREATE INDEX subscriptions_running ON subscriptions (coalesce(period_end, trial_ends_at), id)
    WHERE status = 'active' OR status = 'trialing';

-- What a subscription asks for one period. Its first try is the order of the same id.
CREATE TABLE invoices (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision        INTEGER NOT NULL,
    subscription_id BLOB    NOT NULL REFERENCES subscriptions (id),
    user_id         BLOB    NOT NULL,
    reason          TEXT    NOT NULL CHECK (reason = 'first' OR reason = 'renewal' OR reason = 'upgrade'),
    plan            TEXT    NOT NULL CHECK (plan = 'free' OR plan = 'creator' OR plan = 'premium'),
    cycle           TEXT    NOT NULL CHECK (cycle = 'monthly' OR cycle = 'yearly'),
    price           INTEGER NOT NULL CHECK (price >= 0),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    credit          INTEGER NOT NULL CHECK (credit BETWEEN 0 AND price),    -- for the unused part of the plan before
    period_start    INTEGER,                        -- of a first one and of an upgrade known once it is paid
    period_end      INTEGER,
    status          TEXT    NOT NULL CHECK (status = 'open' OR status = 'paid' OR status = 'failed' OR status = 'void'
                           OR status = 'refunded'),
    order_id        BLOB    NOT NULL,               -- the last try
    collection      TEXT    NOT NULL CHECK (collection = 'customer' OR collection = 'saved_method'),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    paid_by         BLOB,                           -- the order that paid it
    paid_at         INTEGER,
    created_at      INTEGER NOT NULL,
    CHECK ((period_start IS NULL) = (period_end IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX invoices_user ON invoices (user_id, id);
CREATE INDEX invoices_paid ON invoices (subscription_id) WHERE status = 'paid';

-- Subscriptions as they were before they were ended for granting nothing.
CREATE TABLE swept_subscriptions (
    id             BLOB    NOT NULL REFERENCES subscriptions (id),
    revision       INTEGER NOT NULL,                -- which it was swept at
    user_id        BLOB    NOT NULL,
    plan           TEXT    NOT NULL,
    cycle          TEXT    NOT NULL,
    price          INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    trial_ends_at  INTEGER,
    period_start   INTEGER,
    period_end     INTEGER,
    paid_by        BLOB,
    open_invoice   BLOB,
    method         TEXT,
    next_plan      TEXT,
    next_cycle     TEXT,
    next_price     INTEGER,
    next_currency  TEXT,
    past_due_since INTEGER,
    retries        INTEGER NOT NULL,
    due_at         INTEGER,
    created_at     INTEGER NOT NULL,
    canceled_at    INTEGER,
    ended_at       INTEGER,
    swept_at       INTEGER NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;

-- None: a sale.
ALTER TABLE orders ADD COLUMN invoice_id BLOB REFERENCES invoices (id);
-- Of the pending orders, which are few, those that collect an invoice: they are looked at by a pass of their own.
CREATE INDEX orders_look_invoices ON orders (look_due_at, id) WHERE status = 'pending' AND invoice_id IS NOT NULL;

CREATE TRIGGER trials_unchanged BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'a trial is had once, for ever'); END;
CREATE TRIGGER trials_stay BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'a trial is had once, for ever'); END;
CREATE TRIGGER subscriptions_stay BEFORE DELETE ON subscriptions BEGIN SELECT RAISE(ABORT, 'subscriptions are never deleted'); END;
CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices BEGIN SELECT RAISE(ABORT, 'invoices are never deleted'); END;
CREATE TRIGGER swept_subscriptions_unchanged BEFORE UPDATE ON swept_subscriptions
BEGIN SELECT RAISE(ABORT, 'what was swept is kept as it was'); END;
CREATE TRIGGER swept_subscriptions_stay BEFORE DELETE ON swept_subscriptions
BEGIN SELECT RAISE(ABORT, 'what was swept is kept as it was'); END;

-- For reading by hand.
CREATE VIEW subscriptions_readable AS
SELECT lower(hex(id)) AS id, lower(hex(user_id)) AS "user", plan, cycle, price, currency, status, next_plan,
       datetime(trial_ends_at / 1000000, 'unixepoch') AS trial_ends, datetime(period_end / 1000000, 'unixepoch') AS period_ends,
       lower(hex(paid_by)) AS paid_by, lower(hex(open_invoice)) AS open_invoice, retries,
       datetime(due_at / 1000000, 'unixepoch') AS due, datetime(created_at / 1000000, 'unixepoch') AS created
FROM subscriptions;

CREATE VIEW invoices_readable AS
SELECT lower(hex(id)) AS id, lower(hex(subscription_id)) AS subscription, lower(hex(user_id)) AS "user", reason, plan, cycle, price, credit,
       currency, status, collection, attempts, lower(hex(order_id)) AS last_order, lower(hex(paid_by)) AS paid_by,
       datetime(paid_at / 1000000, 'unixepoch') AS paid, datetime(created_at / 1000000, 'unixepoch') AS created
FROM invoices;

DROP VIEW open_work;
CREATE VIEW open_work AS
SELECT 'effect' AS class, kind || ' ' || state AS what, lower(hex(id)) AS id, datetime(due_at / 1000000, 'unixepoch') AS due,
       datetime(created_at / 1000000, 'unixepoch') AS created, last_error
FROM effects WHERE state IN ('pending', 'sent')
UNION ALL
SELECT 'transfer', status, lower(hex(id)), datetime(next_retry_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), last_error
FROM transfers WHERE status IN ('pending', 'failed')
UNION ALL
SELECT 'reversal', status, lower(hex(id)), datetime(next_retry_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), last_error
FROM reversals WHERE status = 'reversal_pending'
UNION ALL
SELECT CASE WHEN invoice_id IS NULL THEN 'order' ELSE 'invoice' END, status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), failure
FROM orders WHERE status = 'pending'
UNION ALL
SELECT 'refund', status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), error_message
FROM refunds WHERE status = 'pending'
UNION ALL
SELECT 'dispute', status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), reason
FROM disputes WHERE status IN ('opened', 'challenged', 'expired')
UNION ALL
SELECT 'subscription', plan || ' ' || status, lower(hex(id)), datetime(due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), NULL
FROM subscriptions WHERE due_at IS NOT NULL;
