-- Orders and all that hangs on a buyer's side of them: lines, refunds, licences, disputes.
--
-- look_due_at, look_count, look_last_at: when the reconciler reads the row at the provider, how often it has, and when last. No
-- due time: it is over.

CREATE TABLE orders (
    id              UUID    NOT NULL PRIMARY KEY,
    revision        BIGINT  NOT NULL,
    buyer_id        UUID    NOT NULL,
    status          TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'refund_pending',
                                'partially_refunded', 'refunded', 'disputed', 'charged_back')),
    total           BIGINT  NOT NULL CHECK (total >= 0),
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    refunded        BIGINT  NOT NULL CHECK (refunded BETWEEN 0 AND total),
    payment_id      TEXT COLLATE "C",               -- the PSP's, chosen by us; none for an order of 0
    client_secret   TEXT,                           -- whoever has it can pay: never show it
    failure         TEXT,                           -- why it failed, in the PSP's words
    created_at      BIGINT  NOT NULL,
    completed_at    BIGINT,                         -- set once, when it was paid; nothing but lines hangs on it before
    refund_deadline BIGINT,
    look_due_at     BIGINT,
    look_count      BIGINT  NOT NULL CHECK (look_count >= 0),
    look_last_at    BIGINT
);
CREATE UNIQUE INDEX orders_payment ON orders (payment_id) WHERE payment_id <> '';
CREATE INDEX orders_buyer ON orders (buyer_id, id);
-- What the reconciler looks at; nothing that is settled is in these. Lists of orders with a status: most are completed, and are
-- found along the key; the pending ones along the first of these.
CREATE INDEX orders_look_pending ON orders (look_due_at, id) WHERE status = 'pending';
CREATE INDEX orders_look_failed ON orders (look_due_at, id) WHERE status = 'failed' AND look_due_at IS NOT NULL;
CREATE INDEX orders_status ON orders (status, id) WHERE status <> 'completed' AND status <> 'pending';

-- Price and licence terms as they were at checkout.
CREATE TABLE order_lines (
    id           UUID    NOT NULL PRIMARY KEY,
    revision     BIGINT  NOT NULL,
    order_id     UUID    NOT NULL REFERENCES orders (id),
    position     BIGINT  NOT NULL,
    product_id   UUID    NOT NULL,
    offer_id     UUID,
    licence_kind TEXT    NOT NULL,
    terms        TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    seller_id    UUID    NOT NULL,
    price        BIGINT  NOT NULL CHECK (price >= 0),
    fee          BIGINT  NOT NULL CHECK (fee >= 0),
    share        BIGINT  NOT NULL CHECK (share >= 0),
    refunded     BIGINT  NOT NULL CHECK (refunded BETWEEN 0 AND price)
);
CREATE INDEX order_lines_order ON order_lines (order_id, position, id);

-- Money that goes back to a buyer. Its id is also its id at the PSP and its idempotency key.
CREATE TABLE refunds (
    id            UUID    NOT NULL PRIMARY KEY,
    revision      BIGINT  NOT NULL,
    order_id      UUID    NOT NULL REFERENCES orders (id),
    amount        BIGINT  NOT NULL CHECK (amount >= 0),
    currency      TEXT    NOT NULL CHECK (length(currency) = 3),
    status        TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    psp_refund_id TEXT COLLATE "C",
    reason        TEXT,                             -- in the words of who asked
    requested_by  UUID,                             -- none: made at the PSP, or by Veza itself
    origin        TEXT    NOT NULL CHECK (origin IN ('requested', 'external', 'dispute', 'payment_undone')),
    dispute_id    UUID,                             -- the lost dispute that it is
    error_message TEXT,                             -- in the PSP's words
    created_at    BIGINT  NOT NULL,
    succeeded_at  BIGINT,
    look_due_at   BIGINT,
    look_count    BIGINT  NOT NULL CHECK (look_count >= 0),
    look_last_at  BIGINT,
    CHECK ((origin = 'dispute') = (dispute_id IS NOT NULL))
);
CREATE UNIQUE INDEX refunds_psp ON refunds (psp_refund_id) WHERE psp_refund_id <> '';
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_status ON refunds (status, id);
CREATE INDEX refunds_look ON refunds (look_due_at, id) WHERE status = 'pending' AND psp_refund_id IS NOT NULL;
CREATE INDEX refunds_look_orphans ON refunds (look_due_at, id) WHERE status = 'pending' AND psp_refund_id IS NULL;

-- The lines a refund was asked for; none = the whole order.
CREATE TABLE refund_lines (
    refund_id UUID    NOT NULL REFERENCES refunds (id),
    position  BIGINT  NOT NULL,
    line_id   UUID    NOT NULL,
    PRIMARY KEY (refund_id, position)
);

-- What a refund gave back of each line, once it succeeded.
CREATE TABLE refund_line_parts (
    refund_id UUID    NOT NULL REFERENCES refunds (id),
    position  BIGINT  NOT NULL,
    line_id   UUID    NOT NULL,
    amount    BIGINT  NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (refund_id, position)
);

-- What a refund took back from each seller, once it succeeded; the platform bears the rest.
CREATE TABLE refund_seller_parts (
    refund_id UUID    NOT NULL REFERENCES refunds (id),
    position  BIGINT  NOT NULL,
    seller_id UUID    NOT NULL,
    amount    BIGINT  NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (refund_id, position)
);

-- What buyers hold. The id follows from the line, so a line grants once.
CREATE TABLE licences (
    id         UUID    NOT NULL PRIMARY KEY,
    revision   BIGINT  NOT NULL,
    line_id    UUID    NOT NULL,
    order_id   UUID    NOT NULL REFERENCES orders (id),
    product_id UUID    NOT NULL,
    buyer_id   UUID    NOT NULL,
    kind       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'revoked')),
    granted_at BIGINT  NOT NULL
);
CREATE INDEX licences_order ON licences (order_id);
CREATE INDEX licences_buyer ON licences (buyer_id, id);

-- What a buyer wants back through the card's bank. Open while opened, challenged or expired; the shares are held then.
CREATE TABLE disputes (
    id             UUID    NOT NULL PRIMARY KEY,    -- follows from the order and the PSP's id
    revision       BIGINT  NOT NULL,
    order_id       UUID    NOT NULL REFERENCES orders (id),
    psp_dispute_id TEXT COLLATE "C" NOT NULL,
    amount         BIGINT  NOT NULL CHECK (amount >= 0),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    status         TEXT COLLATE "C" NOT NULL CHECK (status IN ('opened', 'challenged', 'expired', 'accepted', 'cancelled',
                               'won', 'lost')),
    stage          TEXT,                            -- in the PSP's words
    reason         TEXT,                            -- in the bank's words
    respond_by     BIGINT,                          -- until when evidence may be handed in
    look_due_at    BIGINT,
    look_count     BIGINT  NOT NULL CHECK (look_count >= 0),
    look_last_at   BIGINT,
    created_at     BIGINT  NOT NULL,
    closed_at      BIGINT
);
CREATE UNIQUE INDEX disputes_psp ON disputes (psp_dispute_id);
CREATE INDEX disputes_order ON disputes (order_id, id);
CREATE INDEX disputes_status ON disputes (status, id);
CREATE INDEX disputes_look ON disputes (look_due_at, id) WHERE status IN ('opened', 'challenged', 'expired');

CREATE TRIGGER orders_stay BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION veza_refuse('orders are never deleted');
CREATE TRIGGER order_lines_stay BEFORE DELETE ON order_lines FOR EACH ROW EXECUTE FUNCTION veza_refuse('order lines are never deleted');
CREATE TRIGGER refunds_stay BEFORE DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION veza_refuse('refunds are never deleted');
CREATE TRIGGER licences_stay BEFORE DELETE ON licences FOR EACH ROW EXECUTE FUNCTION veza_refuse('licences are revoked, never deleted');
CREATE TRIGGER disputes_stay BEFORE DELETE ON disputes FOR EACH ROW EXECUTE FUNCTION veza_refuse('disputes are never deleted');
