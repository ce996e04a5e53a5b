with services as (

    select * from {{ ref('stg_service') }}

),

run_window as (

    select * from {{ ref('stg_run_window') }}

),

-- What happens after as_of has not happened yet.
dated as (

    select
        services.*,
        coalesce(services.closed_day <= run_window.as_of, false) as is_closed,
        coalesce(services.due_day <= run_window.as_of, false) as is_due
    from services
    cross join run_window

),

judged as (

    select
        source,
        service_id,
        geography,
        area_id,
        day,
        known_day,
        due_day,
        case when is_closed then closed_day end as closed_day,
        not is_closed as is_open,
        is_due,
        is_due and is_closed and coalesce(case
            when time_precision = 'day' then closed_day <= due_day
            else closed_at <= due_at
        end, false) as is_resolved_in_time,
        -- A closing before the opening is flagged in loading; it counts as closed at once.
        case
            when not is_closed then null
            when time_precision = 'day' then greatest({{ days_between('day', 'closed_day') }}, 0) * 86400
            else greatest({{ seconds_between('opened_at', 'closed_at') }}, 0)
        end as seconds_to_close,
        required_cells,
        filled_cells
    from dated

)

select * from judged
