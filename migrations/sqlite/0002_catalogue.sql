-- Products, the licences they are offered under, and sellers' accounts at Connect.

CREATE TABLE products (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision     INTEGER NOT NULL,
    seller_id    BLOB    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind = 'track' OR kind = 'pack' OR kind = 'course' OR kind = 'service'),
    title        TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    price        INTEGER NOT NULL CHECK (price >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    status       TEXT    NOT NULL CHECK (status = 'draft' OR status = 'published' OR status = 'archived'),
    created_at   INTEGER NOT NULL,
    published_at INTEGER
) STRICT;
-- The shop window: all that can be bought, newest first; the same of one kind, and of one seller.
CREATE INDEX products_published ON products (id) WHERE status = 'published';
CREATE INDEX products_published_kind ON products (kind, id) WHERE status = 'published';
CREATE INDEX products_seller ON products (seller_id, id);

-- Offers and images belong to their product: replaced together with it, or not at all.
CREATE TABLE product_offers (
    product_id BLOB    NOT NULL REFERENCES products (id),
    position   INTEGER NOT NULL,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    kind       TEXT    NOT NULL,
    price      INTEGER NOT NULL CHECK (price >= 0),
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    terms      TEXT    NOT NULL,
    PRIMARY KEY (product_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE product_images (
    product_id BLOB    NOT NULL REFERENCES products (id),
    position   INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    PRIMARY KEY (product_id, position)
) STRICT, WITHOUT ROWID;

-- The guard row that makes an exclusive licence sell once: one row per product, whoever comes second finds it taken.
CREATE TABLE exclusive_holds (
    product_id BLOB    NOT NULL PRIMARY KEY CHECK (length(product_id) = 16),
    revision   INTEGER NOT NULL,
    order_id   BLOB    NOT NULL,                    -- holds it, bought it, or was the last to hold it
    state      TEXT    NOT NULL CHECK (state = 'held' OR state = 'sold' OR state = 'released')
) STRICT, WITHOUT ROWID;

-- Sellers' accounts at Connect. No transfer leaves before transfers_enabled; payouts_enabled is only shown.
CREATE TABLE seller_accounts (
    seller_id         BLOB    NOT NULL PRIMARY KEY CHECK (length(seller_id) = 16),
    revision          INTEGER NOT NULL,
    stripe_account_id TEXT,                         -- none between our decision to open one and Connect's answer
    transfers_enabled INTEGER NOT NULL CHECK (transfers_enabled IN (0, 1)),
    payouts_enabled   INTEGER NOT NULL CHECK (payouts_enabled IN (0, 1)),
    created_at        INTEGER NOT NULL,
    checked_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX seller_accounts_stripe ON seller_accounts (stripe_account_id) WHERE stripe_account_id <> '';
