{{ config(materialized='view') }}

{# Fields that are known when the record is. What comes later, such as a closing, is missing for longer the newer a
   record is: its absence would say how old the record is, not how good. #}
with incidents as (

    select * from {{ ref('stg_incident') }}

),

patrols as (

    select * from {{ ref('stg_patrol') }}

),

services as (

    select * from {{ ref('stg_service') }}

),

handoffs as (

    select * from {{ ref('stg_handoff') }}

),

participations as (

    select * from {{ ref('stg_participation') }}

),

fields as (

    {{ each_field(
        'incidents',
        'incident',
        categories={
            'area_id': known_area(),
            'category': 'category',
            'local_category': 'local_category',
            'priority': 'priority',
            'found_by': 'found_by',
            'place_kind': 'place_kind',
            'victim_group': 'victim_group'
        },
        amounts=[],
        delays={
            'occurred_until': ('occurred_local', 'occurred_until_local'),
            'reported_at': ('occurred_at', 'reported_at'),
            'recorded_at': ('occurred_at', 'recorded_at')
        },
        others={'lat': 'case when has_coordinates then 1 end', 'address_key': 'address_key', 'agencies': 'agencies'}
    ) }}
    union all
    {{ each_field(
        'patrols',
        'patrol',
        categories={
            'area_id': known_area(),
            'subject': 'subject',
            'mode': 'mode',
            'initiated_by': 'initiated_by',
            'has_finding': 'has_finding'
        },
        amounts=['duration_seconds', 'personnel', 'checks'],
        delays={'ended_at': ('started_at', 'ended_at'), 'recorded_at': ('started_at', 'recorded_at')},
        others={'lat': 'case when has_coordinates then 1 end'}
    ) }}
    union all
    {{ each_field(
        'services',
        'service',
        categories={
            'area_id': known_area(),
            'channel': 'channel',
            'category': 'category',
            'requester_group': 'requester_group',
            'lead_agency': 'lead_agency'
        },
        amounts=[],
        delays={'due_at': ('opened_at', 'due_at'), 'recorded_at': ('opened_at', 'recorded_at')},
        others={'lat': 'case when has_coordinates then 1 end', 'agencies': 'agencies'}
    ) }}
    union all
    {{ each_field(
        'handoffs',
        'handoff',
        categories={
            'area_id': known_area(),
            'record_kind': 'record_kind',
            'from_agency': 'from_agency',
            'to_agency': 'to_agency'
        },
        amounts=[],
        delays={'due_at': ('requested_at', 'due_at'), 'recorded_at': ('requested_at', 'recorded_at')},
        others={'record_id': 'record_id'}
    ) }}
    union all
    {{ each_field(
        'participations',
        'participation',
        categories={'area_id': known_area(), 'subject': 'subject', 'level': 'level'},
        amounts=['minutes'],
        delays={'recorded_at': ('started_at', 'recorded_at')},
        others={'person_key': 'person_key', 'enterprise_key': 'enterprise_key'}
    ) }}

)

select * from fields
