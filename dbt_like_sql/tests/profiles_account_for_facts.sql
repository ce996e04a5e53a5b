-- A record is counted once in each of its fields, and each value that a field holds once.
with accounts as (

    select
        'prf_field_day' as account,
        (select count(*) from {{ ref('fct_record') }} where {{ is_stream('kind') }}) as expected,
        (select coalesce(sum(records), 0) from {{ ref('prf_field_day') }} where field = 'area_id') as found

    union all

    select
        'prf_category_day' as account,
        (select coalesce(sum(filled), 0) from {{ ref('prf_field_day') }} where content = 'category') as expected,
        (select coalesce(sum(records), 0) from {{ ref('prf_category_day') }}) as found

    union all

    select
        'prf_number_day' as account,
        (
            select coalesce(sum(filled), 0) from {{ ref('prf_field_day') }}
            where content in ('amount', 'delay')
        ) as expected,
        (select coalesce(sum(records), 0) from {{ ref('prf_number_day') }}) as found

)

select * from accounts
where expected <> found
