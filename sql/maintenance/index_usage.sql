-- report: how often each index was used since the statistics began, and how large it is; the least used first.
-- Safe at any time: it only reads. An index that is never used, and that no constraint needs, costs every write for
-- nothing: when it is large, look whether a query was meant to use it.
select
    usage.indexrelname as index_name,
    usage.idx_scan as scans,
    usage.last_idx_scan as last_used,
    pg_size_pretty(pg_relation_size(usage.indexrelid)) as size,
    case when pg_index.indisunique then 'uniqueness' when not pg_index.indisvalid then 'nothing: its build was cut' end
        as needed_for
from pg_stat_user_indexes as usage
join pg_index on pg_index.indexrelid = usage.indexrelid
where usage.schemaname = 'public'
order by pg_index.indisunique, usage.idx_scan, pg_relation_size(usage.indexrelid) desc;
