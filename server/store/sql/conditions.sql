-- Conditions: parts that tests of attributes are put together from. A test is a column and an op.
-- Where a test stands alone behind AND, a row of which it is not known is left out as it should be;
-- anywhere else it is made sure that it is true or false and nothing third.

-- condition_and
AND;

-- condition_or
OR;

-- condition_open
(;

-- condition_close
);

-- condition_true
TRUE;

-- condition_if
COALESCE(;

-- condition_unless
NOT COALESCE(;

-- condition_known
, FALSE);

-- condition_did
-- An activity of that type, whatever else is asked of it.
EXISTS (SELECT 1 FROM activity a WHERE a.lead_id = l.id AND a.type = $1);

-- Attributes. A blank text is as none at all.

-- condition_id
l.id;

-- condition_email
NULLIF(lower(l.email), '');

-- condition_phone
NULLIF(lower(l.phone), '');

-- condition_first_name
NULLIF(lower(l.first_name), '');

-- condition_last_name
NULLIF(lower(l.last_name), '');

-- condition_company
NULLIF(lower(l.company), '');

-- condition_job_title
NULLIF(lower(l.job_title), '');

-- condition_website
NULLIF(lower(l.website), '');

-- condition_industry
NULLIF(lower(l.industry), '');

-- condition_country
NULLIF(lower(l.country), '');

-- condition_city
NULLIF(lower(l.city), '');

-- condition_source
NULLIF(lower(l.source), '');

-- condition_campaign
l.campaign;

-- condition_owner
l.owner;

-- condition_amount_minor
l.amount_minor;

-- condition_currency
NULLIF(lower(l.currency), '');

-- condition_source_system
NULLIF(lower(l.source_system), '');

-- condition_external_id
NULLIF(lower(l.external_id), '');

-- condition_created_at
l.created_at;

-- condition_updated_at
l.updated_at;

-- condition_pipeline
(SELECT lower(p.key) FROM pipeline p WHERE p.pipeline_id = s.pipeline_id);

-- condition_stage
(SELECT lower(g.key) FROM stage g WHERE g.stage_id = s.stage_id);

-- condition_status
s.status;

-- condition_stage_entered_at
s.stage_entered_at;

-- condition_cycle
s.cycle;

-- condition_score
s.score;

-- condition_score_as_of
s.score_as_of;

-- condition_rule_set_version
s.rule_set_version;

-- condition_version
s.version;

-- Custom fields: $1 is its number. Where it is indexed, the leads that have such a value.

-- condition_custom_text
(SELECT lower(v.text) FROM lead_value v WHERE v.lead_id = l.id AND v.field_id = $1);

-- condition_custom_number
(SELECT v.number FROM lead_value v WHERE v.lead_id = l.id AND v.field_id = $1);

-- condition_among_text
l.id IN (SELECT v.lead_id
    FROM lead_value v
    WHERE v.indexed = 1 AND v.text IS NOT NULL AND v.field_id = $1 AND lower(v.text);

-- condition_among_number
l.id IN (SELECT v.lead_id
    FROM lead_value v
    WHERE v.indexed = 1 AND v.number IS NOT NULL AND v.field_id = $1 AND v.number;

-- Ops.

-- condition_eq
= $1;

-- condition_gt
> $1;

-- condition_gte
>= $1;

-- condition_lt
< $1;

-- condition_lte
<= $1;

-- condition_between
BETWEEN $1 AND $2;

-- condition_present
IS NOT NULL;

-- condition_like
LIKE $1 ESCAPE '\';

-- Of any number up to so many: the last is repeated.

-- condition_in_4
IN ($1, $2, $3, $4);

-- condition_in_16
IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- condition_in_100
IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40,
    $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59,
    $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78,
    $79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97,
    $98, $99, $100);
