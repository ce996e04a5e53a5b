{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'handoff', 'due_day') }}"
) }}

with due_handoffs as (

    select * from {{ ref('fct_handoff') }}
    where due_day <= (select as_of from {{ ref('stg_run_window') }})
        and {{ is_affected('due_day', ref('stg_affected_day'), 'handoff', 'due_day') }}

)

select
    geography,
    area_id,
    due_day as day,
    source,
    count(*) as due,
    {{ count_where('is_acknowledged_in_time') }} as acknowledged_in_time
from due_handoffs
group by geography, area_id, due_day, source
