SELECT a.id,
       CASE WHEN a.ended_on IS NOT NULL THEN 'ended' WHEN a.stale_on IS NOT NULL THEN 'suspended' ELSE 'open' END
           AS state,
       s.id AS series_id, s.source, s.area, s.name, a.commodity, s.grade,
       a.began_on, a.ended_on, a.stale_on, a.raised_at, a.price_idr, a.gap_percent,
       coalesce(r.price_to_idr, r.price_idr) AS reference_idr, r.instrument, r.decree
FROM price_alert AS a
JOIN price_series AS s ON s.id = a.series_id
JOIN reference_price AS r ON r.id = a.reference_id
WHERE (%(series_id)s::uuid IS NULL OR a.series_id = %(series_id)s)
  AND (%(ended)s::bool OR a.ended_on IS NULL)
ORDER BY a.began_on DESC, s.area, s.name
