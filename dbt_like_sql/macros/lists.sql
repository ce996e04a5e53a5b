{# One row for each element of a list; none where that is null or empty. #}
{%- macro each_of(list) -%}
unnest({{ list }})
{%- endmacro -%}
