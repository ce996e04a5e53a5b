{# Records of unknown area are counted under the unallocated child of their geography. #}
{%- macro allocated_area() -%}
coalesce(area_id, geography || ':unallocated')
{%- endmacro -%}
