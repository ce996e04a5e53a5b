{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'service', 'day') }}"
) }}

with services as (

    select * from {{ ref('fct_service') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'service', 'day') }}

)

select
    geography,
    area_id,
    day,
    source,
    count(*) as opened,
    {{ count_where('not is_open') }} as closed,
    {{ count_where('is_open') }} as open_now,
    {{ count_where('is_complaint') }} as complaints,
    {{ count_where('has_legal_basis') }} as closed_with_basis,
    {{ count_where('is_followed_up') }} as followed_up,
    {{ count_where('is_satisfied') }} as satisfied,
    count(is_satisfied) as satisfaction_known,
    {{ count_where('not is_open and is_satisfied is null') }} as satisfaction_unknown,
    {{ count_where('is_overturned') }} as overturned,
    count(is_overturned) as review_known,
    {{ count_where('is_reviewed and is_overturned is null') }} as review_unknown
from services
group by geography, area_id, day, source
