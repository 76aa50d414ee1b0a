-- Orders and all that hangs on a buyer's side of them: lines, refunds, licences, disputes.
--
-- look_due_at, look_count, look_last_at: when the reconciler reads the row at the provider, how often it has, and when last. No
-- due time: it is over.

CREATE TABLE orders (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision        INTEGER NOT NULL,
    buyer_id        BLOB    NOT NULL,
    status          TEXT    NOT NULL CHECK (status = 'pending' OR status = 'completed' OR status = 'failed'
                           OR status = 'refund_pending' OR status = 'partially_refunded'
                           OR status = 'refunded' OR status = 'disputed' OR status = 'charged_back'),
    total           INTEGER NOT NULL CHECK (total >= 0),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    refunded        INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND total),
    payment_id      TEXT,                           -- the PSP's, chosen by us; none for an order of 0
    client_secret   TEXT,                           -- whoever has it can pay: never show it
    failure         TEXT,                           -- why it failed, in the PSP's words
    created_at      INTEGER NOT NULL,
    completed_at    INTEGER,                        -- set once, when it was paid; nothing but lines hangs on it before
    refund_deadline INTEGER,
    look_due_at     INTEGER,
    look_count      INTEGER NOT NULL CHECK (look_count >= 0),
    look_last_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX orders_payment ON orders (payment_id) WHERE payment_id <> '';
CREATE INDEX orders_buyer ON orders (buyer_id, id);
-- What the reconciler looks at; nothing that is settled is in these. Lists of orders with a status: most are completed, and are
-- found along the key; the pending ones along the first of these.
CREATE INDEX orders_look_pending ON orders (look_due_at, id) WHERE status = 'pending';
CREATE INDEX orders_look_failed ON orders (look_due_at, id) WHERE status = 'failed' AND look_due_at IS NOT NULL;
CREATE INDEX orders_status ON orders (status, id) WHERE status <> 'completed' AND status <> 'pending';

-- Price and licence terms as they were at checkout.
CREATE TABLE order_lines (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision     INTEGER NOT NULL,
    order_id     BLOB    NOT NULL REFERENCES orders (id),
    position     INTEGER NOT NULL,
    product_id   BLOB    NOT NULL,
    offer_id     BLOB,
    licence_kind TEXT    NOT NULL,
    terms        TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    seller_id    BLOB    NOT NULL,
    price        INTEGER NOT NULL CHECK (price >= 0),
    fee          INTEGER NOT NULL CHECK (fee >= 0),
    share        INTEGER NOT NULL CHECK (share >= 0),
    refunded     INTEGER NOT NULL CHECK (refunded BETWEEN 0 AND price)
) STRICT;
CREATE INDEX order_lines_order ON order_lines (order_id, position, id);

-- Money that goes back to a buyer. Its id is also its id at the PSP and its idempotency key.
CREATE TABLE refunds (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision      INTEGER NOT NULL,
    order_id      BLOB    NOT NULL REFERENCES orders (id),
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    currency      TEXT    NOT NULL CHECK (length(currency) = 3),
    status        TEXT    NOT NULL CHECK (status = 'pending' OR status = 'succeeded' OR status = 'failed'),
    psp_refund_id TEXT,
    reason        TEXT,                             -- in the words of who asked
    requested_by  BLOB,                             -- none: made at the PSP, or by Veza itself
    origin        TEXT    NOT NULL CHECK (origin = 'requested' OR origin = 'external' OR origin = 'dispute'
                          OR origin = 'payment_undone'),
    dispute_id    BLOB,                             -- the lost dispute that it is
    error_message TEXT,                             -- in the PSP's words
    created_at    INTEGER NOT NULL,
    succeeded_at  INTEGER,
    look_due_at   INTEGER,
    look_count    INTEGER NOT NULL CHECK (look_count >= 0),
    look_last_at  INTEGER,
    CHECK ((origin = 'dispute') = (dispute_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX refunds_psp ON refunds (psp_refund_id) WHERE psp_refund_id <> '';
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_status ON refunds (status, id);
CREATE INDEX refunds_look ON refunds (look_due_at, id) WHERE status = 'pending' AND psp_refund_id IS NOT NULL;
CREATE INDEX refunds_look_orphans ON refunds (look_due_at, id) WHERE status = 'pending' AND psp_refund_id IS NULL;

-- The lines a refund was asked for; none = the whole order.
CREATE TABLE refund_lines (
    refund_id BLOB    NOT NULL REFERENCES refunds (id),
    position  INTEGER NOT NULL,
    line_id   BLOB    NOT NULL,
    PRIMARY KEY (refund_id, position)
) STRICT, WITHOUT ROWID;

-- What a refund gave back of each line, once it succeeded.
CREATE TABLE refund_line_parts (
    refund_id BLOB    NOT NULL REFERENCES refunds (id),
    position  INTEGER NOT NULL,
    line_id   BLOB    NOT NULL,
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (refund_id, position)
) STRICT, WITHOUT ROWID;

-- What a refund took back from each seller, once it succeeded; the platform bears the rest.
CREATE TABLE refund_seller_parts (
    refund_id BLOB    NOT NULL REFERENCES refunds (id),
    position  INTEGER NOT NULL,
    seller_id BLOB    NOT NULL,
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (refund_id, position)
) STRICT, WITHOUT ROWID;

-- What buyers hold. The id follows from the line, so a line grants once.
CREATE TABLE licences (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision   INTEGER NOT NULL,
    line_id    BLOB    NOT NULL,
    order_id   BLOB    NOT NULL REFERENCES orders (id),
    product_id BLOB    NOT NULL,
    buyer_id   BLOB    NOT NULL,
    kind       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'revoked')),
    granted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX licences_order ON licences (order_id);
CREATE INDEX licences_buyer ON licences (buyer_id, id);

-- What a buyer wants back through the card's bank. Open while opened, challenged or expired; the shares are held then.
CREATE TABLE disputes (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),    -- follows from the order and the PSP's id
    revision       INTEGER NOT NULL,
    order_id       BLOB    NOT NULL REFERENCES orders (id),
    psp_dispute_id TEXT    NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    status         TEXT    NOT NULL CHECK (status = 'opened' OR status = 'challenged' OR status = 'expired'
                           OR status = 'accepted' OR status = 'cancelled' OR status = 'won' OR status = 'lost'),
    stage          TEXT,                            -- in the PSP's words
    reason         TEXT,                            -- in the bank's words
    respond_by     INTEGER,                         -- until when evidence may be handed in
    look_due_at    INTEGER,
    look_count     INTEGER NOT NULL CHECK (look_count >= 0),
    look_last_at   INTEGER,
    created_at     INTEGER NOT NULL,
    closed_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX disputes_psp ON disputes (psp_dispute_id);
CREATE INDEX disputes_order ON disputes (order_id, id);
CREATE INDEX disputes_status ON disputes (status, id);
CREATE INDEX disputes_look ON disputes (look_due_at, id) WHERE status = 'opened' OR status = 'challenged' OR status = 'expired';

CREATE TRIGGER orders_stay BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders are never deleted'); END;
CREATE TRIGGER order_lines_stay BEFORE DELETE ON order_lines BEGIN SELECT RAISE(ABORT, 'order lines are never deleted'); END;
CREATE TRIGGER refunds_stay BEFORE DELETE ON refunds BEGIN SELECT RAISE(ABORT, 'refunds are never deleted'); END;
CREATE TRIGGER licences_stay BEFORE DELETE ON licences BEGIN SELECT RAISE(ABORT, 'licences are revoked, never deleted'); END;
CREATE TRIGGER disputes_stay BEFORE DELETE ON disputes BEGIN SELECT RAISE(ABORT, 'disputes are never deleted'); END;
