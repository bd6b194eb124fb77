-- Throughput by hour of the day, in UTC: how many verdicts fell in it over the period, and in its busiest single one.
-- Each verdict counts once, however often its row was written; a file that was judged again has several.
WITH verdict AS (
    SELECT DISTINCT file_id, revision, occurred_at, state, size
    FROM verdicts
    WHERE
        dt >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
        AND state IN ('accepted', 'rejected')
),
by_hour AS (
    SELECT
        date_trunc('hour', CAST(occurred_at AS timestamp)) AS began_at,
        count(*) AS files,
        sum(size) AS bytes,
        sum(CASE WHEN state = 'rejected' THEN 1 ELSE 0 END) AS rejected
    FROM verdict
    GROUP BY date_trunc('hour', CAST(occurred_at AS timestamp))
)
SELECT
    hour(began_at) AS hour_utc,
    CAST(sum(files) AS bigint) AS files,
    CAST(sum(bytes) AS bigint) AS bytes,
    CAST(100 * sum(rejected) AS double) / sum(files) AS rejected_percent,
    max(files) AS busiest
FROM by_hour
GROUP BY hour(began_at)
ORDER BY hour_utc
LIMIT 24
