-- People: accounts, logins, what proves an address.
--
-- The same numbers, names and meanings as in migrations/sqlite; a test compares the two. How to read this database by hand
-- (all of it, here once):
--   ids         uuid.
--   times       bigint: microseconds since 1970, UTC, as everywhere in Veza, so nothing is rounded on its way. Show them with
--               veza_time(created_at).
--   amounts     bigint: minor units (cents) of the currency that stands beside them, or in the parent row.
--   revision    how often a row was written. Every change is guarded by it; a change by hand must add 1 to it.
--   COLLATE "C" text that is compared or sorted byte by byte: it stands in an index, which then outlives a change of the
--               system's collations.
--   views       *_readable and open_work (0005) show the same in plain text.
-- Rows of money are never deleted and never turned into another fact: triggers refuse it.

-- A time as people read it.
CREATE FUNCTION veza_time(microseconds BIGINT) RETURNS TIMESTAMP LANGUAGE sql IMMUTABLE AS
$$ SELECT TIMESTAMP 'epoch' + microseconds * INTERVAL '1 microsecond' $$;

-- What the triggers below and in later migrations call: refuses, in the words given.
CREATE FUNCTION veza_refuse() RETURNS TRIGGER LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;

CREATE TABLE users (
    id                UUID    NOT NULL PRIMARY KEY,
    revision          BIGINT  NOT NULL,
    email             TEXT COLLATE "C" NOT NULL,    -- trimmed, lower case: one address, one account
    username          TEXT    NOT NULL,             -- as its owner writes it
    username_folded   TEXT COLLATE "C" NOT NULL,    -- what has to be unique
    password_hash     TEXT    NOT NULL,             -- PHC form
    roles             BIGINT  NOT NULL,             -- bits: 1 user, 2 creator, 4 admin
    email_verified_at BIGINT,
    failed_logins     BIGINT  NOT NULL CHECK (failed_logins >= 0),
    locked_until      BIGINT,
    created_at        BIGINT  NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_username ON users (username_folded);

-- Single-use tokens that went out by mail. The token itself is stored nowhere, only its SHA-256.
CREATE TABLE mail_tokens (
    id         UUID    NOT NULL PRIMARY KEY,
    revision   BIGINT  NOT NULL,
    user_id    UUID    NOT NULL REFERENCES users (id),
    hash       BYTEA   NOT NULL CHECK (octet_length(hash) = 32),
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT
);
CREATE UNIQUE INDEX mail_tokens_hash ON mail_tokens (hash);
CREATE INDEX mail_tokens_ended ON mail_tokens (expires_at);     -- the daily sweep

-- Logins. A session is the family of the refresh tokens that descend from it.
CREATE TABLE sessions (
    id         UUID    NOT NULL PRIMARY KEY,
    revision   BIGINT  NOT NULL,
    user_id    UUID    NOT NULL REFERENCES users (id),
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    revoked_at BIGINT                               -- logout, or a refresh token that came twice
);
CREATE INDEX sessions_ended ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- The newest token of a session is unused; a used one that comes again ends the whole family.
CREATE TABLE refresh_tokens (
    hash       BYTEA   NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32),
    revision   BIGINT  NOT NULL,
    session_id UUID    NOT NULL REFERENCES sessions (id),
    used_at    BIGINT,
    created_at BIGINT  NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
