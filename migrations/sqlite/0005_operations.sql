-- What keeps the machine going: the outbox, the operators' list, the webhook log, the journal, what was applied before.

-- The outbox: what must happen outside. Transfers and reversals drive themselves and are not here.
--   pending  not sent          sent     we may have been heard: the outcome is unknown
--   done     it happened       refused  refused for good
CREATE TABLE effects (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision       INTEGER NOT NULL,
    kind           TEXT    NOT NULL,                -- create_payment, create_refund, read_payment, mail_verification, …
    subject        BLOB    NOT NULL,                -- the order or user it is for
    second_subject BLOB,                            -- the refund or mail token, where the kind names one
    state          TEXT    NOT NULL CHECK (state = 'pending' OR state = 'sent' OR state = 'done'
                           OR state = 'refused'),
    due_at         INTEGER,
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    sent_at        INTEGER,
    last_error     TEXT,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX effects_due ON effects (due_at, id) WHERE state IN ('pending', 'sent');
CREATE INDEX effects_subject ON effects (subject);

-- What waits on a person, at most one row per subject and reason.
CREATE TABLE attention (
    subject_id   BLOB    NOT NULL CHECK (length(subject_id) = 16),
    code         TEXT    NOT NULL,
    subject_kind TEXT    NOT NULL CHECK (subject_kind = 'order' OR subject_kind = 'refund'
                           OR subject_kind = 'transfer' OR subject_kind = 'reversal'
                           OR subject_kind = 'user' OR subject_kind = 'dispute'),
    order_id     BLOB,
    detail       TEXT    NOT NULL,
    since        INTEGER NOT NULL,
    PRIMARY KEY (subject_id, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX attention_since ON attention (since, subject_id);
CREATE INDEX attention_order ON attention (order_id) WHERE order_id IS NOT NULL;

-- One row per webhook delivery, in its final state. The payload stands here and nowhere else: it holds client secrets.
CREATE TABLE webhook_log (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    sender            TEXT    NOT NULL CHECK (sender = 'hyperswitch' OR sender = 'stripe'),
    order_id          BLOB,                         -- what it is about, where that is known
    received_at       INTEGER NOT NULL,
    event_type        TEXT,                         -- none if unreadable
    signature_valid   INTEGER NOT NULL CHECK (signature_valid IN (0, 1)),
    processing_result TEXT    NOT NULL CHECK (processing_result = 'ok' OR processing_result = 'skipped'
                           OR processing_result = 'signature_invalid'
                                  OR processing_result GLOB 'error: *'),
    source_ip         TEXT    NOT NULL,
    user_agent        TEXT    NOT NULL,
    request_id        TEXT    NOT NULL,
    payload           TEXT    NOT NULL              -- empty if it was not UTF-8
) STRICT;
CREATE INDEX webhook_log_order ON webhook_log (order_id) WHERE order_id IS NOT NULL;
-- "Show me attack attempts", "show me what went wrong".
CREATE INDEX webhook_log_attacks ON webhook_log (id) WHERE signature_valid = 0;
CREATE INDEX webhook_log_errors ON webhook_log (id) WHERE processing_result GLOB 'error*';
CREATE TRIGGER webhook_log_unchanged BEFORE UPDATE ON webhook_log
BEGIN SELECT RAISE(ABORT, 'the webhook log is append-only'); END;

-- What happened to an order beyond its rows: facts that were learnt, calls to providers, looks. No secrets.
CREATE TABLE journal (
    id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    order_id BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind = 'fact' OR kind = 'call' OR kind = 'job'),
    text     TEXT    NOT NULL                       -- for a person
) STRICT;
CREATE INDEX journal_order ON journal (order_id, id);
CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_stay BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- What operators did.
CREATE TABLE admin_actions (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at           INTEGER NOT NULL,
    admin_id     BLOB,                              -- none: somebody at the command line
    action       TEXT    NOT NULL,                  -- retry_transfer, write_off, replay_webhook, …
    subject_kind TEXT    CHECK (subject_kind = 'order' OR subject_kind = 'refund' OR subject_kind = 'transfer'
                          OR subject_kind = 'reversal' OR subject_kind = 'user' OR subject_kind = 'dispute'),
    subject_id   BLOB,                              -- what it was done to, where it was one thing
    order_id     BLOB,
    detail       TEXT    NOT NULL,
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL))
) STRICT;
CREATE INDEX admin_actions_order ON admin_actions (order_id) WHERE order_id IS NOT NULL;
CREATE TRIGGER admin_actions_unchanged BEFORE UPDATE ON admin_actions BEGIN SELECT RAISE(ABORT, 'what was done is not undone by rewriting it'); END;
CREATE TRIGGER admin_actions_stay BEFORE DELETE ON admin_actions BEGIN SELECT RAISE(ABORT, 'what was done is not undone by rewriting it'); END;

-- Units of work that were applied: the same id again changes nothing. Swept by age.
CREATE TABLE units (
    id          TEXT    NOT NULL PRIMARY KEY,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),  -- hash of the request: same id, other hash = a bug
    decided_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX units_decided ON units (decided_at);

-- Incoming Idempotency-Key headers and what came of them; kept 24 h.
CREATE TABLE idempotency_keys (
    user_id     BLOB    NOT NULL,
    scope       TEXT    NOT NULL,                   -- create_order, refund:{order}
    key         TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),  -- SHA-256 of the request's body
    resource    BLOB    NOT NULL,                   -- what the request made
    status      INTEGER,                            -- HTTP status of the answer; none = in flight, or the process died
    body        TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, scope, key),
    CHECK ((status IS NULL) = (body IS NULL))
) STRICT;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- For reading by hand.
CREATE VIEW orders_readable AS
SELECT lower(hex(id)) AS id, status, total, refunded, currency, payment_id, failure, lower(hex(buyer_id)) AS buyer,
       datetime(created_at / 1000000, 'unixepoch') AS created, datetime(completed_at / 1000000, 'unixepoch') AS completed
FROM orders;

CREATE VIEW transfers_readable AS
SELECT lower(hex(id)) AS id, lower(hex(order_id)) AS "order", lower(hex(seller_id)) AS seller, status, amount, amount_reversed, currency,
       stripe_transfer_id, retry_count, hold, last_error, datetime(next_retry_at / 1000000, 'unixepoch') AS next_retry
FROM transfers;

CREATE VIEW ledger_readable AS
SELECT datetime(posted_at / 1000000, 'unixepoch') AS posted, event, account, amount, currency, lower(hex(order_id)) AS "order"
FROM postings JOIN ledger_entries ON posting = seq;

CREATE VIEW disputes_readable AS
SELECT lower(hex(id)) AS id, lower(hex(order_id)) AS "order", status, stage, reason, amount, currency, psp_dispute_id,
       datetime(respond_by / 1000000, 'unixepoch') AS respond_by, datetime(created_at / 1000000, 'unixepoch') AS created,
       datetime(closed_at / 1000000, 'unixepoch') AS closed
FROM disputes;

CREATE VIEW attention_readable AS
SELECT datetime(since / 1000000, 'unixepoch') AS since, code, subject_kind AS about, lower(hex(subject_id)) AS id, lower(hex(order_id)) AS "order", detail
FROM attention;

-- Without what they carry.
CREATE VIEW webhook_log_readable AS
SELECT datetime(received_at / 1000000, 'unixepoch') AS received, sender, event_type, signature_valid, processing_result, lower(hex(order_id)) AS "order",
       source_ip, user_agent, request_id, lower(hex(id)) AS id
FROM webhook_log;

CREATE VIEW journal_readable AS
SELECT datetime(at / 1000000, 'unixepoch') AS at, kind, text, lower(hex(order_id)) AS "order"
FROM journal;

-- All that is not over and when it is looked at next: oldest first is what is stuck.
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
SELECT 'order', status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), failure
FROM orders WHERE status = 'pending'
UNION ALL
SELECT 'refund', status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), error_message
FROM refunds WHERE status = 'pending'
UNION ALL
SELECT 'dispute', status, lower(hex(id)), datetime(look_due_at / 1000000, 'unixepoch'),
       datetime(created_at / 1000000, 'unixepoch'), reason
FROM disputes WHERE status IN ('opened', 'challenged', 'expired');
