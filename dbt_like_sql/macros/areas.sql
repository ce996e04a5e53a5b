{# Records of unknown area are counted under the unallocated child of their geography. #}
{%- macro unallocated(geography) -%}
{{ geography }} || ':unallocated'
{%- endmacro -%}

{%- macro allocated_area() -%}
coalesce(area_id, {{ unallocated('geography') }})
{%- endmacro -%}
