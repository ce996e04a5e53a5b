{# One row for each element of a list; none where that is null or empty. #}
{%- macro each_of(list) -%}
{{ return(adapter.dispatch('each_of')(list)) }}
{%- endmacro -%}

{%- macro default__each_of(list) -%}
unnest({{ list }})
{%- endmacro -%}

{%- macro spark__each_of(list) -%}
explode({{ list }})
{%- endmacro -%}
