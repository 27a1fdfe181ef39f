-- The ids of a file's series, made where new; commodity, grade, unit and terms follow our latest reading of the names.
INSERT INTO price_series
    (id, source, area, market, name, level, frequency, commodity, grade, unit, terms)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[])
ON CONFLICT (source, area, market, name, level, frequency) DO UPDATE
    SET commodity = excluded.commodity,
        grade = excluded.grade,
        terms = coalesce(nullif(excluded.terms, ''), price_series.terms)
RETURNING id, source, area, market, name, level, frequency
