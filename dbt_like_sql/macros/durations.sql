{# Buckets 1 % wide, so that a quantile errs by 1 % at most, whatever value stands for its bucket; -1 for no time at
   all. Double precision gives the same buckets on every engine. #}
{%- macro log_bucket(seconds) -%}
case when {{ seconds }} > 0 then cast(floor(ln({{ seconds }}) / ln(1.01)) as integer) else -1 end
{%- endmacro -%}

{# Share of `total` that has passed after `part`, in parts per million, rounded half up. #}
{%- macro ppm_passed(part, total) -%}
cast(floor({{ part }} * 1e6 / {{ total }} + 0.5) as bigint)
{%- endmacro -%}
