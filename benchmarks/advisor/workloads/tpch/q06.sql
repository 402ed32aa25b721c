-- parameters: ["1994-01-01", "1994-01-01", 0.06, 0.06, 24]
SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE l_shipdate >= %s::date
    AND l_shipdate < %s::date + interval '1 year'
    AND l_discount BETWEEN %s - 0.01 AND %s + 0.01
    AND l_quantity < %s
