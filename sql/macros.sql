-- How a delivered cell becomes a typed value: our own rules as DuckDB macros.
--
-- A kind has a fast way for the plain form and a slow way that folds full-width characters,
-- separators, currency signs, accounting negatives and the other forms the contract names. What
-- neither way can read is NULL. `:names` are the constants of `pipelines/core/values.py`, which
-- reads this file; a statement ends with a semicolon at the end of a line.
--
-- A macro's argument is written out wherever the macro names it: one that names a long argument six
-- times is six times as long, and so on upwards. Such an argument is worked out once, as the
-- only item of a list: `list_transform([argument], lambda t: …)[1]`.

-- As many bytes as characters: plain ASCII, nothing to fold.
-- Translating every cell would cost ten times as much.
CREATE MACRO fold(x) AS
    CASE
    WHEN strlen(x) = length(x) THEN x
    ELSE translate(x, :wide_and_invisible, :narrow)
    END;

CREATE MACRO not_empty(text) AS
    list_transform([text], lambda t: CASE WHEN t <> '' THEN t END)[1];

CREATE MACRO clean(x) AS not_empty(trim(fold(x), :blanks));

-- 9999-12-31 is what many systems write for "no end"; it is a date like any other.
CREATE MACRO is_in_range(d) AS
    d BETWEEN DATE :first_day AND DATE :last_day OR d = DATE :no_end;

CREATE MACRO in_range(day) AS
    list_transform([day], lambda d: CASE WHEN is_in_range(d) THEN d END)[1];

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
    regexp_full_match(x, '\d{4}-\d{2}-\d{2}')
    AND COALESCE(is_in_range(TRY_CAST(x AS DATE)), x IS NULL);

CREATE MACRO is_plain_timestamp(x) AS
    regexp_full_match(x, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\+08:?00)?')
    AND (TRY_CAST(left(x, 19) AS TIMESTAMP) IS NOT NULL OR x IS NULL)
    AND COALESCE(is_in_range(TRY_CAST(left(x, 10) AS DATE)), x IS NULL);

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

CREATE MACRO signed(t) AS
    CASE
    WHEN regexp_full_match(t, '\(.+\)') THEN '-' || bare(trim(t[2:-2]))
    WHEN regexp_full_match(t, '.*[^-+]-') THEN '-' || bare(trim(t[1:-2]))
    ELSE regexp_replace(bare(t), '^\+(\d)', '\1')
    END;

CREATE MACRO without_thousands(n) AS
    CASE
    WHEN regexp_full_match(n, '-?\d{1,3}(,\d{3})+(\.\d+)?') THEN replace(n, ',', '')
    ELSE n
    END;

CREATE MACRO plain_number(x) AS
    list_transform(
        list_transform([clean(x)], lambda t: signed(t)), lambda n: without_thousands(n)
    )[1];

CREATE MACRO as_money(x) AS
    CASE
    WHEN is_plain_money(x) THEN TRY_CAST(x AS DECIMAL(18,2))
    ELSE list_transform(
            [plain_number(x)],
            lambda n: CASE
                WHEN regexp_full_match(n, '-?(0*\d{1,12}(\.\d{1,2}0*)?|\.\d{1,2}0*)')
                    THEN TRY_CAST(n AS DECIMAL(18,2))
                END
        )[1]
    END;

CREATE MACRO as_quantity(x) AS
    CASE
    WHEN is_plain_quantity(x) THEN TRY_CAST(x AS DECIMAL(18,6))
    ELSE list_transform(
            [plain_number(x)],
            lambda n: CASE
                WHEN regexp_full_match(n, '-?(0*\d{1,9}(\.\d+)?|\.\d+)')
                    THEN TRY_CAST(n AS DECIMAL(18,6))
                END
        )[1]
    END;

CREATE MACRO as_amount(x) AS
    CASE
    WHEN is_plain_amount(x) THEN TRY_CAST(x AS DECIMAL(18,6))
    ELSE list_transform(
            [plain_number(x)],
            lambda n: CASE
                WHEN regexp_full_match(n, '-?(0*\d{1,12}(\.\d+)?|\.\d+)')
                    THEN TRY_CAST(n AS DECIMAL(18,6))
                END
        )[1]
    END;

CREATE MACRO as_integer(x) AS
    CASE
    WHEN is_plain_integer(x) THEN TRY_CAST(x AS BIGINT)
    ELSE list_transform(
            [plain_number(x)],
            lambda n: CASE
                WHEN regexp_full_match(n, '-?0*\d{1,9}(\.0+)?')
                    THEN TRY_CAST(split_part(n, '.', 1) AS BIGINT)
                END
        )[1]
    END;

CREATE MACRO as_year(x) AS
    list_transform(
        [as_integer(x)],
        lambda n: CASE WHEN n BETWEEN 1900 AND 2100 THEN CAST(n AS INTEGER) END
    )[1];

-- Dates.
CREATE MACRO day_part(t) AS regexp_replace(t, '[T ]0?0:00(:00(\.0+)?)?$', '');

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

CREATE MACRO day_of_text(t) AS
    CASE
    WHEN has_zone(t) THEN day_of_instant(t)
    ELSE list_transform([day_part(t)], lambda d: TRY_CAST(day_text(d) AS DATE))[1]
    END;

CREATE MACRO as_date(x) AS
    in_range(
        CASE
        WHEN regexp_full_match(x, '\d{4}-\d{2}-\d{2}') THEN TRY_CAST(x AS DATE)
        WHEN starts_with(x, chr(57345)) THEN serial_day(x)
        ELSE list_transform([clean(x)], lambda t: day_of_text(t))[1]
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

CREATE MACRO day_before_time(t) AS
    list_transform([regexp_replace(t, '[T ]\d{1,2}:\d{2}.*$', '')], lambda d: as_date(d))[1];

CREATE MACRO instant(t) AS
    TRY_CAST(
        CAST(day_before_time(t) AS VARCHAR)
        || ' '
        || COALESCE(not_empty(time_part(t)), '00:00:00')
        AS TIMESTAMP
    );

CREATE MACRO as_timestamp(x) AS
    list_transform(
        [clean(x)], lambda t: instant(t) - to_minutes(CAST(zone_minutes(t) AS BIGINT))
    )[1];

CREATE MACRO month_of_text(t) AS
    CASE
    WHEN regexp_full_match(t, '\d{4}(0[1-9]|1[0-2])') THEN t[1:4] || '-' || t[5:6]
    WHEN regexp_full_match(t, '\d{4}[-/.年]([1-9]|0[1-9]|1[0-2])月?')
        THEN t[1:4] || '-' || lpad(regexp_extract(t, '(\d+)月?$', 1), 2, '0')
    END;

CREATE MACRO month_of_first_day(x) AS
    list_transform([as_date(x)], lambda d: CASE day(d) WHEN 1 THEN strftime(d, '%Y-%m') END)[1];

CREATE MACRO as_month(x) AS
    CASE
    WHEN is_plain_month(x) THEN x
    ELSE COALESCE(
            list_transform([clean(x)], lambda t: month_of_text(t))[1], month_of_first_day(x)
        )
    END;

-- Words.
CREATE MACRO as_bool(x) AS
    list_transform(
        [lower(clean(x))],
        lambda t: CASE
            WHEN t IN ('true', '1', '1.0', '是', 'y', 'yes') THEN TRUE
            WHEN t IN ('false', '0', '0.0', '否', 'n', 'no') THEN FALSE
            END
    )[1];

CREATE MACRO is_far_id(t) AS COALESCE(length(clean(t)) > :id_characters, FALSE);

CREATE MACRO id_of_text(t) AS
    CASE
    WHEN lower(t) IN ('nan', 'none', 'null', '-', '\n', '#n/a', 'n/a', 'inf') THEN NULL
    WHEN regexp_full_match(t, '[+-]?\d+(\.\d+[eE][+-]?|[eE]\+)\d+') THEN NULL
    WHEN regexp_full_match(t, '\d{1,15}\.0+') THEN split_part(t, '.', 1)
    WHEN regexp_full_match(t, '\d{16,}\.0+') THEN NULL
    WHEN length(t) > :id_characters OR regexp_matches(t, '\p{Cc}') THEN NULL
    ELSE t
    END;

CREATE MACRO as_any_id(x) AS
    CASE
    WHEN is_plain_any_id(x) THEN x
    WHEN contains(x, chr(57344)) OR contains(x, chr(57346)) OR contains(x, chr(65533))
        OR contains(x, chr(0)) THEN NULL
    ELSE list_transform([clean(x)], lambda t: id_of_text(t))[1]
    END;

CREATE MACRO as_id(x) AS
    list_transform(
        [as_any_id(x)], lambda id: CASE WHEN lower(id) NOT IN (:reserved_ids) THEN id END
    )[1];

-- Marks that turn the direction of writing could make a name read as another.
CREATE MACRO undirected(x) AS
    CASE
    WHEN strlen(x) = length(x) THEN x
    ELSE translate(x, :directions, '')
    END;

CREATE MACRO as_text(x) AS
    CASE
    WHEN contains(x, chr(65533)) OR contains(x, chr(57346)) OR clean(x) IS NULL THEN NULL
    ELSE not_empty(trim(undirected(x), :blanks || chr(12288) || chr(160)))
    END;

-- +86 138-1234-5678 is 13812345678; of what else has digits alone the digits are folded, the rest
-- stays as it is.
CREATE MACRO dialled(t) AS
    regexp_replace(regexp_replace(t, '^(\d+)\.0+$', '\1'), '[\s-]', '', 'g');

CREATE MACRO is_scientific(x) AS
    COALESCE(regexp_full_match(clean(x), '[+-]?\d+(\.\d+)?[eE][+-]?\d+'), FALSE);

CREATE MACRO phone_of_text(t) AS
    CASE
    WHEN regexp_full_match(dialled(t), '(\+?86)?1\d{10}') THEN right(dialled(t), 11)
    WHEN regexp_full_match(t, '[\d+() -]*\d') OR regexp_full_match(t, '\d+\.0+')
        THEN regexp_replace(t, '\.0+$', '')
    END;

CREATE MACRO as_phone(x) AS
    CASE
    WHEN is_plain_phone(x) THEN x
    WHEN is_scientific(x) THEN NULL
    ELSE COALESCE(list_transform([clean(x)], lambda t: phone_of_text(t))[1], as_text(x))
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
