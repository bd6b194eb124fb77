-- Rejections by cause and device, of files whose latest verdict within the period is a rejection.
-- A file that breaks several rules counts under each. Rows that were written twice are of the same file and revision,
-- and only one of them is the latest.
WITH verdict AS (
    SELECT
        clinic_id, device, state, codes,
        row_number() OVER (PARTITION BY file_id ORDER BY revision DESC) AS newest
    FROM verdicts
    WHERE dt >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
),
judged AS (
    SELECT clinic_id, device, count(*) AS files_judged
    FROM verdict
    WHERE newest = 1 AND state IN ('accepted', 'rejected')
    GROUP BY clinic_id, device
),
rejected AS (
    SELECT clinic_id, device, cause, count(*) AS files
    FROM verdict
    CROSS JOIN UNNEST(split(codes, ',')) AS code (cause)
    WHERE newest = 1 AND state = 'rejected'
    GROUP BY clinic_id, device, cause
)
SELECT
    rejected.cause,
    rejected.device,
    rejected.clinic_id,
    rejected.files,
    judged.files_judged,
    CAST(100 * rejected.files AS double) / judged.files_judged AS percent
FROM rejected
JOIN judged ON judged.clinic_id = rejected.clinic_id AND judged.device = rejected.device
ORDER BY rejected.files DESC, rejected.cause, rejected.device, rejected.clinic_id
LIMIT 100
