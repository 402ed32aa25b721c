-- What somebody who knows PostgreSQL would build for one statement alone.
-- login
CREATE INDEX ON shop_customer ((upper(email::text)))
-- customers by last name
CREATE INDEX ON shop_customer ((upper(last_name::text)) text_pattern_ops)
-- new customers without an order
CREATE INDEX ON shop_customer (created_at)
-- default address
CREATE INDEX ON shop_address (customer_id) WHERE is_default
-- product page
CREATE INDEX ON shop_product (slug)
-- shelf by price
CREATE INDEX ON shop_product (category_id, price) WHERE is_active
-- shelf, newest first
CREATE INDEX ON shop_product (category_id, created_at DESC) WHERE is_active
-- shelf's size
CREATE INDEX ON shop_product (category_id) WHERE is_active
-- brand within a price
CREATE INDEX ON shop_product (brand_id, price) WHERE is_active
-- search for a product
CREATE INDEX ON shop_product (name) WHERE is_active
-- bought by a customer
CREATE INDEX ON shop_orderline (order_id) INCLUDE (product_id)
-- bought with a product
CREATE INDEX ON shop_orderline (order_id) INCLUDE (product_id)
-- stock
CREATE INDEX ON shop_stock (product_id) WHERE quantity > 0
-- low stock
CREATE INDEX ON shop_stock (quantity) WHERE quantity < threshold
-- cart
CREATE INDEX ON shop_cart (session_key) WHERE checked_out_at IS NULL
-- forgotten carts
CREATE INDEX ON shop_cart (updated_at) WHERE checked_out_at IS NULL
-- coupon
CREATE INDEX ON shop_coupon ((upper(code::text))) WHERE is_active
-- customer's orders
CREATE INDEX ON shop_order (customer_id, placed_at DESC)
-- customer's number of orders
CREATE INDEX ON shop_order (customer_id)
-- order by number
CREATE INDEX ON shop_order (number)
-- work list
CREATE INDEX ON shop_order (placed_at) WHERE status = 'pending'
-- orders in a state
CREATE INDEX ON shop_order (status)
-- orders of a day in a state
CREATE INDEX ON shop_order (status, placed_at)
-- revenue by day
CREATE INDEX ON shop_order (placed_at) INCLUDE (total)
-- orders in the admin
CREATE INDEX ON shop_order (placed_at DESC, id DESC)
-- search for an order
CREATE INDEX ON shop_order (placed_at DESC)
-- best sellers
CREATE INDEX ON shop_order (placed_at) INCLUDE (id)
CREATE INDEX ON shop_orderline (order_id) INCLUDE (product_id, quantity)
-- payment by reference
CREATE INDEX ON shop_payment (reference, provider)
-- failed payments
CREATE INDEX ON shop_payment (status, created_at)
-- parcels on their way
CREATE INDEX ON shop_shipment (shipped_at) WHERE delivered_at IS NULL
-- parcel by number
CREATE INDEX ON shop_shipment (tracking)
-- reviews
CREATE INDEX ON shop_review (product_id, created_at DESC) WHERE is_approved
-- rating
CREATE INDEX ON shop_review (product_id) INCLUDE (rating) WHERE is_approved
-- reviews to read
CREATE INDEX ON shop_review (created_at) WHERE NOT is_approved
-- customer's reviews
CREATE INDEX ON shop_review (customer_id, created_at DESC)
-- unread
CREATE INDEX ON shop_notification (customer_id, created_at DESC) WHERE read_at IS NULL
-- number of unread
CREATE INDEX ON shop_notification (customer_id) WHERE read_at IS NULL
-- customer's trail
CREATE INDEX ON shop_event (customer_id, created_at DESC)
-- trail of a thing
CREATE INDEX ON shop_event (object_id, object_type, created_at DESC)
-- errors of a day
CREATE INDEX ON shop_event (kind, created_at)
-- events of the app
CREATE INDEX ON shop_event (created_at)
