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
    id                 UUID    NOT NULL PRIMARY KEY,
    revision           BIGINT  NOT NULL,
    order_id           UUID    NOT NULL REFERENCES orders (id),
    seller_id          UUID    NOT NULL,
    amount             BIGINT  NOT NULL CHECK (amount >= 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    amount_reversed    BIGINT  NOT NULL CHECK (amount_reversed BETWEEN 0 AND amount),
    status             TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'reversal_pending',
                                   'reversed', 'permanently_failed')),
    generation         BIGINT  NOT NULL CHECK (generation >= 0), -- the idempotency key is transfer:{id}:{generation}
    first_sent_at      BIGINT,                      -- set = a call under this key may have taken effect
    last_sent_at       BIGINT,
    look_up            BOOLEAN NOT NULL,            -- ask Connect before anything is sent again
    retry_count        BIGINT  NOT NULL CHECK (retry_count >= 0),
    next_retry_at      BIGINT,
    hold               TEXT    CHECK (hold IN ('account_not_ready', 'balance_insufficient', 'disputed',
                                   'nothing_at_connect')),
    last_error         TEXT,
    stripe_transfer_id TEXT COLLATE "C",            -- Connect's; never an invented one
    replaces           UUID,                        -- the transfer that was given up for good and that this one stands for
    created_at         BIGINT  NOT NULL,
    claimed_at         BIGINT
);
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
WHERE stripe_transfer_id IS NULL AND status IN ('completed', 'reversal_pending', 'reversed');

-- The moves there are; staying is allowed (a retry count moves). The domain has the same list, a test compares them.
CREATE TRIGGER transfers_move BEFORE UPDATE OF status ON transfers FOR EACH ROW
WHEN (NEW.status <> OLD.status AND NOT (
       (OLD.status = 'pending'          AND NEW.status IN ('completed', 'failed'))
    OR (OLD.status = 'failed'           AND NEW.status IN ('completed', 'permanently_failed'))
    OR (OLD.status = 'completed'        AND NEW.status IN ('reversal_pending'))
    OR (OLD.status = 'reversal_pending' AND NEW.status IN ('reversed', 'permanently_failed'))))
EXECUTE FUNCTION veza_refuse('a transfer has no such move');
CREATE TRIGGER transfers_stay BEFORE DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION veza_refuse('transfers are never deleted');

-- A share taken back, whole or in part: for one refund, or (refund_id is null) because it was done at Connect. Without a transfer
-- it is a debt that waits for the seller's next shares. A pending one always says when it is looked at again.
CREATE TABLE reversals (
    id                 UUID    NOT NULL PRIMARY KEY,
    revision           BIGINT  NOT NULL,
    order_id           UUID    NOT NULL REFERENCES orders (id),     -- whose share is taken back
    seller_id          UUID    NOT NULL,
    transfer_id        UUID    REFERENCES transfers (id),
    refund_id          UUID    REFERENCES refunds (id),
    amount             BIGINT  NOT NULL CHECK (amount >= 0),
    currency           TEXT    NOT NULL CHECK (length(currency) = 3),
    netted             BIGINT  NOT NULL CHECK (netted >= 0),        -- paid by the seller's later shares
    written_off        BIGINT  NOT NULL CHECK (written_off >= 0),   -- taken upon itself by the platform
    status             TEXT    NOT NULL CHECK (status IN ('reversal_pending', 'reversed', 'permanently_failed')),
    generation         BIGINT  NOT NULL CHECK (generation >= 0), -- the idempotency key is reversal:{id}:{generation}
    first_sent_at      BIGINT,
    last_sent_at       BIGINT,
    look_up            BOOLEAN NOT NULL,
    retry_count        BIGINT  NOT NULL CHECK (retry_count >= 0),
    next_retry_at      BIGINT,
    hold               TEXT    CHECK (hold IN ('account_not_ready', 'balance_insufficient', 'disputed',
                                   'nothing_at_connect')),
    last_error         TEXT,
    stripe_reversal_id TEXT COLLATE "C",
    created_at         BIGINT  NOT NULL,
    claimed_at         BIGINT,
    CHECK (netted + written_off <= amount),
    CONSTRAINT pending_reversal_is_due CHECK (status <> 'reversal_pending' OR next_retry_at IS NOT NULL)
);
CREATE UNIQUE INDEX reversals_stripe ON reversals (stripe_reversal_id) WHERE stripe_reversal_id <> '';
CREATE INDEX reversals_order ON reversals (order_id, id);
CREATE INDEX reversals_transfer ON reversals (transfer_id, id) WHERE transfer_id IS NOT NULL;
CREATE INDEX reversals_due ON reversals (next_retry_at, id) WHERE status = 'reversal_pending';
-- What a seller owes: looked up with every order of the seller's.
CREATE INDEX reversals_owed ON reversals (seller_id, id) WHERE status = 'reversal_pending';
CREATE TRIGGER reversals_stay BEFORE DELETE ON reversals FOR EACH ROW EXECUTE FUNCTION veza_refuse('reversals are never deleted');

-- A part of a share that was kept to pay a debt instead of being transferred.
CREATE TABLE nettings (
    id          UUID    NOT NULL PRIMARY KEY,
    order_id    UUID    NOT NULL REFERENCES orders (id),     -- whose share it is taken from
    reversal_id UUID    NOT NULL REFERENCES reversals (id),  -- the debt
    seller_id   UUID    NOT NULL,
    amount      BIGINT  NOT NULL CHECK (amount >= 0),
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    created_at  BIGINT  NOT NULL
);
CREATE INDEX nettings_order ON nettings (order_id, id);
CREATE TRIGGER nettings_unchanged BEFORE UPDATE ON nettings FOR EACH ROW EXECUTE FUNCTION veza_refuse('nettings are append-only');
CREATE TRIGGER nettings_stay BEFORE DELETE ON nettings FOR EACH ROW EXECUTE FUNCTION veza_refuse('nettings are append-only');

-- Payouts from sellers' Connect accounts to their banks: a mirror of Connect's, under Connect's ids. Below zero: taken back from
-- the bank.
CREATE TABLE payouts (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    revision   BIGINT  NOT NULL,
    seller_id  UUID    NOT NULL,
    amount     BIGINT  NOT NULL,
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    status     TEXT    NOT NULL CHECK (status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
    failure    TEXT,                                -- in Connect's words
    arrives_at BIGINT,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);
CREATE INDEX payouts_seller ON payouts (seller_id, created_at, id);

-- The double-entry ledger: a posting per event (so an event posts once), its entries sum to zero.
-- Debits are above zero, credits below. Nothing is ever changed: a correction is a posting of its own.
CREATE TABLE postings (
    seq       BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event     TEXT COLLATE "C" NOT NULL UNIQUE,     -- order_completed:{id}, refund_succeeded:{id}, …
    order_id  UUID    NOT NULL,
    posted_at BIGINT  NOT NULL
);
CREATE INDEX postings_order ON postings (order_id);

CREATE TABLE ledger_entries (
    posting  BIGINT  NOT NULL REFERENCES postings (seq),
    account  TEXT COLLATE "C" NOT NULL,            -- psp_clearing, platform_fee, seller_payable:{seller}, …
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    amount   BIGINT  NOT NULL,
    PRIMARY KEY (posting, account)
);

-- Sums of the entries, kept by the trigger below and by nothing else: a balance costs the same after ten years, and entries
-- stay in the order in which they are written. ledger_drift (below) shows where the two differ; it must be empty.
-- Every sale books to the same two accounts of the platform. So that sales need not queue for these rows, each connection
-- adds to rows of its own (`shard`); a balance is the sum of at most 64 of them. Rows are taken in the order of the key.
CREATE TABLE ledger_balances (
    account  TEXT COLLATE "C" NOT NULL,
    currency TEXT    NOT NULL,
    amount   BIGINT  NOT NULL,
    shard    BIGINT  NOT NULL,
    PRIMARY KEY (account, currency, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION veza_book() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_balances AS b (account, currency, amount, shard)
    SELECT account, currency, sum(amount), pg_backend_pid() % 64 FROM booked GROUP BY account, currency ORDER BY account, currency
    ON CONFLICT (account, currency, shard) DO UPDATE SET amount = b.amount + excluded.amount;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_booked AFTER INSERT ON ledger_entries
REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION veza_book();

CREATE TRIGGER postings_unchanged BEFORE UPDATE ON postings FOR EACH ROW EXECUTE FUNCTION veza_refuse('the ledger is append-only');
CREATE TRIGGER postings_stay BEFORE DELETE ON postings FOR EACH ROW EXECUTE FUNCTION veza_refuse('the ledger is append-only');
CREATE TRIGGER ledger_entries_unchanged BEFORE UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION veza_refuse('the ledger is append-only');
CREATE TRIGGER ledger_entries_stay BEFORE DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION veza_refuse('the ledger is append-only');
CREATE TRIGGER ledger_balances_stay BEFORE DELETE ON ledger_balances FOR EACH ROW EXECUTE FUNCTION veza_refuse('the ledger is append-only');

CREATE VIEW ledger_drift AS
SELECT account, currency, sum(entries)::bigint AS entries, sum(balance)::bigint AS balance FROM (
    SELECT account, currency, sum(amount) AS entries, 0 AS balance FROM ledger_entries GROUP BY account, currency
    UNION ALL
    SELECT account, currency, 0, sum(amount) FROM ledger_balances GROUP BY account, currency) AS both_sides
GROUP BY account, currency HAVING sum(entries) <> sum(balance);
