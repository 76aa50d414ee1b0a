-- What processes on one database know of each other.

-- Who runs, with a sign of life every ten seconds; one that has not been seen for half a minute is gone. Limits on requests are
-- shared out among those that serve.
CREATE TABLE instances (
    address    TEXT COLLATE "C" NOT NULL PRIMARY KEY,       -- host:port; who starts there again takes its place
    serves     BOOLEAN NOT NULL,                    -- it answers requests, and does not only work
    started_at BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL
);
CREATE INDEX instances_seen ON instances (seen_at);

-- Failed logins with addresses that have no account, counted as those of accounts are (users.failed_logins), so that a lock tells
-- nobody which addresses have one. The address itself is not kept.
CREATE TABLE unknown_logins (
    address  BYTEA  NOT NULL PRIMARY KEY CHECK (octet_length(address) = 32), -- keyed hash
    failures BIGINT NOT NULL CHECK (failures > 0),
    last_at  BIGINT NOT NULL
);
CREATE INDEX unknown_logins_last ON unknown_logins (last_at);
