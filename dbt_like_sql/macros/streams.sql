{# A survey comes in waves and a profile when it is made anew: their sources are not silent between. #}
{%- macro is_stream(kind) -%}
{{ kind }} not in ('survey', 'profile')
{%- endmacro -%}
