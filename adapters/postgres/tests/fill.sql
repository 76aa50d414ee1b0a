-- Some thousands of rows of every kind, for the test that looks at query plans.
CREATE FUNCTION pg_temp.n(kind INT, n BIGINT) RETURNS UUID LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(n), 12, '0') || '7000800000000000' || lpad(to_hex(kind), 4, '0'))::uuid $$;
INSERT INTO users SELECT pg_temp.n(1, i), 1, 'u' || i, 'u' || i, 'u' || i, 'x', 1, NULL, 0, NULL, i FROM generate_series(1, 3000) i;
INSERT INTO mail_tokens SELECT pg_temp.n(3, i), 1, pg_temp.n(1, i), sha256(i::text::bytea), i, NULL FROM generate_series(1, 3000) i;
INSERT INTO sessions SELECT pg_temp.n(2, i), 1, pg_temp.n(1, i), i, i, NULL FROM generate_series(1, 3000) i;
INSERT INTO refresh_tokens SELECT sha256(i::text::bytea), 1, pg_temp.n(2, i), NULL, i FROM generate_series(1, 3000) i;
INSERT INTO products SELECT pg_temp.n(4, i), 1, pg_temp.n(1, i % 300), 'track', 't', 'd', 1, 'EUR',
    CASE WHEN i % 3 = 0 THEN 'draft' ELSE 'published' END, i, i FROM generate_series(1, 3000) i;
INSERT INTO product_offers SELECT pg_temp.n(4, i), 0, pg_temp.n(5, i), 'basic', 1, 'EUR', 't' FROM generate_series(1, 3000) i;
INSERT INTO product_images SELECT pg_temp.n(4, i), 0, repeat('a', 200) FROM generate_series(1, 3000) i;
INSERT INTO exclusive_holds SELECT pg_temp.n(4, i), 1, pg_temp.n(6, i), 'sold' FROM generate_series(1, 3000) i;
INSERT INTO seller_accounts SELECT pg_temp.n(1, i), 1, 'acct' || i, TRUE, TRUE, i, NULL FROM generate_series(1, 3000) i;
INSERT INTO orders SELECT pg_temp.n(6, i), 1, pg_temp.n(1, i % 300), CASE i % 100 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed'
        WHEN 2 THEN 'disputed' ELSE 'completed' END, 100, 'EUR', 0, 'pay' || i, NULL, NULL, i, i, i,
    CASE WHEN i % 200 < 2 THEN i END, 0, NULL FROM generate_series(1, 20000) i;
INSERT INTO trials SELECT pg_temp.n(1, i), 'premium', i FROM generate_series(1, 6000) i;
INSERT INTO subscriptions SELECT pg_temp.n(18, i), 1, pg_temp.n(1, i), 'creator', 'monthly', 999, 'USD', CASE i % 3 WHEN 0 THEN 'active' ELSE 'expired' END,
    NULL, i, i, pg_temp.n(19, i), pg_temp.n(19, i), NULL, NULL, NULL, NULL, NULL, NULL, 0, CASE i % 30 WHEN 0 THEN i END, i, NULL, NULL
    FROM generate_series(1, 6000) i;
INSERT INTO invoices SELECT pg_temp.n(19, i), 1, pg_temp.n(18, i), pg_temp.n(1, i), 'first', 'creator', 'monthly', 999, 'USD', 0, i, i, 'paid', pg_temp.n(6, i),
    'customer', 1, pg_temp.n(6, i), i, i FROM generate_series(1, 6000) i;
UPDATE orders SET invoice_id = pg_temp.n(19, created_at) WHERE created_at % 500 = 0 AND created_at <= 6000;
INSERT INTO submissions SELECT pg_temp.n(20, i), pg_temp.n(1, i % 300), pg_temp.n(4, i), 'track', 't', i FROM generate_series(1, 3000) i;
INSERT INTO placements SELECT pg_temp.n(21, i), 1, pg_temp.n(20, i), pg_temp.n(4, i), pg_temp.n(1, i % 300), 'spotify',
    CASE i % 20 WHEN 0 THEN 'processing' WHEN 1 THEN 'rejected' ELSE 'live' END, 'heard', NULL, 'dist' || i, 'isrc' || i, 0,
    CASE i % 20 WHEN 1 THEN NULL ELSE i END, NULL, i FROM generate_series(1, 3000) i;
INSERT INTO placement_moves SELECT pg_temp.n(22, i), pg_temp.n(21, i), pg_temp.n(20, i), NULL, 'submitted', 'w', i, NULL FROM generate_series(1, 3000) i;
INSERT INTO royalty_files SELECT sha256(i::text::bytea), 1, 1, pg_temp.n(1, i), i FROM generate_series(1, 3000) i;
INSERT INTO royalty_lines SELECT pg_temp.n(4, i), 'spotify', '2026-01', 'EUR', '', pg_temp.n(1, i % 300), 1, 1, sha256(i::text::bytea)
    FROM generate_series(1, 3000) i;
INSERT INTO order_lines SELECT pg_temp.n(7, i), 1, pg_temp.n(6, i), 0, pg_temp.n(4, i), NULL, 'basic', 't', 't', pg_temp.n(1, i), 100, 10, 90, 0
    FROM generate_series(1, 6000) i;
INSERT INTO licences SELECT pg_temp.n(8, i), 1, pg_temp.n(7, i), pg_temp.n(6, i), pg_temp.n(4, i), pg_temp.n(1, i % 300), 'basic', 'active', i
    FROM generate_series(1, 6000) i;
INSERT INTO refunds SELECT pg_temp.n(9, i), 1, pg_temp.n(6, i), 1, 'EUR', CASE i % 50 WHEN 0 THEN 'pending' ELSE 'succeeded' END,
    CASE WHEN i % 100 > 0 THEN 'ref' || i END, NULL, NULL, 'requested', NULL, NULL, i, i, CASE i % 50 WHEN 0 THEN i END, 0, NULL
    FROM generate_series(1, 6000) i;
INSERT INTO refund_lines SELECT pg_temp.n(9, i), 0, pg_temp.n(7, i) FROM generate_series(1, 6000) i;
INSERT INTO refund_line_parts SELECT pg_temp.n(9, i), 0, pg_temp.n(7, i), 1 FROM generate_series(1, 6000) i;
INSERT INTO refund_seller_parts SELECT pg_temp.n(9, i), 0, pg_temp.n(1, i), 1 FROM generate_series(1, 6000) i;
INSERT INTO transfers SELECT pg_temp.n(10, i), 1, pg_temp.n(6, i), pg_temp.n(1, i % 300), 90, 'EUR', 0,
    CASE WHEN i % 20 = 0 THEN 'pending' WHEN i % 20 = 1 THEN 'failed' WHEN i % 100 = 2 THEN 'reversed' ELSE 'completed' END, 0, NULL, NULL, FALSE, 0,
    CASE WHEN i % 20 < 2 THEN i END, CASE WHEN i % 40 = 0 THEN 'account_not_ready' END, NULL, 'tr' || i, NULL, i, NULL FROM generate_series(1, 6000) i;
INSERT INTO reversals SELECT pg_temp.n(11, i), 1, pg_temp.n(6, i), pg_temp.n(1, i % 300), pg_temp.n(10, i), pg_temp.n(9, i), 1, 'EUR', 0, 0,
    CASE i % 20 WHEN 0 THEN 'reversal_pending' ELSE 'reversed' END, 0, NULL, NULL, FALSE, 0, i, NULL, NULL, 'trr' || i, i, NULL
    FROM generate_series(1, 6000) i;
INSERT INTO disputes SELECT pg_temp.n(14, i), 1, pg_temp.n(6, i), 'dp' || i, 1, 'EUR', CASE i % 50 WHEN 0 THEN 'opened' ELSE 'won' END,
    NULL, NULL, NULL, CASE i % 50 WHEN 0 THEN i END, 0, NULL, i, NULL FROM generate_series(1, 6000) i;
INSERT INTO nettings SELECT pg_temp.n(15, i), pg_temp.n(6, i), pg_temp.n(11, i), pg_temp.n(1, i % 300), 1, 'EUR', i FROM generate_series(1, 3000) i;
INSERT INTO payouts SELECT 'po' || i, 1, pg_temp.n(1, i % 300), 1, 'EUR', 'paid', NULL, i, i, i FROM generate_series(1, 6000) i;
INSERT INTO postings (event, order_id, posted_at) SELECT 'e' || i, pg_temp.n(6, i), i FROM generate_series(1, 6000) i;
INSERT INTO ledger_entries SELECT seq, 'psp_clearing', 'EUR', 100 FROM postings;
INSERT INTO ledger_entries SELECT seq, 'seller_payable:' || seq % 3000, 'EUR', -100 FROM postings;
INSERT INTO effects SELECT pg_temp.n(12, i), 1, 'create_payment', pg_temp.n(6, i), NULL, CASE i % 20 WHEN 0 THEN 'pending' ELSE 'done' END,
    i, 0, NULL, NULL, i FROM generate_series(1, 6000) i;
INSERT INTO attention SELECT pg_temp.n(6, i), 'amount_mismatch', 'order', pg_temp.n(6, i), 'd', i FROM generate_series(1, 3000) i;
INSERT INTO webhook_log SELECT pg_temp.n(13, i), 'hyperswitch', CASE WHEN i % 2 = 0 THEN pg_temp.n(6, i) END, i, 'payment_succeeded', i % 50 > 0, CASE i % 50 WHEN 1 THEN 'error: x' ELSE 'ok' END,
    '127.0.0.1', 'u', 'r', repeat('p', 500) FROM generate_series(1, 6000) i;
INSERT INTO units SELECT 'unit ' || i, sha256('x'), i FROM generate_series(1, 6000) i;
INSERT INTO idempotency_keys SELECT pg_temp.n(1, i), 'create_order', 'k' || i, 1, sha256('x'), pg_temp.n(6, i), NULL, NULL, i
    FROM generate_series(1, 3000) i;
INSERT INTO journal SELECT pg_temp.n(16, i), pg_temp.n(6, i), i, 'call', 't' FROM generate_series(1, 6000) i;
INSERT INTO admin_actions SELECT pg_temp.n(17, i), i, NULL, 'retry', NULL, NULL, pg_temp.n(6, i), 'd' FROM generate_series(1, 3000) i;
INSERT INTO instances SELECT 'host:' || i, TRUE, i, i FROM generate_series(1, 3000) i;
INSERT INTO unknown_logins SELECT sha256(i::text::bytea), 1, i FROM generate_series(1, 3000) i;
INSERT INTO audits SELECT gen_random_uuid(), 0, 1, false, NULL, 0, 'done', 1, NULL, 0, 0, 0, 0, 0, 0, 1, NULL FROM generate_series(1, 300);
INSERT INTO audit_differences SELECT id, 1, place, 'transfer', NULL, '', '', '', '' FROM audits, generate_series(1, 100) AS place;
ANALYZE;
