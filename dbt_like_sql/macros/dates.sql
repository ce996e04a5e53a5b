{# Date arithmetic differs between engines: it is written here and nowhere else. Of each macro, default__ is what DuckDB
   runs, spark__ what Spark runs; both give the same values and types, nulls included. #}
{%- macro days_between(earlier, later) -%}
{{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro -%}

{%- macro default__days_between(earlier, later) -%}
date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro spark__days_between(earlier, later) -%}
cast(datediff({{ later }}, {{ earlier }}) as bigint)
{%- endmacro -%}

{%- macro seconds_between(earlier, later) -%}
{{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro -%}

{%- macro default__seconds_between(earlier, later) -%}
date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro -%}

{# Sessions are in UTC, where local times become instants as they stand. #}
{%- macro spark__seconds_between(earlier, later) -%}
(unix_seconds(cast({{ later }} as timestamp_ltz)) - unix_seconds(cast({{ earlier }} as timestamp_ltz)))
{%- endmacro -%}

{%- macro months_between(earlier, later) -%}
{{ return(adapter.dispatch('months_between')(earlier, later)) }}
{%- endmacro -%}

{%- macro default__months_between(earlier, later) -%}
date_diff('month', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro spark__months_between(earlier, later) -%}
cast((year({{ later }}) - year({{ earlier }})) * 12 + month({{ later }}) - month({{ earlier }}) as bigint)
{%- endmacro -%}

{%- macro add_days(day, days) -%}
{{ return(adapter.dispatch('add_days')(day, days)) }}
{%- endmacro -%}

{%- macro default__add_days(day, days) -%}
cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro -%}

{%- macro spark__add_days(day, days) -%}
date_add({{ day }}, cast({{ days }} as integer))
{%- endmacro -%}

{%- macro add_months(day, months) -%}
{{ return(adapter.dispatch('add_months')(day, months)) }}
{%- endmacro -%}

{%- macro default__add_months(day, months) -%}
cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}

{%- macro spark__add_months(day, months) -%}
add_months({{ day }}, cast({{ months }} as integer))
{%- endmacro -%}

{%- macro first_of_month(day) -%}
cast(date_trunc('month', {{ day }}) as date)
{%- endmacro -%}

{%- macro first_of_year(day) -%}
cast(date_trunc('year', {{ day }}) as date)
{%- endmacro -%}

{# One row for each whole number from 0 to `last`; none where that is null or below 0. #}
{%- macro each_number_to(last) -%}
{{ return(adapter.dispatch('each_number_to')(last)) }}
{%- endmacro -%}

{%- macro default__each_number_to(last) -%}
unnest(range({{ last }} + 1))
{%- endmacro -%}

{# Spark's sequence counts down where it ends below its start. #}
{%- macro spark__each_number_to(last) -%}
explode(case when {{ last }} >= 0 then sequence(cast(0 as bigint), cast({{ last }} as bigint)) end)
{%- endmacro -%}
