-- mend: answers that were kept for requests which may come again (Idempotency-Key) go after a week.
-- Safe at any time: a request that is worked on at this moment is younger.
with forgotten as (
    delete from idempotency_keys
    where created_at < now() - interval '7 days'
    returning client_account_id, engagement_id
)
select client_account_id, engagement_id, count(*) as answers
from forgotten
group by client_account_id, engagement_id
order by client_account_id, engagement_id;
