with receipts as (

    select * from {{ ref('stg_receipt') }}

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
