/* ---
title: {zh: 组织机构中的支局, en: "The branches of the organisation, with managers or without"}
owner: retention
--- */
SELECT org_id AS branch_id, CAST(NULL AS VARCHAR) AS manager_id
FROM snapshot_organisation
WHERE org_kind = 'branch'
