-- What somebody who knows PostgreSQL would build for one query alone, with Django's keys there.
-- q01
CREATE INDEX ON lineitem (l_shipdate) INCLUDE (l_returnflag, l_linestatus, l_quantity, l_extendedprice, l_discount, l_tax)
-- q02
CREATE INDEX ON part (p_size, p_type) INCLUDE (p_partkey, p_mfgr)
CREATE INDEX ON partsupp (ps_partkey) INCLUDE (ps_suppkey, ps_supplycost)
-- q03
CREATE INDEX ON customer (c_mktsegment, c_custkey)
CREATE INDEX ON orders (o_custkey, o_orderdate) INCLUDE (o_orderkey, o_shippriority)
CREATE INDEX ON lineitem (l_orderkey, l_shipdate) INCLUDE (l_extendedprice, l_discount)
-- q04
CREATE INDEX ON orders (o_orderdate) INCLUDE (o_orderkey, o_orderpriority)
CREATE INDEX ON lineitem (l_orderkey) WHERE l_commitdate < l_receiptdate
-- q05
CREATE INDEX ON orders (o_orderdate) INCLUDE (o_orderkey, o_custkey)
CREATE INDEX ON lineitem (l_orderkey) INCLUDE (l_suppkey, l_extendedprice, l_discount)
-- q06
CREATE INDEX ON lineitem (l_shipdate, l_discount, l_quantity) INCLUDE (l_extendedprice)
-- q07
CREATE INDEX ON lineitem (l_suppkey, l_shipdate) INCLUDE (l_orderkey, l_extendedprice, l_discount)
CREATE INDEX ON orders (o_orderkey) INCLUDE (o_custkey)
-- q08
CREATE INDEX ON part (p_type) INCLUDE (p_partkey)
CREATE INDEX ON lineitem (l_partkey) INCLUDE (l_orderkey, l_suppkey, l_extendedprice, l_discount)
-- q09
CREATE INDEX ON lineitem (l_partkey) INCLUDE (l_suppkey, l_orderkey, l_quantity, l_extendedprice, l_discount)
CREATE INDEX ON partsupp (ps_partkey, ps_suppkey) INCLUDE (ps_supplycost)
CREATE INDEX ON orders (o_orderkey) INCLUDE (o_orderdate)
-- q10
CREATE INDEX ON orders (o_orderdate) INCLUDE (o_orderkey, o_custkey)
CREATE INDEX ON lineitem (l_orderkey) INCLUDE (l_extendedprice, l_discount) WHERE l_returnflag = 'R'
-- q11
CREATE INDEX ON partsupp (ps_suppkey) INCLUDE (ps_partkey, ps_supplycost, ps_availqty)
-- q12
CREATE INDEX ON lineitem (l_shipmode, l_receiptdate) INCLUDE (l_orderkey) WHERE l_commitdate < l_receiptdate AND l_shipdate < l_commitdate
CREATE INDEX ON orders (o_orderkey) INCLUDE (o_orderpriority)
-- q13
CREATE INDEX ON orders (o_custkey) INCLUDE (o_orderkey, o_comment)
-- q14
CREATE INDEX ON lineitem (l_shipdate) INCLUDE (l_partkey, l_extendedprice, l_discount)
CREATE INDEX ON part (p_partkey) INCLUDE (p_type)
-- q15
CREATE INDEX ON lineitem (l_shipdate) INCLUDE (l_suppkey, l_extendedprice, l_discount)
-- q16
CREATE INDEX ON part (p_partkey) INCLUDE (p_brand, p_type, p_size)
-- q17
CREATE INDEX ON part (p_brand, p_container) INCLUDE (p_partkey)
CREATE INDEX ON lineitem (l_partkey) INCLUDE (l_quantity, l_extendedprice)
-- q18
CREATE INDEX ON lineitem (l_orderkey) INCLUDE (l_quantity)
-- q19
CREATE INDEX ON part (p_brand, p_container, p_size) INCLUDE (p_partkey)
CREATE INDEX ON lineitem (l_partkey, l_quantity) INCLUDE (l_extendedprice, l_discount) WHERE l_shipinstruct = 'DELIVER IN PERSON' AND l_shipmode IN ('AIR', 'AIR REG')
-- q20
CREATE INDEX ON part (p_name varchar_pattern_ops) INCLUDE (p_partkey)
CREATE INDEX ON lineitem (l_partkey, l_suppkey, l_shipdate) INCLUDE (l_quantity)
-- q21
CREATE INDEX ON lineitem (l_suppkey, l_orderkey) WHERE l_receiptdate > l_commitdate
CREATE INDEX ON lineitem (l_orderkey) INCLUDE (l_suppkey, l_receiptdate, l_commitdate)
CREATE INDEX ON orders (o_orderkey) WHERE o_orderstatus = 'F'
-- q22
CREATE INDEX ON customer ((substring(c_phone FROM 1 FOR 2)), c_acctbal) INCLUDE (c_custkey)
