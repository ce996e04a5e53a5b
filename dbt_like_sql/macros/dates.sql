{# Date arithmetic differs between engines: it is written here and nowhere else. #}
{%- macro days_between(earlier, later) -%}
date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro seconds_between(earlier, later) -%}
date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro months_between(earlier, later) -%}
date_diff('month', {{ earlier }}, {{ later }})
{%- endmacro -%}

{%- macro add_days(day, days) -%}
cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro -%}

{%- macro add_months(day, months) -%}
cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro -%}

{%- macro first_of_month(day) -%}
cast(date_trunc('month', {{ day }}) as date)
{%- endmacro -%}

{%- macro first_of_year(day) -%}
cast(date_trunc('year', {{ day }}) as date)
{%- endmacro -%}

{# One row for each whole number from 0 to `last`. #}
{%- macro each_number_to(last) -%}
unnest(range({{ last }} + 1))
{%- endmacro -%}
