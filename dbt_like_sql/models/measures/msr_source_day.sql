with records as (

    select * from {{ ref('fct_record') }}

)

select
    source,
    kind,
    geography,
    known_day as day,
    count(*) as records
from records
group by source, kind, geography, known_day
