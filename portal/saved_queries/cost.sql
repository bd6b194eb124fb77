-- What the files of the period cost by clinic, estimated from list prices (us-east-1, 2026-11), in US dollars:
-- processing, for each verdict; and a month of keeping what was accepted and not stored before, with its record.
-- The prices are those of portal/costs; docs/cost.md tells how they come about.
WITH price AS (
    SELECT 19.74E0 AS million_verdicts, 2.67E0 AS million_records, 0.023E0 AS gib_month
),
verdict AS (
    SELECT DISTINCT file_id, revision, clinic_id, state, size, duplicate
    FROM verdicts
    WHERE
        dt >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
        AND state IN ('accepted', 'rejected')
),
ranked AS (
    SELECT
        clinic_id, state, size, duplicate,
        row_number() OVER (PARTITION BY file_id ORDER BY revision DESC) AS newest
    FROM verdict
),
by_clinic AS (
    SELECT
        clinic_id,
        count(*) AS verdicts,
        CAST(sum(CASE WHEN newest = 1 AND state = 'accepted' AND NOT duplicate THEN size ELSE 0 END) AS bigint)
            AS stored_bytes,
        count(CASE WHEN newest = 1 AND state = 'accepted' AND NOT duplicate THEN 1 END) AS stored_files
    FROM ranked
    GROUP BY clinic_id
)
SELECT
    clinic_id,
    verdicts,
    stored_bytes,
    verdicts * million_verdicts / 1000000 AS processing_usd,
    stored_bytes * gib_month / 1073741824 + stored_files * million_records / 1000000 AS storage_usd,
    verdicts * million_verdicts / 1000000
    + stored_bytes * gib_month / 1073741824
    + stored_files * million_records / 1000000 AS total_usd
FROM by_clinic
CROSS JOIN price
ORDER BY total_usd DESC, clinic_id
LIMIT 100
