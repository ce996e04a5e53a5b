{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ delete_affected(this, 'day', ref('stg_affected_day'), none, 'received_day') }}",
        "{{ delete_undated(this, 'day') }}"
    ]
) }}

with receipts as (

    select * from {{ ref('stg_receipt') }}
    -- No load lists a day for rows without one: these are counted anew every time.
    where day is null or {{ is_affected('day', ref('stg_affected_day'), none, 'received_day') }}

)

select
    geography,
    area_id,
    day,
    source,
    kind,
    {{ sum_of('rows_read') }} as received,
    -- A superseded row repeats an id, as a duplicate does, but with other content.
    {{ sum_of("case when status in ('duplicate', 'superseded') then rows_read else 0 end") }} as duplicates,
    {{ sum_of("case when status = 'quarantined' then rows_read else 0 end") }} as unusable
from receipts
group by geography, area_id, day, source, kind
