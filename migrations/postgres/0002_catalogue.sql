-- Products, the licences they are offered under, and sellers' accounts at Connect.

CREATE TABLE products (
    id           UUID    NOT NULL PRIMARY KEY,
    revision     BIGINT  NOT NULL,
    seller_id    UUID    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('track', 'pack', 'course', 'service')),
    title        TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    price        BIGINT  NOT NULL CHECK (price >= 0),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    status       TEXT    NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
    created_at   BIGINT  NOT NULL,
    published_at BIGINT
);
-- The shop window: all that can be bought, newest first; the same of one kind, and of one seller.
CREATE INDEX products_published ON products (id) WHERE status = 'published';
CREATE INDEX products_published_kind ON products (kind, id) WHERE status = 'published';
CREATE INDEX products_seller ON products (seller_id, id);

-- Offers and images belong to their product: replaced together with it, or not at all.
CREATE TABLE product_offers (
    product_id UUID    NOT NULL REFERENCES products (id),
    position   BIGINT  NOT NULL,
    id         UUID    NOT NULL,
    kind       TEXT    NOT NULL,
    price      BIGINT  NOT NULL CHECK (price >= 0),
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    terms      TEXT    NOT NULL,
    PRIMARY KEY (product_id, position)
);

CREATE TABLE product_images (
    product_id UUID    NOT NULL REFERENCES products (id),
    position   BIGINT  NOT NULL,
    address    TEXT    NOT NULL,
    PRIMARY KEY (product_id, position)
);

-- The guard row that makes an exclusive licence sell once: one row per product, whoever comes second finds it taken.
CREATE TABLE exclusive_holds (
    product_id UUID    NOT NULL PRIMARY KEY,
    revision   BIGINT  NOT NULL,
    order_id   UUID    NOT NULL,                    -- holds it, bought it, or was the last to hold it
    state      TEXT    NOT NULL CHECK (state IN ('held', 'sold', 'released'))
);

-- Sellers' accounts at Connect. No transfer leaves before transfers_enabled; payouts_enabled is only shown.
CREATE TABLE seller_accounts (
    seller_id         UUID    NOT NULL PRIMARY KEY,
    revision          BIGINT  NOT NULL,
    stripe_account_id TEXT COLLATE "C",             -- none between our decision to open one and Connect's answer
    transfers_enabled BOOLEAN NOT NULL,
    payouts_enabled   BOOLEAN NOT NULL,
    created_at        BIGINT  NOT NULL,
    checked_at        BIGINT
);
CREATE UNIQUE INDEX seller_accounts_stripe ON seller_accounts (stripe_account_id) WHERE stripe_account_id <> '';
