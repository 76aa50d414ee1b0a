-- Runs of the audit that operators start. A report: the newest runs are kept, older ones go.

-- At most one runs. It belongs to the attempt that holds its lease; after that another instance begins it anew.
CREATE TABLE audits (
    id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    since          INTEGER NOT NULL,                -- the period: orders and transfers made in since..until
    until          INTEGER NOT NULL,
    import         INTEGER NOT NULL CHECK (import IN (0, 1)),       -- what it finds is settled
    asked_by       BLOB,                            -- none: somebody at the command line
    asked_at       INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state = 'running' OR state = 'done' OR state = 'failed'
                       OR state = 'stopped'),
    attempt        INTEGER NOT NULL CHECK (attempt >= 0),
    lease_until    INTEGER,                         -- none: nobody has taken it, or it is over
    orders         INTEGER NOT NULL CHECK (orders >= 0),
    orders_done    INTEGER NOT NULL CHECK (orders_done >= 0),
    transfers_done INTEGER NOT NULL CHECK (transfers_done >= 0),
    differences    INTEGER NOT NULL CHECK (differences >= 0),
    unread         INTEGER NOT NULL CHECK (unread >= 0),
    imported       INTEGER NOT NULL CHECK (imported >= 0),
    ended_at       INTEGER,
    error          TEXT,
    CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audits_running ON audits (state) WHERE state = 'running';

-- What an attempt has found, in the order in which it did.
CREATE TABLE audit_differences (
    audit_id BLOB    NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
    attempt  INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    code     TEXT    NOT NULL,
    order_id BLOB,
    subject  TEXT    NOT NULL,
    ours     TEXT    NOT NULL,
    theirs   TEXT    NOT NULL,
    proposed TEXT    NOT NULL,
    PRIMARY KEY (audit_id, attempt, place)
) STRICT, WITHOUT ROWID;
