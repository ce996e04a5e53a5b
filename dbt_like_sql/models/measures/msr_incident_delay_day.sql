{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'possible_day') }}"
) }}

with incident_days as (

    select
        *,
        -- Longer than a year is one class: no count waits for those.
        case
            when is_recorded_in_time is not null
                then greatest(least({{ days_between('day', 'known_day') }}, 366), 0)
        end as delay_days
    from {{ ref('fct_incident_day') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'possible_day') }}

)

select
    source,
    day,
    category,
    local_category,
    found_by,
    delay_days,
    {{ sum_of('weight_ppm') }} as incidents_ppm
from incident_days
group by source, day, category, local_category, found_by, delay_days
