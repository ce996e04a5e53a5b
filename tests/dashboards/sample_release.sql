-- Tables of a release, as docs/tables.md lists them.

create table indicator_values (
    indicator_id varchar, area_id varchar, area_level varchar, period_kind varchar, period_start date,
    value double, lower double, upper double, bound_low double, bound_high double, numerator double,
    denominator double, unusable bigint, quality_grade varchar, grade_reason varchar, signal varchar, target_status varchar,
    status varchar, reason varchar, p_value double
);

create table indicator_limits (
    indicator_id varchar, area_id varchar, period_kind varchar, period_start date, basis varchar, centre double,
    limit_low double, limit_high double
);

create table alarms (
    indicator_id varchar, area_id varchar, period_kind varchar, period_start date, value double, centre double,
    lower double, upper double, dispersion double, p_value double, alarm boolean
);

create table gap_charts (
    indicator_id varchar, area_id varchar, day date, days bigint, is_open boolean, centre double, limit_low double,
    limit_high double, signal varchar
);

create table targets (
    indicator_id varchar, area_id varchar, target double, since date, due date, baseline double, period_kind varchar,
    period_start date, value double, target_status varchar, progress varchar, months integer, slope double,
    predicted double, predicted_low double, predicted_high double, probability double
);

create table year_comparisons (
    indicator_id varchar, area_id varchar, period_kind varchar, period_start date, prior_start date, months integer,
    events double, prior_events double, rate_ratio double, z double, p_value double, dispersion double
);

create table breaks (
    break_id varchar, indicator_id varchar, start date, title_en varchar, title_zh varchar
);

create table indicator_catalogue (
    indicator_id varchar, title_en varchar, title_zh varchar, about_en varchar, about_zh varchar,
    dimension varchar, subject varchar, polarity varchar, unit varchar, decimals integer,
    formula_en varchar, formula_zh varchar, interval_method varchar, min_denominator double, needs varchar, period_kinds varchar, reference varchar,
    caveats_en varchar, caveats_zh varchar, intended_use_en varchar, intended_use_zh varchar,
    forbidden_use_en varchar, forbidden_use_zh varchar, gaming_en varchar, gaming_zh varchar,
    geography varchar, status varchar, reason varchar, definition_hash varchar, settings_hash varchar,
    definition varchar
);

create table changes (
    position integer, indicator_id varchar, area_id varchar, period_kind varchar, period_start date,
    signal varchar, method varchar, value double, centre double, p_value double, q_value double, expected_false double,
    series_tested integer
);

create table comparisons (
    indicator_id varchar, area_id varchar, area_level varchar, peer_group varchar, period_kind varchar,
    period_start date, areas_compared integer, target double, inner_low double, inner_high double, outer_low double,
    outer_high double, dispersion double, standing varchar, shrunken double, shrunken_low double,
    shrunken_high double, rank integer, rank_low integer, rank_high integer
);

create table intervention_results (
    intervention_id varchar, title_en varchar, title_zh varchar, note_en varchar, note_zh varchar, indicator_id varchar,
    area_level varchar, treated varchar, buffer varchar, control varchar, harm_weights varchar, start date, months integer,
    months_compared integer, before_start date, before_end date, after_start date, after_end date,
    treated_before double, treated_after double, buffer_before double, buffer_after double, control_before double,
    control_after double, local double, local_low double, local_high double, displaced double, displaced_low double,
    displaced_high double, total double, total_low double, total_high double, p_value double, dispersion double,
    harm double, harm_low double, harm_high double, harm_p_value double,
    degrees integer, placebo_p_value double, placebos integer, pre_trend_p_value double, detectable_fall double,
    detectable_share double, status varchar, reason varchar
);

create table intervention_months (
    intervention_id varchar, month date, phase varchar, treated double, treated_expected double, buffer double,
    buffer_expected double, control double, difference double, chance_low double, chance_high double
);

create table index_scores (
    area_id varchar, area_level varchar, period_kind varchar, period_start date, scope varchar, score double,
    lower double, upper double, bound_low double, bound_high double, change double, change_low double,
    change_high double, areas_ranked integer, rank integer, rank_low integer, rank_high integer, closeness
    double, closeness_low double, closeness_high double, indicators integer, coverage double, imputed_share
    double, alpha double, consistency_ratio double, status varchar, reason varchar
);

create table index_contributions (
    area_id varchar, area_level varchar, period_kind varchar, period_start date, indicator_id varchar,
    dimension varchar, goalpost_low double, goalpost_high double, value double, score double, dimension_weight
    double, weight double, obstacle double, dimension_change double, change double, change_by_weight double,
    is_imputed boolean, rest_correlation double, nearest varchar, nearest_correlation double, levels_unit varchar, new_citizens double, residents double, own_value double, held_from date,
    new_citizens_then double, residents_then double
);

create table coordination (
    area_id varchar, area_level varchar, period_kind varchar, period_start date, parts varchar, coupling
    double, coupling_low double, coupling_high double, level double, level_low double, level_high double,
    coordination double, coordination_low double, coordination_high double, standard_coupling double,
    standard_coordination double, coordination_class varchar, movement varchar, synergy double, obstacle
    varchar, obstacle_degree double, obstacle_certainty double, reason varchar
);

create table index_sensitivity (
    area_level varchar, period_kind varchar, period_start date, choice varchar, first double, total double,
    total_low double, total_high double, areas_ranked integer, mean_rank_shift double
);

create table linkage (
    area_id varchar, area_level varchar, period_start date, period_end date, statistic varchar, value double,
    lower double, upper double, before double, change double, p_value double, q_value double, agencies bigint, links bigint,
    cases bigint, cases_before bigint, cases_drawn bigint, status varchar, reason varchar
);

create table linkage_agencies (
    area_id varchar, agency varchar, standing varchar, is_declared boolean, cases bigint, cases_before bigint,
    partners bigint, betweenness double, brokered_pairs bigint, title_en varchar, title_zh varchar
);

create table linkage_pairs (
    area_id varchar, from_agency varchar, to_agency varchar, standing varchar, together bigint, together_before bigint,
    handoffs bigint, handoffs_before bigint, delay_hours double, delay_lower double, delay_upper double,
    delay_before double, shared_kinds varchar
);

create table survey_waves (
    wave varchar, first_day date, last_day date, asked bigint, answered bigint, effective double, weighting varchar,
    rounds bigint, largest_gap double, strongest_factor double
);

create table survey_margins (
    wave varchar, margin varchar, class varchar, target double, before double, after double
);

create table survey_estimates (
    wave varchar, area_id varchar, person_group varchar, measured varchar, status varchar, reason varchar,
    answers bigint, value double, lower double, upper double, standard_error double, effective double,
    design_effect double, missing_share double, change double, change_lower double, change_upper double,
    change_p double, change_q double
);

create table survey_gaps (
    area_id varchar, measured varchar, status varchar, reason varchar, verdict varchar, wave varchar, year bigint,
    residents double, residents_lower double, residents_upper double, new_citizens double,
    new_citizens_lower double, new_citizens_upper double, gap double, gap_lower double, gap_upper double,
    p_value double, change double, change_lower double, change_upper double
);

create table survey_reliability (
    area_id varchar, foundation varchar, item varchar, year bigint, respondents bigint, freedom bigint,
    alpha double, lower double, upper double, adequacy double, chi_square double, p_value double
);

create table survey_importance (
    area_id varchar, foundation varchar, quarter varchar, year bigint, performance double, performance_lower double,
    performance_upper double, importance double, importance_lower double, importance_upper double
);

create table games (
    game_id varchar, position integer, title_en varchar, title_zh varchar, note_en varchar, note_zh varchar,
    is_example boolean, populations varchar, payoffs varchar, goal varchar
);

create table game_parameters (
    game_id varchar, parameter_id varchar, position integer, title_en varchar, title_zh varchar, source_en varchar,
    source_zh varchar, value double, low double, high double, indicator_id varchar, area_id varchar,
    period_kind varchar, period_start date, status varchar
);

create table game_scenarios (
    game_id varchar, scenario_id varchar, position integer, title_en varchar, title_zh varchar, settings varchar,
    goal varchar, goal_is_stable boolean, goal_share double, undecided_share double, cooperation double,
    starts integer, start_1 double, start_2 double, start_3 double, end_1 double, end_2 double, end_3 double,
    destination varchar, status varchar, reason varchar
);

create table game_rest_points (
    game_id varchar, scenario_id varchar, point integer, kind varchar, share_1 double, share_2 double, share_3 double,
    eigenvalue_1 double, eigenvalue_2 double, eigenvalue_3 double, imaginary_1 double, imaginary_2 double,
    imaginary_3 double, stability varchar, is_isolated boolean, basin_share double
);

create table game_thresholds (
    game_id varchar, scenario_id varchar, parameter_id varchar, profile varchar, low double, high double,
    low_by varchar, high_by varchar, is_exact boolean
);

create table game_sensitivity (
    game_id varchar, scenario_id varchar, parameter_id varchar, lower double, upper double, cooperation_lower double,
    cooperation_upper double, next_below double, next_above double
);

create table nowcasts (
    indicator_id varchar, area_id varchar, period_kind varchar, period_start date, counted double, expected double,
    expected_low double, expected_high double, value double, lower double, upper double, recorded_share double, cutoff date
);

create table reporting_delays (
    indicator_id varchar, delay_days integer, share double, lower double, upper double, records double,
    dispersion double, cutoff date
);

create table revisions (
    sequence integer, as_of date, release_before varchar, as_of_before date, indicator_id varchar, area_id varchar,
    period_kind varchar, period_start date, value_before double, value_now double, numerator_before double,
    numerator_now double, status_before varchar, status_now varchar, reason varchar
);

create table areas (
    area_id varchar, parent_id varchar, geography varchar, area_level varchar, title_en varchar,
    title_zh varchar, population bigint, is_unallocated boolean, geometry varchar
);

create table ledger (
    source varchar, batch_id varchar, read bigint, accepted bigint, quarantined bigint, duplicate bigint,
    superseded bigint, merged bigint, deferred bigint, replaced bigint, deleted bigint, is_current boolean,
    file varchar, loaded_at timestamp
);

create table batch_months (
    source varchar, batch_id varchar, counted_by varchar, month date, records bigint, refused bigint
);

create table indicator_sources (
    indicator_id varchar, source varchar, part varchar, counted_by varchar, months_before bigint
);

create table indicator_checks (
    indicator_id varchar, layer varchar, table_name varchar, expectation varchar
);

create table quarantine_summary (
    source varchar, kind varchar, reason varchar, field varchar, row_count bigint, example_file varchar,
    example_line bigint
);

create table expectation_results (
    run_id varchar, table_name varchar, layer varchar, expectation varchar, column_name varchar,
    severity varchar, success boolean, observed varchar, failed_count bigint, exception varchar, threshold varchar,
    dimension varchar, examined varchar, failing_since date
);

create table expectation_history (
    as_of date, layer varchar, table_name varchar, expectation varchar, severity varchar, success boolean,
    was_judged boolean, failed_count bigint
);

create table gates (
    table_name varchar, columns varchar, sources varchar, indicators varchar, reason varchar
);

create table source_freshness (
    source varchar, title_en varchar, title_zh varchar, kind varchar, geography varchar, first_day date,
    last_day date, days_behind integer, status varchar, silent_after_days integer
);

create table source_span (
    source varchar, first_day date, last_day date, records bigint
);

create table source_month (
    source varchar, month date, records bigint, expected bigint, status varchar
);

create table area_freshness (
    source varchar, area_id varchar, last_day date, days_behind integer, expected bigint, status varchar
);

create table quality_score (
    source varchar, area_id varchar, period_kind varchar, period_start date, dimension varchar, numerator bigint,
    denominator bigint, score double, grade varchar, decided_by varchar, status varchar, reason varchar
);

create table source_finding (
    source varchar, finding varchar, field varchar, count bigint
);

create table source_drift (
    source varchar, file varchar, what varchar, column_name varchar, field varchar, rows bigint,
    share_ppm bigint, suggestion varchar, policy varchar
);

create table source_anomaly (
    source varchar, day date, days integer, metric varchar, field varchar, value varchar, records bigint, observed double,
    expected double, low double, high double, p_value double, direction varchar
);

create table source_stability (
    source varchar, field varchar, month date, records bigint, reference_records bigint, classes bigint, psi double,
    noise double, status varchar
);

create table release_info (
    release_id varchar, city varchar, title_en varchar, title_zh varchar, as_of date, time_zone varchar,
    language varchar, content_hash varchar, disclosure varchar, code_version varchar, pack_hash varchar, attribution_en varchar,
    attribution_zh varchar, next_due varchar
);
