{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'known_day') }}"
) }}

with fields as (

    select * from {{ ref('fct_record_field') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'known_day') }}

)

select
    source,
    kind,
    day,
    field,
    content,
    count(*) as records,
    {{ count_where('is_filled') }} as filled
from fields
group by source, kind, day, field, content
