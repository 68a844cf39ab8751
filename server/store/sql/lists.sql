-- Parts that end a list whose rows are told apart, and ordered, by their id. Ids grow with time, so
-- this is by age.

-- list_id_above
AND id > $1;

-- list_id_below
AND id < $1;

-- list_id_upwards
ORDER BY id LIMIT $1;

-- list_id_downwards
ORDER BY id DESC LIMIT $1;
