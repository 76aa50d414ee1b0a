-- People: accounts, logins, what proves an address.
--
-- How to read this database by hand (all of it, here once):
--   ids         16 bytes. Show them with lower(hex(id)); search with id = x'0190…' (a UUID without its dashes).
--   times       microseconds since 1970, UTC. Show them with datetime(created_at / 1000000, 'unixepoch').
--   amounts     integers of minor units (cents) of the currency that stands beside them, or in the parent row.
--   revision    how often a row was written. Every change is guarded by it; a change by hand must add 1 to it.
--   views       *_readable and open_work (0005) show the same in plain text.
-- Tables are WITHOUT ROWID (one tree instead of two) unless their rows may be long: those would fill its inner pages.
-- CHECKs spell lists with OR: IN with three values or more builds a temporary index at every write (measured: a fifth of it).
-- Rows of money are never deleted and never turned into another fact: triggers refuse it.

CREATE TABLE users (
    id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision          INTEGER NOT NULL,
    email             TEXT    NOT NULL,             -- trimmed, lower case: one address, one account
    username          TEXT    NOT NULL,             -- as its owner writes it
    username_folded   TEXT    NOT NULL,             -- what has to be unique
    password_hash     TEXT    NOT NULL,             -- PHC form
    roles             INTEGER NOT NULL,             -- bits: 1 user, 2 creator, 4 admin
    email_verified_at INTEGER,
    failed_logins     INTEGER NOT NULL CHECK (failed_logins >= 0),
    locked_until      INTEGER,
    created_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_username ON users (username_folded);

-- Single-use tokens that went out by mail. The token itself is stored nowhere, only its SHA-256.
CREATE TABLE mail_tokens (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision   INTEGER NOT NULL,
    user_id    BLOB    NOT NULL REFERENCES users (id),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mail_tokens_hash ON mail_tokens (hash);
CREATE INDEX mail_tokens_ended ON mail_tokens (expires_at);     -- the daily sweep

-- Logins. A session is the family of the refresh tokens that descend from it.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    revision   INTEGER NOT NULL,
    user_id    BLOB    NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER                              -- logout, or a refresh token that came twice
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_ended ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- The newest token of a session is unused; a used one that comes again ends the whole family.
CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    revision   INTEGER NOT NULL,
    session_id BLOB    NOT NULL REFERENCES sessions (id),
    used_at    INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
