{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'known_day') }}"
) }}

with fields as (

    select * from {{ ref('fct_record_field') }}
    where {{ is_affected('day', ref('stg_affected_day'), none, 'known_day') }}
        and amount is not null

)

select
    source,
    kind,
    day,
    field,
    {{ power_of_two('amount') }} as bucket,
    count(*) as records
from fields
group by source, kind, day, field, {{ power_of_two('amount') }}
