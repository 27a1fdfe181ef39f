SELECT s.id, s.source, s.area, s.market, s.name, s.level, s.frequency, s.commodity, s.grade, s.unit, s.terms,
       o.first_on, o.last_on, o.observed_on, o.observations, o.filled, o.suspicious
FROM price_series AS s
JOIN LATERAL (
    SELECT min(observed_on) AS first_on,
           max(observed_on) AS last_on,
           max(observed_on) FILTER (WHERE kind = 'observed') AS observed_on,
           count(*) AS observations,
           count(*) FILTER (WHERE kind IN ('carried_forward', 'imputed')) AS filled,
           count(*) FILTER (WHERE kind = 'suspicious') AS suspicious
    FROM price_observation
    WHERE series_id = s.id AND replaced_at IS NULL
) AS o ON o.observations > 0
WHERE (%(id)s::uuid IS NULL OR s.id = %(id)s)
  AND (%(area)s::text IS NULL OR s.area = %(area)s)
  AND (%(commodity)s::text IS NULL OR s.commodity = %(commodity)s)
  AND (NOT %(ours_only)s::bool OR s.commodity IS NOT NULL)
ORDER BY s.area, s.commodity, s.name, s.source, s.market, s.level
