{# The schema of a model is its folder, whatever the target's default schema. #}
{%- macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name }}
{%- endmacro -%}
