{# Rows of a record's fields, one a field, as `fct_record_field` lists them. A text of few values is a category, a number
   or a span of time an amount; of all other fields only whether they hold anything counts. #}
{%- macro each_field(records, kind, categories, amounts, delays, others) -%}
{%- set union = joiner('\nunion all\n') -%}
{%- for field, value in categories.items() -%}
{{ union() }}{{ field_row(records, kind, field, 'category', value, 'cast(' ~ value ~ ' as string)', 'cast(null as bigint)') }}
{%- endfor -%}
{%- for field in amounts -%}
{{ union() }}{{ field_row(records, kind, field, 'amount', field, 'cast(null as string)', 'cast(' ~ field ~ ' as bigint)') }}
{%- endfor -%}
{%- for field, span in delays.items() -%}
{{ union() }}{{ field_row(records, kind, field, 'delay', span[1], 'cast(null as string)', seconds_between(span[0], span[1])) }}
{%- endfor -%}
{%- for field, value in others.items() -%}
{{ union() }}{{ field_row(records, kind, field, 'other', value, 'cast(null as string)', 'cast(null as bigint)') }}
{%- endfor -%}
{%- endmacro -%}

{%- macro field_row(records, kind, field, content, value, category, amount) -%}
select
    source,
    '{{ kind }}' as kind,
    known_day as day,
    '{{ field }}' as field,
    '{{ content }}' as content,
    {{ value }} is not null as is_filled,
    {{ category }} as category,
    {{ amount }} as amount
from {{ records }}
{%- endmacro -%}

{# An area that is known; null for the unallocated one. #}
{%- macro known_area() -%}
nullif(area_id, {{ unallocated('geography') }})
{%- endmacro -%}

{# Buckets a factor of 2 wide: n holds 2^n up to 2^(n+1); -1 holds 0, -2 what is below. Logarithms of powers of two may
   come out a hair too small, differently on each engine: a billionth more puts each in its bucket on both. #}
{%- macro power_of_two(amount) -%}
case
    when {{ amount }} > 0 then cast(floor(ln({{ amount }}) / ln(2) + 1e-9) as integer)
    when {{ amount }} = 0 then -1
    when {{ amount }} < 0 then -2
end
{%- endmacro -%}
