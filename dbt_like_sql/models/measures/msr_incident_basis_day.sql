{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected(this, 'day', ref('stg_affected_day'), 'incident', 'day') }}"
) }}

with incidents as (

    select * from {{ ref('stg_incident') }}
    where {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}

),

participants as (

    select
        source,
        record_id as incident_id,
        count(*) as agencies
    from {{ ref('fct_case_agency') }}
    where kind = 'incident'
        and {{ is_affected('day', ref('stg_affected_day'), 'incident', 'day') }}
    group by source, record_id

)

select
    incidents.geography,
    incidents.area_id,
    incidents.day,
    incidents.source,
    incidents.category,
    incidents.local_category,
    count(*) as incidents,
    count(participants.agencies) as with_agency,
    {{ count_where('participants.agencies >= 2') }} as joint,
    count(incidents.address_key) as with_address,
    {{ count_where('incidents.has_coordinates and incidents.has_valid_coordinates') }} as with_point
from incidents
left join participants
    on incidents.source = participants.source
    and incidents.incident_id = participants.incident_id
group by
    incidents.geography,
    incidents.area_id,
    incidents.day,
    incidents.source,
    incidents.category,
    incidents.local_category
