-- Runs of the audit that operators start. A report: the newest runs are kept, older ones go.

-- At most one runs. It belongs to the attempt that holds its lease; after that another instance begins it anew.
CREATE TABLE audits (
    id             UUID    NOT NULL PRIMARY KEY,
    since          BIGINT  NOT NULL,                -- the period: orders and transfers made in since..until
    until          BIGINT  NOT NULL,
    import         BOOLEAN NOT NULL,                -- what it finds is settled
    asked_by       UUID,                            -- none: somebody at the command line
    asked_at       BIGINT  NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('running', 'done', 'failed', 'stopped')),
    attempt        BIGINT  NOT NULL CHECK (attempt >= 0),
    lease_until    BIGINT,                          -- none: nobody has taken it, or it is over
    orders         BIGINT  NOT NULL CHECK (orders >= 0),
    orders_done    BIGINT  NOT NULL CHECK (orders_done >= 0),
    transfers_done BIGINT  NOT NULL CHECK (transfers_done >= 0),
    differences    BIGINT  NOT NULL CHECK (differences >= 0),
    unread         BIGINT  NOT NULL CHECK (unread >= 0),
    imported       BIGINT  NOT NULL CHECK (imported >= 0),
    ended_at       BIGINT,
    error          TEXT,
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX audits_running ON audits (state) WHERE state = 'running';

-- What an attempt has found, in the order in which it did.
CREATE TABLE audit_differences (
    audit_id UUID   NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
    attempt  BIGINT NOT NULL,
    place    BIGINT NOT NULL,
    code     TEXT   NOT NULL,
    order_id UUID,
    subject  TEXT   NOT NULL,
    ours     TEXT   NOT NULL,
    theirs   TEXT   NOT NULL,
    proposed TEXT   NOT NULL,
    PRIMARY KEY (audit_id, attempt, place)
);
