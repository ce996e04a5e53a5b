{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'day') }}"
) }}

with records as (

    select * from {{ ref('fct_record') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    kind,
    {{ sum_of('required_cells') }} as required_cells,
    {{ sum_of('filled_cells') }} as filled_cells
from records
group by geography, area_id, day, source, kind
