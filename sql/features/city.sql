/* ---
title: {zh: 支局所属城市, en: City of each branch}
owner: retention
key: [branch_id]
tolerates: []
--- */
SELECT b.org_id AS branch_id, c.org_id AS city_id
FROM snapshot_organisation AS b
JOIN snapshot_organisation AS c ON c.org_id = b.parent_id
WHERE b.org_kind = 'branch' AND c.org_kind = 'city'
