-- What keeps the machine going: the outbox, the operators' list, the webhook log, the journal, what was applied before.

-- The outbox: what must happen outside. Transfers and reversals drive themselves and are not here.
--   pending  not sent          sent     we may have been heard: the outcome is unknown
--   done     it happened       refused  refused for good
CREATE TABLE effects (
    id             UUID    NOT NULL PRIMARY KEY,
    revision       BIGINT  NOT NULL,
    kind           TEXT    NOT NULL,                -- create_payment, create_refund, read_payment, mail_verification, …
    subject        UUID    NOT NULL,                -- the order or user it is for
    second_subject UUID,                            -- the refund or mail token, where the kind names one
    state          TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'done', 'refused')),
    due_at         BIGINT,
    attempts       BIGINT  NOT NULL CHECK (attempts >= 0),
    sent_at        BIGINT,
    last_error     TEXT,
    created_at     BIGINT  NOT NULL
);
CREATE INDEX effects_due ON effects (due_at, id) WHERE state IN ('pending', 'sent');
CREATE INDEX effects_subject ON effects (subject);

-- What waits on a person, at most one row per subject and reason.
CREATE TABLE attention (
    subject_id   UUID    NOT NULL,
    code         TEXT COLLATE "C" NOT NULL,
    subject_kind TEXT    NOT NULL CHECK (subject_kind IN ('order', 'refund', 'transfer', 'reversal', 'user', 'dispute')),
    order_id     UUID,
    detail       TEXT    NOT NULL,
    since        BIGINT  NOT NULL,
    PRIMARY KEY (subject_id, code)
);
CREATE INDEX attention_since ON attention (since, subject_id);
CREATE INDEX attention_order ON attention (order_id) WHERE order_id IS NOT NULL;

-- One row per webhook delivery, in its final state. The payload stands here and nowhere else: it holds client secrets.
CREATE TABLE webhook_log (
    id                UUID    NOT NULL PRIMARY KEY,
    sender            TEXT    NOT NULL CHECK (sender IN ('hyperswitch', 'stripe')),
    order_id          UUID,                         -- what it is about, where that is known
    received_at       BIGINT  NOT NULL,
    event_type        TEXT COLLATE "C",             -- none if unreadable
    signature_valid   BOOLEAN NOT NULL,
    processing_result TEXT COLLATE "C" NOT NULL CHECK (processing_result IN ('ok', 'skipped', 'signature_invalid')
                                  OR processing_result LIKE 'error: %'),
    source_ip         TEXT    NOT NULL,
    user_agent        TEXT    NOT NULL,
    request_id        TEXT    NOT NULL,
    payload           TEXT    NOT NULL              -- empty if it was not UTF-8
);
CREATE INDEX webhook_log_order ON webhook_log (order_id) WHERE order_id IS NOT NULL;
-- "Show me attack attempts", "show me what went wrong".
CREATE INDEX webhook_log_attacks ON webhook_log (id) WHERE NOT signature_valid;
CREATE INDEX webhook_log_errors ON webhook_log (id) WHERE processing_result LIKE 'error%';
CREATE TRIGGER webhook_log_unchanged BEFORE UPDATE ON webhook_log FOR EACH ROW EXECUTE FUNCTION veza_refuse('the webhook log is append-only');

-- What happened to an order beyond its rows: facts that were learnt, calls to providers, looks. No secrets.
CREATE TABLE journal (
    id       UUID    NOT NULL PRIMARY KEY,
    order_id UUID    NOT NULL,
    at       BIGINT  NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('fact', 'call', 'job')),
    text     TEXT    NOT NULL                       -- for a person
);
CREATE INDEX journal_order ON journal (order_id, id);
CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal FOR EACH ROW EXECUTE FUNCTION veza_refuse('the journal is append-only');
CREATE TRIGGER journal_stay BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION veza_refuse('the journal is append-only');

-- What operators did.
CREATE TABLE admin_actions (
    id           UUID    NOT NULL PRIMARY KEY,
    at           BIGINT  NOT NULL,
    admin_id     UUID,                              -- none: somebody at the command line
    action       TEXT    NOT NULL,                  -- retry_transfer, write_off, replay_webhook, …
    subject_kind TEXT    CHECK (subject_kind IN ('order', 'refund', 'transfer', 'reversal', 'user', 'dispute')),
    subject_id   UUID,                              -- what it was done to, where it was one thing
    order_id     UUID,
    detail       TEXT    NOT NULL,
    CHECK ((subject_kind IS NULL) = (subject_id IS NULL))
);
CREATE INDEX admin_actions_order ON admin_actions (order_id) WHERE order_id IS NOT NULL;
CREATE TRIGGER admin_actions_unchanged BEFORE UPDATE ON admin_actions FOR EACH ROW EXECUTE FUNCTION veza_refuse('what was done is not undone by rewriting it');
CREATE TRIGGER admin_actions_stay BEFORE DELETE ON admin_actions FOR EACH ROW EXECUTE FUNCTION veza_refuse('what was done is not undone by rewriting it');

-- Units of work that were applied: the same id again changes nothing. Swept by age.
CREATE TABLE units (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint BYTEA   NOT NULL CHECK (octet_length(fingerprint) = 32), -- hash of the request: same id, other hash = a bug
    decided_at  BIGINT  NOT NULL
);
CREATE INDEX units_decided ON units (decided_at);

-- Incoming Idempotency-Key headers and what came of them; kept 24 h.
CREATE TABLE idempotency_keys (
    user_id     UUID    NOT NULL,
    scope       TEXT COLLATE "C" NOT NULL,          -- create_order, refund:{order}
    key         TEXT COLLATE "C" NOT NULL,
    revision    BIGINT  NOT NULL,
    fingerprint BYTEA   NOT NULL CHECK (octet_length(fingerprint) = 32), -- SHA-256 of the request's body
    resource    UUID    NOT NULL,                   -- what the request made
    status      BIGINT,                             -- HTTP status of the answer; none = in flight, or the process died
    body        TEXT,
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (user_id, scope, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- For reading by hand.
CREATE VIEW orders_readable AS
SELECT id, status, total, refunded, currency, payment_id, failure, buyer_id AS buyer,
       veza_time(created_at) AS created, veza_time(completed_at) AS completed
FROM orders;

CREATE VIEW transfers_readable AS
SELECT id, order_id AS "order", seller_id AS seller, status, amount, amount_reversed, currency,
       stripe_transfer_id, retry_count, hold, last_error, veza_time(next_retry_at) AS next_retry
FROM transfers;

CREATE VIEW ledger_readable AS
SELECT veza_time(posted_at) AS posted, event, account, amount, currency, order_id AS "order"
FROM postings JOIN ledger_entries ON posting = seq;

CREATE VIEW disputes_readable AS
SELECT id, order_id AS "order", status, stage, reason, amount, currency, psp_dispute_id,
       veza_time(respond_by) AS respond_by, veza_time(created_at) AS created,
       veza_time(closed_at) AS closed
FROM disputes;

CREATE VIEW attention_readable AS
SELECT veza_time(since) AS since, code, subject_kind AS about, subject_id AS id, order_id AS "order", detail
FROM attention;

-- Without what they carry.
CREATE VIEW webhook_log_readable AS
SELECT veza_time(received_at) AS received, sender, event_type, signature_valid, processing_result, order_id AS "order",
       source_ip, user_agent, request_id, id
FROM webhook_log;

CREATE VIEW journal_readable AS
SELECT veza_time(at) AS at, kind, text, order_id AS "order"
FROM journal;

-- All that is not over and when it is looked at next: oldest first is what is stuck.
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
SELECT 'order', status, id, veza_time(look_due_at),
       veza_time(created_at), failure
FROM orders WHERE status = 'pending'
UNION ALL
SELECT 'refund', status, id, veza_time(look_due_at),
       veza_time(created_at), error_message
FROM refunds WHERE status = 'pending'
UNION ALL
SELECT 'dispute', status, id, veza_time(look_due_at),
       veza_time(created_at), reason
FROM disputes WHERE status IN ('opened', 'challenged', 'expired');
