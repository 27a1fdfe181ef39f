-- New days are added; a day whose price or kind differs is replaced, the old row kept with the time it was replaced.
-- A correction made at the very instant of what it corrects is known a microsecond later: the key holds the instant.
WITH given AS (
    SELECT * FROM unnest(%(series)s::uuid[], %(days)s::date[], %(prices)s::numeric[], %(kinds)s::text[],
                         %(lines)s::int[]) AS g (series_id, observed_on, price_idr, kind, line)
), judged AS (
    SELECT g.*, o.known_at AS old_known_at,
           greatest(%(now)s::timestamptz, o.known_at + interval '1 microsecond') AS new_known_at
    FROM given AS g
    LEFT JOIN price_observation AS o
        ON o.series_id = g.series_id AND o.observed_on = g.observed_on AND o.replaced_at IS NULL
    WHERE o.series_id IS NULL OR o.price_idr <> g.price_idr OR o.kind <> g.kind
), replaced AS (
    UPDATE price_observation AS o
    SET replaced_at = j.new_known_at
    FROM judged AS j
    WHERE o.series_id = j.series_id AND o.observed_on = j.observed_on AND o.known_at = j.old_known_at
    RETURNING o.series_id, o.observed_on
), written AS (
    -- Reads `replaced` first, so that only one row of a day is ever current.
    INSERT INTO price_observation (series_id, observed_on, known_at, price_idr, kind, import_id, line)
    SELECT j.series_id, j.observed_on, j.new_known_at, j.price_idr, j.kind, %(import_id)s, j.line
    FROM judged AS j
    WHERE (SELECT count(*) FROM replaced) >= 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM replaced) AS corrected
