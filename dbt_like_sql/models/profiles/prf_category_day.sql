{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'known_day') }}"
) }}

with fields as (

    select * from {{ ref('fct_record_field') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'known_day') }}
        and category is not null

)

select
    source,
    kind,
    day,
    field,
    category,
    count(*) as records
from fields
group by source, kind, day, field, category
