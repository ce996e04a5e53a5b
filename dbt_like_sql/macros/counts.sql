{# Sums of integers, kept in 64 bits whatever the engine widens them to. #}
{%- macro sum_of(expression) -%}
cast(sum({{ expression }}) as bigint)
{%- endmacro -%}

{%- macro count_where(condition) -%}
count(case when {{ condition }} then 1 end)
{%- endmacro -%}
