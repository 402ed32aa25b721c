-- parameters: ["1993-07-01", "1993-07-01"]
SELECT o_orderpriority, count(*) AS order_count
FROM orders
WHERE o_orderdate >= %s::date
    AND o_orderdate < %s::date + interval '3 months'
    AND EXISTS (
        SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate
    )
GROUP BY o_orderpriority
ORDER BY o_orderpriority
