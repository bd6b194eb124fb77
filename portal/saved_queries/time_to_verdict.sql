-- Time from arrival to the first verdict, by day in UTC: exact percentiles by nearest rank.
WITH verdict AS (
    SELECT DISTINCT file_id, revision, dt, CAST(time_to_verdict_ms AS bigint) AS ms
    FROM verdicts
    WHERE
        dt >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
        AND time_to_verdict_ms IS NOT NULL
),
ranked AS (
    SELECT
        dt, ms,
        row_number() OVER (PARTITION BY dt ORDER BY ms) AS place,
        count(*) OVER (PARTITION BY dt) AS files
    FROM verdict
)
SELECT
    dt AS day,
    max(files) AS files,
    min(CASE WHEN 100 * place >= 50 * files THEN ms END) AS p50_ms,
    min(CASE WHEN 100 * place >= 95 * files THEN ms END) AS p95_ms,
    min(CASE WHEN 100 * place >= 99 * files THEN ms END) AS p99_ms,
    max(ms) AS slowest_ms
FROM ranked
GROUP BY dt
ORDER BY dt DESC
LIMIT 100
