-- parameters: ["Brand#45", "MEDIUM POLISHED%", 49, 14, 23, 45, 19, 3, 36, 9, "%Customer%Complaints%"]
SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS supplier_cnt
FROM partsupp, part
WHERE p_partkey = ps_partkey
    AND p_brand <> %s
    AND p_type NOT LIKE %s
    AND p_size IN (%s, %s, %s, %s, %s, %s, %s, %s)
    AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE %s)
GROUP BY p_brand, p_type, p_size
ORDER BY supplier_cnt DESC, p_brand, p_type, p_size
