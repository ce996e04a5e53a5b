{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'service', 'due_day') }}"
) }}

with due_services as (

    select * from {{ ref('fct_service') }}
    where due_day <= (select as_of from {{ ref('stg_run_window') }})
        and {{ is_affected('due_day', ref('stg_affected_day'), 'service', 'due_day') }}

)

select
    geography,
    area_id,
    due_day as day,
    source,
    channel,
    count(*) as due,
    {{ count_where('is_closed_in_time') }} as resolved_in_time,
    {{ count_where('is_answered_in_time') }} as answered_in_time,
    {{ count_where('is_confirmed_solved') }} as confirmed_solved
from due_services
group by geography, area_id, due_day, source, channel
