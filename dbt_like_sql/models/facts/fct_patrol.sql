with patrols as (

    select * from {{ ref('stg_patrol') }}

)

select
    source,
    patrol_id,
    geography,
    area_id,
    day,
    known_day,
    subject,
    initiated_by,
    has_finding,
    duration_seconds,
    required_cells,
    filled_cells
from patrols
