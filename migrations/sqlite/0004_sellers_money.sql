-- What goes to sellers and comes back, and the books.

-- A seller's share of an order on its way to Connect.
--   pending             to be sent, or sent without a known outcome (first_sent_at is set)
--   failed              Connect said no; tried again at next_retry_at
--   completed           Connect has it, under stripe_transfer_id
--   reversal_pending    all that is left of it is being taken back (see reversals)
--   reversed            all of it was taken back
--   permanently_failed  nothing more is tried; see attention
-- claimed_at: when a worker last took the row; no part of the row as the rules see it.
CREATE TABLE transfers (
    id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision           INTEGER NOT NULL,
    order_id           BLOB    NOT NULL REFERENCES orders (id),
    seller_id          BLOB    NOT NULL,
    amount             INTEGER NOT NULL CHECK (amount >= 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    amount_reversed    INTEGER NOT NULL CHECK (amount_reversed BETWEEN 0 AND amount),
    status             TEXT    NOT NULL CHECK (status = 'pending' OR status = 'completed' OR status = 'failed'
                           OR status = 'reversal_pending' OR status = 'reversed'
                           OR status = 'permanently_failed'),
    generation         INTEGER NOT NULL CHECK (generation >= 0),    -- the idempotency key is transfer:{id}:{generation}
    first_sent_at      INTEGER,                     -- set = a call under this key may have taken effect
    last_sent_at       INTEGER,
    look_up            INTEGER NOT NULL CHECK (look_up IN (0, 1)),  -- ask Connect before anything is sent again
    retry_count        INTEGER NOT NULL CHECK (retry_count >= 0),
    next_retry_at      INTEGER,
    hold               TEXT    CHECK (hold = 'account_not_ready' OR hold = 'balance_insufficient'
                           OR hold = 'disputed' OR hold = 'nothing_at_connect'),
    last_error         TEXT,
    stripe_transfer_id TEXT,                        -- Connect's; never an invented one
    replaces           BLOB,                        -- the transfer that was given up for good and that this one stands for
    created_at         INTEGER NOT NULL,
    claimed_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX transfers_stripe ON transfers (stripe_transfer_id) WHERE stripe_transfer_id <> '';
CREATE INDEX transfers_order ON transfers (order_id);
CREATE INDEX transfers_seller ON transfers (seller_id, id);
CREATE INDEX transfers_due_failed ON transfers (next_retry_at, id) WHERE status = 'failed';
CREATE INDEX transfers_due_pending ON transfers (next_retry_at, id) WHERE status = 'pending';
CREATE INDEX transfers_held ON transfers (seller_id, id) WHERE hold IS NOT NULL;
-- Lists of transfers with a status: most are completed, and are found along the key; the pending ones along what is due.
CREATE INDEX transfers_status ON transfers (status, id) WHERE status <> 'completed' AND status <> 'pending';
-- Whose id at Connect is missing: empty in good times.
CREATE INDEX transfers_without_id ON transfers (id)
WHERE stripe_transfer_id IS NULL AND (status = 'completed' OR status = 'reversal_pending' OR status = 'reversed');

-- The moves there are; staying is allowed (a retry count moves). The domain has the same list, a test compares them.
CREATE TRIGGER transfers_move BEFORE UPDATE OF status ON transfers
WHEN NEW.status <> OLD.status AND NOT (
       (OLD.status = 'pending'          AND NEW.status IN ('completed', 'failed'))
    OR (OLD.status = 'failed'           AND NEW.status IN ('completed', 'permanently_failed'))
    OR (OLD.status = 'completed'        AND NEW.status IN ('reversal_pending'))
    OR (OLD.status = 'reversal_pending' AND NEW.status IN ('reversed', 'permanently_failed')))
BEGIN
    SELECT RAISE(ABORT, 'a transfer has no such move');
END;
CREATE TRIGGER transfers_stay BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;

-- A share taken back, whole or in part: for one refund, or (refund_id is null) because it was done at Connect. Without a transfer
-- it is a debt that waits for the seller's next shares. A pending one always says when it is looked at again.
CREATE TABLE reversals (
    id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision           INTEGER NOT NULL,
    order_id           BLOB    NOT NULL REFERENCES orders (id),     -- whose share is taken back
    seller_id          BLOB    NOT NULL,
    transfer_id        BLOB    REFERENCES transfers (id),
    refund_id          BLOB    REFERENCES refunds (id),
    amount             INTEGER NOT NULL CHECK (amount >= 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    netted             INTEGER NOT NULL CHECK (netted >= 0),        -- paid by the seller's later shares
    written_off        INTEGER NOT NULL CHECK (written_off >= 0),   -- taken upon itself by the platform
    status             TEXT    NOT NULL CHECK (status = 'reversal_pending' OR status = 'reversed'
                           OR status = 'permanently_failed'),
    generation         INTEGER NOT NULL CHECK (generation >= 0),    -- the idempotency key is reversal:{id}:{generation}
    first_sent_at      INTEGER,
    last_sent_at       INTEGER,
    look_up            INTEGER NOT NULL CHECK (look_up IN (0, 1)),
    retry_count        INTEGER NOT NULL CHECK (retry_count >= 0),
    next_retry_at      INTEGER,
    hold               TEXT    CHECK (hold = 'account_not_ready' OR hold = 'balance_insufficient'
                           OR hold = 'disputed' OR hold = 'nothing_at_connect'),
    last_error         TEXT,
    stripe_reversal_id TEXT,
    created_at         INTEGER NOT NULL,
    claimed_at         INTEGER,
    CHECK (netted + written_off <= amount),
    CONSTRAINT pending_reversal_is_due CHECK (status <> 'reversal_pending' OR next_retry_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reversals_stripe ON reversals (stripe_reversal_id) WHERE stripe_reversal_id <> '';
CREATE INDEX reversals_order ON reversals (order_id, id);
CREATE INDEX reversals_transfer ON reversals (transfer_id, id) WHERE transfer_id IS NOT NULL;
CREATE INDEX reversals_due ON reversals (next_retry_at, id) WHERE status = 'reversal_pending';
-- What a seller owes: looked up with every order of the seller's.
CREATE INDEX reversals_owed ON reversals (seller_id, id) WHERE status = 'reversal_pending';
CREATE TRIGGER reversals_stay BEFORE DELETE ON reversals BEGIN SELECT RAISE(ABORT, 'reversals are never deleted'); END;

-- A part of a share that was kept to pay a debt instead of being transferred.
CREATE TABLE nettings (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    order_id    BLOB    NOT NULL REFERENCES orders (id),     -- whose share it is taken from
    reversal_id BLOB    NOT NULL REFERENCES reversals (id),  -- the debt
    seller_id   BLOB    NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount >= 0),
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX nettings_order ON nettings (order_id, id);
CREATE TRIGGER nettings_unchanged BEFORE UPDATE ON nettings BEGIN SELECT RAISE(ABORT, 'nettings are append-only'); END;
CREATE TRIGGER nettings_stay BEFORE DELETE ON nettings BEGIN SELECT RAISE(ABORT, 'nettings are append-only'); END;

-- Payouts from sellers' Connect accounts to their banks: a mirror of Connect's, under Connect's ids. Below zero: taken back from
-- the bank.
CREATE TABLE payouts (
    id         TEXT    NOT NULL PRIMARY KEY,
    revision   INTEGER NOT NULL,
    seller_id  BLOB    NOT NULL,
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    status     TEXT    NOT NULL CHECK (status = 'pending' OR status = 'in_transit' OR status = 'paid'
                        OR status = 'failed' OR status = 'canceled'),
    failure    TEXT,                                -- in Connect's words
    arrives_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payouts_seller ON payouts (seller_id, created_at, id);

-- The double-entry ledger: a posting per event (so an event posts once), its entries sum to zero.
-- Debits are above zero, credits below. Nothing is ever changed: a correction is a posting of its own.
CREATE TABLE postings (
    seq       INTEGER PRIMARY KEY,
    event     TEXT    NOT NULL UNIQUE,              -- order_completed:{id}, refund_succeeded:{id}, …
    order_id  BLOB    NOT NULL,
    posted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX postings_order ON postings (order_id);

CREATE TABLE ledger_entries (
    posting  INTEGER NOT NULL REFERENCES postings (seq),
    account  TEXT    NOT NULL,                      -- psp_clearing, platform_fee, seller_payable:{seller}, …
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    amount   INTEGER NOT NULL,
    PRIMARY KEY (posting, account)
) STRICT, WITHOUT ROWID;

-- Sums of the entries, kept by the trigger below and by nothing else: a balance costs the same after ten years, and entries
-- stay in the order in which they are written. ledger_drift (below) shows where the two differ; it must be empty.
CREATE TABLE ledger_balances (
    account  TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (account, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER ledger_entries_booked AFTER INSERT ON ledger_entries BEGIN
    INSERT INTO ledger_balances (account, currency, amount) VALUES (NEW.account, NEW.currency, NEW.amount)
    ON CONFLICT DO UPDATE SET amount = amount + NEW.amount;
END;

CREATE TRIGGER postings_unchanged BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_stay BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entries_unchanged BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entries_stay BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_balances_stay BEFORE DELETE ON ledger_balances BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE VIEW ledger_drift AS
SELECT account, currency, sum(entries) AS entries, sum(balance) AS balance FROM (
    SELECT account, currency, sum(amount) AS entries, 0 AS balance FROM ledger_entries GROUP BY account, currency
    UNION ALL
    SELECT account, currency, 0, amount FROM ledger_balances)
GROUP BY account, currency HAVING sum(entries) <> sum(balance);
