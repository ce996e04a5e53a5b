with due_services as (

    select * from {{ ref('fct_service') }}
    where is_due

)

select
    geography,
    area_id,
    due_day as day,
    source,
    count(*) as due,
    {{ count_where('is_resolved_in_time') }} as resolved_in_time
from due_services
group by geography, area_id, due_day, source
