-- The shop's rows, skewed: few customers and products have most of the orders, few rows are in a state that anybody
-- asks for, time runs with the key. {seed} makes them the same each time.
SELECT setseed({seed});
INSERT INTO shop_customer (email, first_name, last_name, is_active, created_at)
SELECT 'User' || i || '@example.com', 'First' || (random() * 500)::int, 'Last' || (power(random(), 2) * 5000)::int,
    random() < 0.95, timestamptz '2020-01-01 00:00+00' + i * interval '63 minutes'
FROM generate_series(1, 50000) AS i;
INSERT INTO shop_address (customer_id, street, city, is_default)
SELECT 1 + (random() * 49999)::int, 'Street ' || i, 'City ' || (power(random(), 3) * 400)::int, random() < 0.6
FROM generate_series(1, 80000) AS i;
INSERT INTO shop_category (name, parent_id)
SELECT 'Category ' || i, CASE WHEN i > 10 THEN 1 + i % 10 END FROM generate_series(1, 120) AS i;
INSERT INTO shop_brand (name) SELECT 'Brand ' || i FROM generate_series(1, 400) AS i;
INSERT INTO shop_product (slug, name, category_id, brand_id, price, is_active, created_at, description)
SELECT 'product-' || md5(i::text), 'Product ' || md5((i * 7)::text), 1 + (power(random(), 2) * 119)::int,
    1 + (power(random(), 2) * 399)::int, (5 + power(random(), 3) * 900)::numeric(10, 2), random() < 0.9,
    timestamptz '2020-01-01 00:00+00' + i * interval '150 minutes', repeat('text ', 20 + (random() * 40)::int)
FROM generate_series(1, 20000) AS i;
INSERT INTO shop_stock (product_id, warehouse, quantity, threshold)
SELECT 1 + i % 20000, i / 20000, CASE WHEN random() < 0.1 THEN 0 ELSE 5 + (random() * 200)::int END,
    (random() * 4)::int
FROM generate_series(0, 79999) AS i;
INSERT INTO shop_cart (session_key, customer_id, updated_at, checked_out_at)
SELECT md5('cart' || i), CASE WHEN random() < 0.5 THEN 1 + (power(random(), 2) * 49999)::int END,
    timestamptz '2025-06-01 00:00+00' + i * interval '102 seconds',
    CASE WHEN random() < 0.85 THEN timestamptz '2025-06-01 00:00+00' + i * interval '102 seconds' END
FROM generate_series(1, 180000) AS i;
INSERT INTO shop_coupon (code, is_active, percent)
SELECT 'CODE' || upper(md5(i::text))::varchar(10), random() < 0.05, 5 + (random() * 30)::int
FROM generate_series(1, 20000) AS i;
INSERT INTO shop_order (number, customer_id, status, placed_at, total, note)
SELECT 'SO-' || lpad(i::text, 8, '0'), 1 + (power(random(), 3) * 49999)::int,
    CASE WHEN i > 198000 AND random() < 0.6 THEN 'pending' WHEN i > 190000 AND random() < 0.5 THEN 'paid'
        WHEN random() < 0.03 THEN 'cancelled' WHEN random() < 0.02 THEN 'returned' ELSE 'done' END,
    timestamptz '2022-01-01 00:00+00' + i * interval '631 seconds', (10 + power(random(), 2) * 500)::numeric(10, 2),
    repeat('note ', (power(random(), 4) * 40)::int)
FROM generate_series(1, 200000) AS i;
INSERT INTO shop_orderline (order_id, product_id, quantity, price)
SELECT 1 + i / 3, 1 + (power(random(), 2) * 19999)::int, 1 + (power(random(), 3) * 5)::int,
    (5 + random() * 200)::numeric(10, 2)
FROM generate_series(0, 599999) AS i;
INSERT INTO shop_payment (order_id, provider, reference, status, created_at)
SELECT i, (ARRAY['card', 'card', 'card', 'paypal', 'invoice'])[1 + (random() * 4)::int], md5('payment' || i),
    CASE WHEN random() < 0.02 THEN 'failed' WHEN random() < 0.03 THEN 'refunded' ELSE 'settled' END,
    timestamptz '2022-01-01 00:05+00' + i * interval '631 seconds'
FROM generate_series(1, 200000) AS i;
INSERT INTO shop_shipment (order_id, tracking, shipped_at, delivered_at)
SELECT i, 'TR' || upper(md5('parcel' || i))::varchar(24), timestamptz '2022-01-02 00:00+00' + i * interval '631 seconds',
    CASE WHEN i < 188000 AND random() < 0.997 THEN timestamptz '2022-01-04 00:00+00' + i * interval '631 seconds' END
FROM generate_series(1, 190000) AS i;
INSERT INTO shop_review (product_id, customer_id, rating, is_approved, created_at, text)
SELECT 1 + (power(random(), 2.5) * 19999)::int, 1 + (power(random(), 2) * 49999)::int, 1 + (random() * 4)::int,
    CASE WHEN i > 148000 THEN random() < 0.5 ELSE random() < 0.98 END,
    timestamptz '2022-01-01 00:00+00' + i * interval '841 seconds', repeat('good ', 10 + (random() * 40)::int)
FROM generate_series(1, 150000) AS i;
INSERT INTO shop_notification (customer_id, text, created_at, read_at)
SELECT 1 + (power(random(), 2) * 49999)::int, 'Something happened to number ' || i,
    timestamptz '2024-01-01 00:00+00' + i * interval '157 seconds',
    CASE WHEN random() < 0.92 THEN timestamptz '2024-01-02 00:00+00' + i * interval '157 seconds' END
FROM generate_series(1, 400000) AS i;
INSERT INTO shop_event (kind, customer_id, object_type, object_id, created_at, payload)
SELECT (ARRAY['view', 'view', 'view', 'view', 'click', 'click', 'search', 'cart', 'order'])[1 + (random() * 8)::int],
    CASE WHEN random() < 0.6 THEN 1 + (power(random(), 3) * 49999)::int END,
    (ARRAY['product', 'product', 'product', 'category', 'order'])[1 + (random() * 4)::int],
    1 + (power(random(), 2) * 19999)::int, timestamptz '2025-01-01 00:00+00' + i * interval '31 seconds',
    jsonb_build_object('source', (ARRAY['web', 'web', 'web', 'app'])[1 + (random() * 3)::int], 'agent', md5(i::text))
FROM generate_series(1, 1000000) AS i;
UPDATE shop_event SET kind = 'error' WHERE id % 997 = 0;
