-- Distribution: what creators have sent to streaming platforms through a distributor, and what came back.

-- A track or release as it was handed in.
CREATE TABLE submissions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id    BLOB    NOT NULL,
    product_id BLOB    NOT NULL REFERENCES products (id),
    kind       TEXT    NOT NULL CHECK (kind IN ('track', 'release')),
    title      TEXT    NOT NULL,                    -- as it was then
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX submissions_user ON submissions (user_id, id);
CREATE TRIGGER submissions_unchanged BEFORE UPDATE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions are append-only'); END;
CREATE TRIGGER submissions_stay BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions are append-only'); END;

-- A submission on one platform. Its id is the key under which the partner knows it.
--   call  due    nothing that counts was sent       sent  it may have been heard since sent_at: asked before it is sent again
--         heard  the partner has heard it
CREATE TABLE placements (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision      INTEGER NOT NULL,
    submission_id BLOB    NOT NULL REFERENCES submissions (id),
    product_id    BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    platform      TEXT    NOT NULL CHECK (platform = 'apple_music' OR platform = 'deezer' OR platform = 'spotify'),
    status        TEXT    NOT NULL CHECK (status = 'submitted' OR status = 'processing' OR status = 'live'
                      OR status = 'rejected' OR status = 'takedown_requested' OR status = 'taken_down'),
    call          TEXT    NOT NULL CHECK (call = 'due' OR call = 'sent' OR call = 'heard'),
    sent_at       INTEGER,
    partner_id    TEXT,                             -- the partner's reference
    isrc          TEXT,                             -- the recording's code, as the partner assigned it
    tries         INTEGER NOT NULL CHECK (tries >= 0),              -- calls in a row that brought nothing
    due_at        INTEGER,
    last_error    TEXT,
    created_at    INTEGER NOT NULL,
    CHECK ((call = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT placement_is_due CHECK ((status = 'rejected' OR status = 'taken_down') = (due_at IS NULL))
) STRICT, WITHOUT ROWID;
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
CREATE TRIGGER placements_move BEFORE UPDATE OF status ON placements
WHEN NEW.status <> OLD.status AND NOT (
       OLD.status = 'submitted'
    OR (OLD.status = 'processing'         AND NEW.status <> 'submitted')
    OR (OLD.status = 'live'               AND NEW.status IN ('takedown_requested', 'taken_down'))
    OR (OLD.status = 'takedown_requested' AND NEW.status IN ('taken_down', 'rejected')))
BEGIN
    SELECT RAISE(ABORT, 'a placement has no such move');
END;
CREATE TRIGGER placements_stay BEFORE DELETE ON placements BEGIN SELECT RAISE(ABORT, 'placements are never deleted'); END;

-- Who moved a placement's status, when and why.
CREATE TABLE placement_moves (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    placement_id  BLOB    NOT NULL REFERENCES placements (id),
    submission_id BLOB    NOT NULL,
    from_status   TEXT,                             -- none: it was handed in
    to_status     TEXT    NOT NULL,
    why           TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    moved_by      BLOB                              -- none: the partner, as a worker heard it
) STRICT, WITHOUT ROWID;
CREATE INDEX placement_moves_submission ON placement_moves (submission_id, at, id);
CREATE TRIGGER placement_moves_unchanged BEFORE UPDATE ON placement_moves BEGIN SELECT RAISE(ABORT, 'moves are append-only'); END;
CREATE TRIGGER placement_moves_stay BEFORE DELETE ON placement_moves BEGIN SELECT RAISE(ABORT, 'moves are append-only'); END;

-- Royalty reports that were imported, by the SHA-256 of their bytes.
CREATE TABLE royalty_files (
    hash        BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    lines       INTEGER NOT NULL CHECK (lines >= 0),
    fresh       INTEGER NOT NULL CHECK (fresh >= 0),                -- those that no earlier file had told
    imported_by BLOB    NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER royalty_files_unchanged BEFORE UPDATE ON royalty_files BEGIN SELECT RAISE(ABORT, 'royalties are append-only'); END;
CREATE TRIGGER royalty_files_stay BEFORE DELETE ON royalty_files BEGIN SELECT RAISE(ABORT, 'royalties are append-only'); END;

-- What a track has brought on a platform in a month, in one currency and territory.
CREATE TABLE royalty_lines (
    product_id BLOB    NOT NULL CHECK (length(product_id) = 16),
    platform   TEXT    NOT NULL CHECK (platform = 'apple_music' OR platform = 'deezer' OR platform = 'spotify'),
    period     TEXT    NOT NULL CHECK (length(period) = 7),         -- 2026-01
    currency   TEXT    NOT NULL CHECK (length(currency) = 3),
    territory  TEXT    NOT NULL,                    -- two capital letters; empty: not told apart
    user_id    BLOB    NOT NULL,
    units      INTEGER NOT NULL CHECK (units >= 0),
    amount     INTEGER NOT NULL,                    -- below zero: a correction
    file       BLOB    NOT NULL REFERENCES royalty_files (hash),
    PRIMARY KEY (product_id, platform, period, currency, territory)
) STRICT, WITHOUT ROWID;
CREATE INDEX royalty_lines_user ON royalty_lines (user_id, product_id, platform, period, currency);
CREATE TRIGGER royalty_lines_unchanged BEFORE UPDATE ON royalty_lines BEGIN SELECT RAISE(ABORT, 'royalties are append-only'); END;
CREATE TRIGGER royalty_lines_stay BEFORE DELETE ON royalty_lines BEGIN SELECT RAISE(ABORT, 'royalties are append-only'); END;
