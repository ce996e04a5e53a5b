{# Days that changes touch, by the record kind (none for all kinds) and by which of a record's days they are. #}
{%- macro affected_days(affected, kind, day_of) -%}
select day from {{ affected }} where day_of = '{{ day_of }}'{% if kind %} and kind = '{{ kind }}'{% endif %}
{%- endmacro -%}

{# Condition that keeps the rows of the affected days where a table is made anew in part, and all rows otherwise. #}
{%- macro is_affected(column, affected, kind, day_of) -%}
{%- if is_incremental() -%}
{{ column }} in ({{ affected_days(affected, kind, day_of) }})
{%- else -%}
true
{%- endif -%}
{%- endmacro -%}

{# For pre_hook: an affected day is replaced whole, so that a cell that has become empty goes. #}
{%- macro delete_affected(this, column, affected, kind, day_of) -%}
{%- if is_incremental() -%}
delete from {{ this }} where {{ column }} in ({{ affected_days(affected, kind, day_of) }})
{%- endif -%}
{%- endmacro -%}

{%- macro delete_undated(this, column) -%}
{%- if is_incremental() -%}
delete from {{ this }} where {{ column }} is null
{%- endif -%}
{%- endmacro -%}

{# The same for rows that count a whole month, by the first of which they go. #}
{%- macro affected_months(affected, kind) -%}
select {{ first_of_month('day') }} from ({{ affected_days(affected, kind, 'day') }}) as affected
{%- endmacro -%}

{%- macro is_affected_month(column, affected, kind) -%}
{%- if is_incremental() -%}
{{ first_of_month(column) }} in ({{ affected_months(affected, kind) }})
{%- else -%}
true
{%- endif -%}
{%- endmacro -%}

{%- macro delete_affected_months(this, column, affected, kind) -%}
{%- if is_incremental() -%}
delete from {{ this }} where {{ column }} in ({{ affected_months(affected, kind) }})
{%- endif -%}
{%- endmacro -%}

{# And for months whose rows hang on all of their year. #}
{%- macro affected_years(affected, kind) -%}
select {{ first_of_year('day') }} from ({{ affected_days(affected, kind, 'day') }}) as affected
{%- endmacro -%}

{%- macro is_affected_year(column, affected, kind) -%}
{%- if is_incremental() -%}
{{ first_of_year(column) }} in ({{ affected_years(affected, kind) }})
{%- else -%}
true
{%- endif -%}
{%- endmacro -%}

{%- macro delete_affected_years(this, column, affected, kind) -%}
{%- if is_incremental() -%}
delete from {{ this }} where {{ first_of_year(column) }} in ({{ affected_years(affected, kind) }})
{%- endif -%}
{%- endmacro -%}

{# Whether one of the days from `first` on, up to so many later, lies between the first and the last affected day. #}
{%- macro may_be_affected(first, days_later, affected, kind) -%}
{%- if is_incremental() -%}
{{ first }} <= (select max(day) from {{ affected }} where day_of = 'possible_day' and kind = '{{ kind }}')
and {{ add_days(first, days_later) }} >= (select min(day) from {{ affected }} where day_of = 'possible_day' and kind = '{{ kind }}')
{%- else -%}
true
{%- endif -%}
{%- endmacro -%}
