-- report: how often each index was used since the statistics began, and how large it is; the least used first.
-- Safe at any time: it only reads. An index that is never used and no constraint's costs every write for nothing.
select
    relname as table_name,
    indexrelname as index_name,
    idx_scan as scans,
    last_idx_scan as last_used,
    pg_size_pretty(pg_relation_size(indexrelid)) as size
from pg_stat_user_indexes
order by idx_scan, pg_relation_size(indexrelid) desc;
