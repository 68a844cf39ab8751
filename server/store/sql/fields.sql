-- Custom fields, and the values that leads have of them.

-- custom_field_insert
INSERT INTO custom_field (field_id, key, name, type, choices, min, max, max_length, indexed,
    created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- custom_field_update
UPDATE custom_field SET name = $2, choices = $3, min = $4, max = $5, max_length = $6,
    archived_at = $7
WHERE field_id = $1;

-- custom_fields -> custom_field
SELECT field_id, key, name, type, choices, min, max, max_length, indexed, created_at, archived_at
FROM custom_field
ORDER BY field_id;

-- lead_values -> lead_value
-- $1: the ids of leads, one behind the other. In that order; the engine keeps to that of the
-- tables, which begins with few leads and not with all values of a field.
WITH RECURSIVE wanted (place, lead_id) AS (
    SELECT 1, substr($1, 1, 16)
    UNION ALL
    SELECT place + 16, substr($1, place + 16, 16) FROM wanted WHERE place + 16 < length($1))
SELECT v.lead_id, v.field_id, f.key, f.type, v.text, v.number, f.archived_at
FROM wanted w
CROSS JOIN lead_value v
CROSS JOIN custom_field f
WHERE v.lead_id = w.lead_id AND f.field_id = v.field_id
ORDER BY w.place, v.field_id;

-- lead_value_put
INSERT INTO lead_value (lead_id, field_id, text, number, indexed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (lead_id, field_id) DO UPDATE SET text = excluded.text, number = excluded.number;

-- lead_value_remove
DELETE FROM lead_value WHERE lead_id = $1 AND field_id = $2;

-- lead_values_lost
-- Those that nobody looks for, and those of no field.
SELECT count(*) FROM lead_value v
WHERE NOT EXISTS (SELECT 1 FROM lead l WHERE l.id = v.lead_id AND l.value_count > 0)
    OR NOT EXISTS (SELECT 1 FROM custom_field f WHERE f.field_id = v.field_id);
