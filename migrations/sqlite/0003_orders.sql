-- Orders and all that hangs on a buyer's side of them: lines, refunds, licences.

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
    refund_deadline INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX orders_payment ON orders (payment_id) WHERE payment_id <> '';
CREATE INDEX orders_buyer ON orders (buyer_id, id);

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
    external      INTEGER NOT NULL CHECK (external IN (0, 1)),  -- made at the PSP, not through us
    error_message TEXT,                             -- in the PSP's words
    created_at    INTEGER NOT NULL,
    succeeded_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX refunds_psp ON refunds (psp_refund_id) WHERE psp_refund_id <> '';
CREATE INDEX refunds_order ON refunds (order_id, id);

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

CREATE TRIGGER orders_stay BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders are never deleted'); END;
CREATE TRIGGER order_lines_stay BEFORE DELETE ON order_lines BEGIN SELECT RAISE(ABORT, 'order lines are never deleted'); END;
CREATE TRIGGER refunds_stay BEFORE DELETE ON refunds BEGIN SELECT RAISE(ABORT, 'refunds are never deleted'); END;
CREATE TRIGGER licences_stay BEFORE DELETE ON licences BEGIN SELECT RAISE(ABORT, 'licences are revoked, never deleted'); END;
