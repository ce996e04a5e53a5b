{{ config(materialized='view') }}

select
    source,
    survey_id,
    geography,
    area_id,
    day,
    wave,
    respondent_key,
    person_group,
    mode,
    response_status,
    stratum,
    cluster,
    weight,
    margin_age,
    margin_gender,
    margin_residence,
    margin_education,
    item,
    answer
from {{ ref('stg_survey') }}
