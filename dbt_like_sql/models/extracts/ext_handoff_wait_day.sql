{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'handoff', 'day') }}"
) }}

with handoffs as (

    select
        geography,
        area_id,
        day,
        source,
        from_agency,
        to_agency,
        case when not is_open then {{ log_bucket('seconds_to_close') }} end as bucket,
        seconds_to_close
    from {{ ref('fct_handoff') }}
    where from_agency is not null
        and to_agency is not null
        and {{ is_affected('day', ref('stg_affected_day'), 'handoff', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    from_agency,
    to_agency,
    bucket,
    count(*) as handoffs,
    {{ sum_of('coalesce(seconds_to_close, 0)') }} as closed_seconds
from handoffs
group by geography, area_id, day, source, from_agency, to_agency, bucket
