with services as (

    select * from {{ ref('fct_service') }}

)

select
    geography,
    area_id,
    day,
    source,
    count(*) as opened,
    {{ count_where('not is_open') }} as closed,
    {{ count_where('is_open') }} as open_now
from services
group by geography, area_id, day, source
