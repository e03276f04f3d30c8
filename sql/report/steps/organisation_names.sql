/* ---
title: {zh: 组织名称, en: What branches and units are called}
owner: retention
--- */
SELECT
    org_kind AS scope_kind,
    org_id AS scope_id,
    name
FROM snapshot_organisation
