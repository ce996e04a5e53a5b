{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'service', 'day') }}"
) }}

with requests as (

    select
        geography,
        area_id,
        day,
        source,
        requester_group,
        category,
        case when not is_open then {{ log_bucket('seconds_to_close') }} end as bucket,
        seconds_to_close
    from {{ ref('fct_service') }}
    where requester_group in ('resident', 'new_citizen')
        and category is not null
        and {{ is_affected('day', ref('stg_affected_day'), 'service', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    requester_group,
    category,
    bucket,
    count(*) as requests,
    {{ sum_of('coalesce(seconds_to_close, 0)') }} as closed_seconds
from requests
group by geography, area_id, day, source, requester_group, category, bucket
