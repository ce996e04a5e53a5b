with records as (

    select * from {{ ref('fct_record') }}

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
