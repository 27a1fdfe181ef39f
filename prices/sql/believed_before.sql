-- The last believed values of each series from before a day, at most so many days back, in order.
SELECT f.series_id, o.observed_on, o.price_idr
FROM unnest(%s::uuid[], %s::date[], %s::int[]) AS f (series_id, first_on, span)
CROSS JOIN LATERAL (
    SELECT observed_on, price_idr
    FROM price_observation
    WHERE series_id = f.series_id
      AND observed_on < f.first_on
      AND observed_on >= f.first_on - f.span
      AND replaced_at IS NULL
      AND kind = 'observed'
    ORDER BY observed_on DESC
    LIMIT %s
) AS o
ORDER BY f.series_id, o.observed_on
