SELECT observed_on, price_idr, kind
FROM price_observation
WHERE series_id = %(series_id)s
  AND (%(since)s::date IS NULL OR observed_on >= %(since)s)
  AND (%(until)s::date IS NULL OR observed_on <= %(until)s)
  AND CASE WHEN %(at)s::timestamptz IS NULL THEN replaced_at IS NULL
           ELSE known_at <= %(at)s AND (replaced_at IS NULL OR replaced_at > %(at)s) END
ORDER BY observed_on
