{# Whether the source recorded an event within a day of it; null where it does not say when, or says it was before.
   What is known by its day alone counts by days: on that day or the next. #}
{%- macro is_recorded_in_time(event_at) -%}
case
    when time_precision = 'day' then
        case when recorded_day >= day then {{ days_between('day', 'recorded_day') }} <= 1 end
    when recorded_at >= {{ event_at }} then {{ seconds_between(event_at, 'recorded_at') }} <= 86400
end
{%- endmacro -%}

{# Whether what a record says cannot all be true: times out of their order, or a condition of the city's own broken. #}
{%- macro contradicts_itself(flags) -%}
coalesce(
    {{ joined(flags) }} like '%;times_out_of_order;%'
    or {{ joined(flags) }} like '%;future_time;%'
    or {{ joined(flags) }} like '%;before:%'
    or {{ joined(flags) }} like '%;condition:%',
    false
)
{%- endmacro -%}
