{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_affected_months(this, 'day', ref('stg_affected_day'), none) }}"
) }}

select
    geography,
    area_id,
    {{ first_of_month('day') }} as day,
    source,
    kind,
    category,
    agency,
    count(*) as cases
from {{ ref('fct_case_agency') }}
where {{ is_affected_month('day', ref('stg_affected_day'), none) }}
group by geography, area_id, {{ first_of_month('day') }}, source, kind, category, agency
