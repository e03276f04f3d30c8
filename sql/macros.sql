-- How a delivered cell becomes a typed value: our own rules as DuckDB macros.
--
-- A kind has a fast way for the plain form and a slow way that folds full-width characters,
-- separators, currency signs, accounting negatives and the other forms the contract names. What
-- neither way can read is NULL. `:names` are the constants of `pipelines/core/values.py`, which
-- reads this file; a statement ends with a semicolon at the end of a line.

-- As many bytes as characters: plain ASCII, nothing to fold.
-- Translating every cell would cost ten times as much.
CREATE MACRO fold(x) AS
    CASE
    WHEN strlen(x) = length(x) THEN x
    ELSE translate(x, :wide_and_invisible, :narrow)
    END;

CREATE MACRO clean(x) AS NULLIF(trim(fold(x), :blanks), '');

-- 9999-12-31 is what many systems write for "no end"; it is a date like any other.
CREATE MACRO is_in_range(d) AS
    d BETWEEN DATE :first_day AND DATE :last_day OR d = DATE :no_end;

CREATE MACRO in_range(d) AS CASE WHEN is_in_range(d) THEN d END;

CREATE MACRO is_money(v) AS v > -:money_limit AND v < :money_limit;

CREATE MACRO is_count(v) AS v > -:count_limit AND v < :count_limit;

-- A plain cell reads as itself by a cast alone, and there is nothing to count in it.
CREATE MACRO is_plain_any_id(x) AS
    regexp_full_match(x, '[A-Za-z0-9_-]{0,63}[A-Za-z0-9_]')
    AND CASE WHEN strlen(x) > 4 THEN TRUE ELSE lower(x) NOT IN ('nan', 'none', 'null', 'inf') END;

CREATE MACRO is_plain_id(x) AS
    is_plain_any_id(x)
    AND CASE WHEN strlen(x) > 9 THEN TRUE ELSE lower(x) NOT IN (:reserved_ids) END;

CREATE MACRO is_plain_text(x) AS
    regexp_full_match(x, '[\p{L}\p{N}]([\p{L}\p{N}\p{P} ]*[\p{L}\p{N}\p{P}])?');

CREATE MACRO is_plain_phone(x) AS regexp_full_match(x, '1\d{10}');

CREATE MACRO is_plain_month(x) AS regexp_full_match(x, '\d{4}-(0[1-9]|1[0-2])');

CREATE MACRO is_plain_date(x) AS
    regexp_full_match(x, '\d{4}-\d{2}-\d{2}') AND in_range(TRY_CAST(x AS DATE)) IS NOT NULL;

CREATE MACRO is_plain_timestamp(x) AS
    regexp_full_match(x, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\+08:?00)?')
    AND TRY_CAST(left(x, 19) AS TIMESTAMP) IS NOT NULL
    AND in_range(TRY_CAST(left(x, 10) AS DATE)) IS NOT NULL;

CREATE MACRO is_plain_money(x) AS regexp_full_match(x, '-?\d{1,12}(\.\d{1,2})?');

CREATE MACRO is_plain_quantity(x) AS regexp_full_match(x, '-?\d{1,9}(\.\d{1,6})?');

CREATE MACRO is_plain_amount(x) AS regexp_full_match(x, '-?\d{1,12}(\.\d{1,6})?');

CREATE MACRO is_plain_integer(x) AS regexp_full_match(x, '0|-?[1-9]\d{0,8}');

CREATE MACRO is_plain_year(x) AS regexp_full_match(x, '(19|20)\d{2}');

CREATE MACRO is_plain_bool(x) AS lower(x) IN ('true', 'false', '1', '0');

-- Money and numbers. A currency sign stands before or after the number, never inside it.
CREATE MACRO bare(t) AS
    regexp_replace(
        regexp_replace(t, '^([+-]?)\s*(?:[¥￥]|CNY|RMB)\s*', '\1'),
        '\s*(?:元|CNY|RMB)$',
        ''
    );

CREATE MACRO signed(x) AS
    CASE
    WHEN regexp_full_match(clean(x), '\(.+\)') THEN '-' || bare(trim(clean(x)[2:-2]))
    WHEN regexp_full_match(clean(x), '.*[^-+]-') THEN '-' || bare(trim(clean(x)[1:-2]))
    ELSE regexp_replace(bare(clean(x)), '^\+(\d)', '\1')
    END;

CREATE MACRO plain_number(x) AS
    CASE
    WHEN regexp_full_match(signed(x), '-?\d{1,3}(,\d{3})+(\.\d+)?')
        THEN replace(signed(x), ',', '')
    ELSE signed(x)
    END;

CREATE MACRO as_money(x) AS
    CASE
    WHEN is_plain_money(x) THEN TRY_CAST(x AS DECIMAL(18,2))
    WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,12}(\.\d{1,2}0*)?|\.\d{1,2}0*)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,2))
    END;

CREATE MACRO as_quantity(x) AS
    CASE
    WHEN is_plain_quantity(x) THEN TRY_CAST(x AS DECIMAL(18,6))
    WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,9}(\.\d+)?|\.\d+)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,6))
    END;

CREATE MACRO as_amount(x) AS
    CASE
    WHEN is_plain_amount(x) THEN TRY_CAST(x AS DECIMAL(18,6))
    WHEN regexp_full_match(plain_number(x), '-?(0*\d{1,12}(\.\d+)?|\.\d+)')
        THEN TRY_CAST(plain_number(x) AS DECIMAL(18,6))
    END;

CREATE MACRO as_integer(x) AS
    CASE
    WHEN is_plain_integer(x) THEN TRY_CAST(x AS BIGINT)
    WHEN regexp_full_match(plain_number(x), '-?0*\d{1,9}(\.0+)?')
        THEN TRY_CAST(split_part(plain_number(x), '.', 1) AS BIGINT)
    END;

CREATE MACRO as_year(x) AS
    CASE WHEN as_integer(x) BETWEEN 1900 AND 2100 THEN CAST(as_integer(x) AS INTEGER) END;

-- Dates.
CREATE MACRO day_part(x) AS regexp_replace(clean(x), '[T ]0?0:00(:00(\.0+)?)?$', '');

CREATE MACRO day_text(t) AS
    CASE
    WHEN regexp_full_match(t, '\d{4}[-/.]\d{1,2}[-/.]\d{1,2}')
        THEN replace(replace(t, '/', '-'), '.', '-')
    WHEN regexp_full_match(t, '\d{8}') THEN t[1:4] || '-' || t[5:6] || '-' || t[7:8]
    WHEN regexp_full_match(t, '\d{4}年\d{1,2}月\d{1,2}日')
        THEN regexp_replace(t, '(\d+)年(\d+)月(\d+)日', '\1-\2-\3')
    WHEN regexp_full_match(t, '\d{1,2}/\d{1,2}/\d{4}')
        THEN regexp_replace(t, '(\d+)/(\d+)/(\d+)', '\3-\2-\1')
    END;

-- A serial with a fraction is a time of day: no date.
CREATE MACRO serial_day(x) AS
    CASE
    WHEN regexp_full_match(x[2:], '\d{1,7}(\.0+)?')
        THEN DATE '1899-12-30' + CAST(split_part(x[2:], '.', 1) AS INTEGER)
    END;

-- An instant with a zone is its day in Asia/Shanghai; a time without one is no day.
CREATE MACRO has_zone(t) AS
    regexp_full_match(
        t,
        '\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)'
    );

CREATE MACRO day_of_instant(t) AS
    CAST(
        make_timestamp(epoch_us(TRY_CAST(
            regexp_replace(
                regexp_replace(replace(t, '/', '-'), '([+-]\d{2})(\d{2})$', '\1:\2'),
                '([T ]\d{1,2}:\d{2})([Z+-])',
                '\1:00\2'
            ) AS TIMESTAMPTZ
        ))) + INTERVAL 8 HOUR AS DATE
    );

CREATE MACRO as_date(x) AS
    in_range(
        CASE
        WHEN regexp_full_match(x, '\d{4}-\d{2}-\d{2}') THEN TRY_CAST(x AS DATE)
        WHEN starts_with(x, chr(57345)) THEN serial_day(x)
        WHEN has_zone(clean(x)) THEN day_of_instant(clean(x))
        ELSE TRY_CAST(day_text(day_part(x)) AS DATE)
        END
    );

-- An instant without a zone is Asia/Shanghai (no summer time since 1991); stored as UTC.
CREATE MACRO zone_minutes(t) AS
    CASE
    WHEN regexp_matches(t, 'Z$') THEN 0
    WHEN regexp_matches(t, ':\d{2}(\.\d+)?[+-]\d{2}$')
        THEN CAST(regexp_extract(t, '([+-]\d{2})$', 1) AS INTEGER) * 60
    WHEN regexp_matches(t, '\d[+-]\d{2}:?\d{2}$')
        THEN CAST(regexp_extract(t, '([+-]\d{2}):?\d{2}$', 1) AS INTEGER) * 60
            + CAST(
                regexp_extract(t, '([+-])\d{2}:?\d{2}$', 1) || regexp_extract(t, '(\d{2})$', 1)
                AS INTEGER
            )
    ELSE 480
    END;

CREATE MACRO time_part(t) AS
    regexp_replace(
        regexp_extract(t, '[T ](\d{1,2}:\d{2}.*)$', 1), '(Z|[+-]\d{2}(:?\d{2})?)$', ''
    );

CREATE MACRO instant(t) AS
    TRY_CAST(
        CAST(as_date(regexp_replace(t, '[T ]\d{1,2}:\d{2}.*$', '')) AS VARCHAR)
        || ' '
        || CASE time_part(t) WHEN '' THEN '00:00:00' ELSE time_part(t) END
        AS TIMESTAMP
    );

CREATE MACRO as_timestamp(x) AS
    instant(clean(x)) - to_minutes(CAST(zone_minutes(clean(x)) AS BIGINT));

CREATE MACRO as_month(x) AS
    CASE
    WHEN is_plain_month(x) THEN x
    WHEN regexp_full_match(clean(x), '\d{4}(0[1-9]|1[0-2])')
        THEN clean(x)[1:4] || '-' || clean(x)[5:6]
    WHEN regexp_full_match(clean(x), '\d{4}[-/.年]([1-9]|0[1-9]|1[0-2])月?')
        THEN clean(x)[1:4] || '-' || lpad(regexp_extract(clean(x), '(\d+)月?$', 1), 2, '0')
    WHEN day(as_date(x)) = 1 THEN strftime(as_date(x), '%Y-%m')
    END;

-- Words.
CREATE MACRO as_bool(x) AS
    CASE
    WHEN lower(clean(x)) IN ('true', '1', '1.0', '是', 'y', 'yes') THEN TRUE
    WHEN lower(clean(x)) IN ('false', '0', '0.0', '否', 'n', 'no') THEN FALSE
    END;

CREATE MACRO is_far_id(t) AS COALESCE(length(clean(t)) > :id_characters, FALSE);

CREATE MACRO as_any_id(x) AS
    CASE
    WHEN is_plain_any_id(x) THEN x
    WHEN contains(x, chr(57344)) OR contains(x, chr(57346)) OR contains(x, chr(65533))
        OR contains(x, chr(0)) THEN NULL
    WHEN lower(clean(x)) IN ('nan', 'none', 'null', '-', '\n', '#n/a', 'n/a', 'inf') THEN NULL
    WHEN regexp_full_match(clean(x), '[+-]?\d+(\.\d+[eE][+-]?|[eE]\+)\d+') THEN NULL
    WHEN regexp_full_match(clean(x), '\d{1,15}\.0+') THEN split_part(clean(x), '.', 1)
    WHEN regexp_full_match(clean(x), '\d{16,}\.0+') THEN NULL
    WHEN is_far_id(x) OR regexp_matches(clean(x), '\p{Cc}') THEN NULL
    ELSE clean(x)
    END;

CREATE MACRO as_id(x) AS CASE WHEN lower(as_any_id(x)) NOT IN (:reserved_ids) THEN as_any_id(x) END;

-- Marks that turn the direction of writing could make a name read as another.
CREATE MACRO undirected(x) AS
    CASE
    WHEN strlen(x) = length(x) THEN x
    ELSE translate(x, :directions, '')
    END;

CREATE MACRO as_text(x) AS
    CASE
    WHEN contains(x, chr(65533)) OR contains(x, chr(57346)) OR clean(x) IS NULL THEN NULL
    ELSE NULLIF(trim(undirected(x), :blanks || chr(12288) || chr(160)), '')
    END;

-- +86 138-1234-5678 is 13812345678; of what else has digits alone the digits are folded, the rest
-- stays as it is.
CREATE MACRO dialled(t) AS
    regexp_replace(regexp_replace(t, '^(\d+)\.0+$', '\1'), '[\s-]', '', 'g');

CREATE MACRO is_scientific(x) AS
    COALESCE(regexp_full_match(clean(x), '[+-]?\d+(\.\d+)?[eE][+-]?\d+'), FALSE);

CREATE MACRO as_phone(x) AS
    CASE
    WHEN is_plain_phone(x) THEN x
    WHEN is_scientific(x) THEN NULL
    WHEN regexp_full_match(dialled(clean(x)), '(\+?86)?1\d{10}')
        THEN right(dialled(clean(x)), 11)
    WHEN regexp_full_match(clean(x), '[\d+() -]*\d') OR regexp_full_match(clean(x), '\d+\.0+')
        THEN regexp_replace(clean(x), '\.0+$', '')
    ELSE as_text(x)
    END;

CREATE MACRO is_empty(x) AS COALESCE(clean(x), '') = '';

-- Which form a readable cell had, for the count of what was normalised.
CREATE MACRO form_of(x) AS
    CASE
    WHEN starts_with(x, chr(57345)) THEN 'serial_day'
    WHEN is_scientific(x) THEN 'scientific_notation'
    WHEN x <> fold(x) THEN 'full_width_or_invisible'
    WHEN regexp_matches(x, '^\s|\s$') THEN 'spaces'
    WHEN regexp_matches(x, '[¥￥元]|CNY|RMB') THEN 'currency_sign'
    WHEN regexp_full_match(x, '\([\d.,]+\)') THEN 'accounting_negative'
    WHEN regexp_full_match(x, '[\d.,]+-') THEN 'trailing_minus'
    WHEN regexp_full_match(x, '-?\d{1,3}(,\d{3})+(\.\d+)?') THEN 'thousands_separator'
    WHEN regexp_full_match(x, '\d{4}/\d{1,2}/\d{1,2}.*') THEN 'date_slashes'
    WHEN regexp_full_match(x, '\d{4}年.*') THEN 'date_chinese'
    WHEN regexp_full_match(x, '\d{1,2}/\d{1,2}/\d{4}.*') THEN 'date_day_first'
    ELSE 'other'
    END;

-- Why a cell that is not empty has no value: beyond what the rooms carry, or not of its kind.
CREATE MACRO is_far_money(t) AS
    COALESCE(regexp_full_match(plain_number(t), '-?0*[1-9]\d{:money_digits,}(\.\d+)?'), FALSE);

CREATE MACRO is_far_count(t) AS
    COALESCE(regexp_full_match(plain_number(t), '-?0*[1-9]\d{:count_digits,}(\.\d+)?'), FALSE);

CREATE MACRO is_far_day(t) AS
    COALESCE(
        regexp_full_match(t, '-?infinity')
        OR NOT TRY_CAST(
            regexp_extract(clean(t), '^([1-9]\d{3,6})[-/.年]\d{1,2}[-/.月]\d{1,2}', 1) AS BIGINT
        ) BETWEEN 1900 AND 2199,
        FALSE
    );

CREATE MACRO is_reserved(t) AS COALESCE(lower(clean(t)) IN (:reserved_ids), FALSE);
