-- Plans, subscriptions and what they ask for. An invoice is collected by orders, one for each try, so whatever is known about a
-- payment stands there: orders.invoice_id.

-- The price list. Each period of a cycle costs its price; the features of a plan are the same in all of its rows.
CREATE TABLE plans (
    plan                    TEXT COLLATE "C" NOT NULL CHECK (plan IN ('free', 'creator', 'premium')),
    cycle                   TEXT COLLATE "C" NOT NULL CHECK (cycle IN ('monthly', 'yearly')),
    currency                TEXT COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    price                   BIGINT  NOT NULL CHECK (price >= 0),
    can_sell_on_marketplace BOOLEAN NOT NULL,
    can_distribute          BOOLEAN NOT NULL,
    upload_quota            BIGINT  NOT NULL CHECK (upload_quota >= 0),     -- bytes
    analytics_export        BOOLEAN NOT NULL,
    trial_days              BIGINT  CHECK (trial_days > 0),                 -- none: it has no trial
    PRIMARY KEY (plan, cycle, currency)
);
INSERT INTO plans VALUES
    ('free',    'monthly', 'USD', 0,     FALSE, FALSE, 1073741824,   FALSE, NULL),
    ('free',    'yearly',  'USD', 0,     FALSE, FALSE, 1073741824,   FALSE, NULL),
    ('creator', 'monthly', 'USD', 999,   TRUE,  TRUE,  53687091200,  FALSE, NULL),
    ('creator', 'yearly',  'USD', 9990,  TRUE,  TRUE,  53687091200,  FALSE, NULL),
    ('premium', 'monthly', 'USD', 1999,  TRUE,  TRUE,  536870912000, TRUE,  14),
    ('premium', 'yearly',  'USD', 19990, TRUE,  TRUE,  536870912000, TRUE,  14);

-- Who has had the one trial that there is for everybody. It refers to nothing, and so outlives whatever it was a trial of.
CREATE TABLE trials (
    user_id    UUID    NOT NULL PRIMARY KEY,
    plan       TEXT    NOT NULL CHECK (plan IN ('free', 'creator', 'premium')),
    started_at BIGINT  NOT NULL
);

-- A person's plan over time. Its status says what happens next, not what is allowed: without a confirmed payment it allows nothing.
CREATE TABLE subscriptions (
    id             UUID    NOT NULL PRIMARY KEY,
    revision       BIGINT  NOT NULL,
    user_id        UUID    NOT NULL,
    plan           TEXT    NOT NULL CHECK (plan IN ('free', 'creator', 'premium')),
    cycle          TEXT    NOT NULL CHECK (cycle IN ('monthly', 'yearly')),
    price          BIGINT  NOT NULL CHECK (price >= 0),     -- as it was when it was chosen
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    status         TEXT    NOT NULL CHECK (status IN ('pending_payment', 'trialing', 'active', 'past_due', 'canceled', 'expired')),
    trial_ends_at  BIGINT,
    period_start   BIGINT,                          -- the last period that was paid
    period_end     BIGINT,
    paid_by        UUID,                            -- the invoice that paid it
    open_invoice   UUID,                            -- the invoice that is being collected
    method         TEXT,                            -- the PSP's: what may be charged without the customer
    next_plan      TEXT    CHECK (next_plan IN ('free', 'creator', 'premium')),
    next_cycle     TEXT    CHECK (next_cycle IN ('monthly', 'yearly')),
    next_price     BIGINT  CHECK (next_price >= 0),
    next_currency  TEXT    CHECK (length(next_currency) = 3),
    past_due_since BIGINT,
    retries        BIGINT  NOT NULL CHECK (retries >= 0),
    due_at         BIGINT,                          -- when its worker has something to do; none: nothing
    created_at     BIGINT  NOT NULL,
    canceled_at    BIGINT,
    ended_at       BIGINT,
    CHECK ((period_start IS NULL) = (period_end IS NULL)),
    CHECK ((next_plan IS NULL) = (next_cycle IS NULL) AND (next_plan IS NULL) = (next_price IS NULL)
       AND (next_plan IS NULL) = (next_currency IS NULL))
);
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
    WHERE status IN ('active', 'trialing');

-- What a subscription asks for one period. Its first try is the order of the same id.
CREATE TABLE invoices (
    id              UUID    NOT NULL PRIMARY KEY,
    revision        BIGINT  NOT NULL,
    subscription_id UUID    NOT NULL REFERENCES subscriptions (id),
    user_id         UUID    NOT NULL,
    reason          TEXT    NOT NULL CHECK (reason IN ('first', 'renewal', 'upgrade')),
    plan            TEXT    NOT NULL CHECK (plan IN ('free', 'creator', 'premium')),
    cycle           TEXT    NOT NULL CHECK (cycle IN ('monthly', 'yearly')),
    price           BIGINT  NOT NULL CHECK (price >= 0),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    credit          BIGINT  NOT NULL CHECK (credit BETWEEN 0 AND price),    -- for the unused part of the plan before
    period_start    BIGINT,                         -- of a first one and of an upgrade known once it is paid
    period_end      BIGINT,
    status          TEXT    NOT NULL CHECK (status IN ('open', 'paid', 'failed', 'void', 'refunded')),
    order_id        UUID    NOT NULL,               -- the last try
    collection      TEXT    NOT NULL CHECK (collection IN ('customer', 'saved_method')),
    attempts        BIGINT  NOT NULL CHECK (attempts >= 0),
    paid_by         UUID,                           -- the order that paid it
    paid_at         BIGINT,
    created_at      BIGINT  NOT NULL,
    CHECK ((period_start IS NULL) = (period_end IS NULL))
);
CREATE INDEX invoices_user ON invoices (user_id, id);
CREATE INDEX invoices_paid ON invoices (subscription_id) WHERE status = 'paid';

-- Subscriptions as they were before they were ended for granting nothing.
CREATE TABLE swept_subscriptions (
    id             UUID    NOT NULL REFERENCES subscriptions (id),
    revision       BIGINT  NOT NULL,                -- which it was swept at
    user_id        UUID    NOT NULL,
    plan           TEXT    NOT NULL,
    cycle          TEXT    NOT NULL,
    price          BIGINT  NOT NULL,
    currency       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    trial_ends_at  BIGINT,
    period_start   BIGINT,
    period_end     BIGINT,
    paid_by        UUID,
    open_invoice   UUID,
    method         TEXT,
    next_plan      TEXT,
    next_cycle     TEXT,
    next_price     BIGINT,
    next_currency  TEXT,
    past_due_since BIGINT,
    retries        BIGINT  NOT NULL,
    due_at         BIGINT,
    created_at     BIGINT  NOT NULL,
    canceled_at    BIGINT,
    ended_at       BIGINT,
    swept_at       BIGINT  NOT NULL,
    PRIMARY KEY (id, revision)
);

-- None: a sale.
ALTER TABLE orders ADD COLUMN invoice_id UUID REFERENCES invoices (id);
-- Of the pending orders, which are few, those that collect an invoice: they are looked at by a pass of their own.
CREATE INDEX orders_look_invoices ON orders (look_due_at, id) WHERE status = 'pending' AND invoice_id IS NOT NULL;

CREATE TRIGGER trials_unchanged BEFORE UPDATE ON trials FOR EACH ROW EXECUTE FUNCTION veza_refuse('a trial is had once, for ever');
CREATE TRIGGER trials_stay BEFORE DELETE ON trials FOR EACH ROW EXECUTE FUNCTION veza_refuse('a trial is had once, for ever');
CREATE TRIGGER subscriptions_stay BEFORE DELETE ON subscriptions FOR EACH ROW EXECUTE FUNCTION veza_refuse('subscriptions are never deleted');
CREATE TRIGGER invoices_stay BEFORE DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION veza_refuse('invoices are never deleted');
CREATE TRIGGER swept_subscriptions_unchanged BEFORE UPDATE ON swept_subscriptions FOR EACH ROW EXECUTE FUNCTION veza_refuse('what was swept is kept as it was');
CREATE TRIGGER swept_subscriptions_stay BEFORE DELETE ON swept_subscriptions FOR EACH ROW EXECUTE FUNCTION veza_refuse('what was swept is kept as it was');

-- For reading by hand.
CREATE VIEW subscriptions_readable AS
SELECT id, user_id AS "user", plan, cycle, price, currency, status, next_plan,
       veza_time(trial_ends_at) AS trial_ends, veza_time(period_end) AS period_ends,
       paid_by, open_invoice, retries,
       veza_time(due_at) AS due, veza_time(created_at) AS created
FROM subscriptions;

CREATE VIEW invoices_readable AS
SELECT id, subscription_id AS subscription, user_id AS "user", reason, plan, cycle, price, credit,
       currency, status, collection, attempts, order_id AS last_order, paid_by,
       veza_time(paid_at) AS paid, veza_time(created_at) AS created
FROM invoices;

DROP VIEW open_work;
CREATE VIEW open_work AS
SELECT 'effect' AS class, kind || ' ' || state AS what, id, veza_time(due_at) AS due,
       veza_time(created_at) AS created, last_error
FROM effects WHERE state IN ('pending', 'sent')
UNION ALL
SELECT 'transfer', status, id, veza_time(next_retry_at),
       veza_time(created_at), last_error
FROM transfers WHERE status IN ('pending', 'failed')
UNION ALL
SELECT 'reversal', status, id, veza_time(next_retry_at),
       veza_time(created_at), last_error
FROM reversals WHERE status = 'reversal_pending'
UNION ALL
SELECT CASE WHEN invoice_id IS NULL THEN 'order' ELSE 'invoice' END, status, id, veza_time(look_due_at),
       veza_time(created_at), failure
FROM orders WHERE status = 'pending'
UNION ALL
SELECT 'refund', status, id, veza_time(look_due_at),
       veza_time(created_at), error_message
FROM refunds WHERE status = 'pending'
UNION ALL
SELECT 'dispute', status, id, veza_time(look_due_at),
       veza_time(created_at), reason
FROM disputes WHERE status IN ('opened', 'challenged', 'expired')
UNION ALL
SELECT 'subscription', plan || ' ' || status, id, veza_time(due_at),
       veza_time(created_at), NULL
FROM subscriptions WHERE due_at IS NOT NULL;
