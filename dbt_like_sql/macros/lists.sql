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

{# The elements of a list of texts as one text, each between semicolons; nulls among them left out. #}
{%- macro joined(list) -%}
{{ return(adapter.dispatch('joined')(list)) }}
{%- endmacro -%}

{%- macro default__joined(list) -%}
(';' || case when {{ list }} is not null then coalesce(array_to_string({{ list }}, ';'), '') end || ';')
{%- endmacro -%}

{%- macro spark__joined(list) -%}
(';' || array_join({{ list }}, ';') || ';')
{%- endmacro -%}
