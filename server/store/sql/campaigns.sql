-- Campaigns and their members.

-- campaign_insert
INSERT INTO campaign (id, name, channel, starts_on, ends_on, budget_minor, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- campaign_by_id -> campaign
SELECT id, name, channel, starts_on, ends_on, budget_minor, created_at,
    (SELECT count(*) FROM campaign_member m WHERE m.campaign = campaign.id) AS member_count
FROM campaign
WHERE id = $1;

-- campaign_by_name -> campaign
SELECT id FROM campaign WHERE name = $1;

-- campaign_list -> campaign
SELECT id, name, channel, starts_on, ends_on, budget_minor, created_at,
    (SELECT count(*) FROM campaign_member m WHERE m.campaign = campaign.id) AS member_count
FROM campaign
WHERE 1 = 1;

-- campaign_count
SELECT count(*) FROM campaign;

-- campaign_members -> campaign_member
SELECT m.id AS lead_id, m.joined_at
FROM (SELECT lead_id AS id, joined_at FROM campaign_member WHERE campaign = $1) m
WHERE 1 = 1;

-- campaign_member_insert
INSERT INTO campaign_member (campaign, lead_id, joined_at) VALUES ($1, $2, $3)
ON CONFLICT (campaign, lead_id) DO NOTHING;
