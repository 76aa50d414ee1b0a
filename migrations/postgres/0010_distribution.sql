-- Distribution: what creators have sent to streaming platforms through a distributor, and what came back.

-- A track or release as it was handed in.
CREATE TABLE submissions (
    id         UUID    NOT NULL PRIMARY KEY,
    user_id    UUID    NOT NULL,
    product_id UUID    NOT NULL REFERENCES products (id),
    kind       TEXT    NOT NULL CHECK (kind IN ('track', 'release')),
    title      TEXT    NOT NULL,                    -- as it was then
    created_at BIGINT  NOT NULL
);
CREATE INDEX submissions_user ON submissions (user_id, id);
CREATE TRIGGER submissions_unchanged BEFORE UPDATE ON submissions FOR EACH ROW EXECUTE FUNCTION veza_refuse('submissions are append-only');
CREATE TRIGGER submissions_stay BEFORE DELETE ON submissions FOR EACH ROW EXECUTE FUNCTION veza_refuse('submissions are append-only');

-- A submission on one platform. Its id is the key under which the partner knows it.
--   call  due    nothing that counts was sent       sent  it may have been heard since sent_at: asked before it is sent again
--         heard  the partner has heard it
CREATE TABLE placements (
    id            UUID    NOT NULL PRIMARY KEY,
    revision      BIGINT  NOT NULL,
    submission_id UUID    NOT NULL REFERENCES submissions (id),
    product_id    UUID    NOT NULL,
    user_id       UUID    NOT NULL,
    platform      TEXT COLLATE "C" NOT NULL CHECK (platform IN ('apple_music', 'deezer', 'spotify')),
    status        TEXT COLLATE "C" NOT NULL CHECK (status IN ('submitted', 'processing', 'live', 'rejected', 'takedown_requested', 'taken_down')),
    call          TEXT COLLATE "C" NOT NULL CHECK (call IN ('due', 'sent', 'heard')),
    sent_at       BIGINT,
    partner_id    TEXT COLLATE "C",                             -- the partner's reference
    isrc          TEXT COLLATE "C",                             -- the recording's code, as the partner assigned it
    tries         BIGINT  NOT NULL CHECK (tries >= 0),              -- calls in a row that brought nothing
    due_at        BIGINT,
    last_error    TEXT,
    created_at    BIGINT  NOT NULL,
    CHECK ((call = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT placement_is_due CHECK ((status = 'rejected' OR status = 'taken_down') = (due_at IS NULL))
);
-- At most one of a product is open on a platform.
CREATE UNIQUE INDEX placements_open ON placements (product_id, platform) WHERE status <> 'rejected' AND status <> 'taken_down';
CREATE INDEX placements_submission ON placements (submission_id, platform, id);
CREATE INDEX placements_due ON placements (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX placements_moving ON placements (created_at)
WHERE status <> 'live' AND status <> 'rejected' AND status <> 'taken_down';
-- What lines of a royalty report name.
CREATE INDEX placements_partner ON placements (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX placements_isrc ON placements (isrc) WHERE isrc IS NOT NULL;
-- The moves there are. The domain has the same list, the storage contract compares them.
CREATE TRIGGER placements_move BEFORE UPDATE OF status ON placements FOR EACH ROW
WHEN (NEW.status <> OLD.status AND NOT (
       OLD.status = 'submitted'
    OR (OLD.status = 'processing'         AND NEW.status <> 'submitted')
    OR (OLD.status = 'live'               AND NEW.status IN ('takedown_requested', 'taken_down'))
    OR (OLD.status = 'takedown_requested' AND NEW.status IN ('taken_down', 'rejected'))))
EXECUTE FUNCTION veza_refuse('a placement has no such move');
CREATE TRIGGER placements_stay BEFORE DELETE ON placements FOR EACH ROW EXECUTE FUNCTION veza_refuse('placements are never deleted');

-- Who moved a placement's status, when and why.
CREATE TABLE placement_moves (
    id            UUID    NOT NULL PRIMARY KEY,
    placement_id  UUID    NOT NULL REFERENCES placements (id),
    submission_id UUID    NOT NULL,
    from_status   TEXT,                             -- none: it was handed in
    to_status     TEXT    NOT NULL,
    why           TEXT    NOT NULL,
    at            BIGINT  NOT NULL,
    moved_by      UUID                              -- none: the partner, as a worker heard it
);
CREATE INDEX placement_moves_submission ON placement_moves (submission_id, at, id);
CREATE TRIGGER placement_moves_unchanged BEFORE UPDATE ON placement_moves FOR EACH ROW EXECUTE FUNCTION veza_refuse('moves are append-only');
CREATE TRIGGER placement_moves_stay BEFORE DELETE ON placement_moves FOR EACH ROW EXECUTE FUNCTION veza_refuse('moves are append-only');

-- Royalty reports that were imported, by the SHA-256 of their bytes.
CREATE TABLE royalty_files (
    hash        BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    lines       BIGINT  NOT NULL CHECK (lines >= 0),
    fresh       BIGINT  NOT NULL CHECK (fresh >= 0),                -- those that no earlier file had told
    imported_by UUID    NOT NULL,
    imported_at BIGINT  NOT NULL
);
CREATE TRIGGER royalty_files_unchanged BEFORE UPDATE ON royalty_files FOR EACH ROW EXECUTE FUNCTION veza_refuse('royalties are append-only');
CREATE TRIGGER royalty_files_stay BEFORE DELETE ON royalty_files FOR EACH ROW EXECUTE FUNCTION veza_refuse('royalties are append-only');

-- What a track has brought on a platform in a month, in one currency and territory.
CREATE TABLE royalty_lines (
    product_id UUID    NOT NULL,
    platform   TEXT COLLATE "C" NOT NULL CHECK (platform IN ('apple_music', 'deezer', 'spotify')),
    period     TEXT COLLATE "C" NOT NULL CHECK (length(period) = 7),         -- 2026-01
    currency   TEXT COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    territory  TEXT COLLATE "C" NOT NULL,                    -- two capital letters; empty: not told apart
    user_id    UUID    NOT NULL,
    units      BIGINT  NOT NULL CHECK (units >= 0),
    amount     BIGINT  NOT NULL,                    -- below zero: a correction
    file       BYTEA   NOT NULL REFERENCES royalty_files (hash),
    PRIMARY KEY (product_id, platform, period, currency, territory)
);
CREATE INDEX royalty_lines_user ON royalty_lines (user_id, product_id, platform, period, currency);
CREATE TRIGGER royalty_lines_unchanged BEFORE UPDATE ON royalty_lines FOR EACH ROW EXECUTE FUNCTION veza_refuse('royalties are append-only');
CREATE TRIGGER royalty_lines_stay BEFORE DELETE ON royalty_lines FOR EACH ROW EXECUTE FUNCTION veza_refuse('royalties are append-only');
