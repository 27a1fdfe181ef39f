-- References by their key: new ones added, known ones brought up to date where anything differs.
WITH written AS (
    INSERT INTO reference_price AS r
        (id, instrument, commodity, grade, level, zone, provinces, price_idr, price_to_idr, unit, decree,
         effective_from, effective_to, verification, source)
    SELECT g.id, instrument, commodity, grade, level, zone, provinces, price_idr, price_to_idr, 'kg', decree,
           effective_from, effective_to, verification, source
    FROM unnest(%(ids)s::uuid[], %(instruments)s::text[], %(commodities)s::text[], %(grades)s::text[],
                %(levels)s::text[], %(zones)s::text[], %(provinces)s::jsonb[], %(prices)s::numeric[],
                %(prices_to)s::numeric[], %(decrees)s::text[], %(froms)s::date[], %(tos)s::date[],
                %(verifications)s::text[], %(sources)s::text[])
        AS g (id, instrument, commodity, grade, level, zone, provinces, price_idr, price_to_idr, decree,
              effective_from, effective_to, verification, source)
    ON CONFLICT (instrument, commodity, grade, level, zone, effective_from) DO UPDATE
        SET provinces = excluded.provinces,
            price_idr = excluded.price_idr,
            price_to_idr = excluded.price_to_idr,
            decree = excluded.decree,
            effective_to = excluded.effective_to,
            verification = excluded.verification,
            source = excluded.source
        WHERE (r.provinces, r.price_idr, r.price_to_idr, r.decree, r.effective_to, r.verification, r.source)
            IS DISTINCT FROM (excluded.provinces, excluded.price_idr, excluded.price_to_idr, excluded.decree,
                              excluded.effective_to, excluded.verification, excluded.source)
    RETURNING r.id = ANY (%(ids)s::uuid[]) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS new, count(*) FILTER (WHERE NOT is_new) AS changed FROM written
