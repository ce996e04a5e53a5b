{# Metres from the Earth's centre, taken as a sphere of its mean radius: x towards latitude and longitude 0, y towards
   longitude 90, z towards the North Pole. Straight distances between such points are those on the ground, but for
   one millionth at 30 km, wherever the city is; a map's plane would need a centre that no later record may move. #}
{%- macro geocentric_x(lat, lon) -%}
{{ whole_metres('cos(radians(' ~ lat ~ ')) * cos(radians(' ~ lon ~ '))') }}
{%- endmacro -%}

{%- macro geocentric_y(lat, lon) -%}
{{ whole_metres('cos(radians(' ~ lat ~ ')) * sin(radians(' ~ lon ~ '))') }}
{%- endmacro -%}

{%- macro geocentric_z(lat) -%}
{{ whole_metres('sin(radians(' ~ lat ~ '))') }}
{%- endmacro -%}

{%- macro whole_metres(part_of_radius) -%}
cast(floor(6371008.8e0 * {{ part_of_radius }} + 0.5) as bigint)
{%- endmacro -%}
